"""Compiled texts: what the rest of the world holds in its hands."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from . import compile_functions, compile_loops, compile_operators, compile_values  # noqa: F401  (register rules)
from .builtins import BUILTINS
from .compile_tests import Test, compile_tests
from .compiler import Compiler
from .errors import FeelLimitError, FeelSyntaxError, FeelWarning
from .grammar_types import BUILT_IN_TYPE_NAMES
from .names import NameUse, name_uses
from .parser import Parser
from .run import Run, Value
from .tree import Node, Tests
from .types import TypeRegistry
from .values import Evaluator
from .vocabulary import Vocabulary, similar, vocabulary_of

BUILT_IN_NAMES = Vocabulary(BUILTINS)


@dataclass(frozen=True)
class UnknownName:
    """A variable or function nobody knows: its place in the text, and what was probably meant."""

    name: str
    start: int
    end: int
    suggestion: str | None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class _Compiled:
    text: str
    tree: Node

    @cached_property
    def _uses(self) -> tuple[NameUse, ...]:
        return tuple(use for use in name_uses(self.tree) if use.name != "?")

    @cached_property
    def names(self) -> frozenset[str]:
        """The outside names it uses, built-in functions left out. Inside a filter a name may turn out to
        be a field of the items."""
        return frozenset(
            use.name for use in self._uses if not (use.name in BUILTINS and (use.called or use.in_filter))
        )

    @cached_property
    def called_names(self) -> frozenset[str]:
        """The functions it calls by name, built-in ones too."""
        return frozenset(use.name for use in self._uses if use.called)

    def unknown_functions(self, known_names: Iterable[str] = ()) -> tuple[UnknownName, ...]:
        """Calls of functions that are neither built in nor among the known names."""
        if not self.called_names:
            return ()
        return self._unknown(set(known_names) | BUILTINS.keys(), called=True)

    def unknown_names(self, known_names: Iterable[str]) -> tuple[UnknownName, ...]:
        """Variables that are not among the known names; names in filters are left out, for they may be
        fields of the items."""
        return self._unknown(set(known_names), called=False)

    def _unknown(self, known: set[str], called: bool) -> tuple[UnknownName, ...]:
        return tuple(
            UnknownName(use.name, use.start, use.end, similar(use.name, known))
            for use in self._uses
            if use.called is called
            and (called or not use.in_filter)
            and use.name not in known
            and use.name.partition(".")[0] not in known
            and (called or use.name not in BUILTINS)
        )


@dataclass(frozen=True)
class Expression(_Compiled):
    """A compiled FEEL expression; keep it, evaluating is cheap beside compiling."""

    evaluator: Evaluator

    def evaluate(
        self,
        context: Mapping[str, Value],
        warnings: list[FeelWarning] | None = None,
        *,
        now: datetime.datetime | None = None,
        run: Run | None = None,
    ) -> Value:
        """The value, null where FEEL has none; ``warnings`` collects why.

        ``context`` holds FEEL values (see ``to_feel``); only names used are looked up. ``now`` is for
        ``now()`` and ``today()``. Expressions that belong together may share a ``run``: its budget, its
        warnings and its clock. Raises ``FeelLimitError`` and ``FeelClockError``.
        """
        try:
            return self.evaluator(context, Run(warnings, now) if run is None else run)
        except (RecursionError, MemoryError):
            _too_deep()


@dataclass(frozen=True)
class UnaryTests(_Compiled):
    """A compiled cell of a decision table."""

    tree: Tests
    test: Test

    @property
    def is_any(self) -> bool:
        """Whether it lets every value pass: ``-`` or nothing."""
        return not self.tree.tests

    def matches(
        self,
        value: Value,
        context: Mapping[str, Value],
        warnings: list[FeelWarning] | None = None,
        *,
        now: datetime.datetime | None = None,
        run: Run | None = None,
    ) -> bool | None:
        """Whether the input value passes; None when that cannot be said. Arguments as in ``evaluate``."""
        try:
            return self.test(value, context, Run(warnings, now) if run is None else run)
        except (RecursionError, MemoryError):
            _too_deep()


def _too_deep() -> NoReturn:
    raise FeelLimitError("the expression needs more memory or nests deeper than it may") from None


def _parser(text: str, names: Iterable[str] | Vocabulary, types: TypeRegistry | None) -> Parser:
    type_names = BUILT_IN_TYPE_NAMES if types is None else vocabulary_of(types, BUILT_IN_TYPE_NAMES)
    return Parser(text, vocabulary_of(names, BUILT_IN_NAMES), type_names)


def compile_expression(
    text: str, names: Iterable[str] | Vocabulary = (), types: TypeRegistry | None = None
) -> Expression:
    """Read and compile an expression.

    ``names`` are the names in scope: those with spaces or signs can only be read when they are known.
    ``types`` are the types that ``instance of`` and parameters may name. Raises ``FeelSyntaxError``.
    """
    try:
        tree = _parser(text, names, types).whole_expression()
        return Expression(text, tree, Compiler(types).compile(tree))
    except RecursionError:
        raise FeelSyntaxError("the expression is nested too deeply", text, 0) from None


def compile_unary_tests(
    text: str, names: Iterable[str] | Vocabulary = (), types: TypeRegistry | None = None
) -> UnaryTests:
    """Read and compile a cell of a decision table: ``-``, ``< 5, [10..20)``, ``not("a", "b")``, ``? > x``.

    Arguments and errors as for ``compile_expression``.
    """
    try:
        tree = _parser(text, names, types).whole_tests()
        return UnaryTests(text, tree, compile_tests(tree, Compiler(types)))
    except RecursionError:
        raise FeelSyntaxError("the expression is nested too deeply", text, 0) from None
