"""Samples of refusals about flows, gateways, structure, activities, returns, references and FEEL."""

from __future__ import annotations

from tests.engine.bpmn.diagrams import END, START, bpmn, extension, line, properties, task
from tests.engine.bpmn.samples import (
    CHOICE,
    LOOP,
    MESSAGE,
    REST,
    SAMPLES,
    WITHIN,
    A,
    B,
    C,
    declared,
    event,
    gateway,
    sample,
    sub,
)

__all__ = ["SAMPLES"]

# --------------------------------------------------------------------------- flows
sample("flow-leads-nowhere", bpmn(REST, "start>a a>end a>ghost"), bpmn(REST, "start>a a>end"))
sample("flow-into-start-event", bpmn(REST + gateway("g", default="d"), "start>a a>g g>start[ok] d:g>end"))
sample("flow-out-of-end-event", bpmn(REST, "start>a a>end end>a"))
sample(
    "flow-crosses-sub-process",
    bpmn(START + sub(WITHIN, "s1>s2") + END, "start>s s>end s1>end"),
    bpmn(START + sub(WITHIN, "s1>s2") + END, "start>s s>end"),
)
sample("condition-leaves-task", declared(bpmn(REST, "start>a a>end[ok]")), bpmn(REST, "start>a a>end"))
_SPLIT = START + gateway("g", "parallel") + A + B + gateway("j", "parallel") + END
sample(
    "condition-leaves-parallel-gateway",
    declared(bpmn(_SPLIT, "start>g g>a[ok] g>b a>j b>j j>end")),
    bpmn(_SPLIT, "start>g g>a g>b a>j b>j j>end"),
)
sample("several-flows-leave-task", bpmn(REST + B, "start>a a>b a>end b>end"), bpmn(REST, "start>a a>end"))
sample(
    "default-flow-not-outgoing",
    declared(bpmn(REST + gateway("g", default="a_end"), "start>g y:g>a[ok] n:g>end[not(ok)] a>end")),
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)),
)
sample(
    "default-flow-not-on-gateway",
    bpmn(START + task("a", 'default="a_end"') + END, "start>a a>end"),
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)),
)

# --------------------------------------------------------------------------- gateways
sample(
    "condition-missing",
    declared(bpmn(REST + gateway("g"), CHOICE)),
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)),
)
for _first, _second in (
    ("amount &lt; 600000", "amount &gt;= 600000"),
    ("ok", "not(ok)"),
    ('verdict = "pass"', 'verdict != "pass"'),
):
    _flows = "start>g y:g>a[{}] n:g>end[{}] a>end"
    sample(
        "gateway-has-default",
        declared(bpmn(REST + gateway("g"), _flows.format(_first, "amount = 1"))).replace(b"&amp;", b"&"),
        declared(bpmn(REST + gateway("g"), _flows.format(_first, _second))).replace(b"&amp;", b"&"),
    )
sample(
    "default-flow-with-condition",
    declared(bpmn(REST + gateway("g", default="n"), "start>g y:g>a[ok] n:g>end[ok] a>end")),
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)),
)
_WAITS = START + gateway("g", "eventBased").replace("eventBasedGateway", "eventBasedGateway") + A + END
_EVENTS = event("x", "timer:P1D") + event("y", "message:m")
_WAIT_FLOWS = "start>g g>x g>y x>a y>a a>end"
_VALID_WAIT = bpmn(_WAITS + _EVENTS, _WAIT_FLOWS, before=MESSAGE)
sample(
    "event-gateway-target", bpmn(_WAITS + event("x", "timer:P1D"), "start>g g>x g>a x>a a>end"), _VALID_WAIT
)
sample(
    "event-gateway-target-shared",
    bpmn(_WAITS + _EVENTS, "start>g g>x g>y x>y y>a a>end", before=MESSAGE),
    _VALID_WAIT,
)
sample("event-gateway-single", bpmn(_WAITS + event("x", "timer:P1D"), "start>g g>x x>a a>end"), _VALID_WAIT)
_CROSSED = START + gateway("g", default="n") + A + B + gateway("j", "{}") + END
_CROSSED_FLOWS = "start>g y:g>a[ok] n:g>b a>j b>j j>end"
sample(
    "join-waits-for-ever",
    declared(bpmn(_CROSSED.replace("{}Gateway", "parallelGateway"), _CROSSED_FLOWS)),
    declared(bpmn(_CROSSED.replace("{}Gateway", "exclusiveGateway"), _CROSSED_FLOWS)),
)
sample(
    "branches-not-joined",
    bpmn(START + gateway("g", "parallel") + A + B + C + END, "start>g g>a g>b a>c b>c c>end"),
    bpmn(_SPLIT, "start>g g>a g>b a>j b>j j>end"),
)

