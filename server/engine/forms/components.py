"""Reads one form-js component: its type, texts, rules, options and look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import regex

from server.engine.findings import mark as _
from server.engine.forms.expressions import Compiler, Computed, FormRefused, Text
from server.engine.forms.model import (
    CHOICES,
    KEYED,
    MAX_ROWS,
    Auto,
    Column,
    Component,
    Kind,
    Look,
    Meaning,
    Option,
    Options,
    Path,
    Rules,
)
from server.engine.values import Value

Entry = Mapping[str, Any]

REFUSED = {
    "iframe": _("A form may not show pages of other sites (iframe)."),
    "documentPreview": _("documentPreview is not supported; list files with a filepicker."),
}
_KEY = re.compile(r"[^\W\d][\w-]*(\.[^\W\d][\w-]*)*")
_MAX_OPTIONS = 2_000


class ComponentProblem(FormRefused):
    """A component cannot be used; the message says why and what to do."""


def read_component(entry: Entry, path: Path, compiler: Compiler) -> Component:
    """Read one entry of `components`, without what stands in it.

    Args:
        entry: the entry as it stands in the file.
        path: place of the group around it.
        compiler: compiles its expressions.

    Raises:
        ComponentProblem: its type or one of its properties cannot be used.
        ExpressionError: one of its expressions is not FEEL.
    """
    kind = _kind(entry)
    properties = _texts(entry.get("properties"))
    conditional = entry.get("conditional")
    return Component(
        kind=kind,
        id=str(entry.get("id") or entry.get("key") or entry.get("path") or kind.value),
        path=_path(entry, kind, path),
        label=_label(entry, properties, compiler),
        hint=compiler.text(entry.get("description"), properties.get("description_en", "")),
        hide=compiler.condition(conditional.get("hide")) if isinstance(conditional, dict) else None,
        readonly=compiler.condition(entry.get("readonly")),
        disabled=entry.get("disabled") is True,
        default=entry.get("defaultValue"),
        meaning=_meaning(properties),
        auto=_auto(properties),
        rules=_rules(entry, properties, compiler),
        look=_look(entry, compiler),
        options=_options(entry, properties, compiler) if kind in CHOICES else None,
        regulation=tuple(properties.get("regulation", "").split()),
        **_particular(kind, entry, properties, compiler),
    )


def _kind(entry: Entry) -> Kind:
    name = str(entry.get("type"))
    if name in REFUSED:
        raise ComponentProblem(REFUSED[name])
    try:
        return Kind(name)
    except ValueError:
        raise ComponentProblem("There is no field type {name}.", name=name[:60]) from None


def _path(entry: Entry, kind: Kind, outer: Path) -> Path:
    if kind in (Kind.GROUP, Kind.LIST):
        own = str(entry.get("path") or "")
    elif kind in KEYED:
        own = str(entry.get("key") or "")
    else:
        return ()
    if not own and kind is Kind.GROUP:
        return outer
    if not _KEY.fullmatch(own):
        raise ComponentProblem(
            "The key {key} cannot be the name of a value; use letters, digits and _.", key=own[:60]
        )
    return (*outer, *own.split("."))


def _texts(source: Any) -> dict[str, str]:
    """Properties as text; a mapping (labels by value) stays readable as `value=label|…`."""
    return {str(k): str(v) for k, v in source.items()} if isinstance(source, dict) else {}


def _label(entry: Entry, properties: Mapping[str, str], compiler: Compiler) -> Text:
    zh = entry.get("label") or entry.get("dateLabel") or entry.get("timeLabel")
    return compiler.text(zh, properties.get("label_en", ""))


def _meaning(properties: Mapping[str, str]) -> Meaning:
    kind = properties.get("kind", "")
    if kind == "" or kind in get_args(Meaning):
        return kind  # type: ignore[return-value]
    raise ComponentProblem(
        "The property kind is {kind}; it can be money, boolean or integer.", kind=kind[:60]
    )


def _auto(properties: Mapping[str, str]) -> Auto:
    auto = properties.get("auto", "")
    if auto == "" or auto in get_args(Auto):
        return auto  # type: ignore[return-value]
    known = ", ".join(filter(None, get_args(Auto)))
    raise ComponentProblem("The property auto is {auto}; it can be {known}.", auto=auto[:60], known=known)


# --------------------------------------------------------------------------- rules
def _rules(entry: Entry, properties: Mapping[str, str], compiler: Compiler) -> Rules:
    given = entry.get("validate")
    validate: Entry = given if isinstance(given, dict) else {}
    pattern = str(validate.get("pattern") or "")
    _check_pattern(pattern)
    message = validate.get("patternErrorMessage")
    shape = validate.get("validationType")
    return Rules(
        required=validate.get("required") is True,
        minimum=compiler.computed(validate.get("min", properties.get("min"))),
        maximum=compiler.computed(validate.get("max", properties.get("max"))),
        min_length=compiler.computed(validate.get("minLength")),
        max_length=compiler.computed(validate.get("maxLength")),
        pattern=pattern,
        pattern_message=compiler.text(message, properties.get("pattern_message_en", "")) if message else None,
        shape=shape if shape in ("phone", "email") else "",
        must_be_true=_must_be_true(properties),
        min_items=_whole(properties, "min_items", _whole(properties, "min_rows", 0)),
        max_items=min(_whole(properties, "max_items", _whole(properties, "max_rows", MAX_ROWS)), MAX_ROWS),
        no_past=entry.get("disallowPassedDates") is True,
        unique=properties.get("unique") == "true",
    )


def _must_be_true(properties: Mapping[str, str]) -> str:
    """The citation that demands a yes; `must_be_true: true` takes the field's own `regulation`."""
    demanded = properties.get("must_be_true", "")
    if demanded.lower() in ("", "false", "no"):
        return ""
    return demanded if "#" in demanded else properties.get("regulation", "") or "yes"


