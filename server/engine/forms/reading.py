"""Reads a submission, from a page or as JSON: clean values, or errors beside what was typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.engine.forms import messages
from server.engine.forms.model import (
    SEVERAL,
    Component,
    FieldError,
    Form,
    Kind,
    Pair,
    RenderContext,
    Submission,
    Upload,
)
from server.engine.forms.resolve import Node, find_at, get_at, put_at, resolve
from server.engine.forms.validation import errors_of
from server.engine.values import NOTHING, Value, Variables

ADD, REMOVE, SHOWN = "_add", "_remove", "_shown"
"""Names a page sends beside the fields: add a row to this list, remove this row, these fields were on the
page."""

MAX_PAIRS = 20_000
_MAX_INDEX_DIGITS = 6


def read(
    form: Form,
    pairs: Sequence[Pair],
    variables: Variables = NOTHING,
    autos: Variables = NOTHING,
    files: Mapping[str, Upload] = NOTHING,
    language: str = "zh-CN",
) -> Submission:
    """Read a posted page. Never raises, whatever was posted.

    Args:
        form: the form that was shown.
        pairs: names and values in the order they came; a file is an `Upload` that was stored (or says why
        not).
        variables: what the case knows, for conditions and read-only fields.
        autos: values the server fills: `officer`, `officer_unit`, `today` (ISO date), `now` (ISO date and
        time).
        files: the files of this task and case that may be referred to, by id.
        language: language of the labels in error texts.
    """
    posted = _Posted.of(pairs[:MAX_PAIRS])
    raw = _record(form.components, posted, shown := posted.shown())
    edited = _edit_rows(form, raw, posted)
    stored = {u.id: u for _, u in pairs if isinstance(u, Upload) and u.id}
    context = RenderContext(variables, autos, {**files, **stored}, language=language)
    nodes, values = resolve(form, raw, context)
    unseen = tuple(_unseen(nodes, shown)) if shown is not None else ()
    return Submission(
        _kept(nodes, values, context), tuple(errors_of(nodes, context)), _storable(raw), unseen, edited
    )


def read_json(
    form: Form,
    data: Any,
    variables: Variables = NOTHING,
    autos: Variables = NOTHING,
    files: Mapping[str, Upload] = NOTHING,
    language: str = "zh-CN",
) -> Submission:
    """Read a submission sent as JSON; arguments as in `read`. What is not sent stays as the case has it.

    A name that is no field of the form is an error, so that a misspelt one does not vanish.
    """
    if not isinstance(data, Mapping):
        return Submission({}, (FieldError("", "", "Send the answers as an object.", {}),))
    context = RenderContext(variables, autos, files, language=language)
    nodes, values = resolve(form, data, context)
    errors = (*_unknown(form.components, data), *errors_of(nodes, context))
    return Submission(_kept(nodes, values, context), errors, _storable(dict(data)))


# -------------------------------------------------------------------------- names with dots -> nested records
@dataclass(slots=True)
class _Posted:
    """Posted names as a tree: `items.0.price` is the node `price` in `0` in `items`."""

    values: list[str | Upload] = field(default_factory=list)
    inner: dict[str, _Posted] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> _Posted:
        """The tree of all pairs. Only the depth that a form can have is kept."""
        root = cls()
        for name, value in pairs:
            node = root
            for part in name.split(".")[:24]:
                node = node.inner.setdefault(part, cls())
            node.values.append(value)
        return root

    def at(self, path: tuple[str, ...]) -> _Posted | None:
        """The node at a place."""
        node: _Posted | None = self
        for part in path:
            node = node.inner.get(part) if node else None
        return node

    def first(self, name: str) -> str | None:
        """The first text under a name without dots."""
        node = self.inner.get(name)
        return next((v for v in node.values if isinstance(v, str)), None) if node else None

    def shown(self) -> frozenset[str] | None:
        """Names of the fields the page showed, or None when it did not say."""
        names = self.first(SHOWN)
        return None if names is None else frozenset(names.split())


def _record(
    components: tuple[Component, ...], posted: _Posted, shown: frozenset[str] | None, prefix: str = ""
) -> dict[str, Value]:
    """What was typed, nested as the form is. A field the page did not show is left out."""
    raw: dict[str, Value] = {}
    for component in components:
        name = prefix + component.key
        if component.kind is Kind.GROUP:
            _merge(raw, _record(component.children, posted, shown, prefix))
        elif component.kind is Kind.LIST:
            if shown is None or name in shown:
                put_at(raw, component.path, _rows(component, posted.at(component.path), shown, name))
        elif component.keyed and component.kind is not Kind.EXPRESSION and (shown is None or name in shown):
            put_at(raw, component.path, _leaf(component, posted.at(component.path)))
    return raw


def _merge(raw: dict[str, Value], inner: Mapping[str, Value]) -> None:
    for name, value in inner.items():
        own = raw.get(name)
        if isinstance(own, dict) and isinstance(value, dict):
            _merge(own, value)
        else:
            raw[name] = value


def _rows(
    component: Component, posted: _Posted | None, shown: frozenset[str] | None, name: str
) -> list[dict[str, Value]]:
    if posted is None:
        return []
    numbers = sorted(
        (int(part), part)
        for part in posted.inner
        if part.isascii() and part.isdigit() and len(part) <= _MAX_INDEX_DIGITS
    )
    kept = numbers[: component.rules.max_items + 1]  # one too many, so that the error is seen
    return [_record(component.children, posted.inner[part], shown, f"{name}.{part}.") for _, part in kept]


def _leaf(component: Component, posted: _Posted | None) -> Value:
    values = posted.values if posted else []
    if component.kind is Kind.FILES:
        return [value for value in values if isinstance(value, Upload) or value]
    texts = [value for value in values if isinstance(value, str)]
    if component.kind in SEVERAL:
        return [text for text in texts if text]
    if component.kind is Kind.CHECKBOX:
        return bool(texts) and texts[-1].strip().lower() not in ("", "false", "0")
    return texts[0] if texts else None


def _edit_rows(form: Form, raw: dict[str, Value], posted: _Posted) -> bool:
    """Carry out the add or remove button that was pressed. Rows of lists within rows are found by their
    name."""
    add, remove = posted.first(ADD), posted.first(REMOVE)
    if add:
        rows = _list_at(raw, tuple(add.split(".")))
        if rows is not None:
            rows.append({})
    elif remove:
        *path, number = remove.split(".")
        rows = _list_at(raw, tuple(path))
        if rows is not None and number.isascii() and number.isdigit() and int(number[:6]) < len(rows):
            del rows[int(number[:6])]
    return bool(add or remove)


def _list_at(raw: Mapping[str, Value], path: tuple[str, ...]) -> list[Value] | None:
    here: Value = raw
    for part in path:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isascii() and part.isdigit() and int(part[:6]) < len(here):
            here = here[int(part[:6])]
        else:
            return None
    return here if isinstance(here, list) else None


# --------------------------------------------------------------------------- what to keep
def _unseen(nodes: Sequence[Node], shown: frozenset[str]) -> Iterator[str]:
    """Fields that people must answer but did not see."""
    for node in nodes:
        if node.hidden:
            continue
        asked = (node.component.keyed and not node.fixed) or node.component.kind is Kind.LIST
        if asked and node.name not in shown:
            yield node.name
        elif node.component.kind is not Kind.LIST:
            yield from _unseen(node.children, shown)
        for row in node.rows if node.name in shown else ():
            yield from _unseen(row, shown)


def _kept(nodes: Sequence[Node], values: Mapping[str, Value], context: RenderContext) -> dict[str, Value]:
    """The values a submission sets: what people or the server filled, and None where their answers hide a
    standing value. What the case itself hides, another step of the same form, stays as it is."""
    kept: dict[str, Value] = {}
    for node in nodes:
        component = node.component
        if component.kind is Kind.GROUP:
            _merge(kept, _kept(node.children, values, context))
        elif component.path and _sets(node, context):
            put_at(kept, component.path, get_at(values, component.path))
    return kept


def _sets(node: Node, context: RenderContext) -> bool:
    component = node.component
    standing = get_at(context.variables, component.path)
    if node.hidden:
        left_alone = node.away or component.auto or component.disabled or component.readonly
        return standing is not None and not left_alone
    if component.auto:
        return component.auto != "case"
    if component.kind is Kind.EXPRESSION:
        return True
    # A read-only field with a default sets a value the case does not have yet.
    return not node.fixed or (standing is None and node.typed.value is not None and not component.disabled)


def _unknown(
    components: tuple[Component, ...], data: Mapping[str, Value], prefix: str = ""
) -> Iterator[FieldError]:
    known = _places(components)
    for name, value in data.items():
        below = known.get(str(name))
        place = f"{prefix}{name}"
        if below is None:
            yield FieldError(place, place, messages.NOT_A_FIELD, {"label": place})
        elif isinstance(below, Component):
            yield from _unknown_in_rows(below, value, place)
        elif below and isinstance(value, Mapping):
            yield from _unknown_below(below, value, f"{place}.")


def _unknown_in_rows(component: Component, value: Value, place: str) -> Iterator[FieldError]:
    for number, row in enumerate(value[: component.rules.max_items] if isinstance(value, list) else []):
        if isinstance(row, Mapping):
            yield from _unknown(component.children, row, f"{place}.{number}.")


def _unknown_below(known: Mapping[str, Any], data: Mapping[str, Value], prefix: str) -> Iterator[FieldError]:
    for name in data:
        if str(name) not in known:
            yield FieldError(
                f"{prefix}{name}", f"{prefix}{name}", messages.NOT_A_FIELD, {"label": f"{prefix}{name}"}
            )


def _places(components: tuple[Component, ...]) -> dict[str, Any]:
    """Names a record may have: a list's component, a nested record of names, or {} for a value."""
    places: dict[str, Any] = {}
    for component in components:
        if component.kind is Kind.GROUP:
            _merge(places, _places(component.children))
        elif component.kind is Kind.LIST:
            put_at(places, component.path, component)
        elif component.keyed:
            found, _ = find_at(places, component.path)
            if not found:
                put_at(places, component.path, {})
    return places


def _storable(raw: Value) -> Any:
    """What was typed as a draft can keep it: files become what a variable holds of them."""
    if isinstance(raw, Upload):
        return raw.value()
    if isinstance(raw, Mapping):
        return {str(name): _storable(value) for name, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [_storable(value) for value in raw if not (isinstance(value, Upload) and not value.id)]
    return raw
