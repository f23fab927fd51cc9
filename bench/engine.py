"""What one step of a case costs: load, complete a task, save; beside SpiffWorkflow's own JSON serializer."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from bench.measure import Result, cpu_ms
from server.engine import load, process
from server.engine.definitions import compiled
from server.engine.model import Advance, Calendar, Model, Moment
from server.engine.state import restore, store

PROCESS = "bench_case"
ROUNDS = (0, 20, 100, 1000)
STOCK_ROUNDS = (0, 20)
"""Stock gets no further than some ninety: its joins search a growing tree recursively."""

TASKS = ("draft", "review", "finance", "legal", "chief")
FACTS: dict[str, Any] = {f"field_{n}": f"某局政务信息化项目{n}" for n in range(20)} | {
    "amount": 600000,
    "again": True,
}

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions id="d" targetNamespace="bench" xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<bpmn:process id="bench_case" isExecutable="true">
  <bpmn:startEvent id="begin"/>{tasks}
  <bpmn:userTask id="draft" name="draft"/>
  <bpmn:exclusiveGateway id="merge"/>
  <bpmn:exclusiveGateway id="tier" default="f_small"/>
  <bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>
  <bpmn:exclusiveGateway id="decide" default="f_done"/>
  <bpmn:userTask id="small" name="small"/><bpmn:endEvent id="end"/><bpmn:endEvent id="end_small"/>
  <bpmn:boundaryEvent id="remind" attachedToRef="chief" cancelActivity="false">
    <bpmn:timerEventDefinition>
      <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">"P30D"</bpmn:timeDuration>
    </bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:userTask id="hurry" name="hurry"/><bpmn:endEvent id="end_hurry"/>
  {flows}
</bpmn:process></bpmn:definitions>"""

FLOWS = (
    ("begin", "merge", ""), ("merge", "draft", ""), ("draft", "tier", ""),
    ("tier", "review", "amount >= 600000"), ("tier", "small", "default"), ("small", "end_small", ""),
    ("review", "split", ""), ("split", "finance", ""),
    ("split", "legal", ""), ("finance", "join", ""), ("legal", "join", ""), ("join", "chief", ""),
    ("chief", "decide", ""), ("decide", "merge", "again = true"), ("decide", "end", "done"),
    ("remind", "hurry", ""), ("hurry", "end_hurry", ""),
)  # fmt: skip


class _NoCalendar:
    def deadline(self, *_: object) -> datetime:
        raise ValueError("no decision here sets a deadline")


_calendar: Calendar = _NoCalendar()
AT = Moment(datetime(2026, 11, 20, 9, tzinfo=UTC), _calendar)


def diagram(*, python: bool = False) -> bytes:
    """The case as BPMN: five tasks in a round, a choice by amount, a parallel section, a reminder."""
    others = "".join(f'<bpmn:userTask id="{task}" name="{task}"/>' for task in TASKS[1:])
    return BPMN.format(tasks=others, flows="".join(_flow(*flow, python) for flow in FLOWS)).encode()


def _flow(source: str, target: str, condition: str, python: bool) -> str:
    name = {"default": "f_small", "done": "f_done"}.get(condition, f"{source}_{target}")
    if name.startswith("f_"):
        condition = ""
    if python:
        condition = condition.replace(" = ", " == ").replace("true", "True")
    text = condition.replace(">", "&gt;")
    body = f"<bpmn:conditionExpression>{text}</bpmn:conditionExpression>" if text else ""
    return (
        f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{body}</bpmn:sequenceFlow>'
    )


# --------------------------------------------------------------------------- ours
def our_model() -> Model:
    """The case as a deployment."""
    model, findings = load.load({f"bpmn/{PROCESS}.bpmn": diagram()})
    if model is None:
        raise SystemExit("\n".join(f.text() for f in findings))
    return model


def our_round(model: Model, state: Advance, keep: list[tuple[bytes, str]] | None = None) -> Advance:
    """Do the five tasks of a round; `keep` the state and token before each."""
    for element in TASKS:
        task = next(t for t in process.open_tasks(model, PROCESS, state.state) if t.element == element)
        if keep is not None:
            keep.append((state.state, task.token))
        state = process.complete(model, PROCESS, state.state, task.token, {f"note_{element}": "同意"}, AT)
    return state


