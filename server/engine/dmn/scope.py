"""Where an expression stands while a model is compiled: its names, its types, and where its mistakes go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from server.engine.feel import (
    BUILTINS,
    Expression,
    FeelSyntaxError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from server.engine.feel.tree import Literal, Name

from .evaluation import Evaluation
from .model import Text
from .problems import Problem, did_you_mean
from .types import Types, syntax_problem

Evaluator: TypeAlias = Callable[[Mapping[str, Any], Evaluation], Any]
Test: TypeAlias = Callable[[Any, Mapping[str, Any], Evaluation], bool | None]


def null(env: Mapping[str, Any], run: Evaluation) -> None:
    """The value of an empty place."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names an expression may use beside FEEL's own, in one decision or function of a model. `declared`
    are the names of all elements of the model; `mentioned` gathers what the expressions read from outside.
    A `closed` scope draws all it needs, so that any other name is probably a mistake.
    """

    decision: str
    types: Types
    names: tuple[str, ...]
    problems: list[Problem]
    declared: frozenset[str] = frozenset()
    mentioned: set[str] = field(default_factory=set)
    closed: bool = False
    read: dict[str, UnaryTests] = field(default_factory=dict)

    def inside(self, *names: str) -> Scope:
        """The scope of something inside that sees more names."""
        return replace(self, names=self.names + names, read={})

    def expression(self, text: Text, place: Problem) -> Evaluator:
        """FEEL text as a function of the names in scope; warnings are told with the place."""
        if not text.text:
            return null
        try:
            compiled = compile_expression(text.text, self.names, self.types.registry)
        except FeelSyntaxError as error:
            self._refuse(error, text, place)
            return null
        self._examine(compiled, place)
        return _looked_up(compiled, place) or _noted(compiled.evaluator, place)

    def optional(self, text: Text) -> Evaluator | None:
        """FEEL text that may as well not be an expression."""
        try:
            return compile_expression(text.text, self.names, self.types.registry).evaluator
        except FeelSyntaxError:
            return None

    def tests(self, text: Text, place: Problem) -> Test | None:
        """The text of a cell as a test of a value; None when it takes anything. Who asks notes warnings."""
        if text.text in ("", "-"):
            return None
        compiled = self.read.get(text.text)  # cells of a table repeat themselves
        try:
            compiled = compiled or compile_unary_tests(text.text, self.names, self.types.registry)
        except FeelSyntaxError as error:
            self._refuse(error, text, place)
            return _never
        self.read[text.text] = compiled
        if compiled.is_any:
            return None
        self._examine(compiled, place)
        return compiled.test

    def _examine(self, compiled: Expression | UnaryTests, place: Problem) -> None:
        """Keep the names an expression reads (of a dotted one also its first part); tell of unknown ones."""
        for name in compiled.names:
            self.mentioned.update((name, name.partition(".")[0]))
        unknown = compiled.unknown_functions(self.names)
        if self.closed:
            unknown += compiled.unknown_names(self.names)
        for use in unknown:
            params = {"cell": compiled.text, "name": use.name, "suggestion": did_you_mean(use.suggestion)}
            self.problems.append(replace(place, code="dmn.unknown_name", params=params, cell=compiled.text))

    def _refuse(self, error: FeelSyntaxError, text: Text, place: Problem) -> None:
        self.problems.append(syntax_problem(error, text, place))


def _noted(run_compiled: Evaluator, place: Problem) -> Evaluator:
    """An evaluator whose warnings are told with its place."""

    def evaluate(env: Mapping[str, Any], run: Evaluation) -> Any:
        value = run_compiled(env, run)
        if run.collected:
            run.note(place)
        return value

    return evaluate


def _looked_up(compiled: Expression, place: Problem) -> Evaluator | None:
    """The short way for what most columns and many conclusions are: a variable or a constant."""
    tree = compiled.tree
    if isinstance(tree, Literal):
        constant = tree.value
        return lambda env, run: constant
    if not isinstance(tree, Name) or "." in tree.name or tree.name in BUILTINS:
        return None
    name, otherwise = tree.name, _noted(compiled.evaluator, place)
    return lambda env, run: env[name] if name in env else otherwise(env, run)


def _never(value: Any, env: Mapping[str, Any], run: Evaluation) -> bool:
    return False
