"""Lays answers over a form: every component with its value, whether it is shown, and who may change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from server.engine.forms.coerce import Typed, coerce
from server.engine.forms.expressions import Scope, feel_value
from server.engine.forms.model import KEYED, Component, Form, Kind, Path, RenderContext, Upload
from server.engine.values import Value


@dataclass(slots=True)
class Node:
    """One component in one record. `name` is its name in a page (`items.0.price`); `raw` is what was typed,
    `typed` what it means; `fixed` fields are not taken from the person; what is `away` is hidden whatever
    they answer. `scope` is what its expressions see."""

    component: Component
    name: str
    scope: Scope
    raw: Value = None
    typed: Typed = field(default_factory=Typed)
    hidden: bool = False
    away: bool = False
    fixed: bool = False
    children: list[Node] = field(default_factory=list)
    rows: list[list[Node]] = field(default_factory=list)
    row_count: int = 0

    def walk(self) -> Iterator[Node]:
        """This node and all that stand in it."""
        yield self
        for child in self.children:
            yield from child.walk()
        for row in self.rows:
            for child in row:
                yield from child.walk()


@dataclass(slots=True)
class Record:
    """One record: the whole submission or a row of a list. `given` is what came, `backing` what stands
    behind it;
    a `fixed` record is shown, not asked for."""

    given: Mapping[str, Value]
    backing: Mapping[str, Value]
    prefix: str
    scope: Scope
    values: dict[str, Value] = field(default_factory=dict)
    fixed: bool = False

    def put(self, path: Path, value: Value) -> None:
        """Set a value and let expressions see it."""
        put_at(self.values, path, value)
        own = self.values[path[0]]
        self.scope[path[0]] = feel_value(own)
        this = self.scope.get("this")
        if isinstance(this, dict):
            this[path[0]] = self.scope[path[0]]


def resolve(
    form: Form, given: Mapping[str, Value], context: RenderContext
) -> tuple[list[Node], dict[str, Value]]:
    """Lay `given` over the form; what it does not hold is taken from the case's variables, then from
    defaults.

    Values are read first, then visibility is decided from top to bottom: a hidden field counts as empty for
    all
    that comes after it.

    Returns:
        The nodes, and the record's values as typed (hidden ones are None).
    """
    scope = Scope({name: feel_value(value) for name, value in context.variables.items()})
    _set_clock(scope, context.autos)
    record = Record(given, context.variables, "", scope)
    nodes = _nodes(form.components, record, context)
    _compute(nodes, record)
    _decide(nodes, record, _answered(nodes))
    return nodes, record.values


def _set_clock(scope: Scope, autos: Mapping[str, Value]) -> None:
    """`today` is a date for FEEL, as in diagrams; now() and today() work too when the moment is known."""
    with suppress(ValueError, TypeError):
        scope["today"] = feel_value(date.fromisoformat(autos.get("today", "")))
    with suppress(ValueError, TypeError):
        now = datetime.fromisoformat(autos.get("now", ""))
        scope.now = now if now.tzinfo else None


def _nodes(components: tuple[Component, ...], record: Record, context: RenderContext) -> list[Node]:
    return [_node(component, record, context) for component in components]


def _node(component: Component, record: Record, context: RenderContext) -> Node:
    node = Node(component, record.prefix + component.key, record.scope, fixed=record.fixed)
    if component.kind is Kind.GROUP:
        node.children = _nodes(component.children, record, context)
    elif component.kind is Kind.LIST:
        _add_rows(node, record, context)
    elif component.kind in KEYED:
        _add_value(node, record, context)
    return node


def _add_value(node: Node, record: Record, context: RenderContext) -> None:
    component = node.component
    if component.kind is Kind.EXPRESSION:
        node.fixed = True
        return
    found, given = find_at(record.given, component.path)
    if component.auto:
        node.fixed = True
        node.raw = given if found and context.readonly else _filled_by_server(component, record, context)
        node.typed = coerce(component, node.raw, record.scope, context.files)
    else:
        node.raw = given if found and not _always_fixed(component) else _standing(component, record)
        node.typed = coerce(component, node.raw, record.scope, _files(component, record, context))
    record.put(component.path, node.typed.value)


def _filled_by_server(component: Component, record: Record, context: RenderContext) -> Value:
    if component.auto == "case":
        return get_at(record.backing, component.path)
    return context.autos.get(component.auto)


def _files(component: Component, record: Record, context: RenderContext) -> Mapping[str, Upload]:
    """Files that may be referred to: those of the context, and those the field holds already."""
    standing = get_at(record.backing, component.path) if component.kind is Kind.FILES else None
    if not isinstance(standing, list):
        return context.files
    held = (recorded(item) for item in standing if isinstance(item, Mapping))
    return {**{upload.id: upload for upload in held if upload.id}, **context.files}


def recorded(item: Mapping[str, Value]) -> Upload:
    """A file as a variable remembers it."""
    size, id_ = item.get("size"), str(item.get("id") or "")
    return Upload(
        name=str(item.get("name") or id_),
        size=int(size) if isinstance(size, int | Decimal) else 0,
        media_type=str(item.get("media_type") or ""),
        id=id_,
    )


def _always_fixed(component: Component) -> bool:
    return component.disabled or (
        component.readonly is not None and component.readonly.computed.fixed is True
    )


def _standing(component: Component, record: Record) -> Value:
    found, standing = find_at(record.backing, component.path)
    return standing if found and standing is not None else component.default


def _add_rows(node: Node, record: Record, context: RenderContext) -> None:
    component = node.component
    found, rows = find_at(record.given, component.path)
    node.fixed = record.fixed or _always_fixed(component)
    if not found or node.fixed:
        rows = get_at(record.backing, component.path)
        if rows is None:
            rows = [{}] * max(component.repetitions, component.rules.min_items)
    if not isinstance(rows, list):
        node.typed = Typed(None, "not_rows")
        rows = []
    node.row_count = len(rows)
    values: list[Value] = []
    for index, given in enumerate(rows[: component.rules.max_items]):
        row = _row(node, index, given if isinstance(given, dict) else {}, record)
        node.rows.append(_nodes(component.children, row, context))
        values.append(row.values)
    record.put(component.path, values)


def _row(node: Node, index: int, given: Mapping[str, Value], record: Record) -> Record:
    scope = record.scope.inner(this={}, parent=record.scope, i=[feel_value(index + 1)])
    return Record(given, {}, f"{node.name}.{index}.", scope, fixed=node.fixed)


# --------------------------------------------------------------------------- what is computed, what is shown
def _compute(nodes: list[Node], record: Record) -> None:
    """Fill expression fields, so that conditions above them can use them too."""
    for node in nodes:
        if node.component.kind is Kind.EXPRESSION:
            _fill(node, record)
        _compute(node.children, record)
        for number, row in enumerate(node.rows):
            _compute(row, _record_of(node, number, record))


def _fill(node: Node, record: Record) -> None:
    computed = node.component.computed
    value = computed.value(node.scope) if computed else None
    node.raw, node.typed = value, Typed(value)
    record.put(node.component.path, value)


def _record_of(node: Node, number: int, record: Record) -> Record:
    """The record of a row that was laid out before."""
    rows = get_at(record.values, node.component.path)
    scope = node.rows[number][0].scope if node.rows[number] else Scope()
    return Record({}, {}, f"{node.name}.{number}.", scope, rows[number])


def _answered(nodes: list[Node]) -> frozenset[str]:
    """Names that answers give, or what is computed of them."""
    every = (node for top in nodes for node in top.walk())
    return frozenset(node.component.path[0] for node in every if node.component.path and _is_open(node))


def _is_open(node: Node) -> bool:
    component = node.component
    return component.kind is Kind.EXPRESSION or not (component.auto or _always_fixed(component))


def _decide(nodes: list[Node], record: Record, answered: frozenset[str], within: Node | None = None) -> None:
    for node in nodes:
        component = node.component
        node.hidden, node.away = (within.hidden, within.away) if within else (False, False)
        if component.hide is not None and component.hide.holds(node.scope):
            node.hidden = True
            node.away = node.away or not component.hide.depends_on(answered)
        node.fixed = node.fixed or component.disabled
        node.fixed = node.fixed or (component.readonly is not None and component.readonly.holds(node.scope))
        _settle(node, record)
        _decide(node.children, record, answered, node)
        for number, row in enumerate(node.rows):
            _decide(row, _record_of(node, number, record), answered, node)
        if node.rows and not node.hidden:
            record.put(component.path, get_at(record.values, component.path))


def _settle(node: Node, record: Record) -> None:
    """Empty what is hidden and compute what is computed, now that all above it is settled."""
    component = node.component
    if component.kind is Kind.EXPRESSION and not node.hidden:
        _fill(node, record)
    elif node.hidden and component.path and component.kind is not Kind.GROUP:
        node.rows = []
        record.put(component.path, None)
    elif node.fixed and component.readonly is not None and component.readonly.computed.expression:
        # Only now is it known to be read-only: what was sent for it does not count.
        node.raw = _standing(component, record)
        held = node.raw if isinstance(node.raw, list) else []
        files = [recorded(item) for item in held if isinstance(item, Mapping)]
        node.typed = coerce(component, node.raw, node.scope, {upload.id: upload for upload in files})
        record.put(component.path, node.typed.value)


# --------------------------------------------------------------------------- places in nested records
def find_at(values: Mapping[str, Value], path: Path) -> tuple[bool, Value]:
    """Whether a nested record holds something at this place, and what."""
    here: Value = values
    for part in path:
        if not isinstance(here, Mapping) or part not in here:
            return False, None
        here = here[part]
    return True, here


def get_at(values: Mapping[str, Value], path: Path) -> Value:
    """What a nested record holds at this place, or None."""
    return find_at(values, path)[1]


def put_at(values: dict[str, Value], path: Path, value: Value) -> None:
    """Set a place of a nested record."""
    here = values
    for part in path[:-1]:
        inner = here.get(part)
        if not isinstance(inner, dict):
            inner = here[part] = {}
        here = inner
    here[path[-1]] = value
