"""Closures of function calls and of functions written in FEEL."""

from .builtins import BUILTINS
from .compiler import Compiler, compiles, constant, narrowed
from .run import Run, Value
from .tree import Call, FunctionLiteral, Literal, Name, NamedCall, Node
from .values import Environment, Evaluator, Function, FunctionValue, type_of
from .vocabulary import similar

_CALL_WEIGHT = 45
_FOLDED = frozenset({"date", "time", "date and time", "duration", "number"})


@compiles(Call)
def call(node: Call, compiler: Compiler) -> Evaluator:
    """Call by position."""
    find = _function(node.function, compiler)
    arguments = [compiler.compile(argument) for argument in node.arguments]

    def invoke(environment: Environment, run: Run) -> Value:
        function = find(environment, run)
        values = [argument(environment, run) for argument in arguments]
        return None if function is None else function.invoke(values, run, node)

    return _folded(node, invoke)


def _folded(node: Call, invoke: Evaluator) -> Evaluator:
    """``date("2026-03-01")`` and its like, read once and not at each evaluation."""
    if not (isinstance(node.function, Name) and node.function.name in _FOLDED):
        return invoke
    if not all(isinstance(argument, Literal) for argument in node.arguments):
        return invoke
    name = node.function.name
    value = invoke({}, Run())
    if value is None:
        return invoke  # the warning is due at each evaluation
    return lambda environment, run: invoke(environment, run) if name in environment else value


@compiles(NamedCall)
def named_call(node: NamedCall, compiler: Compiler) -> Evaluator:
    """Call by name."""
    find = _function(node.function, compiler)
    arguments = [(name, compiler.compile(argument)) for name, argument in node.arguments]

    def invoke(environment: Environment, run: Run) -> Value:
        function = find(environment, run)
        values = {name: argument(environment, run) for name, argument in arguments}
        return None if function is None else function.invoke_named(values, run, node)

    return invoke


def _function(node: Node, compiler: Compiler) -> Evaluator:
    """What is called: a built-in unless a function of that name is in scope, or any expression's value."""
    if isinstance(node, Name) and node.name in BUILTINS:
        return _builtin(node.name)
    if isinstance(node, Name) and "." not in node.name:
        evaluate = _named(node.name)
    else:
        evaluate = compiler.compile(node)

    def find(environment: Environment, run: Run) -> Value:
        function = evaluate(environment, run)
        if isinstance(function, Function):
            return function
        if function is not None:
            run.warn(node, "{kind} is not a function", kind=type_of(function))
        elif isinstance(node, Name) and run.warnings is not None:
            near = similar(node.name, BUILTINS)
            run.warn(
                node, "there is no function {name}{hint}", name=node.name, hint=f" ({near}?)" if near else ""
            )
        return None

    return find


def _named(name: str) -> Evaluator:
    return lambda environment, run: environment.get(name)


def _builtin(name: str) -> Evaluator:
    """A variable of the same name that is no function (``date``, ``count``) does not hide the built-in."""
    builtin = BUILTINS[name]

    def find(environment: Environment, run: Run) -> Value:
        if name in environment and isinstance(environment[name], Function):
            return environment[name]
        return builtin

    return find


@compiles(FunctionLiteral)
def function_literal(node: FunctionLiteral, compiler: Compiler) -> Evaluator:
    """A function that keeps the names around it. External ones are never run: they give null."""
    parameters = tuple((name, compiler.type(kind) if kind else None) for name, kind in node.parameters)
    if node.external:
        refuse: Evaluator = lambda environment, run: run.warn(node, "external functions are not run")  # noqa: E731
        return constant(FunctionValue(parameters, refuse))
    body, weight = compiler.compile(node.body), compiler.weight(node.body) + _CALL_WEIGHT
    names = compiler.free_names(node)
    result = compiler.type(node.result) if node.result else None

    def evaluate(environment: Environment, run: Run) -> Value:
        run.spend(weight)
        return body(environment, run)

    return lambda environment, run: FunctionValue(parameters, evaluate, narrowed(environment, names), result)
