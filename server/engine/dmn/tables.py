"""Decision tables: compiled once, evaluated row by row, each row matched or stopped by one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from server.engine.feel import equal
from server.engine.feel.compare import fits

from .evaluation import Answers, Evaluation, Stop, TableTrace, match_of, show
from .guards import Guard, guard
from .hit_policies import Matches, Policy, policy_of
from .model import DecisionTable, HitPolicy, InputClause, OutputClause, Rule, Text
from .problems import Problem
from .scope import Evaluator, Scope, Test
from .shortlists import Missed, Shortlist, shortlist

Environment: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Input:
    """A compiled condition column."""

    clause: InputClause
    evaluate: Evaluator
    guard: Guard
    allowed: Test | None

    def value(self, env: Environment, run: Evaluation) -> tuple[Any, bool]:
        """The column's value and whether the table may go on with it."""
        value = self.evaluate(env, run)
        if type(value) is not self.guard.plain:
            value = self.guard.understand(value, run)
        if self.allowed is None or value is None or _passes(self.allowed, value, env, run):
            return value, True
        params = {"name": self.clause.label, "value": show(value), "allowed": self.clause.allowed.text}
        run.report(replace(self.guard.place, code="dmn.value_not_allowed", params=params))
        return value, False


@dataclass(frozen=True, slots=True)
class _Output:
    """A compiled conclusion column. `ranked` gives the listed values, most important first."""

    clause: OutputClause
    guard: Guard
    allowed: Test | None
    ranked: Evaluator | None
    default: Evaluator | None


class _Cell(NamedTuple):
    """A compiled condition: its column (from 0), and what a trace tells when it says no."""

    column: int
    test: Test
    place: Problem
    stop: tuple[Stop, int]


