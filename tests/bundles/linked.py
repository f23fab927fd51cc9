"""A jurisdiction whose processes are linked: messages between cases, duties that time starts."""

from __future__ import annotations

import json

from tests.engine.bpmn.diagrams import bpmn, extension, properties, task

MESSAGES = (
    '<bpmn:message id="m_decided" name="lab.decided"/><bpmn:message id="m_problem" name="lab.problem"/>'
)
EVENT = '<bpmn:messageEventDefinition id="{id}_e" messageRef="{ref}"/>'
FORMS = {"lab.f_start": ("project_name", "amount"), "lab.f_note": ("note",)}
YEARLY, MONTHLY, REVIEW = "lab.yearly", "lab.monthly", "lab.review"


def message(kind: str, identity: str, ref: str = "m_decided", inner: str = "", attributes: str = "") -> str:
    """An event with a message."""
    return task(identity, f'name="{identity}" {attributes}', inner + EVENT.format(id=identity, ref=ref), kind)


def work(identity: str, group: str = "clerks") -> str:
    """A user task of a group."""
    attributes = f'name="{identity}" camunda:candidateGroups="{group}" camunda:formRef="lab.f_note"'
    return task(identity, attributes, properties(regulation="lab#1"))


def plain(kind: str, identity: str, form: str = "") -> str:
    """An event without a symbol."""
    shown = f' camunda:formRef="{form}"' if form else ""
    return f'<bpmn:{kind} id="{identity}" name="{identity}"{shown}/>'


CARRIED = (
    '<camunda:inputOutput><camunda:inputParameter name="amount">${amount}</camunda:inputParameter>'
    '<camunda:inputParameter name="decided_on">${string(today)}</camunda:inputParameter>'
    "</camunda:inputOutput>"
)
START = plain("startEvent", "start", "lab.f_start")
PROBLEM = (
    '<bpmn:subProcess id="on_problem" name="on_problem" triggeredByEvent="true">'
    + message(
        "startEvent", "problem", "m_problem", properties(deliveredBy="clerks"), 'isInterrupting="false"'
    )
    + work("look_at_problem", "heads")
    + plain("endEvent", "problem_end")
    + '<bpmn:sequenceFlow id="p1" sourceRef="problem" targetRef="look_at_problem"/>'
    '<bpmn:sequenceFlow id="p2" sourceRef="look_at_problem" targetRef="problem_end"/></bpmn:subProcess>'
)
BODIES = {
    "lab.sender": (
        START + work("decide") + message("intermediateThrowEvent", "tell", inner=extension(CARRIED))
        + plain("endEvent", "approved"),
        "start>decide decide>tell tell>approved", "",
    ),
    "lab.receiver": (
        START + message("intermediateCatchEvent", "wait_decided", inner=properties(variables="decided_on"))
        + work("use") + plain("endEvent", "end") + PROBLEM,
        "start>wait_decided wait_decided>use use>end", "",
    ),
    "lab.follower": (
        START + message("startEvent", "on_decided", inner=properties(variables="decided_on approved"))
        + work("follow") + plain("endEvent", "end"),
        "start>follow on_decided>follow follow>end", "",
    ),
    YEARLY: (plain("startEvent", "start") + work("plan") + plain("endEvent", "end"),
             "start>plan plan>end", "period year opened_on"),
    MONTHLY: (plain("startEvent", "start") + work("report") + plain("endEvent", "end"),
              "start>report report>end", "period year opened_on"),
    REVIEW: (plain("startEvent", "start") + work("review") + plain("endEvent", "end"),
             "start>review review>end", "period year opened_on amount approved"),
}  # fmt: skip
RULES = (
    ("1", "15", f'"{YEARLY}"', "string(day.year)", '"unit"', "null"),
    ("-", "5", f'"{MONTHLY}"', 'string(day.year) + "-" + string(day.month)', '"installation"', "null"),
    ("6,12", "1", f'"{REVIEW}"', 'string(day.year) + (if day.month = 6 then "-H1" else "-H2")', '"project"',
     '"approved"'),
)  # fmt: skip


