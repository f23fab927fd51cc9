"""Closures of arithmetic, comparison and logic, short where types are what one expects."""

import operator
from collections.abc import Callable
from decimal import Decimal

from .arithmetic import ON_NUMBERS, calculate, negate
from .compare import equal, order
from .compiler import Compiler, compiles
from .errors import mark
from .run import Run, Spot, Value
from .tree import And, Arithmetic, Between, Comparison, Literal, Negation, Node, Or
from .values import Environment, Evaluator, single, type_of

ORDERINGS: dict[str, Callable[[Value, Value], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_POWER_WEIGHT = 100
_NEGATED = {True: False, False: True, None: None}


@compiles(Arithmetic)
def arithmetic(node: Arithmetic, compiler: Compiler) -> Evaluator:
    """``+ - * / **``"""
    left, right, sign = compiler.compile(node.left), compiler.compile(node.right), node.operator
    on_numbers, weight = ON_NUMBERS[sign], _POWER_WEIGHT if sign == "**" else 0

    def compute(environment: Environment, run: Run) -> Value:
        first, second = left(environment, run), right(environment, run)
        if type(first) is Decimal and type(second) is Decimal:
            if weight:
                run.spend(weight)
            try:
                result = on_numbers(first, second)
            except ArithmeticError:
                result = None
        else:
            result = calculate(sign, first, second)
            if type(result) is str:
                run.spend_on_text(result)
        return result if result is not None else _no_result(node, sign, first, second, run)

    return compute


def _no_result(node: Spot, sign: str, left: Value, right: Value, run: Run) -> None:
    left_kind, right_kind = type_of(left), type_of(right)
    template = mark("{left} {sign} {right} has no result")
    if sign == "/" and left_kind == right_kind == "number" and not right:
        template = mark("division by zero")
    run.warn(node, template, left=left_kind, sign=sign, right=right_kind)


@compiles(Negation)
def negation(node: Negation, compiler: Compiler) -> Evaluator:
    """``-a``"""
    operand = compiler.compile(node.operand)

    def oppose(environment: Environment, run: Run) -> Value:
        value = operand(environment, run)
        result = negate(value)
        if result is None:
            run.warn(node, "{kind} has no opposite", kind=type_of(value))
        return result

    return oppose


@compiles(Comparison)
def comparison(node: Comparison, compiler: Compiler) -> Evaluator:
    """``= != < <= > >=``"""
    if node.operator in ORDERINGS:
        return _ordering(node, compiler)
    if isinstance(node.right, Literal) and type(node.right.value) in (str, Decimal, bool):
        return _equality_with(node, node.right.value, compiler)
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    negated = node.operator == "!="

    def compare(environment: Environment, run: Run) -> bool | None:
        first, second = left(environment, run), right(environment, run)
        result = equal(first, second, run)
        if result is None:
            return _incomparable(node, first, second, run)
        return result is not negated

    return compare


def _equality_with(node: Comparison, literal: Value, compiler: Compiler) -> Evaluator:
    """Equality with a literal, as conditions of gateways mostly are."""
    left, kind, negated = compiler.compile(node.left), type(literal), node.operator == "!="

    def compare(environment: Environment, run: Run) -> bool | None:
        value = left(environment, run)
        if type(value) is kind:
            return (value == literal) is not negated
        result = equal(value, literal, run)
        if result is None:
            return _incomparable(node, value, literal, run)
        return result is not negated

    return compare


def _ordering(node: Comparison, compiler: Compiler) -> Evaluator:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    holds = ORDERINGS[node.operator]

    def compare(environment: Environment, run: Run) -> bool | None:
        first, second = left(environment, run), right(environment, run)
        if type(first) is Decimal and type(second) is Decimal:
            return holds(first, second)
        ordered = order(first, second)
        return holds(ordered, 0) if ordered is not None else _incomparable(node, first, second, run)

    return compare


def _incomparable(node: Node, left: Value, right: Value, run: Run) -> bool | None:
    if run.warnings is not None:
        run.warn(node, "{left} and {right} cannot be compared", left=type_of(left), right=type_of(right))
    return None


@compiles(Between)
def between(node: Between, compiler: Compiler) -> Evaluator:
    """``a between low and high``, ends included."""
    value, low, high = (compiler.compile(part) for part in (node.value, node.low, node.high))

    def compare(environment: Environment, run: Run) -> bool | None:
        middle, start, end = value(environment, run), low(environment, run), high(environment, run)
        lower, upper = order(middle, start), order(middle, end)
        if lower is None or upper is None:
            return _incomparable(node, middle, start if lower is None else end, run)
        return lower >= 0 >= upper

    return compare


@compiles(And)
def conjunction(node: And, compiler: Compiler) -> Evaluator:
    """False if any is false, true if all are true, else null."""
    operands = [(operand, compiler.compile(operand)) for operand in node.operands]

    def combine(environment: Environment, run: Run) -> bool | None:
        result: bool | None = True
        for operand, evaluate in operands:
            value = evaluate(environment, run)
            if value is True:
                continue
            if single(value) is False:
                return False
            if single(value) is not True:
                result = _not_boolean(operand, value, run)
        return result

    return combine


@compiles(Or)
def disjunction(node: Or, compiler: Compiler) -> Evaluator:
    """True if any is true, false if all are false, else null."""
    operands = [(operand, compiler.compile(operand)) for operand in node.operands]

    def combine(environment: Environment, run: Run) -> bool | None:
        result: bool | None = False
        for operand, evaluate in operands:
            value = evaluate(environment, run)
            if value is False:
                continue
            if single(value) is True:
                return True
            if single(value) is not False:
                result = _not_boolean(operand, value, run)
        return result

    return combine


def _not_boolean(operand: Spot, value: Value, run: Run) -> bool | None:
    if value is not None:
        run.warn(operand, "{kind} is neither true nor false", kind=type_of(value))
    return None


def opposite(value: bool | None) -> bool | None:
    """The other truth value; null stays null."""
    return _NEGATED[value]
