"""A joint sign says what one rejection in it does, and the diagram does just that."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.feel import FeelError, compile_expression
from server.engine.model import Finding, FlowNode, Kind, MultiInstance

CODE = "rejection-is-settled"
PROPERTY = "onRejection"
REJECTED = "fail"
"""The value by which the forms of opinions reject."""

_SAY = (
    "Enter in the property onRejection: ends (one rejection ends the round), counts (all are heard, then "
    "they are counted) or returns (who rejects sends the case back)."
)
UNSAID = Rule(
    CODE,
    "Several people decide at {name}, and the diagram does not say what one rejection does; as it is drawn, "
    "all are heard and what comes after counts.",
    _SAY,
    level="warning",
)
UNSAID_ENDS = Rule(
    CODE,
    "Several people decide at {name}, and the diagram does not say what one rejection does; as it is drawn, "
    "it may end the round before all are heard.",
    _SAY,
    level="warning",
)
UNKNOWN = Rule(CODE, "{name}: onRejection is “{said}”, which is none of ends, counts, returns.", _SAY)
DOES_NOT_END = Rule(
    CODE,
    "{name}: one rejection is to end the round, but its completionCondition does not look at “{field}”.",
    "Let the completionCondition be true as soon as one rejects.",
)
LOOKS_AT_ONE = Rule(
    CODE,
    "{name}: rejections are to be counted, but its completionCondition looks at “{field}” of a single one.",
    "Let the completionCondition look at the list of what was said, or at numbers only.",
)
GATHERS_NOTHING = Rule(
    CODE,
    "{name}: rejections are to be counted, but nothing is gathered of what was said.",
    "Gather the verdicts by outputCollection and outputElement.",
)
NO_WAY_BACK = Rule(
    CODE,
    "{name}: who rejects is to return the case, but the property returnTo names no step.",
    "Enter in returnTo the step to which the case goes back.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Joint signs whose form lets somebody reject."""
    for process, node in subject.nodes():
        loop = node.multi_instance
        if node.kind is not Kind.USER_TASK or loop is None:
            continue
        said, field = node.properties.get(PROPERTY, ""), node.properties.get("outcome", "verdict")
        if (said or _may_reject(subject, node, field)) and (wrong := _wrong(node, loop, said, field)):
            yield wrong.on(process, node, field=field, said=said)


def _may_reject(subject: Subject, node: FlowNode, field: str) -> bool:
    form = subject.loaded.model.forms.get(node.assignment.form)
    asked = next((one for one in form.fields if one.key == field), None) if form else None
    options = asked.options.fixed if asked and asked.options else ()
    return any(option.token == REJECTED for option in options)


def _wrong(node: FlowNode, loop: MultiInstance, said: str, field: str) -> Rule | None:
    """What the diagram does against what it says."""
    ends = field in _names(loop.completion_condition)
    if not said:
        return UNSAID_ENDS if ends else UNSAID
    if said == "ends":
        return None if ends else DOES_NOT_END
    if said == "counts":
        return LOOKS_AT_ONE if ends else None if loop.output_collection else GATHERS_NOTHING
    if said == "returns":
        return None if node.return_to else NO_WAY_BACK
    return UNKNOWN


def _names(text: str) -> frozenset[str]:
    """The variables of a condition but for those within a filter of a list; one that is no FEEL is told
    elsewhere."""
    try:
        unknown = compile_expression(text).unknown_names(()) if text else ()
        return frozenset(use.name.partition(".")[0] for use in unknown)
    except (FeelError, RecursionError):
        return frozenset()
