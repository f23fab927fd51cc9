"""The grammar of what opens with a word or a bracket: if, loops, functions, lists, contexts, ranges."""

from abc import abstractmethod

from .grammar_types import TypeGrammar
from .lexer import string_value
from .tree import (
    ContextLiteral,
    For,
    FunctionLiteral,
    If,
    ListLiteral,
    Node,
    OperatorTest,
    Quantified,
    RangeLiteral,
    Span,
    TypeNode,
)
from .vocabulary import Vocabulary

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class CompoundGrammar(TypeGrammar):
    """Reads compound expressions; ``expression`` and ``operand`` come from the parser above it."""

    def __init__(self, text: str, vocabulary: Vocabulary, type_names: Vocabulary) -> None:
        super().__init__(text, type_names)
        self._scopes = [vocabulary]
        self._path_names = Vocabulary()

    @abstractmethod
    def expression(self) -> Node:
        """Any expression."""

    @abstractmethod
    def operand(self) -> Node:
        """An expression of arithmetic at most, as ranges and tests have them for ends."""

    @abstractmethod
    def range_end(self) -> Node:
        """An operand before which a ``[`` may close the range."""

    # -- control

    def if_expression(self) -> Node:
        """``if … then … else …``"""
        start = self.take().start
        condition = self.expression()
        self.expect("then")
        then = self.expression()
        self.expect("else")
        otherwise = self.expression()
        return If(start, self.last_end, condition, then, otherwise)

    def for_expression(self) -> Node:
        """``for … in … return …``"""
        start, iterators = self._iterators()
        self._scopes[-1].add("partial")
        self.expect("return")
        body = self.expression()
        self._scopes.pop()
        return For(start, self.last_end, iterators, body)

    def quantified_expression(self) -> Node:
        """``some|every … in … satisfies …``"""
        universal = self.at("every")
        start, iterators = self._iterators()
        self.expect("satisfies")
        body = self.expression()
        self._scopes.pop()
        return Quantified(start, self.last_end, universal, iterators, body)

    def _iterators(self) -> tuple[int, tuple[tuple[str, Node], ...]]:
        """The iterators after the keyword; each sees those before it. Leaves their scope open."""
        start = self.take().start
        self._scopes.append(Vocabulary())
        iterators = []
        while True:
            name = self.text_until("in")
            self.expect("in")
            source = self.expression()
            if self.accept(".."):
                last = self.expression()
                source = Span(source.start, last.end, source, last)
            iterators.append((name, source))
            self._scopes[-1].add(name)
            if not self.accept(","):
                return start, tuple(iterators)

    # -- functions

    def function_literal(self) -> Node:
        """``function(a: type, b) body``, or ``external {…}`` for a body."""
        start = self.take().start
        self.expect("(")
        parameters = self._parameters()
        result = self.type() if self.accept(":") else None
        external = self.accept("external")
        self._scopes.append(Vocabulary(name for name, _ in parameters))
        body = self.expression()
        self._scopes.pop()
        return FunctionLiteral(start, self.last_end, parameters, body, result, external)

    def _parameters(self) -> tuple[tuple[str, TypeNode | None], ...]:
        parameters = []
        while not self.accept(")"):
            name = self.text_until(":", ",", ")")
            parameters.append((name, self.type() if self.accept(":") else None))
            if not self.at(")"):
                self.expect(",")
        return tuple(parameters)

    # -- brackets

    def parenthesised(self) -> Node:
        """``(a)``, ``(a..b)`` or ``(> a)``"""
        start = self.take().start
        if self.at(*COMPARISONS):
            operator = self.take().text
            endpoint = self.operand()
            self.expect(")")
            return OperatorTest(start, self.last_end, operator, endpoint)
        inner = self.expression()
        if self.at(".."):
            return self.range_from(start, inner, included=False)
        self.expect(")")
        return inner

    def reversed_range(self) -> Node:
        """``]a..b]``: as ``(a..b]``."""
        start = self.take().start
        return self.range_from(start, self.expression(), included=False)

    def list_or_range(self) -> Node:
        """``[a, b]`` or ``[a..b]``"""
        start = self.take().start
        if self.accept("]"):
            return ListLiteral(start, self.last_end, ())
        first = self.expression()
        if self.at(".."):
            return self.range_from(start, first, included=True)
        items = [first]
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return ListLiteral(start, self.last_end, tuple(items))

    def range_from(self, start: int, low: Node, included: bool) -> Node:
        """The rest of a range, from its two dots."""
        self.expect("..")
        high = self.range_end()
        if not self.at("]", ")", "["):
            self.fail("expected the end of a range, found {found}")
        closes = self.take().text == "]"
        return RangeLiteral(start, self.last_end, low, high, included, closes)

    def context_literal(self) -> Node:
        """``{key: value, "other key": value}``"""
        start = self.take().start
        entries: list[tuple[str, Node]] = []
        self._scopes.append(Vocabulary())
        while not self.accept("}"):
            key = self._key()
            self.expect(":")
            entries.append((key, self.expression()))
            self._scopes[-1].add(key)
            self._path_names.add(key)
            if not self.at("}"):
                self.expect(",")
        self._scopes.pop()
        return ContextLiteral(start, self.last_end, tuple(entries))

    def _key(self) -> str:
        if self.token.kind == "string":
            return string_value(self.take().text)
        if self.token.kind != "name":
            self.fail("expected a key, found {found}")
        return self.text_until(":", ",", "}")
