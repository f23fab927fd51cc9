"""Types of a model's expressions, inferred from its inputs, its decisions and what the caller knows of the
variables; and what can never match or never make sense because of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
from server.engine.feel.inference import UNKNOWN
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
        if isinstance(logic, m.Conditional):
            self._boxed(logic.condition, names, place)
            branches = (logic.consequence, logic.alternative)
            return union([self._boxed(branch, names, place) for branch in branches])
        return UNKNOWN

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
