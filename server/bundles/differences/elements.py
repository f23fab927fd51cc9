"""What the elements, ways and lanes of two versions of a process say differently, by meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.bundles.differences.difference import Area, Change, Difference, Said, Weight, quoted, said
from server.engine.findings import mark
from server.engine.model import EventKind, FlowNode, Kind, MultiInstance, ProcessDefinition, SequenceFlow

NOUNS: Mapping[Kind, str] = {
    Kind.START_EVENT: mark("start event"),
    Kind.END_EVENT: mark("end event"),
    Kind.CATCH_EVENT: mark("intermediate event"),
    Kind.THROW_EVENT: mark("throwing event"),
    Kind.BOUNDARY_EVENT: mark("boundary event"),
    Kind.USER_TASK: mark("user task"),
    Kind.MANUAL_TASK: mark("manual task"),
    Kind.BUSINESS_RULE_TASK: mark("decision task"),
    Kind.SERVICE_TASK: mark("service task"),
    Kind.SEND_TASK: mark("send task"),
    Kind.RECEIVE_TASK: mark("receive task"),
    Kind.CALL_ACTIVITY: mark("call of a process"),
    Kind.SUB_PROCESS: mark("sub-process"),
    Kind.EXCLUSIVE_GATEWAY: mark("exclusive gateway"),
    Kind.PARALLEL_GATEWAY: mark("parallel gateway"),
    Kind.INCLUSIVE_GATEWAY: mark("inclusive gateway"),
    Kind.EVENT_BASED_GATEWAY: mark("event-based gateway"),
}
_IN_ORDER = (Kind.EXCLUSIVE_GATEWAY,)
"""Gateways that ask their ways one after the other."""

_TIMERS = {
    "date": mark("its timer (date)"),
    "duration": mark("its timer (duration)"),
    "cycle": mark("its timer (repeated)"),
    "": mark("its timer"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One side of an element: what it is called, its value as text, what a change of it can do. `shown` is
    the value as people know it, where that is something else."""

    aspect: Said
    value: str
    weight: Weight = Weight.EFFECT
    shown: str = ""


Facts = dict[str, Fact]


# --------------------------------------------------------------------------- two versions of a process
def between(before: ProcessDefinition, after: ProcessDefinition) -> Iterator[Difference]:
    """All that differs between two versions of a process, in the order of the diagram after."""
    yield from _compared(
        _Place(after), said(mark("the process")), "", _of_process(before), _of_process(after)
    )
    for identity, name in after.lanes.items():
        if identity not in before.lanes:
            yield _Place(after).told(Change.ADDED, _lane(name), identity, weight=Weight.WORDS)
        elif before.lanes[identity] != name:
            old = {"name": Fact(mark("its name"), before.lanes[identity], Weight.WORDS)}
            new = {"name": Fact(mark("its name"), name, Weight.WORDS)}
            yield from _compared(_Place(after), _lane(name), identity, old, new)
    for identity in before.lanes.keys() - after.lanes.keys():
        yield _Place(before, after).told(
            Change.REMOVED, _lane(before.lanes[identity]), identity, weight=Weight.WORDS
        )
    yield from _nodes(before, after)
    yield from _flows(before, after)


