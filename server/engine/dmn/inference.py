"""Types of a model's expressions, inferred from its inputs, its decisions and what the caller knows of the
variables; and what can never match or never make sense because of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from server.engine.feel import (
    FeelSyntaxError,
    Note,
    Shape,
    Told,
    Type,
    compile_expression,
    compile_unary_tests,
    infer,
    infer_tests,
    union,
)
from server.engine.feel.inference import UNKNOWN, item_of, within
from server.engine.feel.tree import Literal

from . import model as m
from .graph import DecisionModel
from .nodes import DecisionNode, InputNode
from .problems import Problem

Names = Mapping[str, Shape]
_KNOWN = frozenset(
    {"number", "string", "boolean", "date", "time", "date and time", "days and time duration",
     "years and months duration", "context", "list"}
)  # fmt: skip
_FROM_TEXT = _KNOWN - {"number", "string", "boolean", "context", "list"}


def shape_of(model: DecisionModel, decision: str, given: Names | None = None) -> Shape:
    """What a decision gives. `given` are the shapes of process variables. KeyError for an unknown id."""
    return _Inference(model, given or {}).decision(model.decisions[decision])


def mistaken(model: DecisionModel, decision: str, given: Names | None = None) -> tuple[Problem, ...]:
    """Cells of a decision that can never match and expressions that can never make sense, by the types of
    what they read; only what is certain. KeyError for an unknown id."""
    inference = _Inference(model, given or {})
    inference.decision(model.decisions[decision])
    return tuple(problem for problem in inference.problems if problem.decision == decision)


@dataclass
class _Inference:
    model: DecisionModel
    given: Names
    problems: list[Problem] = field(default_factory=list)
    _done: dict[str, Shape] = field(default_factory=dict)
    _calling: set[str] = field(default_factory=set)

    def decision(self, decision: m.Decision) -> Shape:
        """What a decision gives: by its logic, else by its declared type."""
        if decision.id in self._done:
            return self._done[decision.id]
        self._done[decision.id] = UNKNOWN  # for a circle of decisions
        place = Problem("", decision=decision.id, element=decision.id, line=decision.line)
        names = self._names(decision, place)
        found = self._boxed(decision.logic, names, place)
        declared = self._declared(decision.variable.type_ref)
        self._done[decision.id] = found if found.kind else declared
        return self._done[decision.id]

    def _names(self, decision: m.Decision, place: Problem) -> dict[str, Shape]:
        names: dict[str, Shape] = {}
        for node in self.model.required(decision.id):
            if isinstance(node, InputNode):
                declared = self._declared(node.data.variable.type_ref)
                given = self.given.get(node.name, UNKNOWN)
                self._agree(given, declared, m.Text(node.name), place)
                names[node.name] = _narrowed(declared, given)
            elif isinstance(node, DecisionNode) and node.decision.id in self.model.decisions:
                names[node.name] = self.decision(node.decision)
            else:
                names[node.name] = UNKNOWN
        return {**self.given, **names}

    # ------------------------------------------------------------------ boxed expressions
    def _boxed(self, logic: m.Expression | None, names: Names, place: Problem) -> Shape:
        if isinstance(logic, m.LiteralExpression):
            return self._text(logic.source, names, place)
        if isinstance(logic, m.DecisionTable):
            return self._table(logic, names, place)
        if isinstance(logic, m.Context):
            return self._context(logic, names, place)
        if isinstance(logic, m.BoxedList):
            return Shape("list", element=union([self._boxed(item, names, place) for item in logic.items]))
        compound = _COMPOUND.get(type(logic))
        return compound(self, logic, names, place) if compound is not None else UNKNOWN

    def _context(self, context: m.Context, names: Names, place: Problem) -> Shape:
        inside, fields = dict(names), {}
        for entry in context.entries:
            found = self._boxed(entry.value, inside, place)
            if not entry.variable.name:
                return found
            declared = self._declared(entry.variable.type_ref)
            inside[entry.variable.name] = fields[entry.variable.name] = found if found.kind else declared
        return Shape("context", fields=fields)

    def _text(self, text: m.Text, names: Names, place: Problem) -> Shape:
        """A FEEL text; what in it makes no sense is told."""
        if not text.text:
            return UNKNOWN
        try:
            compiled = compile_expression(text.text, [*names, *self.model.names], self.model.types.registry)
        except FeelSyntaxError:
            return UNKNOWN  # told when the model was read
        found: list[Note] = []
        shape = infer(compiled.tree, names, found)
        self._tell("dmn.makes_no_sense", found, text, place)
        return shape

    def _tell(self, code: str, notes: Iterable[Note], text: m.Text, place: Problem, **params: object) -> None:
        for note in notes:
            told = {
                "cell": text.text,
                "part": text.text[note.start : note.end],
                "reason": note.told,
                **params,
            }
            line = text.line or place.line
            self.problems.append(replace(place, code=code, params=told, cell=text.text, line=line))

    def _conditional(self, logic: m.Conditional, names: Names, place: Problem) -> Shape:
        condition = self._boxed(logic.condition, names, place)
        self._is_condition(condition, logic.condition, place)
        branches = (logic.consequence, logic.alternative)
        return union([self._boxed(branch, names, place) for branch in branches])

    def _relation(self, logic: m.Relation, names: Names, place: Problem) -> Shape:
        """A list of contexts; each column has the shape of its cells, else the declared one."""
        fields = {}
        for number, column in enumerate(logic.columns):
            declared = self._declared(column.type_ref)
            shapes = []
            for cell in (row[number] for row in logic.rows if number < len(row)):
                shapes.append(self._boxed(cell, names, place))
                self._fits(shapes[-1], declared, cell, place)
            found = union(shapes)
            fields[column.name] = found if found.kind else declared
        return Shape("list", element=Shape("context", fields=fields))

    def _filter(self, logic: m.Filter, names: Names, place: Problem) -> Shape:
        """The items that match; a number takes one of them."""
        source = self._boxed(logic.source, names, place)
        inside = within(source, names)
        match = self._boxed(logic.match, inside, place)
        if match.kind == "number":
            return inside["item"]
        self._is_condition(match, logic.match, place)
        return replace(source, values=None) if source.kind == "list" else UNKNOWN

    def _iterator(self, logic: m.Iterator, names: Names, place: Problem) -> Shape:
        item = item_of(self._boxed(logic.source, names, place))
        inside = {**names, logic.variable.name: item, "partial": UNKNOWN}
        body = self._boxed(logic.body, inside, place)
        if logic.kind == "for":
            return Shape("list", element=body)
        self._is_condition(body, logic.body, place)
        return Shape("boolean")

    def _function(self, logic: m.FunctionDefinition, names: Names, place: Problem) -> Shape:
        parameters = {each.name: self._declared(each.type_ref) for each in logic.parameters}
        if logic.kind == "FEEL":
            self._boxed(logic.body, {**names, **parameters}, place)
        return Shape("function")

    def _invocation(self, logic: m.Invocation, names: Names, place: Problem) -> Shape:
        """The result of a function of this model. Its body is looked at with the types of these arguments,
        not with their values: other calls have others."""
        given = {each.parameter: self._boxed(each.value, names, place) for each in logic.bindings}
        called = logic.function.source.text.strip() if isinstance(logic.function, m.LiteralExpression) else ""
        known = self._functions.get(called)
        if known is None or called in self._calling:
            return UNKNOWN
        inside = {}
        for parameter in known.parameters:
            declared, found = self._declared(parameter.type_ref), given.get(parameter.name, UNKNOWN)
            binding = next((each for each in logic.bindings if each.parameter == parameter.name), None)
            self._fits(found, declared, binding.value if binding else None, place)
            inside[parameter.name] = declared if declared.kind else replace(found, values=None)
        with self._within(called):
            return self._boxed(known.body, {**self.given, **inside}, place)

    @contextmanager
    def _within(self, function: str) -> Iterator[None]:
        self._calling.add(function)
        try:
            yield
        finally:
            self._calling.discard(function)

    @cached_property
    def _functions(self) -> Mapping[str, m.FunctionDefinition]:
        """The functions in FEEL of the model's business knowledge models, by name."""
        elements = self.model.definitions.elements
        models = [each for each in elements if isinstance(each, m.BusinessKnowledgeModel)]
        return {each.variable.name: each.logic for each in models if each.logic and each.logic.kind == "FEEL"}

    def _is_condition(self, found: Shape, logic: m.Expression | None, place: Problem) -> None:
        if found.kind not in ("", "null", "boolean") and isinstance(logic, m.LiteralExpression):
            told = Told("the condition is {kind}, not true or false", {"kind": found.kind})
            self._tell("dmn.makes_no_sense", [Note(told, 0, len(logic.source.text))], logic.source, place)

    def _fits(self, found: Shape, wanted: Shape, logic: m.Expression | None, place: Problem) -> None:
        if isinstance(logic, m.LiteralExpression):
            self._agree(found, wanted, logic.source, place)

    # ------------------------------------------------------------------ tables
    def _table(self, table: m.DecisionTable, names: Names, place: Problem) -> Shape:
        columns = [self._column(clause, names, place) for clause in table.inputs]
        name = self.model.decisions[place.decision].name
        for rule in table.rules:
            for clause, shape, text in zip(table.inputs, columns, rule.inputs, strict=False):
                spot = replace(place, element=text.id or rule.id, row=rule.row, column=clause.label)
                self._cell(text, shape, names, spot, name)
        outputs = [self._output(table, number, names, place) for number in range(len(table.outputs))]
        shape = outputs[0] if len(outputs) == 1 else Shape(
            "context", fields={o.name: s for o, s in zip(table.outputs, outputs, strict=True)}
        )  # fmt: skip
        if table.aggregation:
            return UNKNOWN
        return Shape("list", element=shape) if table.hit_policy.many else shape

    def _column(self, clause: m.InputClause, names: Names, place: Problem) -> Shape:
        """What a column's value is: by its expression, its type, and its allowed values."""
        spot = replace(place, element=clause.id, column=clause.label)
        declared = self._declared(clause.type_ref)
        found = self._text(clause.expression, names, spot)
        self._agree(found, declared, clause.expression, spot)
        shape = _narrowed(declared if declared.kind else found, found)
        listed = self._listed(clause.allowed)
        return shape if listed is None or shape.values is not None else replace(shape, values=listed)

    def _agree(self, found: Shape, wanted: Shape, text: m.Text, place: Problem) -> None:
        """Values of one type where another is wanted; texts may be dates, one item may stand for a list."""
        kinds = {found.kind, wanted.kind}
        if len(kinds) == 1 or "" in kinds or "list" in kinds or "null" in kinds:
            return
        if wanted.kind in _FROM_TEXT and (found.kind == "string" or kinds <= {"date", "date and time"}):
            return
        told = Told("{left} is given where {right} is wanted", {"left": found.kind, "right": wanted.kind})
        self._tell("dmn.makes_no_sense", [Note(told, 0, len(text.text))], text, place)

    def _cell(self, text: m.Text, shape: Shape, names: Names, place: Problem, table: str) -> None:
        try:
            known = [*names, *self.model.names]
            tests = compile_unary_tests(text.text or "-", known, self.model.types.registry)
        except FeelSyntaxError:
            return
        found: list[Note] = []
        infer_tests(tests.tree, shape, names, found)
        self._tell("dmn.never_matches", found, text, place, table=table, row=place.row, column=place.column)

    def _output(self, table: m.DecisionTable, number: int, names: Names, place: Problem) -> Shape:
        clause = table.outputs[number]
        wanted = self._declared(clause.type_ref)
        shapes = []
        for rule in table.rules:
            if number < len(rule.outputs) and rule.outputs[number].text:
                text, label = rule.outputs[number], clause.label or clause.name
                spot = replace(place, element=text.id or rule.id, row=rule.row, column=label)
                shapes.append(self._text(text, names, spot))
                self._agree(shapes[-1], wanted, text, spot)
        if clause.default.text:
            shapes.append(self._text(clause.default, names, place))
        found = union(shapes)
        return found if found.kind else wanted

    # ------------------------------------------------------------------ declared types
    def _declared(self, type_ref: str) -> Shape:
        kind = self.model.types.get(type_ref)
        if kind is None:
            return UNKNOWN
        shape = _shape(kind)
        item = next((i for i in self.model.definitions.types if i.name == type_ref), None)
        listed = self._listed(item.allowed) if item is not None and not item.collection else None
        return shape if listed is None else replace(shape, values=listed)

    def _listed(self, text: m.Text) -> frozenset[Any] | None:
        """The values of a list of allowed ones; None where it holds anything but plain values."""
        if not text.text:
            return None
        try:
            tests = compile_unary_tests(text.text, self.model.names, self.model.types.registry).tree
        except FeelSyntaxError:
            return None
        plain = [test.value for test in tests.tests if isinstance(test, Literal)]
        return None if tests.negated or len(plain) < len(tests.tests) else frozenset(plain) - {None}


_COMPOUND: Mapping[type, Callable[[_Inference, Any, Names, Problem], Shape]] = {
    m.Conditional: _Inference._conditional,
    m.Relation: _Inference._relation,
    m.Filter: _Inference._filter,
    m.Iterator: _Inference._iterator,
    m.FunctionDefinition: _Inference._function,
    m.Invocation: _Inference._invocation,
}
"""Boxed expressions that hold others in a way of their own."""


def _shape(kind: Type, depth: int = 5) -> Shape:
    found = kind.resolved()
    if found.kind not in _KNOWN or not depth:
        return UNKNOWN
    element = _shape(found.element, depth - 1) if found.element is not None else None
    fields = None
    if found.fields is not None:
        fields = {name: _shape(part, depth - 1) for name, part in found.fields.items()}
    return Shape(found.kind, None, element, fields)


def _narrowed(wide: Shape, narrow: Shape) -> Shape:
    """A declared shape with the values that are known of what it gets."""
    if not wide.kind:
        return narrow
    if wide.kind != narrow.kind or narrow.values is None:
        return wide
    values = narrow.values if wide.values is None else wide.values & narrow.values
    return replace(wide, values=values)
