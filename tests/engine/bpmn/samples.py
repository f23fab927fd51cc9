"""For every refusal a diagram that earns it and one that is nearly the same and does not."""

from __future__ import annotations

from collections.abc import Mapping

from tests.engine.bpmn.diagrams import END, START, arrows, bpmn, extension, line, properties, task

Files = Mapping[str, bytes]
SAMPLES: dict[str, list[tuple[Files, Files]]] = {}
"""By code: pairs of (refused, accepted) files."""

NO_CODE = ""
GOOD_TASK = line(task("a", 'camunda:candidateGroups="g"'))


def sample(code: str, refused: bytes | Files, accepted: bytes | Files = GOOD_TASK) -> None:
    """Add a pair; bytes alone are a diagram."""
    pair = tuple(files if isinstance(files, Mapping) else {"p.bpmn": files} for files in (refused, accepted))
    SAMPLES.setdefault(code, []).append((pair[0], pair[1]))


def event(
    identity: str, definition: str = "", kind: str = "intermediateCatchEvent", attributes: str = ""
) -> str:
    """An event with a definition such as `message:m` or `timer:PT1H`."""
    name, _, rest = definition.partition(":")
    inner = {
        "": "",
        "timer": timed(f"<bpmn:timeDuration>{rest}</bpmn:timeDuration>"),
        "cycle": timed(f"<bpmn:timeCycle>{rest}</bpmn:timeCycle>"),
        "link": f'<bpmn:linkEventDefinition name="{rest}"/>',
        "conditional": f"<bpmn:conditionalEventDefinition><bpmn:condition>{rest}</bpmn:condition>"
        "</bpmn:conditionalEventDefinition>",
    }.get(name, f'<bpmn:{name}EventDefinition {name}Ref="{rest}"/>')
    return task(identity, attributes, inner, kind)


def timed(inner: str) -> str:
    return f"<bpmn:timerEventDefinition>{inner}</bpmn:timerEventDefinition>"


def boundary(definition: str, attributes: str = "") -> str:
    return event("b", definition, "boundaryEvent", f'attachedToRef="a" {attributes}')


def gateway(identity: str, kind: str = "exclusive", default: str = "") -> str:
    return task(identity, f'default="{default}"' if default else "", "", f"{kind}Gateway")


def sub(inner: str, flows: str, attributes: str = "") -> str:
    return task("s", attributes, inner + arrows(flows), "subProcess")


A, B, C = task("a"), task("b"), task("c")
REST = START + A + END
MESSAGE = '<bpmn:message id="m" name="withdraw"/>'
ERROR = '<bpmn:error id="m" errorCode="refused"/>'
WITHIN = '<bpmn:startEvent id="s1"/><bpmn:endEvent id="s2"/>'
CHOICE = "start>g y:g>a[ok] n:g>end a>end"
LOOP = "<bpmn:multiInstanceLoopCharacteristics {}>{}</bpmn:multiInstanceLoopCharacteristics>"
VARIABLES = properties(variables="ok experts verdict amount due")


def declared(data: bytes, names: str = "ok experts verdict amount due") -> bytes:
    """The process with variables that come from outside."""
    return data.replace(
        b'isExecutable="true">', b'isExecutable="true">' + properties(variables=names).encode(), 1
    )


# --------------------------------------------------------------------------- elements
sample("script-task", line(task("a", "", "<bpmn:script>import os</bpmn:script>", "scriptTask")))
sample("complex-gateway", bpmn(REST + gateway("g", "complex"), "start>g g>a a>end"))
sample("ad-hoc-sub-process", line(task("a", "", "", "adHocSubProcess")))
sample("transaction", line(task("a", "", WITHIN + arrows("s1>s2"), "transaction")))
sample("none-task", line(task("a", "", "", "task")), line(task("a", "", "", "manualTask")))
sample("unknown-element", bpmn(REST + '<bpmn:choreographyTask id="x"/>', "start>a a>end"))
sample("unknown-element", line(event("a", "flying:x")))
sample("standard-loop", line(task("a", "", "<bpmn:standardLoopCharacteristics/>")))
sample("compensation", bpmn(REST + boundary("compensate:x"), "start>a a>end"))
sample(
    "compensation", line(task("a", 'isForCompensation="true"')), line(task("a", 'isForCompensation="false"'))
)
sample("cancel-event", bpmn(START + event("e", "cancel:x", "endEvent"), "start>e"))
sample(
    "several-event-definitions",
    line(
        task(
            "e",
            "",
            '<bpmn:messageEventDefinition messageRef="m"/><bpmn:signalEventDefinition signalRef="x"/>',
            "intermediateCatchEvent",
        ),
        before=MESSAGE + '<bpmn:signal id="x" name="y"/>',
    ),
    line(event("e", "message:m"), before=MESSAGE),
)
_STORE = '<bpmn:dataStoreReference id="store"/><bpmn:dataObjectReference id="paper"/>'
_READS = "<bpmn:dataInputAssociation><bpmn:sourceRef>{}</bpmn:sourceRef>{}</bpmn:dataInputAssociation>"
sample(
    "data-store-association",
    bpmn(START + _STORE + task("a", "", _READS.format("store", "")) + END, "start>a a>end"),
    bpmn(START + _STORE + task("a", "", _READS.format("paper", "")) + END, "start>a a>end"),
)
sample(
    "data-assignment",
    line(task("a", "", _READS.format("paper", "<bpmn:assignment/>"))),
    line(task("a", "", _READS.format("paper", ""))),
)