class Table:
    """A compiled decision table; call it with the names in scope and the evaluation."""

    def __init__(self, table: DecisionTable, name: str, scope: Scope) -> None:
        self.table, self.name = table, name
        self._place = Problem(
            "", decision=scope.decision, element=table.id or scope.decision, line=table.line
        )
        names = [clause.variable for clause in table.inputs if clause.variable]
        cells = scope.inside(*names) if names else scope
        self._names_values = bool(names)
        self._inputs = tuple(self._input(clause, scope, cells) for clause in table.inputs)
        self._outputs = tuple(self._output(clause, cells) for clause in table.outputs)
        self._rules = tuple(self._conditions(rule, cells) for rule in table.rules)
        self._told_rules = tuple(match_of(rule) for rule in table.rules)
        self._conclusions = tuple(self._conclusion(rule, cells) for rule in table.rules)
        self._policy: Policy = policy_of(table.hit_policy, table.aggregation)
        self._first_only = table.hit_policy is HitPolicy.FIRST
        self._shortlist = None if self._first_only else self._first_column(cells)
        self._rest = tuple(tuple(c for c in conditions if c.column) for conditions in self._rules)
        self._has_defaults = any(output.default is not None for output in self._outputs)
        self._check_priorities(scope)

    # ------------------------------------------------------------------ compiling
    def _input(self, clause: InputClause, scope: Scope, cells: Scope) -> _Input:
        place = replace(
            self._place, element=clause.id, column=clause.label, cell=clause.expression.text,
            line=clause.expression.line,
        )  # fmt: skip
        evaluate = scope.expression(clause.expression, place)
        allowed = cells.tests(clause.allowed, place)
        kind = scope.types.get(clause.type_ref, place)
        return _Input(clause, evaluate, guard(kind, clause.label, place), allowed)

    def _output(self, clause: OutputClause, scope: Scope) -> _Output:
        place = replace(self._place, element=clause.id, column=clause.label or clause.name)
        listed = clause.allowed
        ranked = scope.optional(replace(listed, text=f"[{listed.text}]")) if listed.text else None
        default = scope.expression(clause.default, place) if clause.default.text else None
        kind = scope.types.get(clause.type_ref, place)
        takes = guard(kind, clause.label or clause.name, place)
        return _Output(clause, takes, scope.tests(listed, place), ranked, default)

    def _cell(self, rule: Rule, column: str, text: Text) -> Problem:
        """Where a cell is, for what may be told of it."""
        decision, element, line = self._place.decision, text.id or rule.id, text.line or rule.line
        return Problem("", {}, decision, element, rule.row, column, text.text, line)

    def _conditions(self, rule: Rule, scope: Scope) -> tuple[_Cell, ...]:
        """The cells of a rule that can say no; `-` and empty ones never do."""
        cells = []
        for number, (clause, text) in enumerate(zip(self.table.inputs, rule.inputs, strict=False)):
            place = self._cell(rule, clause.label, text)
            test = scope.tests(text, place)
            if test is not None:
                stop = (rule.row, rule.id, clause.label, text.text)
                cells.append(_Cell(number, test, place, (stop, number)))
        return tuple(cells)

    def _first_column(self, scope: Scope) -> Shortlist | None:
        """The first column's answers, to be looked up; the scope has read its cells."""
        asked = [cells[0] if cells and cells[0].column == 0 else None for cells in self._rules]
        read = [scope.read.get(cell.place.cell) for cell in asked if cell is not None]
        trees = [compiled.tree for compiled in read if compiled is not None]
        if len(trees) < len(read):
            return None
        return shortlist([None if cell is None else (cell.test, cell.stop) for cell in asked], trees)

    def _conclusion(self, rule: Rule, scope: Scope) -> tuple[Evaluator, ...]:
        return tuple(
            scope.expression(text, self._cell(rule, output.clause.label or output.clause.name, text))
            for output, text in zip(self._outputs, rule.outputs, strict=False)
        )

    def _check_priorities(self, scope: Scope) -> None:
        policy = self.table.hit_policy
        ranks = policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
        if ranks and not any(output.ranked for output in self._outputs):
            scope.problems.append(
                replace(self._place, code="dmn.no_priorities", params={"policy": policy.value})
            )

    # ------------------------------------------------------------------ evaluating
    def __call__(self, env: Environment, run: Evaluation) -> Any:
        """The table's value by the specification; what is wrong is reported to the evaluation."""
        values, usable = self._values(env, run)
        trace = TableTrace(self.table, self._told_rules, values)
        if run.trace is not None:
            run.trace.tables.append(trace)
        if run.answers is not None:
            run.answers[id(self.table)] = self._answers(values, self._with_values(env, values), run)
        if not usable:
            return None
        matched, trace.missed = self._match(values, self._with_values(env, values), run)
        if not matched:
            return self._unmatched(values, env, run)
        choice = self._policy(
            Matches(
                matched,
                lambda rule: self._output_of(rule, env, run),
                lambda value: self._rank(value, env, run),
            )
        )
        trace.matched = choice.rules
        if choice.violation:
            self._violation(choice.violation, choice.rules, values, env, run)
        return choice.value

    def _values(self, env: Environment, run: Evaluation) -> tuple[list[Any], bool]:
        values, usable = [], True
        for column in self._inputs:
            value, fine = column.value(env, run)
            values.append(value)
            usable = usable and fine
        return values, usable

    def _with_values(self, env: Environment, values: list[Any]) -> Environment:
        if not self._names_values:
            return env
        named = ((column.clause.variable, value) for column, value in zip(self._inputs, values, strict=True))
        return {**env, **{name: value for name, value in named if name}}

    def _match(self, values: list[Any], env: Environment, run: Evaluation) -> tuple[list[int], list[Missed]]:
        """The rules that match (from 0), and for each of the others the first cell that said no."""
        found = None if self._shortlist is None else self._shortlist.of(values[0])
        if found is None:
            return self._walk(enumerate(self._rules), values, env, run)
        left, out = found
        matched, missed = self._walk([(rule, self._rest[rule]) for rule in left], values, env, run)
        return matched, sorted([*out, *missed], key=_row_of) if missed else out

    def _walk(
        self, rules: Iterable[tuple[int, tuple[_Cell, ...]]], values: list[Any], env: Environment,
        run: Evaluation,
    ) -> tuple[list[int], list[Missed]]:  # fmt: skip
        matched: list[int] = []
        missed: list[Missed] = []
        collected = run.collected
        for rule, cells in rules:
            for column, test, place, stop in cells:
                held = test(values[column], env, run)
                if collected:
                    _warned(values[column], place, run)
                if held is not True:
                    missed.append(stop)
                    break
            else:
                matched.append(rule)
                if self._first_only:
                    break
        return matched, missed

    def _answers(self, values: list[Any], env: Environment, run: Evaluation) -> Answers:
        """What every cell says, those behind the first no of a rule too; nothing is reported."""
        apart = Evaluation({}, run.now)
        return tuple(
            tuple(cell.column for cell in cells if cell.test(values[cell.column], env, apart) is not True)
            for cells in self._rules
        )

    def _output_of(self, rule: int, env: Environment, run: Evaluation) -> Any:
        """The conclusions of a rule: one value, or a context when the table has several output columns."""
        row, conclusions = self.table.rules[rule], self._conclusions[rule]
        pairs = zip(self._outputs, conclusions, strict=False)
        return self._compose([self._checked(out, evaluate(env, run), row, run) for out, evaluate in pairs])

    def _compose(self, values: Sequence[Any]) -> Any:
        if len(self._outputs) == 1:
            return values[0] if values else None
        return {output.clause.name: value for output, value in zip(self._outputs, values, strict=False)}

    def _checked(self, output: _Output, value: Any, rule: Rule | None, run: Evaluation) -> Any:
        if type(value) is not output.guard.plain:
            value = output.guard.coerce(value, run)
        if output.allowed is not None and value is not None and not _passes(output.allowed, value, {}, run):
            clause = output.clause
            params = {
                "table": self.name, "row": rule.row if rule else "(default)",
                "name": clause.label or clause.name, "value": show(value), "allowed": clause.allowed.text,
            }  # fmt: skip
            row = rule.row if rule else None
            run.report(replace(self._place, code="dmn.output_not_allowed", params=params, row=row))
        return value

    def _rank(self, value: Any, env: Environment, run: Evaluation) -> tuple[int, ...]:
        """How a value ranks by the lists of output values, column by column from the left."""
        columns = [value] if len(self._outputs) == 1 else list(value.values())
        return tuple(
            _position(column, output.ranked(env, run), run)
            for column, output in zip(columns, self._outputs, strict=True)
            if output.ranked is not None
        )

    # ------------------------------------------------------------------ no rule, or too many
    def _unmatched(self, values: list[Any], env: Environment, run: Evaluation) -> Any:
        table = self.table
        plain_list = table.hit_policy.many and not table.aggregation
        if self._has_defaults:
            defaults = [o.default(env, run) if o.default is not None else None for o in self._outputs]
            checked = [self._checked(o, v, None, run) for o, v in zip(self._outputs, defaults, strict=True)]
            return [self._compose(checked)] if plain_list else self._compose(checked)
        if not table.hit_policy.many and not table.allow_no_match:
            params = {"table": self.name, "inputs": self._told(values)}
            run.report(replace(self._place, code="dmn.nothing_matched", params=params))
        return [] if plain_list else None

    def _violation(
        self, code: str, rules: Sequence[int], values: list[Any], env: Environment, run: Evaluation
    ) -> None:
        params = {
            "table": self.name,
            "rows": ", ".join(str(self.table.rules[rule].row) for rule in rules),
            "inputs": self._told(values),
            "values": "; ".join(show(self._output_of(rule, env, run)) for rule in rules),
            "aggregation": self.table.aggregation,
        }
        run.report(replace(self._place, code=code, params=params, row=self.table.rules[rules[0]].row))

    def _told(self, values: list[Any]) -> str:
        pairs = zip(self.table.inputs, values, strict=True)
        return ", ".join(f"{clause.label} = {show(value)}" for clause, value in pairs)


def _passes(test: Test, value: Any, env: Environment, run: Evaluation) -> bool:
    """Whether a value is among the allowed ones; if not, that is told without FEEL's own words."""
    held = test(value, env, run)
    run.collected.clear()
    return held is True


def _warned(value: Any, place: Problem, run: Evaluation) -> None:
    """Note what a cell warned of. A value that is not known yet compares with nothing: no word about that."""
    if value is None:
        run.collected.clear()
    run.note(place)


def _row_of(missed: Missed) -> int:
    return missed[0][0]


def _position(value: Any, listed: Any, run: Evaluation) -> int:
    items = listed if isinstance(listed, list) else []
    for place, item in enumerate(items):
        if equal(value, item) is True or fits(value, item, run) is True:
            return place
    return len(items)