def _check_pattern(pattern: str) -> None:
    if len(pattern) > 500:
        raise ComponentProblem("The pattern has more than 500 characters.")
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ComponentProblem(
            "The pattern {pattern} cannot be used: {reason}", pattern=pattern[:60], reason=str(error)
        ) from error


def _whole(properties: Mapping[str, str], name: str, default: int) -> int:
    text = properties.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise ComponentProblem(
            "The property {name} is {text}; it must be a whole number.", name=name, text=text[:60]
        )
    return int(text)


# --------------------------------------------------------------------------- options
def _options(entry: Entry, properties: Mapping[str, str], compiler: Compiler) -> Options:
    expression = entry.get("valuesExpression")
    if expression:
        return Options(expression=compiler.computed(expression))
    if entry.get("valuesKey"):
        compiler.used.add(str(entry["valuesKey"]))
        return Options(key=str(entry["valuesKey"]))
    values = entry.get("values")
    if not isinstance(values, list) or not values:
        raise ComponentProblem("The field has no options; write values, valuesKey or valuesExpression.")
    if len(values) > _MAX_OPTIONS:
        raise ComponentProblem("The field has more than {limit} options.", limit=_MAX_OPTIONS)
    english = _english_labels(entry, properties, len(values))
    convert = properties.get("kind") == "boolean"
    return Options(tuple(_option(v, en, compiler, convert) for v, en in zip(values, english, strict=True)))


def _english_labels(entry: Entry, properties: Mapping[str, str], count: int) -> list[str]:
    given = entry.get("properties")
    labels = given.get("values_en") if isinstance(given, dict) else None
    if isinstance(labels, dict):
        return [str(labels.get(str(_value_of(v)), "")) for v in entry["values"]]
    if not labels:
        return [""] * count
    english = [label.strip() for label in properties["values_en"].split("|")]
    if len(english) != count:
        raise ComponentProblem(
            f"values_en has {len(english)} labels for {count} options; write one each, with | between."
        )
    return english


def _value_of(entry: Any) -> Value:
    return entry.get("value") if isinstance(entry, dict) else entry


