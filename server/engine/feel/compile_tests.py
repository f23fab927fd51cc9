"""Closures of unary tests: what the cell of a decision table asks of the input value."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from .compare import equal, fits, in_range, order
from .compile_operators import ORDERINGS, opposite
from .compiler import Compiler, compiles
from .run import Run, Value
from .tree import (
    And,
    Between,
    Comparison,
    In,
    InstanceOf,
    Literal,
    Node,
    OperatorTest,
    Or,
    Quantified,
    QuestionTest,
    RangeLiteral,
    Tests,
)
from .values import Environment, Evaluator, Range, type_of

Test = Callable[[Value, Environment, Run], bool | None]

_CONDITIONS = (And, Or, Comparison, Between, In, InstanceOf, Quantified)


def compile_tests(node: Tests, compiler: Compiler) -> Test:
    """A whole cell: true when any test holds (``not``: when none does), null when that is unknown."""
    if not node.tests:
        return lambda value, environment, run: True
    tests = [_cell_test(test, compiler) for test in node.tests]
    if node.negated:
        return _none_of(tests)
    if len(tests) == 1:
        return tests[0]
    words = [test.value for test in node.tests if isinstance(test, Literal) and type(test.value) is str]
    return _one_of_words(frozenset(words)) if len(words) == len(tests) else _any_of(tests)


def _any_of(tests: list[Test]) -> Test:
    def any_holds(value: Value, environment: Environment, run: Run) -> bool | None:
        result: bool | None = False
        for test in tests:
            outcome = test(value, environment, run)
            if outcome is True:
                return True
            if outcome is None:
                result = None
        return result

    return any_holds


def _none_of(tests: list[Test]) -> Test:
    any_holds = _any_of(tests)
    return lambda value, environment, run: opposite(any_holds(value, environment, run))


def _one_of_words(words: frozenset[str]) -> Test:
    """``"a", "b"``: the most frequent cell of all."""

    def is_one(value: Value, environment: Environment, run: Run) -> bool | None:
        if type(value) is str:
            return value in words
        outcomes = [equal(value, word, run) for word in words]
        return True if True in outcomes else None if None in outcomes else False

    return is_one


def _cell_test(node: Node, compiler: Compiler) -> Test:
    """A condition without ``?`` (``amount > 5`` in a column of texts) is true or false by itself; in a
    column of true and false it is the value to compare with."""
    if not isinstance(node, _CONDITIONS):
        return compile_test(node, compiler)
    evaluate = compiler.compile(node)

    def hold(value: Value, environment: Environment, run: Run) -> bool | None:
        answer = evaluate(environment, run)
        if type(answer) is bool and type(value) is not bool and value is not None:
            return answer
        return fits(value, answer, run)

    return hold


def compile_test(node: Node, compiler: Compiler) -> Test:
    """One test of a cell or of ``in``."""
    if isinstance(node, OperatorTest):
        return _operator_test(node, compiler)
    if isinstance(node, QuestionTest):
        return _question_test(node, compiler)
    if isinstance(node, Literal):
        return _literal_test(node.value)
    if isinstance(node, RangeLiteral):
        return _range_test(node, compiler)
    evaluate = compiler.compile(node)
    return lambda value, environment, run: fits(value, evaluate(environment, run), run)


def _literal_test(literal: Value) -> Test:
    kind = type(literal)

    def is_equal(value: Value, environment: Environment, run: Run) -> bool | None:
        return value == literal if type(value) is kind else equal(value, literal, run)

    return is_equal


def _operator_test(node: OperatorTest, compiler: Compiler) -> Test:
    if node.operator not in ORDERINGS:
        return _equality_test(node, compiler)
    endpoint, holds = compiler.compile(node.endpoint), ORDERINGS[node.operator]

    def compare(value: Value, environment: Environment, run: Run) -> bool | None:
        end = endpoint(environment, run)
        ordered = order(value, end)
        if ordered is not None:
            return holds(ordered, 0)
        if run.warnings is not None:
            run.warn(node, "{left} and {right} cannot be compared", left=type_of(value), right=type_of(end))
        return None

    if not (isinstance(node.endpoint, Literal) and type(node.endpoint.value) is Decimal):
        return compare
    limit = node.endpoint.value

    def compare_number(value: Value, environment: Environment, run: Run) -> bool | None:
        return holds(value, limit) if type(value) is Decimal else compare(value, environment, run)

    return compare_number


def _equality_test(node: OperatorTest, compiler: Compiler) -> Test:
    endpoint = compiler.compile(node.endpoint)
    if node.operator == "=":
        return lambda value, environment, run: equal(value, endpoint(environment, run), run)
    return lambda value, environment, run: opposite(equal(value, endpoint(environment, run), run))


def _range_test(node: RangeLiteral, compiler: Compiler) -> Test:
    evaluate = compiler.compile(node)

    def lies_in(value: Value, environment: Environment, run: Run) -> bool | None:
        limits = evaluate(environment, run)
        return in_range(value, limits) if type(limits) is Range else None

    ends = [end.value for end in (node.low, node.high) if isinstance(end, Literal)]
    if len(ends) < 2 or type(ends[0]) is not Decimal or type(ends[1]) is not Decimal or ends[0] > ends[1]:
        return lies_in
    return _NUMBER_RANGES[node.low_included, node.high_included](ends[0], ends[1], lies_in)


def _closed(low: Decimal, high: Decimal, other: Test) -> Test:
    return lambda v, env, run: low <= v <= high if type(v) is Decimal else other(v, env, run)


def _open_above(low: Decimal, high: Decimal, other: Test) -> Test:
    return lambda v, env, run: low <= v < high if type(v) is Decimal else other(v, env, run)


def _open_below(low: Decimal, high: Decimal, other: Test) -> Test:
    return lambda v, env, run: low < v <= high if type(v) is Decimal else other(v, env, run)


def _open(low: Decimal, high: Decimal, other: Test) -> Test:
    return lambda v, env, run: low < v < high if type(v) is Decimal else other(v, env, run)


_NUMBER_RANGES: Mapping[tuple[bool, bool], Callable[[Decimal, Decimal, Test], Test]] = {
    (True, True): _closed,
    (True, False): _open_above,
    (False, True): _open_below,
    (False, False): _open,
}
"""The most frequent cells of all, by which ends belong to the range; other values take the long way."""


def _question_test(node: QuestionTest, compiler: Compiler) -> Test:
    """``?`` names the value: the result is the answer, unless it is something to compare with."""
    evaluate, names = compiler.compile(node.expression), compiler.free_names(node.expression)

    def ask(value: Value, environment: Environment, run: Run) -> bool | None:
        scope = {name: environment[name] for name in names if name in environment}
        scope["?"] = value
        answer = evaluate(scope, run)
        return answer if answer is None or type(answer) is bool else fits(value, answer, run)

    return ask


@compiles(In)
def membership(node: In, compiler: Compiler) -> Evaluator:
    """``a in test`` outside tables."""
    evaluate = compiler.compile(node.value)
    holds = _any_of([compile_test(test, compiler) for test in node.tests])
    return lambda environment, run: holds(evaluate(environment, run), environment, run)


@compiles(QuestionTest)
def question(node: QuestionTest, compiler: Compiler) -> Evaluator:
    """The expression itself; ``?`` is in the environment already."""
    return compiler.compile(node.expression)