# --------------------------------------------------------------------------- structure
sample("no-executable-process", bpmn(REST, "start>a a>end", executable="false"))
sample("duplicate-id", bpmn(REST + task("a"), "start>a a>end"))
sample("missing-id", bpmn(REST + "<bpmn:userTask/>", "start>a a>end"))
sample("unusable-id", line(task("a" * 200)), line(task("a" * 100)))
sample("unusable-id", bpmn(START + task("a b") + END, "start>end"), line(task("审核")))
_MANY = [task(f"t{i}") for i in range(300)]
sample("too-many-nodes", line(*_MANY), line(*_MANY[:290]))
_SIDE = "".join(f'<bpmn:process id="q{i}" isExecutable="true"/>' for i in range(20))
sample("too-many-processes", bpmn(REST, "start>a a>end", before=_SIDE), bpmn(REST, "start>a a>end"))
sample("unreachable", bpmn(REST + B, "start>a a>end b>end"))
sample("dead-end", bpmn(REST + B + gateway("g", default="n"), "start>g y:g>a[ok] n:g>b a>end"))
sample(
    "no-way-to-an-end",
    bpmn(REST + B + C + gateway("g", default="n"), "start>g y:g>a[ok] n:g>b b>c c>b a>end"),
    line(B, C),
)
sample("no-end-event", bpmn(START + A + B, "start>a a>b b>a"))

# --------------------------------------------------------------------------- activities
sample("service-task-without-topic", line(task("a", "", "", "serviceTask")))
EXTERNAL = 'camunda:type="external" camunda:topic="t"'
HANDED_OUT = line(task("a", EXTERNAL, "", "serviceTask"))
sample("external-task", line(task("a", EXTERNAL, "", "userTask")), HANDED_OUT)
sample(
    "topic-by-expression",
    line(task("a", 'camunda:type="external" camunda:topic="${t}"', "", "serviceTask")),
    HANDED_OUT,
)
sample(
    "worker-error-expression",
    line(
        task(
            "a",
            EXTERNAL,
            extension('<camunda:errorEventDefinition id="w" errorRef="x" expression="${true}"/>'),
            "serviceTask",
        )
    ),
    HANDED_OUT,
)
sample(
    "send-task-without-message",
    line(task("a", "", "", "sendTask")),
    line(task("a", 'messageRef="m"', "", "sendTask"), before=MESSAGE),
)
sample(
    "receive-task-without-message",
    line(task("a", 'messageRef="other"', "", "receiveTask"), before=MESSAGE),
    line(task("a", 'messageRef="m"', "", "receiveTask"), before=MESSAGE),
)
DMN = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="f" namespace="n">'
    b'<decision id="tier" name="tier"><literalExpression><text>1</text></literalExpression>'
    b"</decision></definitions>"
)


def rule(attributes: str) -> dict[str, bytes]:
    return {"p.bpmn": line(task("a", attributes, "", "businessRuleTask")), "tier.dmn": DMN}


_RULE = rule('camunda:decisionRef="tier" camunda:resultVariable="r"')
sample("no-decision", rule(""), _RULE)
sample("decision-and-topic", rule(f'{EXTERNAL} camunda:decisionRef="tier"'), _RULE)
sample("decision-by-expression", rule('camunda:decisionRef="${x}" camunda:resultVariable="r"'), _RULE)
sample("decision-result-lost", rule('camunda:decisionRef="tier"'), _RULE)
sample(
    "map-decision-result",
    rule('camunda:decisionRef="tier" camunda:resultVariable="r" camunda:mapDecisionResult="all"'),
    rule('camunda:decisionRef="tier" camunda:resultVariable="r" camunda:mapDecisionResult="singleResult"'),
)
sample("decision-not-found", rule('camunda:decisionRef="tear" camunda:resultVariable="r"'), _RULE)
sample("no-called-element", line(task("a", "", "", "callActivity")))
sample("called-element-by-expression", line(task("a", 'calledElement="${x}"', "", "callActivity")))


