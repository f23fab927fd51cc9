"""What is certain of the variables of a deployment: types and possible values, from forms and decisions."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from server.engine import dmn
from server.engine.decision_results import DEADLINE
from server.engine.expressions import unwrapped
from server.engine.feel import Shape, to_feel, union
from server.engine.feel.inference import UNKNOWN
from server.engine.forms import Form
from server.engine.forms.model import Component, Kind
from server.engine.memo import Memo
from server.engine.model import FlowNode, Model
from server.engine.refusals.variables import ALWAYS, DECLARED

_KINDS = {
    Kind.NUMBER: "number",
    Kind.CHECKBOX: "boolean",
    Kind.TEXT_FIELD: "string",
    Kind.TEXT_AREA: "string",
}
_MEANINGS = {"money": "number", "integer": "number", "boolean": "boolean"}


def variable_shapes(model: Model, memo: Memo | None = None) -> Mapping[str, Shape]:
    """The shape of each variable that only forms and decisions of the model give a value to. One that a
    mapping, a message or a program gives too, or that two give differently, may be anything."""
    memo = memo if memo is not None else Memo()
    found: dict[str, list[Shape]] = defaultdict(list)
    for form in model.forms.values():
        for name, shape in _of_form(form):
            found[name].append(shape)
    for process in model.processes.values():
        for name in process.properties.get(DECLARED, "").split():
            found[name].append(UNKNOWN)
        for node in process.nodes.values():
            for name, shape in _of_node(model, node, memo):
                found[name].append(shape)
    known = {name: union(shapes) for name, shapes in found.items() if all(shape.kind for shape in shapes)}
    return {name: shape for name, shape in known.items() if shape.kind and name not in ALWAYS}


def fingerprint(shapes: Mapping[str, Shape]) -> str:
    """The same text for the same shapes, to know again what was found with them."""
    return hashlib.sha256(
        repr(sorted((name, _flat(shape)) for name, shape in shapes.items())).encode()
    ).hexdigest()


def _flat(shape: Shape) -> tuple[object, ...]:
    values = None if shape.values is None else sorted(map(repr, shape.values))
    element = None if shape.element is None else _flat(shape.element)
    fields = None if shape.fields is None else [(n, _flat(f)) for n, f in sorted(shape.fields.items())]
    return shape.kind, values, element, fields


def _of_form(form: Form) -> Iterator[tuple[str, Shape]]:
    yield from ((c.path[0], _of_field(c) if len(c.path) == 1 else UNKNOWN) for c in _fields(form.components))


def _fields(components: Iterable[Component]) -> Iterator[Component]:
    """What sets a variable: fields and lists, those in groups too, not those in the rows of a list."""
    for component in components:
        if component.kind is Kind.GROUP:
            yield from _fields(component.children)
        elif component.path:
            yield component


def _of_field(field: Component) -> Shape:
    """A field's values. Days are texts in a case and dates in a decision: nothing is said of them."""
    if field.kind in (Kind.SELECT, Kind.RADIO) and field.options is not None and field.options.fixed:
        values = [to_feel(option.value) for option in field.options.fixed]
        kinds = {type(value) for value in values}
        if len(kinds) == 1 and kinds <= {str, bool}:
            unanswered = [""] if str in kinds else []
            return Shape("string" if str in kinds else "boolean", frozenset([*values, *unanswered]))
        return UNKNOWN
    if field.kind in (Kind.TEXT_FIELD, Kind.TEXT_AREA) and field.meaning:
        return Shape(_MEANINGS[field.meaning])
    return Shape(_KINDS.get(field.kind, ""))


def _of_node(model: Model, node: FlowNode, memo: Memo) -> Iterator[tuple[str, Shape]]:
    for name in node.properties.get(DECLARED, "").split():
        yield name, UNKNOWN
    if node.decision is not None:
        yield node.decision.result_variable, _result(model, node, memo)
        yield node.properties.get(DEADLINE, ""), UNKNOWN
    if node.multi_instance is not None:
        yield node.multi_instance.element_variable, UNKNOWN
        yield node.multi_instance.output_collection, UNKNOWN
    for mapping in (*node.inputs, *node.outputs):
        if unwrapped(mapping.expression) != mapping.target:  # a fact handed on under its own name stays one
            yield mapping.target, UNKNOWN


def _result(model: Model, node: FlowNode, memo: Memo) -> Shape:
    """What a decision task sets, as its result is mapped."""
    call = node.decision
    holder = model.decisions.get(call.decision) if call else None
    if call is None or holder is None or call.map_result in ("resultList", "collectEntries"):
        return UNKNOWN
    shape = memo.once(("shape", holder, call.decision), partial(dmn.shape_of, holder, call.decision))
    if shape.kind == "context" and call.map_result == "singleEntry":
        return next(iter((shape.fields or {}).values())) if len(shape.fields or {}) == 1 else UNKNOWN
    return UNKNOWN if shape.kind == "list" else _plain(shape)


def _plain(shape: Shape) -> Shape:
    """As a variable of a case: dates have become texts, of which nothing is said."""
    if shape.kind == "context" and shape.fields is not None:
        return Shape("context", fields={name: _plain(field) for name, field in shape.fields.items()})
    return shape if shape.kind in ("number", "string", "boolean") else UNKNOWN