# --------------------------------------------------------------------------- extensions
for _attribute in ("class", "delegateExpression", "expression"):
    sample("code-attached", line(task("a", f'camunda:{_attribute}="${{x.y()}}"', "", "serviceTask")))
sample("listener", line(task("a", "", extension('<camunda:taskListener event="create" class="X"/>'))))
sample(
    "listener", line(task("a", "", extension('<camunda:executionListener event="start" expression="${x}"/>')))
)
sample("connector", line(task("a", "", extension("<camunda:connector/>"))))
_PARAMETER = '<camunda:outputParameter name="x">{}</camunda:outputParameter>'
_MAPPED = f"<camunda:inputOutput>{_PARAMETER}</camunda:inputOutput>"
sample(
    "inline-script",
    line(
        task("a", "", extension(_MAPPED.format('<camunda:script scriptFormat="python">1</camunda:script>')))
    ),
    line(task("a", "", extension(_MAPPED.format("1 + 1")))),
)
sample("generated-form", line(task("a", "", extension("<camunda:formData/>"))))
sample(
    "list-or-map",
    line(task("a", "", extension(_MAPPED.format("<camunda:list/>")))),
    line(task("a", "", extension(_MAPPED.format("[1, 2]")))),
)
sample("expression-language", line(A, attributes='expressionLanguage="http://www.java.com/java"'))
sample(
    "expression-language",
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)).replace(
        b"<bpmn:conditionExpression>", b'<bpmn:conditionExpression language="groovy">'
    ),
    declared(bpmn(REST + gateway("g", default="n"), CHOICE)).replace(
        b"<bpmn:conditionExpression>", b'<bpmn:conditionExpression language="feel">'
    ),
)
sample("binding-not-deployment", line(task("a", 'camunda:formRefBinding="latest"')))
sample(
    "binding-not-deployment",
    line(task("a", 'calledElement="x" camunda:calledElementBinding="version"', "", "callActivity")),
    line(task("a", 'camunda:formRefBinding="deployment"')),
)
sample(
    "other-dialect",
    line(A, attributes='xmlns:flowable="http://flowable.org/bpmn"').replace(
        b'id="a"', b'id="a" flowable:candidateGroups="x"'
    ),
    line(A, attributes='xmlns:flowable="http://flowable.org/bpmn"'),
)
_IN = extension('<camunda:in businessKey="x"/><camunda:in source="amount" target="b"/>')
_CALLED = bpmn(START + END, "start>end", process="q")
sample(
    "business-key-ignored",
    {"p.bpmn": declared(line(task("a", 'calledElement="q"', _IN, "callActivity"))), "q.bpmn": _CALLED},
    {"p.bpmn": line(task("a", 'calledElement="q"', "", "callActivity")), "q.bpmn": _CALLED},
)
sample(
    "attribute-ignored",
    line(task("a", 'camunda:candidateStarterGroups="clerks" camunda:candidateGroups="g"')),
    line(task("a", 'camunda:asyncBefore="true" camunda:candidateGroups="g"')),
)
sample(
    "extension-ignored",
    line(task("a", 'camunda:candidateGroups="g"', extension("<camunda:potentialStarter/>"))),
    line(task("a", 'camunda:candidateGroups="g"', extension("<camunda:failedJobRetryTimeCycle/>"))),
)

