"""Turns what was typed or sent for one field into its value, or into the reason why it is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from server.engine.forms import messages, values
from server.engine.forms.components import token_of
from server.engine.forms.expressions import MAX_ITEMS, Scope, as_text, json_value
from server.engine.forms.model import Component, Kind, Option, Upload
from server.engine.forms.values import ValueProblem
from server.engine.values import Value

EMPTY: tuple[Value, ...] = (None, "", [], ())


@dataclass(frozen=True, slots=True)
class Typed:
    """A value, or a message (English template) that says why there is none."""

    value: Value = None
    problem: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


def coerce(component: Component, raw: Value, scope: Scope, files: Mapping[str, Upload]) -> Typed:
    """The value of one field. Never raises, whatever was sent.

    Args:
        component: the field.
        raw: text from a page, or any JSON value.
        scope: what expressions see, for options that are computed.
        files: the files that may be referred to, by id.
    """
    if component.kind is Kind.CHECKBOX:
        return Typed(
            raw is True or (isinstance(raw, str) and raw.strip().lower() in ("true", "on", "1", "yes"))
        )
    try:
        if component.kind is Kind.FILES:
            return Typed(_files(raw, files))
        if component.options is not None:
            return Typed(_chosen(component, raw, scope))
        return Typed(None if _is_empty(raw) else _plain(component, raw))
    except ValueProblem as problem:
        return Typed(None, problem.message, problem.params)


def _is_empty(raw: Value) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _plain(component: Component, raw: Value) -> Value:
    if component.kind is Kind.NUMBER or component.meaning in ("money", "integer"):
        return _number(component, raw)
    if component.kind is Kind.DATE_TIME:
        if not isinstance(raw, str):
            raise ValueProblem(messages.NOT_DATE)
        return values.moment(raw, component.subtype)
    return _text(component, raw)


def _number(component: Component, raw: Value) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueProblem(messages.NOT_NUMBER)
    text = raw if isinstance(raw, str) else _digits(raw)
    if component.meaning == "money":
        return values.money(text)
    return values.number(text, 0 if component.meaning == "integer" else component.decimals)


def _digits(number: float | Decimal) -> str:
    """A number in plain digits, unless it has absurdly many."""
    if isinstance(number, int) and number.bit_length() > 512:
        raise ValueProblem(messages.NUMBER_TOO_LARGE)
    exact = Decimal(str(number))
    if not exact.is_finite():
        raise ValueProblem(messages.NOT_NUMBER)
    if abs(exact.adjusted()) > values.MAX_NUMBER_LENGTH:
        raise ValueProblem(messages.NUMBER_TOO_LARGE)
    return f"{exact:f}"


def _text(component: Component, raw: Value) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueProblem(messages.NOT_TEXT)
    if isinstance(raw, int) and raw.bit_length() > 512:
        raise ValueProblem(messages.NOT_TEXT)
    limit = values.MAX_TEXT.get(component.kind.value, values.MAX_TEXT["textfield"])
    given = str(raw)
    if len(given) > limit:
        raise ValueProblem(messages.TOO_LONG, limit=limit, count=len(given))
    return values.clean(given, lines=component.kind is Kind.TEXT_AREA).strip() or None


# --------------------------------------------------------------------------- choices
def options_of(component: Component, scope: Scope, language: str = "zh-CN") -> list[tuple[str, str, Value]]:
    """The options that stand now: what a browser sends, the label, the value."""
    if component.options is None:
        return []
    if component.options.fixed:
        return [_fixed(option, scope, language) for option in component.options.fixed]
    if component.options.expression is not None:
        found = component.options.expression.value(scope)
    else:
        found = scope_value(scope, component.options.key)
    items = found[:MAX_ITEMS] if isinstance(found, list) else []
    return [option for option in map(_computed, items) if option]


def scope_value(scope: Scope, key: str) -> Value:
    """A variable by its dotted name, as JSON has it."""
    here: Any = scope
    for part in key.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return json_value(here)


def _fixed(option: Option, scope: Scope, language: str) -> tuple[str, str, Value]:
    return option.token, option.label.fill(scope, language), option.value


def _computed(item: Value) -> tuple[str, str, Value] | None:
    value = item.get("value") if isinstance(item, dict) else item
    if value is None or isinstance(value, list | dict):
        return None
    label = item.get("label") if isinstance(item, dict) else None
    return token_of(value), as_text(label if label is not None else value), value


def _chosen(component: Component, raw: Value, scope: Scope) -> Value:
    by_token = {token: value for token, _, value in options_of(component, scope)}
    if component.kind not in (Kind.CHECKLIST, Kind.TAG_LIST):
        return None if _is_empty(raw) else _one(raw, by_token, messages.CHOOSE_ONE)
    if raw in EMPTY:
        return []
    chosen = raw if isinstance(raw, Sequence) and not isinstance(raw, str) else [raw]
    if len(chosen) > MAX_ITEMS:
        raise ValueProblem(messages.CHOOSE_LISTED)
    found = {token_of(item): _one(item, by_token, messages.CHOOSE_LISTED) for item in chosen}
    return list(found.values())


def _one(raw: Value, by_token: Mapping[str, Value], message: str) -> Value:
    if not isinstance(raw, str | bool | int | Decimal) or (isinstance(raw, int) and raw.bit_length() > 512):
        raise ValueProblem(message)
    token = token_of(raw)
    if token not in by_token:
        raise ValueProblem(message)
    return by_token[token]


# --------------------------------------------------------------------------- files
def _files(raw: Value, files: Mapping[str, Upload]) -> list[dict[str, Value]]:
    if raw in EMPTY:
        return []
    items = raw if isinstance(raw, list) else [raw]
    if len(items) > MAX_ITEMS:
        raise ValueProblem(messages.TOO_MANY, limit=MAX_ITEMS, count=len(items))
    return [_file(item, files).value() for item in items]


def _file(item: Value, files: Mapping[str, Upload]) -> Upload:
    if isinstance(item, Upload):
        if item.problem or not item.id:
            raise ValueProblem(item.problem or messages.FILE_GONE, file=item.name)
        return item
    id_ = item.get("id") if isinstance(item, dict) else item
    known = files.get(id_) if isinstance(id_, str) else None
    if known is None:
        raise ValueProblem(messages.FILE_GONE)
    return known
