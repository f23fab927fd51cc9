"""Events: what may start, wait, throw and end, and what each must say to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from server.engine.model import EventKind, Finding, FlowNode, Kind, ProcessDefinition
from server.engine.refusals.graph import Graph
from server.engine.refusals.refusal import Refusal

NO_START = Refusal(
    "no-start-event",
    "Process {element} has no start event of its own.",
    "Draw one start event.",
)
SEVERAL_STARTS = Refusal(
    "several-start-events",
    "{name} is a second start event without a message; nobody could tell where to begin.",
    "Keep one plain start event; others must wait for a message.",
)
SUB_PROCESS_START = Refusal(
    "sub-process-start",
    "Sub-process {name} must have exactly one plain start event; it has {count}.",
    "Draw one start event without a symbol in it.",
)
EVENT_SUB_PROCESS_START = Refusal(
    "event-sub-process-start",
    "Event sub-process {name} must have exactly one start event that waits for something.",
    "Draw one start event with a message, signal, timer, error, escalation or condition.",
)
EVENT_SUB_PROCESS_FLOWS = Refusal(
    "event-sub-process-flows",
    "Event sub-process {name} has flows to or from it; its start event alone begins it.",
    "Delete the flows.",
)
TIMER_START = Refusal(
    "timer-start",
    "{name} starts the process by a timer, which nothing would wake.",
    "Start it by a person or by a message.",
)
START_KIND = Refusal(
    "start-event-kind",
    "{name} starts the process by a {kind} event, which is not possible.",
    "Start it plainly or by a message.",
)
CATCH_KIND = Refusal(
    "catch-event-kind",
    "{name} waits for nothing that can happen ({kind}).",
    "Give it a message, signal, timer, condition or link.",
)
THROW_KIND = Refusal(
    "throw-event-kind",
    "{name} cannot throw a {kind} event.",
    "Throw a message, signal, escalation or link, or leave it plain.",
)
END_KIND = Refusal(
    "end-event-kind",
    "{name} cannot end with a {kind} event.",
    "End plainly or with a message, signal, error, escalation or termination.",
)
BOUNDARY_KIND = Refusal(
    "boundary-event-kind",
    "The boundary event {name} waits for nothing that can happen ({kind}).",
    "Give it a timer, message, signal, condition, error or escalation.",
)
BOUNDARY_UNATTACHED = Refusal(
    "boundary-event-unattached",
    "The boundary event {name} is drawn on nothing that exists ({attached}).",
    "Draw it on an activity.",
)
BOUNDARY_NO_FLOW = Refusal(
    "boundary-event-without-flow",
    "Nothing follows the boundary event {name}.",
    "Draw the flow that is taken when it happens.",
)
BOUNDARY_INCOMING = Refusal(
    "boundary-event-incoming",
    "A flow leads into the boundary event {name}.",
    "Lead the flow to the activity.",
)
ERROR_NON_INTERRUPTING = Refusal(
    "error-not-interrupting",
    "The error event {name} is drawn as not interrupting; an error always interrupts.",
    "Make it interrupting, or use an escalation.",
)
NAME_MISSING = Refusal(
    "event-without-name",
    "{name} does not say which {kind} it means.",
    "Choose or create the {kind} in its properties.",
)
CONDITION_MISSING = Refusal(
    "condition-event-without-condition",
    "{name} waits for a condition and has none.",
    "Write the condition as FEEL.",
)
TIMER_MISSING = Refusal(
    "timer-without-value",
    "{name} is a timer without a date, duration or cycle.",
    "Give it a value such as P5D, or FEEL such as due.",
)
TIMER_CRON = Refusal(
    "timer-cron",
    "{name} is a timer with a cron expression ({value}), which is not read.",
    "Write an ISO 8601 cycle such as R/2026-01-01/P1M.",
)
TIMER_CYCLE_WAITS = Refusal(
    "timer-cycle-interrupts",
    "{name} waits for a cycle, of which only the first time could count.",
    "Use a duration, or make the boundary event not interrupting.",
    level="warning",
)
LINK_NO_PARTNER = Refusal(
    "link-without-partner",
    "The link {link} of {name} has no partner of that name in the same process or sub-process.",
    "Give both link events the same name.",
)
LINK_TWO_TARGETS = Refusal(
    "link-with-several-targets",
    "The link {link} leads to more than one place.",
    "Keep one catching link event of that name.",
)
LINK_FLOWS = Refusal(
    "link-with-flow",
    "{name}: a flow may not leave a throwing link event nor enter a catching one.",
    "Delete the flow; the link is the connection.",
)

_CATCHES = {EventKind.MESSAGE, EventKind.SIGNAL, EventKind.TIMER, EventKind.CONDITIONAL, EventKind.LINK}
_THROWS = {EventKind.NONE, EventKind.MESSAGE, EventKind.SIGNAL, EventKind.ESCALATION, EventKind.LINK}
_ENDS = {
    EventKind.NONE,
    EventKind.MESSAGE,
    EventKind.SIGNAL,
    EventKind.ERROR,
    EventKind.ESCALATION,
    EventKind.TERMINATE,
}
_BOUNDARIES = {
    EventKind.MESSAGE,
    EventKind.SIGNAL,
    EventKind.TIMER,
    EventKind.CONDITIONAL,
    EventKind.ERROR,
    EventKind.ESCALATION,
}
ACTIVITIES = frozenset(
    {
        Kind.USER_TASK,
        Kind.MANUAL_TASK,
        Kind.BUSINESS_RULE_TASK,
        Kind.SERVICE_TASK,
        Kind.SEND_TASK,
        Kind.RECEIVE_TASK,
        Kind.CALL_ACTIVITY,
        Kind.SUB_PROCESS,
    }
)
"""What takes time and may be interrupted: tasks, calls and sub-processes."""
_CRON = re.compile(
    r"(?:[\d*/,?LW#-]+|[A-Z]{3}(?:[-,][A-Z]{3})*)(?:\s+(?:[\d*/,?LW#-]+|[A-Z]{3}(?:[-,][A-Z]{3})*)){4,6}"
)


def check(process: ProcessDefinition, graph: Graph) -> Iterator[Finding]:
    """Every event of a process that could not happen as drawn."""
    yield from _starts(process)
    for node in process.nodes.values():
        match node.kind:
            case Kind.SUB_PROCESS:
                yield from _sub_process(process, node)
            case Kind.CATCH_EVENT | Kind.THROW_EVENT | Kind.END_EVENT:
                yield from _kind_of(process, node)
            case Kind.BOUNDARY_EVENT:
                yield from _boundary(process, node)
        yield from _contents(process, node)
        yield from _link(process, node, graph)


def _starts(process: ProcessDefinition) -> Iterator[Finding]:
    starts = [n for n in process.children("") if n.kind is Kind.START_EVENT]
    if not starts:
        yield NO_START.at(process.file, process.id)
    plain = [n for n in starts if n.event.kind is not EventKind.MESSAGE]
    for node in plain[1:]:
        yield SEVERAL_STARTS.on(process, node)
    for node in starts:
        if node.event.kind is EventKind.TIMER:
            yield TIMER_START.on(process, node)
        elif node.event.kind not in (EventKind.NONE, EventKind.MESSAGE):
            yield START_KIND.on(process, node, kind=node.event.kind.value)


def _sub_process(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    starts = [n for n in process.children(node.id) if n.kind is Kind.START_EVENT]
    plain = [n for n in starts if n.event.kind is EventKind.NONE]
    if node.event_sub_process:
        if len(starts) != 1 or plain or starts[0].event.kind not in _BOUNDARIES:
            yield EVENT_SUB_PROCESS_START.on(process, node)
        if node.incoming or node.outgoing:
            yield EVENT_SUB_PROCESS_FLOWS.on(process, node)
    elif len(starts) != 1 or len(plain) != 1:
        yield SUB_PROCESS_START.on(process, node, count=len(starts))


def _kind_of(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    allowed, refusal = {
        Kind.CATCH_EVENT: (_CATCHES, CATCH_KIND),
        Kind.THROW_EVENT: (_THROWS, THROW_KIND),
        Kind.END_EVENT: (_ENDS, END_KIND),
    }[node.kind]
    if node.event.kind not in allowed:
        yield refusal.on(process, node, kind=node.event.kind.value)


def _boundary(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    attached = process.nodes.get(node.event.attached_to or "")
    if attached is None or attached.kind not in ACTIVITIES or attached.event_sub_process:
        yield BOUNDARY_UNATTACHED.on(process, node, attached=node.event.attached_to or "–")
    if node.event.kind not in _BOUNDARIES:
        yield BOUNDARY_KIND.on(process, node, kind=node.event.kind.value)
    if not node.outgoing:
        yield BOUNDARY_NO_FLOW.on(process, node)
    if node.incoming:
        yield BOUNDARY_INCOMING.on(process, node)


def _contents(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    event = node.event
    starts_or_waits = node.kind in (Kind.START_EVENT, Kind.BOUNDARY_EVENT)
    if event.kind is EventKind.ERROR and starts_or_waits and not event.interrupting:
        yield ERROR_NON_INTERRUPTING.on(process, node)
    if event.kind is EventKind.CONDITIONAL and not event.expression:
        yield CONDITION_MISSING.on(process, node)
    if event.kind is EventKind.TIMER:
        yield from _timer(process, node)
    # An error or escalation that is caught without a name is any one; the others are one in particular.
    any_will_do = event.kind in (EventKind.ERROR, EventKind.ESCALATION) and starts_or_waits
    named = (EventKind.MESSAGE, EventKind.SIGNAL, EventKind.ERROR, EventKind.ESCALATION, EventKind.LINK)
    if event.kind in named and not event.name and not any_will_do:
        yield NAME_MISSING.on(process, node, kind=event.kind.value)


def _timer(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    event = node.event
    if not event.expression:
        yield TIMER_MISSING.on(process, node)
    elif _CRON.fullmatch(event.expression):
        yield TIMER_CRON.on(process, node, value=event.expression[:60])
    waits = node.kind is Kind.CATCH_EVENT or (node.kind is Kind.BOUNDARY_EVENT and event.interrupting)
    if event.timer == "cycle" and waits:
        yield TIMER_CYCLE_WAITS.on(process, node)


def _link(process: ProcessDefinition, node: FlowNode, graph: Graph) -> Iterator[Finding]:
    if node.event.kind is not EventKind.LINK or not node.event.name:
        return
    throws = node.kind is Kind.THROW_EVENT
    if (throws and node.outgoing) or (not throws and node.incoming):
        yield LINK_FLOWS.on(process, node)
    partners = [
        n
        for n in process.children(node.scope)
        if n.event.kind is EventKind.LINK and n.event.name == node.event.name and n.id != node.id
    ]
    if not any((n.kind is Kind.THROW_EVENT) != throws for n in partners):
        yield LINK_NO_PARTNER.on(process, node, link=node.event.name)
    if throws and len(graph.link_targets(node)) > 1:
        yield LINK_TWO_TARGETS.on(process, node, link=node.event.name)