def whole(process: ProcessDefinition, change: Change) -> Difference:
    """A process that is new or was taken out."""
    what = said(mark("process {name}"), name=quoted(process.name or process.id))
    return _Place(process).told(change, what, "", process.regulation)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a difference is told: in the file of the process; under the name it has after."""

    process: ProcessDefinition
    after: ProcessDefinition | None = None

    def told(
        self, change: Change, what: Said, element: str, regulation: Sequence[str] = (),
        *, fact: Fact | None = None, values: tuple[str, str] = ("", ""), weight: Weight = Weight.EFFECT,
        old_element: str = "",
    ) -> Difference:  # fmt: skip
        """A difference of this process."""
        holder = self.after or self.process
        return Difference(
            Area.PROCESS, self.process.file, holder.id, change, what, title=holder.name or holder.id,
            weight=fact.weight if fact else weight, element=element, old_element=old_element,
            aspect=fact.aspect if fact else "", before=values[0], after=values[1],
            regulation=tuple(regulation),
        )  # fmt: skip


def _compared(
    place: _Place, what: Said, element: str, before: Facts, after: Facts, regulation: Sequence[str] = (),
    old_element: str = "",
) -> Iterator[Difference]:  # fmt: skip
    for key in dict.fromkeys((*after, *before)):
        old, new = before.get(key), after.get(key)
        if _plain(old) != _plain(new):
            fact = new or old
            values = (_shown(old), _shown(new))
            yield place.told(
                Change.CHANGED, what, element, regulation, fact=fact, values=values, old_element=old_element
            )


def _nodes(before: ProcessDefinition, after: ProcessDefinition) -> Iterator[Difference]:
    place = _Place(after)
    for identity, node in after.nodes.items():
        old = before.nodes.get(identity)
        if old is None:
            yield place.told(Change.ADDED, named(node), identity, node.regulation)
            continue
        cited = node.regulation or old.regulation
        yield from _compared(place, named(node), identity, _facts(before, old), _facts(after, node), cited)
        yield from _order(before, after, old, node)
    for identity, node in before.nodes.items():
        if identity not in after.nodes:
            yield _Place(before, after).told(Change.REMOVED, named(node), identity, node.regulation)


def _order(
    before: ProcessDefinition, after: ProcessDefinition, old: FlowNode, node: FlowNode
) -> Iterator[Difference]:
    """A gateway that asks its ways one after the other, and now in another order."""
    first = [_ends(before.flows[flow]) for flow in old.outgoing]
    second = [_ends(after.flows[flow]) for flow in node.outgoing]
    if node.kind in _IN_ORDER and first != second and sorted(first) == sorted(second):
        fact = Fact(mark("order in which its ways are asked"), "")
        values = ("、".join(target for _, target in first), "、".join(target for _, target in second))
        yield _Place(after).told(
            Change.CHANGED, named(node), node.id, node.regulation, fact=fact, values=values
        )


def _flows(before: ProcessDefinition, after: ProcessDefinition) -> Iterator[Difference]:
    pairs = _paired(before.flows, after.flows)
    for identity, flow in after.flows.items():
        old = before.flows.get(pairs.get(identity, ""))
        if old is None:
            yield _Place(after).told(Change.ADDED, _way(after, flow), identity)
            continue
        source = after.nodes.get(flow.source)
        yield from _compared(
            _Place(after), _way(after, flow), identity, _of_flow(before, old), _of_flow(after, flow),
            source.regulation if source else (), old.id,
        )  # fmt: skip
    kept = set(pairs.values())
    for identity, flow in before.flows.items():
        if identity not in kept:
            yield _Place(before, after).told(Change.REMOVED, _way(before, flow), identity)


def _paired(before: Mapping[str, SequenceFlow], after: Mapping[str, SequenceFlow]) -> dict[str, str]:
    """Which flow of before a flow of after is: the one of the same id, else one between the same ends that is
    there no more: somebody has drawn it anew."""
    pairs = {identity: identity for identity in after if identity in before}
    gone: dict[tuple[str, str], list[str]] = {}
    for identity, flow in before.items():
        if identity not in after:
            gone.setdefault(_ends(flow), []).append(identity)
    for identity, flow in after.items():
        if identity not in pairs and gone.get(_ends(flow)):
            pairs[identity] = gone[_ends(flow)].pop(0)
    return pairs


def _ends(flow: SequenceFlow) -> tuple[str, str]:
    return flow.source, flow.target


# --------------------------------------------------------------------------- in words
def named(node: FlowNode) -> Said:
    """An element as people know it: its kind and its name, or its id where it has none."""
    return said(mark("{kind} {name}"), kind=said(NOUNS[node.kind]), name=quoted(node.name or node.id))


def _way(process: ProcessDefinition, flow: SequenceFlow) -> Said:
    ends = [process.nodes.get(end) for end in (flow.source, flow.target)]
    names = [quoted((node.name or node.id) if node else "?") for node in ends]
    return said(mark("the way from {source} to {target}"), source=names[0], target=names[1])


def _lane(name: str) -> Said:
    return said(mark("lane {name}"), name=quoted(name))


# --------------------------------------------------------------------------- facts
def _of_process(process: ProcessDefinition) -> Facts:
    facts = {
        "name": Fact(mark("its name"), process.name, Weight.WORDS),
        "documentation": Fact(mark("its documentation"), process.documentation, Weight.WORDS),
    }
    return facts | _properties(process.properties)


def _of_flow(process: ProcessDefinition, flow: SequenceFlow) -> Facts:
    def end(identity: str) -> str:
        node = process.nodes.get(identity)
        return f"{node.name} ({identity})" if node and node.name else identity

    return {
        "source": Fact(mark("where it begins"), flow.source, shown=end(flow.source)),
        "target": Fact(mark("where it leads"), flow.target, shown=end(flow.target)),
        "name": Fact(mark("its name"), flow.name, Weight.WORDS),
        "condition": Fact(mark("its condition"), flow.condition),
        "default": Fact(mark("taken when no other way is"), _yes(flow.default)),
    }


def _facts(process: ProcessDefinition, node: FlowNode) -> Facts:
    """Everything an element says, the name of what it refers to included."""
    wanted, call = node.assignment, node.decision
    facts = {
        "kind": Fact(mark("kind of element"), node.kind.value),
        "name": Fact(mark("its name"), node.name, Weight.WORDS),
        "documentation": Fact(mark("its documentation"), node.documentation, Weight.WORDS),
        "scope": Fact(mark("sub-process around it"), node.scope),
        "lane": Fact(mark("its lane"), process.lanes.get(node.lane, node.lane), Weight.WORDS),
        "assignee": Fact(mark("its assignee"), wanted.assignee),
        "groups": Fact(mark("candidate groups"), ", ".join(wanted.candidate_groups)),
        "users": Fact(mark("candidate users"), ", ".join(wanted.candidate_users)),
        "form": Fact(mark("its form"), wanted.form),
        "due": Fact(mark("due date"), wanted.due),
        "follow_up": Fact(mark("reminder date"), wanted.follow_up),
        "priority": Fact(mark("its priority"), wanted.priority),
        "decision": Fact(mark("its decision"), call.decision if call else ""),
        "result": Fact(mark("variable of the result"), call.result_variable if call else ""),
        "mapped": Fact(mark("how the result is mapped"), call.map_result if call else ""),
        "called": Fact(mark("called process"), node.called_element),
        "topic": Fact(mark("its topic"), node.topic),
        "message": Fact(mark("its message"), node.message),
        "by_event": Fact(mark("begun by an event"), _yes(node.event_sub_process)),
    }
    facts |= _event(node)
    facts |= _repetition(node.multi_instance)
    for way, mappings in (("in", node.inputs), ("out", node.outputs)):
        template = mark("input {name}") if way == "in" else mark("output {name}")
        for mapping in mappings:
            aspect = said(template, name=quoted(mapping.target))
            facts[f"{way}.{mapping.target}"] = Fact(aspect, mapping.expression)
    return facts | _properties(node.properties)


def _event(node: FlowNode) -> Facts:
    event = node.event
    kind = event.kind.value if event.kind is not EventKind.NONE else ""
    facts = {
        "event": Fact(mark("kind of event"), kind),
        "event_name": Fact(mark("what it throws or waits for"), event.name),
        "interrupting": Fact(mark("whether it interrupts"), _yes(event.interrupting)),
        "attached": Fact(mark("activity it stands on"), event.attached_to or ""),
    }
    if event.kind is EventKind.TIMER:
        facts["timer_kind"] = Fact(mark("kind of timer"), event.timer)
        plain = event.expression.strip('"')  # a time written out is a text in FEEL
        facts["timer"] = Fact(_TIMERS[event.timer], event.expression, shown=plain)
    else:
        facts["when"] = Fact(mark("its condition"), event.expression)
    return facts


def _repetition(loop: MultiInstance | None) -> Facts:
    def of(read: Callable[[MultiInstance], str]) -> str:
        return read(loop) if loop else ""

    return {
        "repeated": Fact(
            mark("how it is repeated"), of(lambda m: "sequential" if m.sequential else "parallel")
        ),
        "collection": Fact(mark("repeated for each of"), of(lambda m: m.collection)),
        "element_variable": Fact(mark("variable of a round"), of(lambda m: m.element_variable)),
        "cardinality": Fact(mark("number of rounds"), of(lambda m: m.cardinality)),
        "until": Fact(mark("ends early when"), of(lambda m: m.completion_condition)),
        "gathered_in": Fact(mark("list of results"), of(lambda m: m.output_collection)),
        "gathered": Fact(mark("result of a round"), of(lambda m: m.output_element)),
    }


def _properties(properties: Mapping[str, str]) -> Facts:
    facts = {}
    for name, value in properties.items():
        aspect: Said = said(mark("property {name}"), name=quoted(name))
        facts[f"property.{name}"] = Fact(mark("its articles") if name == "regulation" else aspect, value)
    return facts


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _plain(fact: Fact | None) -> str:
    return " ".join(fact.value.split()) if fact else ""


def _shown(fact: Fact | None) -> str:
    return (fact.shown or fact.value) if fact else ""