def _option(entry: Any, english: str, compiler: Compiler, convert: bool) -> Option:
    value = _value_of(entry)
    if convert and value in ("true", "false"):
        value = value == "true"
    if value is None or isinstance(value, list | dict):
        raise ComponentProblem("An option has no value.")
    label = entry.get("label") if isinstance(entry, dict) else None
    return Option(value, token_of(value), compiler.text(str(label or value), english))


def token_of(value: Value) -> str:
    """What a browser sends for an option's value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------- look and the particulars of a type
def _look(entry: Entry, compiler: Compiler) -> Look:
    layout = entry.get("layout")
    place: Entry = layout if isinstance(layout, dict) else {}
    appearance = entry.get("appearance")
    adorners: Entry = appearance if isinstance(appearance, dict) else {}
    prefix, suffix = adorners.get("prefixAdorner"), adorners.get("suffixAdorner")
    columns = place.get("columns")
    return Look(
        row=str(place.get("row") or ""),
        columns=columns if isinstance(columns, int) and 0 < columns <= 16 else 0,
        prefix=compiler.text(prefix) if prefix else None,
        suffix=compiler.text(suffix) if suffix else None,
        height=_pixels(entry.get("height")),
    )


def _pixels(height: Any) -> int:
    return min(height, 2_000) if isinstance(height, int) and height > 0 else 0


def _particular(
    kind: Kind, entry: Entry, properties: Mapping[str, str], compiler: Compiler
) -> dict[str, Any]:
    if kind is Kind.NUMBER:
        return {"decimals": _decimals(entry, properties)}
    if kind is Kind.DATE_TIME:
        subtype = entry.get("subtype") or "date"
        if subtype not in ("date", "time", "datetime"):
            raise ComponentProblem(
                "The subtype is {subtype}; it can be date, time or datetime.", subtype=subtype[:60]
            )
        return {"subtype": subtype}
    if kind is Kind.FILES:
        return {
            "accept": compiler.computed(entry.get("accept")),
            "multiple": compiler.computed(entry.get("multiple")),
        }
    if kind is Kind.EXPRESSION:
        return {"computed": Computed(expression=compiler.expression(str(entry.get("expression") or "")))}
    return _shown(kind, entry, properties, compiler)


def _decimals(entry: Entry, properties: Mapping[str, str]) -> int | None:
    if properties.get("kind") == "integer":
        return 0
    decimals = entry.get("decimalDigits")
    return decimals if isinstance(decimals, int) and 0 <= decimals <= 12 else None


def _shown(kind: Kind, entry: Entry, properties: Mapping[str, str], compiler: Compiler) -> dict[str, Any]:
    english = properties.get("text_en", "")
    if kind in (Kind.TEXT, Kind.HTML):
        return {"content": compiler.text(entry.get("text") or entry.get("content"), english)}
    if kind is Kind.IMAGE:
        return {"source": compiler.computed(entry.get("source")), "alt": compiler.text(entry.get("alt"))}
    if kind is Kind.TABLE:
        return {
            "computed": compiler.computed(entry.get("dataSource")),
            "columns": _columns(entry, compiler),
            "columns_from": compiler.computed(entry.get("columnsExpression")),
            "repetitions": _count(entry.get("rowCount"), 100),
        }
    if kind is Kind.LIST:
        return {
            "repetitions": _count(entry.get("defaultRepetitions"), 1),
            "fixed_rows": entry.get("allowAddRemove") is False,
        }
    return {}


def _columns(entry: Entry, compiler: Compiler) -> tuple[Column, ...]:
    columns = entry.get("columns")
    if not isinstance(columns, list):
        return ()
    found = [c for c in columns if isinstance(c, dict)]
    return tuple(
        Column(str(c.get("key") or ""), compiler.text(str(c.get("label") or c.get("key") or "")))
        for c in found
    )


def _count(number: Any, default: int) -> int:
    return min(number, MAX_ROWS) if isinstance(number, int) and number >= 0 else default
