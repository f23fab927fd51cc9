"""Holds the answers of a form against its rules; every error names the field and says what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal

import regex

from server.engine.forms import messages
from server.engine.forms.expressions import Computed
from server.engine.forms.model import CHOICES, SEVERAL, Component, FieldError, Kind, RenderContext
from server.engine.forms.resolve import Node
from server.engine.forms.values import number_text
from server.engine.values import Value

PATTERN_SECONDS = 0.05
"""A pattern comes from an uploaded file and may be made to run for ever."""

_EMAIL = regex.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = regex.compile(r"\+[0-9 -]{6,20}|1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?|[48]00-?\d{3}-?\d{4}")

Problem = tuple[str, dict[str, object]]


def errors_of(nodes: Iterable[Node], context: RenderContext) -> Iterator[FieldError]:
    """What is wrong with the answers, in the order of the page. Hidden and fixed fields are not asked."""
    for node in nodes:
        if node.hidden:
            continue
        label = label_of(node, context)
        for message, params in _problems(node, context):
            yield FieldError(node.name, label, message, {"label": label, **params})
        yield from errors_of(node.children, context)
        for row in node.rows:
            yield from errors_of(row, context)


def label_of(node: Node, context: RenderContext) -> str:
    """How people know the field; its key where it has no label."""
    return node.component.label.fill(node.scope, context.language) or node.component.key or node.component.id


def _problems(node: Node, context: RenderContext) -> Iterator[Problem]:
    component = node.component
    if component.kind is Kind.LIST:
        yield from _rows(node)
    elif component.keyed and component.kind is not Kind.EXPRESSION and not node.fixed:
        if node.typed.problem:
            yield node.typed.problem, dict(node.typed.params)
        elif component.rules.must_be_true and node.typed.value is not True:
            yield _must_be_true(component)
        elif _missing(component, node.typed.value):
            if component.rules.required or (component.rules.min_items and component.kind in SEVERAL):
                yield _required(component), {}
        else:
            yield from _broken(node, context)


def _missing(component: Component, value: Value) -> bool:
    """An unticked box that must be ticked counts as no answer; a "no" among options is one."""
    if value is False:
        return component.kind is Kind.CHECKBOX
    return value is None or value == "" or value == []


def _required(component: Component) -> str:
    if component.kind is Kind.FILES:
        return messages.ATTACH
    if component.kind is Kind.CHECKBOX:
        return messages.MUST_CONFIRM
    return messages.CHOOSE_ONE if component.kind in CHOICES else messages.REQUIRED


def _must_be_true(component: Component) -> Problem:
    citation = component.rules.must_be_true
    if citation == "yes":
        return messages.MUST_CONFIRM, {}
    return messages.MUST_BE_TRUE, {"article": citation}


def _rows(node: Node) -> Iterator[Problem]:
    if node.typed.problem:
        yield messages.NOT_ROWS, {}
        return
    rules = node.component.rules
    least = max(rules.min_items, 1 if rules.required else 0)
    if node.row_count < least:
        yield messages.TOO_FEW, {"limit": least, "count": node.row_count}
    if node.row_count > rules.max_items:
        yield messages.TOO_MANY, {"limit": rules.max_items, "count": node.row_count}


def _broken(node: Node, context: RenderContext) -> Iterator[Problem]:
    value = node.typed.value
    if isinstance(value, bool):
        return
    if isinstance(value, int | Decimal):
        yield from _size(node, value)
    elif node.component.kind is Kind.DATE_TIME:
        yield from _time(node, str(value), context)
    elif node.component.kind is Kind.FILES:
        yield from _file_rules(node, value)
    elif isinstance(value, list):
        yield from _count(node, len(value))
    elif node.component.kind not in CHOICES:
        yield from _words(node, str(value), context)


# --------------------------------------------------------------------------- one check for each kind of rule
def _bound(node: Node, bound: Computed | None) -> Decimal | None:
    value = bound.value(node.scope) if bound else None
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _size(node: Node, value: int | Decimal) -> Iterator[Problem]:
    rules, meaning = node.component.rules, node.component.meaning
    least, most = _bound(node, rules.minimum), _bound(node, rules.maximum)
    if least is not None and value < least:
        yield messages.TOO_SMALL, {"limit": number_text(least, meaning)}
    if most is not None and value > most:
        yield messages.TOO_BIG, {"limit": number_text(most, meaning)}


def _time(node: Node, value: str, context: RenderContext) -> Iterator[Problem]:
    rules = node.component.rules
    earliest = _iso(rules.minimum.value(node.scope)) if rules.minimum else ""
    latest = _iso(rules.maximum.value(node.scope)) if rules.maximum else ""
    if rules.no_past and not earliest:
        earliest = _iso(context.autos.get("today"))
    if earliest and value < earliest:
        yield messages.TOO_EARLY, {"limit": earliest}
    if latest and value[: len(latest)] > latest:
        yield messages.TOO_LATE, {"limit": latest}


def _iso(value: Value) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else ""


def _count(node: Node, count: int) -> Iterator[Problem]:
    rules = node.component.rules
    if count < rules.min_items:
        yield messages.TOO_FEW, {"limit": rules.min_items, "count": count}
    if count > rules.max_items:
        yield messages.TOO_MANY, {"limit": rules.max_items, "count": count}


def _words(node: Node, value: str, context: RenderContext) -> Iterator[Problem]:
    rules = node.component.rules
    shortest, longest = _bound(node, rules.min_length), _bound(node, rules.max_length)
    if shortest is not None and len(value) < shortest:
        yield messages.TOO_SHORT, {"limit": int(shortest), "count": len(value)}
    if longest is not None and len(value) > longest:
        yield messages.TOO_LONG, {"limit": int(longest), "count": len(value)}
    if rules.pattern and not _matches(rules.pattern, value):
        yield _pattern_problem(node, context)
    shape = _SHAPES.get(rules.shape)
    if shape and not shape[0](value):
        yield shape[1], {}


def _pattern_problem(node: Node, context: RenderContext) -> Problem:
    own = node.component.rules.pattern_message
    if own is None:
        return messages.BAD_PATTERN, {}
    return "{label}: {reason}", {"reason": own.fill(node.scope, context.language)}


def _matches(pattern: str, value: str) -> bool:
    try:
        return regex.search(pattern, value, timeout=PATTERN_SECONDS) is not None
    except (TimeoutError, regex.error):
        return False


_SHAPES: dict[str, tuple[Callable[[str], object], str]] = {
    "email": (_EMAIL.fullmatch, messages.BAD_EMAIL),
    "phone": (_PHONE.fullmatch, messages.BAD_PHONE),
}


def _file_rules(node: Node, value: Value) -> Iterator[Problem]:
    component = node.component
    several = component.multiple.value(node.scope) is True if component.multiple else False
    if len(value) > 1 and not several:
        yield messages.ONE_FILE, {}
    accept = component.accept.value(node.scope) if component.accept else None
    if not isinstance(accept, str) or not accept.strip():
        return
    for file in value:
        if not _accepted(file["name"], file["media_type"], accept):
            yield messages.FILE_TYPE, {"file": file["name"], "accept": accept}


def _accepted(name: str, media_type: str, accept: str) -> bool:
    wanted = [word.strip().lower() for word in accept.split(",") if word.strip()]
    name, media_type = name.lower(), media_type.lower()
    return any(
        name.endswith(word) if word.startswith(".") else _same_type(media_type, word) for word in wanted
    )


def _same_type(media_type: str, wanted: str) -> bool:
    return media_type.startswith(wanted[:-1]) if wanted.endswith("/*") else media_type == wanted
