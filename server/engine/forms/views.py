"""Turns a form and its answers into what a template shows: a tree of frozen nodes, hidden ones left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from server.engine.forms.coerce import options_of
from server.engine.forms.expressions import as_text
from server.engine.forms.model import (
    CHOICES,
    SEVERAL,
    FieldView,
    Form,
    Kind,
    OptionView,
    RenderContext,
    RowView,
    Upload,
)
from server.engine.forms.resolve import Node, recorded, resolve
from server.engine.forms.validation import label_of
from server.engine.forms.values import moment_words, number_text
from server.engine.values import Value, Variables

YES_NO = {"zh": ("是", "否"), "en": ("Yes", "No")}
_INPUTS = {"date": "date", "time": "time", "datetime": "datetime-local"}
_SHAPES = {"email": "email", "phone": "tel"}
_MAX_TABLE_ROWS = 500


def render_tree(form: Form, values: Variables, context: RenderContext) -> tuple[FieldView, ...]:
    """What to show of a form.

    Args:
        form: the form.
        values: answers so far, typed or as they were typed in (`Submission.raw`, a draft); what they do not
        hold
            comes from the case's variables, then from defaults.
        context: the case's variables, files, error texts by name, language.
    """
    nodes, _ = resolve(form, values, context)
    return _views(nodes, form, context)


def shown_names(views: Sequence[FieldView]) -> tuple[str, ...]:
    """Names of the fields a page shows, for its `_shown` field."""
    names: list[str] = []
    for view in views:
        if view.name and view.kind != Kind.GROUP:
            names.append(view.name)
        names.extend(shown_names(view.children))
        for row in view.rows:
            names.extend(shown_names(row.children))
    return tuple(names)


def _views(nodes: Sequence[Node], form: Form, context: RenderContext) -> tuple[FieldView, ...]:
    return tuple(_view(node, form, context) for node in nodes if not node.hidden and _worth_showing(node))


def _worth_showing(node: Node) -> bool:
    """An expression field is shown only where it has a label: without one it is a computation for other
    fields."""
    return node.component.kind is not Kind.EXPRESSION or bool(node.component.label.zh)


def _view(node: Node, form: Form, context: RenderContext) -> FieldView:
    component = node.component
    filled: dict[str, Any] = {}
    if component.keyed:
        filled = _value_parts(node, form, context)
    elif component.kind is Kind.GROUP:
        filled = {"children": _views(node.children, form, context)}
    elif component.kind is Kind.LIST:
        filled = _list_parts(node, form, context)
    else:
        filled = _shown_parts(node, context)
    return FieldView(
        kind=component.kind.value,
        id=html_id(node, context),
        label=component.label.fill(node.scope, context.language),
        hint=component.hint.fill(node.scope, context.language),
        span=component.look.columns or 16,
        line=component.look.row,
        regulation=component.regulation,
        **filled,
    )


def html_id(node: Node, context: RenderContext) -> str:
    """Unique id of the node on the page; a link in an error summary leads to it."""
    name = node.name if node.component.keyed or node.component.kind is Kind.LIST else ""
    return context.prefix + (name or node.component.id).replace(".", "-")


def _value_parts(node: Node, form: Form, context: RenderContext) -> dict[str, Any]:
    component = node.component
    look, rules = component.look, component.rules
    fixed = node.fixed or context.readonly
    return {
        "name": node.name,
        "errors": tuple(context.errors.get(node.name, ())),
        "required": not fixed and (rules.required or bool(rules.must_be_true) or rules.min_items > 0),
        "readonly": fixed,
        "disabled": component.disabled,
        "asked": not node.fixed,
        "controls": not fixed and component.path[-1] in form.controls,
        "prefix": look.prefix.fill(node.scope, context.language) if look.prefix else "",
        "suffix": look.suffix.fill(node.scope, context.language) if look.suffix else "",
        "max_length": _length(rules.max_length.value(node.scope)) if rules.max_length else None,
        "text": _input_text(node),
        "display": _in_words(node, context),
        "checked": node.typed.value is True,
        **_input_parts(node, context),
    }


def _length(value: Value) -> int | None:
    return (
        int(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value < 10**6
        else None
    )


def _input_parts(node: Node, context: RenderContext) -> dict[str, Any]:
    component = node.component
    if component.kind in CHOICES:
        return {"options": tuple(_options(node, context))}
    if component.kind is Kind.DATE_TIME:
        return {"input": _INPUTS[component.subtype]}
    if component.kind is Kind.FILES:
        several = component.multiple.value(node.scope) is True if component.multiple else False
        accept = component.accept.value(node.scope) if component.accept else ""
        return {"files": tuple(_files(node, context)), "multiple": several, "accept": as_text(accept)}
    if component.kind is Kind.NUMBER or component.meaning in ("money", "integer"):
        whole = component.meaning == "integer" or component.decimals == 0
        return {"mode": "numeric" if whole else "decimal", "prefix": _currency(node, context)}
    return {"input": _SHAPES.get(component.rules.shape, "text")}


def _currency(node: Node, context: RenderContext) -> str:
    own = node.component.look.prefix
    if own:
        return own.fill(node.scope, context.language)
    return "¥" if node.component.meaning == "money" and not node.component.look.suffix else ""


def _options(node: Node, context: RenderContext) -> list[OptionView]:
    value = node.typed.value
    chosen = value if node.component.kind in SEVERAL else [] if value is None else [value]
    found = options_of(node.component, node.scope, context.language)
    return [
        OptionView(token, label, any(_same(own, value) for value in chosen or ()))
        for token, label, own in found
    ]


def _same(one: Value, other: Value) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _files(node: Node, context: RenderContext) -> list[Upload]:
    """The files of a field, known by this page or remembered by the case."""
    found = []
    for item in node.raw if isinstance(node.raw, list) else []:
        if isinstance(item, Upload):
            found.append(item)
        elif isinstance(item, Mapping):
            upload = recorded(item)
            found.append(context.files.get(upload.id, upload))
        elif isinstance(item, str) and item in context.files:
            found.append(context.files[item])
    return [upload for upload in found if upload.id]


# --------------------------------------------------------------------------- values as text
def _input_text(node: Node) -> str:
    """What stands in the input: what was typed as long as it is no value yet, else the value written
    properly."""
    component, value = node.component, node.typed.value
    if node.typed.problem or value is None:
        return _scalar_text(node.raw)
    if component.kind is Kind.DATE_TIME:
        return str(value)[:16] if component.subtype == "datetime" else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return number_text(value, component.meaning)
    return str(value) if isinstance(value, str) else ""


def _scalar_text(raw: Value) -> str:
    return str(raw)[:4_000] if isinstance(raw, str | Decimal) else ""


def _in_words(node: Node, context: RenderContext) -> str:
    """The value as a person reads it; "" for none."""
    component, value = node.component, node.typed.value
    if component.kind in CHOICES:
        return "、".join(option.label for option in _options(node, context) if option.selected)
    if isinstance(value, bool):
        return YES_NO["zh" if context.language.startswith("zh") else "en"][0 if value else 1]
    if component.kind is Kind.FILES:
        return "、".join(upload.name for upload in _files(node, context))
    if component.kind is Kind.DATE_TIME and isinstance(value, str):
        return moment_words(value, context.language) if component.subtype != "time" else value
    return _plain_words(node, context)


def _plain_words(node: Node, context: RenderContext) -> str:
    component, value = node.component, node.typed.value
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        look = component.look
        suffix = f" {look.suffix.fill(node.scope, context.language)}" if look.suffix else ""
        return f"{_currency(node, context)}{number_text(value, component.meaning)}{suffix}"
    if component.auto in ("today", "now") and isinstance(value, str):
        return moment_words(value, context.language)
    return as_text(value)


# --------------------------------------------------------------------------- lists, tables, texts
def _list_parts(node: Node, form: Form, context: RenderContext) -> dict[str, Any]:
    component = node.component
    fixed = node.fixed or context.readonly
    rows = (
        RowView(number + 1, f"{node.name}.{number}", _views(row, form, context))
        for number, row in enumerate(node.rows)
    )
    return {
        "name": node.name,
        "rows": tuple(rows),
        "errors": tuple(context.errors.get(node.name, ())),
        "readonly": fixed,
        "required": not fixed and component.rules.min_items > 0,
        "can_edit_rows": not fixed and not component.fixed_rows,
    }


def _shown_parts(node: Node, context: RenderContext) -> dict[str, Any]:
    component = node.component
    if component.kind is Kind.TABLE:
        return _table_parts(node, context)
    if component.kind is Kind.IMAGE:
        source = component.source.value(node.scope) if component.source else ""
        safe = (
            source
            if isinstance(source, str) and source.startswith(("/", "data:image/png;", "data:image/jpeg;"))
            else ""
        )
        return {
            "source": "" if safe.startswith("//") else safe,
            "text": component.alt.fill(node.scope, context.language),
        }
    return {"text": component.content.fill(node.scope, context.language), "height": component.look.height}


def _table_parts(node: Node, context: RenderContext) -> dict[str, Any]:
    component = node.component
    data = component.computed.value(node.scope) if component.computed else None
    rows = [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []
    columns = [(column.key, column.label.fill(node.scope, context.language)) for column in component.columns]
    found = component.columns_from.value(node.scope) if component.columns_from else None
    if isinstance(found, list):
        columns = [
            (str(c.get("key") or ""), str(c.get("label") or "")) for c in found if isinstance(c, Mapping)
        ]
    body = tuple(tuple(as_text(row.get(key)) for key, _ in columns) for row in rows[:_MAX_TABLE_ROWS])
    return {"columns": tuple(label for _, label in columns), "body": body}


def label_by_name(form: Form, values: Variables, context: RenderContext) -> Mapping[str, str]:
    """Each field's label by its name in the page."""
    nodes, _ = resolve(form, values, context)
    return {n.name: label_of(n, context) for top in nodes for n in top.walk() if n.component.path}
