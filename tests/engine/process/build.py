"""A small notation for process definitions in tests: `diagram("p", "s > a > e", a=user())`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from server.engine import process
from server.engine.model import (
    Advance,
    Assignment,
    DecisionCall,
    Event,
    EventKind,
    FlowNode,
    Kind,
    Model,
    Moment,
    MultiInstance,
    ProcessDefinition,
    SequenceFlow,
    VariableMapping,
)
from server.engine.schedule import CIVIL

START = datetime(2026, 3, 2, 9, 0, tzinfo=CIVIL)
_digests = itertools.count()


class PlainCalendar:
    """Counts calendar days; enough to see which deadline was asked for."""

    def deadline(self, start: date, limit: int, unit: str, rule: str) -> datetime:
        if unit != "days":
            raise ValueError(f"unit {unit}")
        return datetime.combine(
            start + timedelta(days=limit), datetime.max.time().replace(microsecond=0), CIVIL
        )


def at(**later: float) -> Moment:
    """The start of every test, or later."""
    return Moment(START + timedelta(**later), PlainCalendar())


# --------------------------------------------------------------------------- elements
def node(kind: Kind, **attributes: Any) -> FlowNode:
    properties = {
        {"return_to": "returnTo"}.get(name, name): attributes.pop(name)
        for name in ("return_to", "withdrawable", "outcome", "deadlineVariable", "deadlineFrom")
        if name in attributes
    }
    inputs = tuple(VariableMapping(*pair) for pair in attributes.pop("inputs", {}).items())
    outputs = tuple(VariableMapping(*pair) for pair in attributes.pop("outputs", {}).items())
    return FlowNode("", kind, properties=properties, inputs=inputs, outputs=outputs, **attributes)


def user(
    *, each: MultiInstance | None = None, assignment: Assignment | None = None, **attributes: Any
) -> FlowNode:
    return node(Kind.USER_TASK, multi_instance=each, assignment=assignment or Assignment(), **attributes)


def each(
    collection: str = "", variable: str = "item", *, sequential: bool = False, **more: str
) -> MultiInstance:
    return MultiInstance(sequential, collection, variable, **more)


def sub(**attributes: Any) -> FlowNode:
    return node(Kind.SUB_PROCESS, multi_instance=attributes.pop("each", None), **attributes)


def call(process_id: str, **attributes: Any) -> FlowNode:
    return node(
        Kind.CALL_ACTIVITY,
        called_element=process_id,
        multi_instance=attributes.pop("each", None),
        **attributes,
    )


def rule(decision: str, result: str = "", how: Any = "resultList", **attributes: Any) -> FlowNode:
    return node(Kind.BUSINESS_RULE_TASK, decision=DecisionCall(decision, result, how), **attributes)


def event(kind: Kind, what: str = "none", name: str = "", **attributes: Any) -> FlowNode:
    own = {key: attributes.pop(key) for key in ("timer", "expression", "interrupting") if key in attributes}
    attached = attributes.pop("on", None)
    return node(kind, event=Event(EventKind(what), name, attached_to=attached, **own), **attributes)


def begin(what: str = "none", name: str = "", **attributes: Any) -> FlowNode:
    return event(Kind.START_EVENT, what, name, **attributes)


def end(what: str = "none", name: str = "", **attributes: Any) -> FlowNode:
    return event(Kind.END_EVENT, what, name, **attributes)


def catch(what: str, name: str = "", **attributes: Any) -> FlowNode:
    return event(Kind.CATCH_EVENT, what, name, **attributes)


def throw(what: str, name: str = "", **attributes: Any) -> FlowNode:
    return event(Kind.THROW_EVENT, what, name, **attributes)


def boundary(on: str, what: str, name: str = "", **attributes: Any) -> FlowNode:
    return event(Kind.BOUNDARY_EVENT, what, name, on=on, **attributes)


def timer(kind: str, expression: str) -> dict[str, Any]:
    return {"timer": kind, "expression": expression}


XOR, AND, OR, RACE = (
    node(kind)
    for kind in (
        Kind.EXCLUSIVE_GATEWAY,
        Kind.PARALLEL_GATEWAY,
        Kind.INCLUSIVE_GATEWAY,
        Kind.EVENT_BASED_GATEWAY,
    )
)


# --------------------------------------------------------------------------- diagrams
def diagram(process_id: str, flows: str, /, **elements: FlowNode) -> ProcessDefinition:
    """Flows are chains `s > a > g`, one to a line or `;`; `g [x > 1]> a` has a condition, `g [*]> b` is the
    default.

    An element that is not given is a start event (`s…`), an end event (`e…`) or else a user task. `sub.a`
    stands in the sub-process `sub`; its id is `a`.
    """
    scopes: dict[str, str] = {}
    found: dict[str, SequenceFlow] = {}
    for chain in flows.replace("\n", ";").split(";"):
        _read_chain(chain.strip(), scopes, found)
    nodes = {}
    for name in {**scopes, **elements}:
        given = elements.get(name) or _usual(name)
        nodes[name] = replace(
            given, id=name, name=given.name or name.upper(), scope=scopes.get(name, given.scope)
        )
    return ProcessDefinition(process_id, process_id, f"{process_id}.bpmn", nodes, found)


def _usual(name: str) -> FlowNode:
    return begin() if name.startswith("s") else end() if name.startswith("e") else user()


def _read_chain(chain: str, scopes: dict[str, str], flows: dict[str, SequenceFlow]) -> None:
    source, condition = "", ""
    for part in re.split(r">(?![^\[]*\])", chain):
        text, _, following = part.strip().partition("[")
        scope, _, name = text.strip().rpartition(".")
        if not name:
            continue
        scopes[name] = scope
        if source:
            _add_flow(flows, source, name, condition)
        source, condition = name, following.rstrip("]").strip()


def _add_flow(flows: dict[str, SequenceFlow], source: str, target: str, condition: str) -> None:
    name = f"{source}-{target}"
    while name in flows:
        name += "'"
    default = condition == "*"
    flows[name] = SequenceFlow(name, source, target, "", "" if default else condition, default)


def model(*processes: ProcessDefinition, decisions: Mapping[str, Any] | None = None) -> Model:
    return Model(f"test-{next(_digests)}", {p.id: p for p in processes}, dict(decisions or {}), {})


# --------------------------------------------------------------------------- playing
@dataclass
class Case:
    """An instance in the making: every command stores and loads its state."""

    model: Model
    process_id: str
    last: Advance
    now: Moment

    @property
    def open(self) -> list[str]:
        return sorted(
            task.element for task in process.open_tasks(self.model, self.process_id, self.last.state)
        )

    @property
    def variables(self) -> dict[str, Any]:
        return process.variables_of(self.model, self.process_id, self.last.state)

    def task(self, element: str, round: int | None = None) -> Any:
        found = [
            task
            for task in process.open_tasks(self.model, self.process_id, self.last.state)
            if task.element == element and (round is None or task.round == round)
        ]
        assert found, f"{element} is not open but {self.open}"
        return found[0]

    def do(self, element: str, round: int | None = None, **variables: Any) -> Advance:
        return self._moved(process.complete, self.task(element, round).token, variables)

    def back(self, element: str, target: str, round: int | None = None, **variables: Any) -> Advance:
        return self._moved(process.return_to, self.task(element, round).token, target, variables)

    def withdraw(self, token: str) -> Advance:
        return self._moved(process.withdraw, token)

    def timer(self, element: str) -> Any:
        found = [timer for timer in self.last.timers if timer.element == element]
        assert found, f"{element} is not armed but {self.last.timers}"
        return found[0]

    def fire(self, element: str, **later: float) -> Advance:
        if later:
            self.now = at(**later)
        return self._moved(process.fire, self.timer(element).token)

    def tell(self, element: str, **payload: Any) -> Advance:
        token = next(s.token for s in self.last.subscriptions if s.element == element)
        return self._moved(process.deliver, token, payload)

    def retry(self, element: str, **variables: Any) -> Advance:
        token = next(i.token for i in self.last.incidents if i.element == element)
        self.last = process.retry(self.model, self.process_id, self.last.state, token, self.now, variables)
        return self.last

    def _moved(self, command: Any, *arguments: Any) -> Advance:
        self.last = command(self.model, self.process_id, self.last.state, *arguments, self.now)
        return self.last


def play(*processes: ProcessDefinition, decisions: Mapping[str, Any] | None = None, **variables: Any) -> Case:
    """Start the first of these processes."""
    built = model(*processes, decisions=decisions)
    first = processes[0].id
    return Case(built, first, process.start(built, first, variables, at()), at())


def yuan(text: str) -> Decimal:
    return Decimal(text)
