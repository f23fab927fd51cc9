"""What a token reads: FEEL over the variables it sees, and the flows whose conditions hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.engine import expressions
from server.engine.errors import ConditionMissing, NoFlowTaken
from server.engine.model import VariableMapping
from server.engine.spiff import Arrow, Token

ALL = "*"
"""The expression of a mapping that copies every variable."""


def value(
    token: Token, expression: str, scope: int | None = None, extra: Mapping[str, Any] | None = None
) -> Any:
    """The plain value of an expression in a scope (by default the one the token's own expressions see)."""
    variables = token.instance.scopes.visible(token.view if scope is None else scope)
    return expressions.evaluate(
        expression, {**variables, **(extra or {})}, token.instance.at, token.node.element.id
    )


def holds(
    token: Token, condition: str, scope: int | None = None, extra: Mapping[str, Any] | None = None
) -> bool:
    """Whether a condition is true. Anything but true or false raises ConditionNotBoolean."""
    variables = token.instance.scopes.visible(token.view if scope is None else scope)
    return expressions.holds(
        condition, {**variables, **(extra or {})}, token.instance.at, token.node.element.id
    )


def mapped(token: Token, mappings: Iterable[VariableMapping], scope: int) -> dict[str, Any]:
    """The targets of in- or output mappings with their values, read in a scope."""
    found: dict[str, Any] = {}
    for mapping in mappings:
        if mapping.expression == ALL:
            found.update(token.instance.scopes.visible(scope))
        else:
            found[mapping.target] = value(token, mapping.expression, scope)
    return found


def all_that_hold(token: Token, arrows: Sequence[Arrow]) -> Sequence[Arrow]:
    """Every flow without condition or whose condition is true; the default flow if no condition was."""
    if not any(arrow.condition or arrow.default for arrow in arrows):
        return arrows
    taken = [
        a for a in arrows if not a.default and (not a.condition or holds(token, a.condition, token.scope))
    ]
    if not any(arrow.condition for arrow in taken):
        taken.extend(arrow for arrow in arrows if arrow.default)
    if not taken:
        raise NoFlowTaken(element=token.node.element.id)
    return taken


def first_that_holds(token: Token, arrows: Sequence[Arrow]) -> Sequence[Arrow]:
    """The first flow, in the order of the diagram, whose condition is true, else the default flow."""
    if len(arrows) < 2 and not any(arrow.condition for arrow in arrows):
        return arrows
    for arrow in arrows:
        if arrow.default:
            continue
        if not arrow.condition:
            raise ConditionMissing(element=token.node.element.id, flow=arrow.id)
        if holds(token, arrow.condition, token.scope):
            return (arrow,)
    if default := [arrow for arrow in arrows if arrow.default]:
        return default[:1]
    raise NoFlowTaken(element=token.node.element.id)
