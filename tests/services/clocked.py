"""The lab with legal limits: a case whose decision sets one in working days, one in months and a named day;
its manifest lists grounds for stopping the clock."""

from __future__ import annotations

import pytest

from server.services import stops, tasks
from server.services.stops import Order
from tests.engine.bpmn.diagrams import properties
from tests.services.conftest import MORNING
from tests.services.lab import END, START, Lab, bundle, diagram, gateway, manifest, task

__all__ = ["MORNING", "Lab", "case", "clocked", "order", "restart", "stop"]
RULES = (
    ('"work"', "clock_from", "10", '"working_day"', '"C1"', "lab#1"),
    ('"whole"', "clock_from", "2", '"month"', '"C2"', "lab#2"),
    ('"named"', "clock_from", "630", '"fixed_date"', '"C4"', "lab#1"),
)
GROUNDS = """
[[clock_stop]]
id = "expert_review"
name = "专家评审"
basis = "lab#2"

[[clock_stop]]
id = "hearing"
name = "听证"
basis = "lab#1"
by = ["heads"]
"""


def decision() -> bytes:
    """The decision `lab_clock`: three limits that run from a day."""
    ins = "".join(
        f'<inputData id="{name}_in" name="{name}"><variable id="{name}_v" name="{name}" typeRef="{kind}"/>'
        "</inputData>"
        for name, kind in (("clock", "string"), ("clock_from", "date"))
    )
    needs = "".join(
        f'<informationRequirement id="needs_{name}"><requiredInput href="#{name}_in"/>'
        "</informationRequirement>"
        for name in ("clock", "clock_from")
    )
    outputs = "".join(
        f'<output id="o_{name}" name="{name}" typeRef="{kind}"/>'
        for name, kind in (
            ("clock_start", "date"),
            ("limit", "number"),
            ("unit", "string"),
            ("rule", "string"),
        )
    )
    rows = "".join(
        f'<rule id="r{n}"><description>{cited}</description>'
        f'<inputEntry id="c{n}"><text>{when}</text></inputEntry>'
        + "".join(f"<outputEntry><text>{cell}</text></outputEntry>" for cell in cells)
        + "</rule>"
        for n, (when, *cells, cited) in enumerate(RULES)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'{ins}<decision id="lab_clock" name="lab_clock" label="时限">'
        f'<variable id="v" name="lab_clock"/>{needs}'
        '<decisionTable id="t" hitPolicy="UNIQUE"><input id="i" label="时限"><inputExpression id="e" '
        f'typeRef="string"><text>clock</text></inputExpression></input>{outputs}{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def rule(which: str, variable: str) -> str:
    """A business rule task that sets one of the limits, counted from the day it is taken."""
    attributes = (
        f'camunda:decisionRef="lab_clock" camunda:resultVariable="{which}" '
        'camunda:mapDecisionResult="singleResult"'
    )
    inputs = (
        '<camunda:inputOutput><camunda:inputParameter name="clock">${"'
        + which
        + '"}</camunda:inputParameter>'
        '<camunda:inputParameter name="clock_from">${today}</camunda:inputParameter></camunda:inputOutput>'
    )
    inner = properties(deadlineVariable=variable, regulation="lab#1").replace(
        "</bpmn:extensionElements>", f"{inputs}</bpmn:extensionElements>"
    )
    return (
        f'<bpmn:businessRuleTask id="{which}" name="核定{which}" {attributes}>{inner}</bpmn:businessRuleTask>'
    )


def dated(identity: str, on: str, variable: str) -> str:
    """A boundary timer that waits for a limit and does not interrupt."""
    return (
        f'<bpmn:boundaryEvent id="{identity}" name="{identity}" attachedToRef="{on}" cancelActivity="false">'
        f'<bpmn:timerEventDefinition id="{identity}_t"><bpmn:timeDate>${{{variable}}}</bpmn:timeDate>'
        "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )


LIMITED = diagram(
    "lab.limited",
    START + rule("work", "step_due") + rule("whole", "due") + rule("named", "named_due") + gateway("split")
    + task("review", due="${step_due}") + task("report", "heads", due="${named_due}")
    + dated("late", "review", "step_due") + task("chase", "heads")
    + '<bpmn:endEvent id="chased" name="chased"/>' + gateway("join") + END,
    "start>work work>whole whole>named named>split split>review split>report review>join report>join "
    "join>end late>chase chase>chased",
)  # fmt: skip


def files(more: str = "") -> dict[str, bytes]:
    """The files of the jurisdiction; `more` is added to its manifest."""
    law = '{ id = "1", title = "Work" }, { id = "2", title = "Review" }'
    told = manifest("lab.limited").decode().replace('{ id = "1", title = "Work" }', law)
    told = told.replace('id = "heads"\nname = "heads"', 'id = "heads"\nname = "heads"\nparent = "clerks"')
    made = bundle({"lab.limited": LIMITED})
    return made | {
        "jurisdiction.toml": (told + GROUNDS + more).encode(),
        "dmn/clock.dmn": decision(),
    }


@pytest.fixture
def clocked(lab: Lab) -> Lab:
    """The lab with limits deployed."""
    outcome = lab.deploy(files())
    assert outcome.number, outcome
    return lab


def case(lab: Lab) -> str:
    """A case whose limits run, its review held by Ann."""
    instance = lab.start(process="lab.limited")
    with lab.database.write() as session:
        tasks.claim(session, lab.people["ann"], lab.task(instance, "review")["id"], lab.now)
    return instance


def order(lab: Lab, instance: str, reason: str = "组织专家评审", ground: str = "expert_review") -> Order:
    """An order by somebody who has seen the case as it stands."""
    seen = lab.rows("select history_seq from process_instance where id = :i", i=instance)[0]["history_seq"]
    return Order(ground, reason, seen)


def stop(lab: Lab, instance: str, person: str = "ann", **given: str) -> None:
    """Stop the clock."""
    told = order(lab, instance, **given)
    with lab.database.write() as session:
        stops.stop(session, lab.people[person], instance, told, lab.now)


def restart(lab: Lab, instance: str, person: str = "ann", reason: str = "评审意见已出具") -> None:
    """Start the clock again."""
    told = order(lab, instance, reason)
    with lab.database.write() as session:
        stops.restart(session, lab.people[person], instance, told, lab.now)
