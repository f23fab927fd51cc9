"""Which names an expression takes from outside itself, and which functions it calls."""

from collections.abc import Callable
from dataclasses import dataclass

from .tree import (
    Call,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    Name,
    NamedCall,
    Node,
    Quantified,
    QuestionTest,
    children,
)


@dataclass(frozen=True, slots=True)
class NameUse:
    """One use of a name that is not bound inside the expression.

    ``called``: as a function. ``in_filter``: within ``[...]``, where it may be a field of the items.
    """

    name: str
    start: int
    end: int
    called: bool = False
    in_filter: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    bound: frozenset[str] = frozenset()
    in_filter: bool = False

    def binding(self, *names: str) -> "_Scope":
        return _Scope(self.bound.union(names), self.in_filter)


def name_uses(tree: Node) -> tuple[NameUse, ...]:
    """All uses of outside names, in the order of the text."""
    found: list[NameUse] = []
    _collect(tree, _Scope(), found)
    return tuple(sorted(found, key=lambda use: use.start))


def free_names(tree: Node) -> frozenset[str]:
    """The names a tree reads from its environment, called functions included; ``a`` besides ``a.b``."""
    names = {use.name for use in name_uses(tree)}
    return frozenset(names | {name.partition(".")[0] for name in names if "." in name})


def _collect(node: Node, scope: _Scope, found: list[NameUse]) -> None:
    if isinstance(node, Name):
        _use(node, scope, found, called=False)
        return
    rule = _RULES.get(type(node))
    if rule is not None:
        rule(node, scope, found)
        return
    for child in children(node):
        _collect(child, scope, found)


def _use(node: Name, scope: _Scope, found: list[NameUse], called: bool) -> None:
    if node.name in scope.bound or node.name.partition(".")[0] in scope.bound:
        return
    found.append(NameUse(node.name, node.start, node.end, called, scope.in_filter))


def _call(node: Call | NamedCall, scope: _Scope, found: list[NameUse]) -> None:
    function, *arguments = children(node)
    if isinstance(function, Name):
        _use(function, scope, found, called=True)
    else:
        _collect(function, scope, found)
    for argument in arguments:
        _collect(argument, scope, found)


def _iteration(node: For | Quantified, scope: _Scope, found: list[NameUse]) -> None:
    for name, source in node.iterators:
        _collect(source, scope, found)
        scope = scope.binding(name)
    _collect(node.body, scope.binding("partial") if isinstance(node, For) else scope, found)


def _context(node: ContextLiteral, scope: _Scope, found: list[NameUse]) -> None:
    for key, value in node.entries:
        _collect(value, scope, found)
        scope = scope.binding(key)


def _filter(node: Filter, scope: _Scope, found: list[NameUse]) -> None:
    _collect(node.source, scope, found)
    _collect(node.condition, _Scope(scope.bound | {"item"}, in_filter=True), found)


def _function(node: FunctionLiteral, scope: _Scope, found: list[NameUse]) -> None:
    if not node.external:
        _collect(node.body, scope.binding(*(name for name, _ in node.parameters)), found)


def _question(node: QuestionTest, scope: _Scope, found: list[NameUse]) -> None:
    _collect(node.expression, scope.binding("?"), found)


_RULES: dict[type[Node], Callable[..., None]] = {
    Call: _call,
    NamedCall: _call,
    For: _iteration,
    Quantified: _iteration,
    ContextLiteral: _context,
    Filter: _filter,
    FunctionLiteral: _function,
    QuestionTest: _question,
}