def our_steps(model: Model, rounds: int) -> list[tuple[bytes, str]]:
    """The steps of one round after so many rounds."""
    state = process.start(model, PROCESS, {**FACTS, "amount": Decimal("600000.00")}, AT)
    for _ in range(rounds):
        state = our_round(model, state)
    steps: list[tuple[bytes, str]] = []
    our_round(model, state, steps)
    return steps


def our_operation(model: Model, rounds: int) -> tuple[Callable[[], object], int]:
    """Load, complete, save, over and over at this length of history; and the mean size of a state."""
    steps = our_steps(model, rounds)
    turn = itertools.cycle(steps)

    def operation() -> object:
        state, token = next(turn)
        return process.complete(model, PROCESS, state, token, {"note": "同意"}, AT)

    return operation, sum(len(state) for state, _ in steps) // len(steps)


# --------------------------------------------------------------------------- SpiffWorkflow's own
def stock_operation(rounds: int) -> tuple[Callable[[], object], int]:
    """The same with SpiffWorkflow's parser, engine and JSON serializer."""
    logging.getLogger("spiff").setLevel(logging.ERROR)
    parser = BpmnParser()
    parser.add_bpmn_str(diagram(python=True))
    serializer = BpmnWorkflowSerializer()
    workflow = BpmnWorkflow(parser.get_spec(PROCESS), parser.get_subprocess_specs(PROCESS))
    workflow.task_tree.data.update(FACTS)
    workflow.do_engine_steps()
    for _ in range(rounds):
        for element in TASKS:
            _stock_step(workflow, element)
    steps = []
    for element in TASKS:
        steps.append((serializer.serialize_json(workflow), element))
        _stock_step(workflow, element)
    turn = itertools.cycle(steps)

    def operation() -> object:
        text, element = next(turn)
        loaded = serializer.deserialize_json(text)
        _stock_step(loaded, element)
        return serializer.serialize_json(loaded)

    return operation, sum(len(text.encode()) for text, _ in steps) // len(steps)


def _stock_step(workflow: Any, element: str) -> None:
    task = workflow.get_next_task(spec_name=element, state=TaskState.READY)
    task.data[f"note_{element}"] = "同意"
    task.run()
    workflow.do_engine_steps()


# --------------------------------------------------------------------------- the report
def measure() -> Iterator[Result]:
    """One step with ours and with the stock serializer at growing history, then what ours consists of."""
    model = our_model()
    stock_base = 0.0
    for rounds in STOCK_ROUNDS:
        operation, size = stock_operation(rounds)
        cpu = cpu_ms(operation, repeat=max(10, 60 // (1 + rounds // 20)), rounds=2)
        stock_base = stock_base or cpu
        yield Result(f"stock JSON step after {rounds} rounds", cpu, extra={"bytes": size})
    ours = {rounds: our_operation(model, rounds) for rounds in ROUNDS}
    best = dict.fromkeys(ROUNDS, float("inf"))
    for _ in range(6):  # interleaved, so that a busy moment of the machine falls on all of them
        for rounds, (operation, _size) in ours.items():
            best[rounds] = min(best[rounds], cpu_ms(operation, repeat=100, rounds=1))
    for rounds, cpu in best.items():
        note = f"1/{stock_base / cpu:.0f} of the stock step; {cpu / best[0]:.2f} of the first"
        size = ours[rounds][1]
        yield Result(f"load, complete, save after {rounds} rounds", cpu, note=note, extra={"bytes": size})
    yield from _parts(model)


def _parts(model: Model) -> Iterator[Result]:
    state, _ = our_steps(model, 20)[3]
    definitions = compiled(model)
    instance = restore(definitions, PROCESS, state, AT)
    yield Result("load a state", cpu_ms(lambda: restore(definitions, PROCESS, state, AT), repeat=500))
    yield Result("save a state", cpu_ms(lambda: store(instance), repeat=500))
    start = lambda: process.start(model, PROCESS, FACTS, AT)  # noqa: E731
    yield Result("start a case", cpu_ms(start, repeat=200))


if __name__ == "__main__":
    for result in measure():
        print(f"{result.name:40} {result.cpu_ms:8.3f} ms  {result.note} {json.dumps(result.extra)}")