# --------------------------------------------------------------------------- events
sample("no-start-event", bpmn(A + END, "a>end"))
sample(
    "several-start-events",
    bpmn(REST + '<bpmn:startEvent id="t"/>', "start>a t>a a>end"),
    bpmn(REST + event("t", "message:m", "startEvent"), "start>a t>a a>end", before=MESSAGE),
)
sample("sub-process-start", line(sub("", "")), line(sub(WITHIN, "s1>s2")))
sample(
    "sub-process-start",
    line(sub(event("s1", "timer:P1D", "startEvent") + '<bpmn:endEvent id="s2"/>', "s1>s2")),
)
_BEGINS = event("s1", "message:m", "startEvent") + '<bpmn:endEvent id="s2"/>'
_EVENT_SUB = sub(_BEGINS, "s1>s2", 'triggeredByEvent="true"')
sample(
    "event-sub-process-start",
    bpmn(REST + sub(WITHIN, "s1>s2", 'triggeredByEvent="true"'), "start>a a>end"),
    bpmn(REST + _EVENT_SUB, "start>a a>end", before=MESSAGE),
)
sample(
    "event-sub-process-flows",
    bpmn(REST + _EVENT_SUB, "start>a a>s s>end", before=MESSAGE),
    bpmn(REST + _EVENT_SUB, "start>a a>end", before=MESSAGE),
)
sample("timer-start", bpmn(event("start", "cycle:R/P1Y", "startEvent") + A + END, "start>a a>end"))
sample("start-event-kind", bpmn(event("start", "conditional:ok", "startEvent") + A + END, "start>a a>end"))
sample("catch-event-kind", line(event("e")), line(event("e", "timer:P1D")))
sample("throw-event-kind", line(event("e", "timer:P1D", "intermediateThrowEvent")))
sample("end-event-kind", bpmn(START + event("e", "timer:P1D", "endEvent"), "start>e"))
sample(
    "boundary-event-kind",
    bpmn(REST + boundary(""), "start>a a>end b>end"),
    bpmn(REST + boundary("timer:P1D"), "start>a a>end b>end"),
)
_ON_END = boundary("timer:P1D").replace('attachedToRef="a"', 'attachedToRef="{}"')
sample("boundary-event-unattached", bpmn(REST + _ON_END.format("nothing"), "start>a a>end b>end"))
sample("boundary-event-unattached", bpmn(REST + _ON_END.format("start"), "start>a a>end b>end"))
sample("boundary-event-without-flow", bpmn(REST + boundary("timer:P1D"), "start>a a>end"))
sample(
    "boundary-event-incoming",
    bpmn(REST + boundary("timer:P1D") + gateway("g", "parallel"), "start>g g>a g>b a>end b>end"),
    bpmn(REST + boundary("timer:P1D"), "start>a a>end b>end"),
)
sample(
    "error-not-interrupting",
    bpmn(REST + boundary("error:m", 'cancelActivity="false"'), "start>a a>end b>end", before=ERROR),
    bpmn(REST + boundary("error:m"), "start>a a>end b>end", before=ERROR),
)
sample(
    "event-without-name", line(event("e", "message:unknown")), line(event("e", "message:m"), before=MESSAGE)
)
sample(
    "event-without-name",
    bpmn(START + event("e", "error:", "endEvent"), "start>e"),
    bpmn(REST + boundary("error:"), "start>a a>end b>end"),
)
sample(
    "condition-event-without-condition",
    line(event("e", "conditional:")),
    declared(line(event("e", "conditional:ok"))),
)
sample("timer-without-value", line(event("e", "timer:")), line(event("e", "timer:P1D")))
sample("timer-cron", line(event("e", "cycle:0 0 9 ? * MON-FRI")), line(event("e", "timer:PT9H")))
sample("timer-cycle-interrupts", line(event("e", "cycle:R3/P1D")), line(event("e", "timer:P1D")))
_LINKED = START + A + event("x", "link:n", "intermediateThrowEvent") + event("y", "link:{}") + END
sample(
    "link-without-partner",
    bpmn(_LINKED.format("other"), "start>a a>x y>end"),
    bpmn(_LINKED.format("n"), "start>a a>x y>end"),
)
sample(
    "link-with-several-targets",
    bpmn(_LINKED.format("n") + event("z", "link:n"), "start>a a>x y>end z>end"),
    bpmn(_LINKED.format("n"), "start>a a>x y>end"),
)
sample(
    "link-with-flow",
    bpmn(_LINKED.format("n"), "start>a a>x x>y y>end"),
    bpmn(_LINKED.format("n"), "start>a a>x y>end"),
)
