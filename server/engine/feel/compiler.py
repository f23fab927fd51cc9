"""Syntax tree to closures: each node becomes a function of the environment and the run."""

from collections.abc import Callable
from typing import Any

from .names import free_names
from .run import Run, Value
from .tree import Literal, Node, TemporalLiteral, TypeNode, children
from .types import ANY, Type, TypeRegistry
from .values import Environment, Evaluator

Rule = Callable[[Any, "Compiler"], Evaluator]
_RULES: dict[type[Node], Rule] = {}


def compiles(*kinds: type[Node]) -> Callable[[Rule], Rule]:
    """Marks the function that compiles nodes of these kinds."""

    def register(rule: Rule) -> Rule:
        _RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


class Compiler:
    """Compiles the nodes of one tree; knows the types of the model it belongs to."""

    def __init__(self, types: TypeRegistry | None = None) -> None:
        self._types = types
        self._weights: dict[int, int] = {}
        self._free: dict[int, frozenset[str]] = {}

    def compile(self, node: Node) -> Evaluator:
        """The closure of a node."""
        return _RULES[type(node)](node, self)

    def weight(self, node: Node) -> int:
        """How many steps one evaluation of a node costs: its size."""
        weight = self._weights.get(id(node))
        if weight is None:
            weight = 1 + sum(self.weight(child) for child in children(node))
            self._weights[id(node)] = weight
        return weight

    def free_names(self, node: Node) -> frozenset[str]:
        """The names a node reads from its environment."""
        names = self._free.get(id(node))
        if names is None:
            names = self._free[id(node)] = free_names(node)
        return names

    def type(self, node: TypeNode | None) -> Type | None:
        """The type a type expression means; None when a name in it is unknown."""
        if node is None:
            return ANY
        if node.element is not None:
            element = self.type(node.element)
            return Type(node.name, element=element) if element else None
        if node.fields is not None:
            fields = {name: self.type(field) for name, field in node.fields}
            known = {name: field for name, field in fields.items() if field}
            return Type("context", fields=known) if len(known) == len(node.fields) else None
        if node.parameters is not None:
            return self._function_type(node)
        return (self._types or _NO_TYPES).get(node.name)

    def _function_type(self, node: TypeNode) -> Type | None:
        parameters = [self.type(parameter) for parameter in node.parameters or ()]
        result = self.type(node.result)
        known = tuple(parameter for parameter in parameters if parameter)
        if result is None or len(known) < len(parameters):
            return None
        return Type("function", parameters=known, result=result)


_NO_TYPES = TypeRegistry()


def is_constant(node: Node) -> bool:
    """Whether a node has the same value in every environment."""
    return isinstance(node, Literal | TemporalLiteral)


def constant(value: Value) -> Evaluator:
    """The closure that always gives this value."""

    def give(environment: Environment, run: Run) -> Value:
        return value

    return give


def narrowed(environment: Environment, names: frozenset[str]) -> dict[str, Value]:
    """A copy of the environment with only these names, cheap to extend in a loop."""
    return {name: environment[name] for name in names if name in environment}