def call(called: str, calling: str = "p") -> bytes:
    return line(task("a", f'calledElement="{called}"', "", "callActivity")).replace(
        b'process id="p"', f'process id="{calling}"'.encode()
    )


_CALLED = bpmn(START + END, "start>end", process="q")
sample(
    "called-process-not-found",
    {"p.bpmn": call("qq"), "q.bpmn": _CALLED},
    {"p.bpmn": call("q"), "q.bpmn": _CALLED},
)
sample("process-calls-itself", call("p"))
sample(
    "process-calls-itself",
    {"p.bpmn": call("q"), "q.bpmn": call("r", "q"), "r.bpmn": call("q", "r")},
    {"p.bpmn": call("q"), "q.bpmn": _CALLED},
)
sample("process-twice", {"p.bpmn": line(A), "q.bpmn": line(B)}, {"p.bpmn": line(A), "q.bpmn": _CALLED})
sample(
    "decision-twice",
    {"a.dmn": DMN, "b.dmn": DMN},
    {"a.dmn": DMN, "b.dmn": DMN.replace(b'"tier"', b'"other"')},
)
FORM = (
    b'{"type": "default", "id": "f_apply", "schemaVersion": 19,'
    b' "components": [{"type": "number", "key": "amount"}]}'
)
sample(
    "form-not-found",
    {"p.bpmn": line(task("a", 'camunda:formRef="f_aply"')), "f_apply.form": FORM},
    {"p.bpmn": line(task("a", 'camunda:formRef="f_apply"')), "f_apply.form": FORM},
)
sample("form-by-expression", line(task("a", 'camunda:formKey="${x}"')))
sample("form-of-another-kind", line(task("a", 'camunda:formKey="embedded:app:forms/x.html"')))
sample(
    "not-a-time",
    line(task("a", 'camunda:dueDate="due"')),
    declared(line(task("a", 'camunda:dueDate="=due"'))),
)
sample(
    "not-a-time",
    line(task("a", 'camunda:followUpDate="soon"')),
    line(task("a", 'camunda:dueDate="2026-03-01"')),
)
sample("not-a-number", line(task("a", 'camunda:priority="high"')), line(task("a", 'camunda:priority="50"')))
_REPEATED = declared(line(task("a", "", LOOP.format('camunda:collection="experts"', ""))))
sample("multi-instance-without-collection", line(task("a", "", LOOP.format("", ""))), _REPEATED)
_COUNT = "<bpmn:loopCardinality>3</bpmn:loopCardinality>"
sample(
    "multi-instance-with-both",
    declared(line(task("a", "", LOOP.format('camunda:collection="experts"', _COUNT)))),
    line(task("a", "", LOOP.format("", _COUNT))),
)


def repeated(**values: str) -> bytes:
    return declared(
        line(task("a", "", properties(**values) + LOOP.format('camunda:collection="experts"', "")))
    )


_KEPT = repeated(outputCollection="verdicts", outputElement="verdict")
sample("multi-instance-output-incomplete", repeated(outputCollection="verdicts"), _KEPT)
sample("multi-instance-output-is-input", repeated(outputCollection="experts", outputElement="verdict"), _KEPT)
_FOR_EACH = LOOP.format('camunda:collection="experts"', "")
_BEGUN = event("s1", "message:m", "startEvent") + '<bpmn:endEvent id="s2"/>'
sample(
    "multi-instance-event-sub-process",
    declared(
        bpmn(
            REST + sub(_FOR_EACH + _BEGUN, "s1>s2", 'triggeredByEvent="true"'),
            "start>a a>end",
            before=MESSAGE,
        )
    ),
    bpmn(REST + sub(_BEGUN, "s1>s2", 'triggeredByEvent="true"'), "start>a a>end", before=MESSAGE),
)
_PARAMETER = '<camunda:outputParameter name="{}">{}</camunda:outputParameter>'
_MAPPED = extension(f"<camunda:inputOutput>{_PARAMETER}</camunda:inputOutput>")
_COMPLETE = line(task("a", "", _MAPPED.format("x", "1")))
sample("mapping-without-variable", line(task("a", "", _MAPPED.format("x", ""))), _COMPLETE)
sample(
    "mapping-without-variable",
    line(task("a", 'calledElement="p"', extension('<camunda:in source="x"/>'), "callActivity")),
    _COMPLETE,
)

# --------------------------------------------------------------------------- returns