def diagram(key: str) -> bytes:
    """One of the processes."""
    body, flows, declared = BODIES[key]
    drawn = bpmn(
        (properties(variables=declared) if declared else "") + body, flows, process=key, before=MESSAGES
    )
    return drawn.replace(b"<bpmn:process ", f'<bpmn:process name="{key}" '.encode(), 1)


def schedule(rules: tuple[tuple[str, ...], ...] = RULES, policy: str = "COLLECT", day: str = "date") -> bytes:
    """The decision `lab_schedule`."""
    head = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'<inputData id="day_in" name="day"><variable id="day_v" name="day" typeRef="{day}"/></inputData>'
        '<decision id="lab_schedule" name="schedule" label="计划"><variable id="v" name="schedule"/>'
        '<informationRequirement id="needs"><requiredInput href="#day_in"/></informationRequirement>'
        f'<decisionTable id="t" hitPolicy="{policy}">'
    )
    columns = "".join(
        f'<input id="i_{name}" label="{name}"><inputExpression id="e_{name}" typeRef="number">'
        f"<text>day.{name}</text></inputExpression></input>"
        for name in ("month", "day")
    )
    outputs = "".join(
        f'<output id="o_{name}" name="{name}" typeRef="string"/>'
        for name in ("process", "period", "per", "requires")
    )
    rows = "".join(
        f'<rule id="r{n}"><description>lab#1</description>'
        + "".join(f"<inputEntry><text>{cell}</text></inputEntry>" for cell in rule[:2])
        + "".join(f"<outputEntry><text>{cell}</text></outputEntry>" for cell in rule[2:])
        + "</rule>"
        for n, rule in enumerate(rules, 1)
    )
    return f"{head}{columns}{outputs}{rows}</decisionTable></decision></definitions>".encode()


def form(identity: str, *keys: str) -> bytes:
    """A form of text fields."""
    fields = [{"type": "textfield", "id": f"field_{key}", "key": key, "label": key} for key in keys]
    return json.dumps({"type": "default", "id": identity, "schemaVersion": 18, "components": fields}).encode()


def manifest() -> bytes:
    """Clerks start everything but the monthly report, which nobody starts by hand."""
    entries = "".join(
        f'[[process]]\nid = "{key}"\nname = "{key}"\nnumber = "{key}-{{year}}-{{n}}"\n'
        + ("" if key == MONTHLY else 'started_by = ["clerks"]\n')
        + ('facts = ["amount"]\noutcome_facts = ["approved"]\n' if key == "lab.sender" else "")
        for key in BODIES
    )
    groups = (
        '[[group]]\nid = "clerks"\nname = "clerks"\nscope = "unit"\n[[group]]\nid = "heads"\nname = "heads"\n'
    )
    law = '[[regulation]]\nid = "lab"\ntitle = "Lab"\narticles = [{ id = "1", title = "Work" }]\n'
    head = 'format = 1\nid = "lab"\nname = "Lab"\nschedule = "lab_schedule"\n'
    return (head + groups + entries + law).encode()


def files(**changed: bytes) -> dict[str, bytes]:
    """The files of the jurisdiction; a keyword (`manifest`, `schedule`, a stem of a diagram) changes one."""
    found = {"jurisdiction.toml": changed.pop("manifest", manifest())}
    found["dmn/schedule.dmn"] = changed.pop("schedule", schedule())
    for key in BODIES:
        stem = key.partition(".")[2]
        found[f"bpmn/{stem}.bpmn"] = changed.pop(stem, diagram(key))
    for identity, keys in FORMS.items():
        found[f"forms/{identity.partition('.')[2]}.form"] = form(identity, *keys)
    assert not changed
    return found