def returning(to: str, body: str = START + A + "{}" + C + END, flows: str = "start>a a>b b>c c>end") -> bytes:
    return bpmn(body.format(task("b", "", properties(returnTo=to))), flows)


sample("return-to-unknown", returning("aa"), returning("a"))
sample("return-to-unknown", returning("start"), returning("a"))
sample("return-to-too-many", returning("a " * 21), returning("a"))
sample("return-to-later", returning("c"), returning("a"))
sample("return-to-later", returning("b"), returning("a"))
_BRANCHES = START + task("z") + gateway("g", "parallel") + A + "{}" + gateway("j", "parallel") + C + END
_BRANCH_FLOWS = "start>z z>g g>a g>b a>j b>j j>c c>end"
sample(
    "return-into-branch",
    bpmn(
        START
        + gateway("g", "parallel")
        + A
        + B
        + gateway("j", "parallel")
        + task("c", "", properties(returnTo="a"))
        + END,
        "start>g g>a g>b a>j b>j j>c c>end",
    ),
    returning("z", _BRANCHES, _BRANCH_FLOWS),
)
_INNER = sub('<bpmn:startEvent id="s1"/><bpmn:userTask id="i"/><bpmn:endEvent id="s2"/>', "s1>i i>s2")
sample(
    "return-into-sub-process",
    returning("i", START + _INNER + "{}" + END, "start>s s>b b>end"),
    returning("a", START + A + _INNER + "{}" + END, "start>a a>s s>b b>end"),
)


def _called(
    to: str, on_call: str = "", before: str = START + A, flows: str = "start>a a>b"
) -> dict[str, bytes]:
    """q asks for a return to `to`; p calls it as b, between the tasks a and c."""
    call_activity = task("b", 'calledElement="q"', properties(returnTo=on_call), "callActivity")
    asked = START + task("t", "", properties(returnTo=to)) + END
    return {
        "p.bpmn": bpmn(before + call_activity + C + END, f"{flows} b>c c>end"),
        "q.bpmn": bpmn(asked, "start>t t>end", process="q"),
    }


_PARTED = START + gateway("g", "parallel") + A + task("a2") + gateway("j", "parallel")
_PARTED_FLOWS = "start>g g>a g>a2 a>j a2>j j>b"
sample("return-to-unknown", _called("aa"), _called("a"))
sample("return-to-unknown", _called("b"), _called("a", on_call="a"))
sample("return-to-later", _called("c"), _called("a"))
sample("return-into-branch", _called("a", "", _PARTED, _PARTED_FLOWS), _called("a"))
sample("return-into-sub-process", _called("i", "", START + _INNER, "start>s s>b"), _called("a"))
sample("return-from-other", line(A, task("b", "", properties(returnTo="a"), "manualTask")), returning("a"))

# --------------------------------------------------------------------------- FEEL


def conditioned(condition: str) -> bytes:
    return declared(bpmn(REST + gateway("g", default="n"), f"start>g y:g>a[{condition}] n:g>end a>end"))


sample("feel-syntax", conditioned("amount &&& 1"), conditioned("amount > 1"))
sample("feel-syntax", conditioned("amount == 1"), conditioned("amount = 1"))
sample("feel-syntax", line(event("e", "timer:0 0 *")), line(event("e", "timer:PT9H")))
sample(
    "feel-too-long",
    conditioned(" + ".join(["amount"] * 900)),
    conditioned(" + ".join(["amount"] * 20) + " > 1"),
)
sample("feel-unknown-name", conditioned("amout > 1"), conditioned("amount > 1"))


def _timed(deadline: str) -> dict[str, bytes]:
    """A decision whose deadline becomes a variable; the next task is due by `due`."""
    decision = task(
        "r",
        'camunda:decisionRef="tier" camunda:resultVariable="limit"',
        properties(deadlineVariable=deadline),
        "businessRuleTask",
    )
    due = task("a", 'camunda:dueDate="${due}"')
    return {"p.bpmn": bpmn(START + decision + due + END, "start>r r>a a>end"), "tier.dmn": DMN}


sample("feel-unknown-name", _timed("until"), _timed("due"))
sample("feel-too-many-unknown-names", conditioned(" + ".join(f"n{i}" for i in range(21)) + " > 1"))
sample(
    "feel-external-function",
    conditioned('(function() external {java: {class: "X", "method signature": "x()"}})() = 1'),
)
sample("feel-unknown-function", conditioned("__import__(ok)"), conditioned("count(experts) > 1"))
