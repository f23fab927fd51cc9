"""Text to syntax tree: operators by precedence, names by the vocabulary in scope, unary tests."""

from collections.abc import Iterable
from decimal import Decimal, DecimalException
from typing import TypeVar

from . import decimals
from .errors import FeelSyntaxError
from .grammar_compound import COMPARISONS, CompoundGrammar
from .lexer import FULL_WIDTH, Token, string_value
from .temporal_text import parse_at_literal
from .tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Filter,
    In,
    InstanceOf,
    Literal,
    Name,
    NamedCall,
    Negation,
    Node,
    OperatorTest,
    Or,
    Path,
    QuestionTest,
    TemporalLiteral,
    Tests,
    children,
)
from .vocabulary import STOPPERS, Vocabulary

MAX_NESTING = 64
MAX_DEPTH = 200

_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER = range(1, 7)
_PRECEDENCE = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(COMPARISONS, _COMPARISON),
    "between": _COMPARISON,
    "in": _COMPARISON,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "**": _POWER,
}
_NAME_SIGNS = ("'", "-", "+", "*", "/", ".")
_PROPERTIES = Vocabulary(("time offset", "start included", "end included"))
_CONSTANTS = {"null": None, "true": True, "false": False}
_Tree = TypeVar("_Tree", bound=Node)


class Parser(CompoundGrammar):
    """Reads one text; use ``whole_expression`` or ``whole_tests`` once."""

    def __init__(self, text: str, vocabulary: Vocabulary, type_names: Vocabulary) -> None:
        super().__init__(text, vocabulary, type_names)
        self._path_names = Vocabulary(base=_PROPERTIES)
        self._nesting = 0
        self._questions = 0
        self._closing_range = False

    # -- whole texts

    def whole_expression(self) -> Node:
        """The text as one expression."""
        return self._finished(self.expression())

    def whole_tests(self) -> Tests:
        """The text as a cell of a decision table."""
        end = len(self.text)
        if self.token.kind == "end" or (self.at("-") and self.following.kind == "end"):
            return Tests(0, end, (), False)
        negated = self._negated_tests()
        if negated is not None:
            return negated
        tests = tuple(self._tests())
        return self._finished(Tests(0, end, tests, False))

    def _negated_tests(self) -> Tests | None:
        """``not(test, test)``; None when the text merely begins with a call of ``not``."""
        if not (self.at("not") and self.following.text == "("):
            return None
        attempt = Parser(self.text, self._scopes[0], self._type_names)
        attempt.index += 2
        try:
            tests = tuple(attempt._tests())
            attempt.expect(")")
            return attempt._finished(Tests(0, len(self.text), tests, True))
        except FeelSyntaxError:
            return None

    def _finished(self, tree: _Tree) -> _Tree:
        if self.token.kind != "end":
            self.fail("unexpected {found}")
        level: list[Node] = [tree]
        for _ in range(MAX_DEPTH):
            level = [child for node in level for child in children(node)]
            if not level:
                return tree
        raise FeelSyntaxError("the expression is nested deeper than {limit}", self.text, 0, limit=MAX_DEPTH)

    # -- tests

    def _tests(self) -> list[Node]:
        tests = [self._test()]
        while self.accept(","):
            tests.append(self._test())
        return tests

    def _test(self) -> Node:
        if self.at(*COMPARISONS):
            return self._operator_test()
        questions = self._questions
        node = self.expression()
        return QuestionTest(node.start, node.end, node) if self._questions > questions else node

    def _operator_test(self) -> Node:
        token = self.take()
        endpoint = self.operand()
        return OperatorTest(token.start, self.last_end, token.text, endpoint)

    # -- operators

    def expression(self) -> Node:
        """Any expression."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self.fail("the expression is nested deeper than {limit}", limit=MAX_NESTING)
        closing_range, self._closing_range = self._closing_range, False
        node = self._binary(_OR)
        self._closing_range = closing_range
        self._nesting -= 1
        return node

    def operand(self) -> Node:
        """An expression of arithmetic at most."""
        return self._binary(_SUM)

    def range_end(self) -> Node:
        """An operand before which a ``[`` may close the range."""
        closing_range, self._closing_range = self._closing_range, True
        node = self.operand()
        self._closing_range = closing_range
        return node

    def _binary(self, level: int) -> Node:
        return self._continued(self._unary(), level)

    def _continued(self, left: Node, level: int) -> Node:
        """What follows an operand, as long as it binds at least as tightly as ``level``."""
        while True:
            operator = self.tokens[self.index].text
            precedence = _PRECEDENCE.get(operator, 0)
            if precedence < level:
                return left
            left = _OPERATIONS[precedence](self, left, operator)

    def _disjunction(self, left: Node, operator: str) -> Node:
        operands = [left]
        while self.accept("or"):
            operands.append(self._binary(_AND))
        return Or(left.start, self.last_end, tuple(operands))

    def _conjunction(self, left: Node, operator: str) -> Node:
        operands = [left]
        while self.accept("and"):
            operands.append(self._binary(_COMPARISON))
        return And(left.start, self.last_end, tuple(operands))

    def _comparison(self, left: Node, operator: str) -> Node:
        self.take()
        if operator == "in":
            tests = self._in_tests()
            return In(left.start, self.last_end, left, tests)
        first = self.operand()
        if operator == "between":
            self.expect("and")
            second = self.operand()
            return Between(left.start, self.last_end, left, first, second)
        return Comparison(left.start, self.last_end, operator, left, first)

    def _in_tests(self) -> tuple[Node, ...]:
        """What follows ``in``: a test, an operand, or tests in parentheses (which may also be an operand)."""
        if self.at(*COMPARISONS):
            return (self._operator_test(),)
        if not self.at("("):
            return (self.operand(),)
        start = self.take().start
        tests = [self._test()]
        if self.at("..") and not isinstance(tests[0], OperatorTest):
            tests = [self._resumed(self.range_from(start, tests[0], included=False))]
            return tuple(tests)
        while self.accept(","):
            tests.append(self._test())
        self.expect(")")
        if len(tests) == 1 and not isinstance(tests[0], OperatorTest | QuestionTest):
            return (self._resumed(tests[0]),)
        return tuple(tests)

    def _resumed(self, node: Node) -> Node:
        return self._continued(self._postfix(node), _SUM)

    def _arithmetic(self, left: Node, operator: str) -> Node:
        self.take()
        right = self._binary(_PRECEDENCE[operator] + 1) if operator != "**" else self._unary()
        return Arithmetic(left.start, right.end, operator, left, right)

    def _unary(self) -> Node:
        start = self.token.start
        signs = 0
        while self.accept("-"):
            signs += 1
        if signs > MAX_NESTING:
            self.fail("the expression is nested deeper than {limit}", limit=MAX_NESTING)
        node = self._postfix(self._primary())
        while self.at("instance") and self.following.text == "of":
            self.index += 2
            kind = self.type()
            node = InstanceOf(node.start, self.last_end, node, kind)
        for _ in range(signs):
            node = _negated(start, node)
        return node

    # -- paths, filters, calls

    def _postfix(self, node: Node) -> Node:
        while True:
            if self.accept("."):
                name = self._path_name()
                node = Path(node.start, self.last_end, node, name)
            elif self.at("["):
                if self._closing_range and not self._opens_filter():
                    return node
                self.take()
                condition = self.expression()
                self.expect("]")
                node = Filter(node.start, self.last_end, node, condition)
            elif self.accept("("):
                node = self._call(node)
            else:
                return node

    def _opens_filter(self) -> bool:
        """Whether the ``[`` here, after the end of a range, opens a filter rather than closes the range."""
        following = self.following
        if following.kind == "name":
            return following.text not in STOPPERS
        return following.kind in ("number", "string") or following.text in ("(", "[", "@", "-", "{", "?")

    def _path_name(self) -> str:
        if self.token.kind != "name":
            self.fail("expected a name after the dot, found {found}")
        known = self._known_name([self._path_names, *self._scopes])
        return known if known is not None else self._words()

    def _call(self, function: Node) -> Node:
        if self.accept(")"):
            return Call(function.start, self.last_end, function, ())
        if self._names_arguments():
            named = self._named_arguments()
            return NamedCall(function.start, self.last_end, function, named)
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(")")
        return Call(function.start, self.last_end, function, tuple(arguments))

    def _names_arguments(self) -> bool:
        """Whether a name and a colon come next."""
        index = self.index
        while self.tokens[index].kind in ("name", "number") or self.tokens[index].text in _NAME_SIGNS:
            index += 1
        return index > self.index and self.tokens[index].text == ":"

    def _named_arguments(self) -> tuple[tuple[str, Node], ...]:
        arguments = []
        while True:
            name = self.text_until(":")
            self.expect(":")
            arguments.append((name, self.expression()))
            if not self.accept(","):
                self.expect(")")
                return tuple(arguments)

    # -- operands

    def _primary(self) -> Node:
        token = self.token
        if token.kind == "name":
            return self._named()
        if token.kind == "number":
            return self._number(self.take())
        if token.kind == "string":
            self.take()
            return Literal(token.start, token.end, string_value(token.text))
        if token.text == "@":
            return self._temporal()
        opens = _BRACKETS.get(token.text)
        if opens is None:
            self.fail("expected an expression, found {found}", self._habit())
        return opens(self)

    def _habit(self) -> str | None:
        """What those mean who come from another language: ``'a'``, ``a == b``."""
        if self.at("'"):
            return '"'
        return "=" if self.at("=") and self.index and self.tokens[self.index - 1].text == "=" else None

    def _number(self, token: Token) -> Node:
        try:
            return Literal(token.start, token.end, decimals.number(token.text))
        except DecimalException:
            raise FeelSyntaxError("the number is out of range", self.text, token.start) from None

    def _temporal(self) -> Node:
        start = self.take().start
        if self.token.kind != "string":
            self.fail("expected a text after @, found {found}")
        text = string_value(self.take().text)
        return TemporalLiteral(start, self.last_end, text, parse_at_literal(text))

    def _named(self) -> Node:
        """A variable, constant or compound expression."""
        token = self.token
        known = self._known_name(reversed(self._scopes))
        if known is not None:
            return Name(token.start, self.last_end, known)
        word = token.text
        if word in _CONSTANTS:
            self.take()
            return Literal(token.start, token.end, _CONSTANTS[word])
        opens = _COMPOUND.get(word)
        if opens is not None and (word != "function" or self.following.text == "("):
            return opens(self)
        if word in STOPPERS:
            self.fail("unexpected {found}")
        return self._variable(token)

    def _variable(self, token: Token) -> Node:
        if token.text == "?":
            self._questions += 1
            self.take()
            return Name(token.start, token.end, "?")
        name = self._words()
        if not any(name in scope for scope in self._scopes):
            self._refuse_full_width(token)
        return Name(token.start, self.last_end, name)

    def _refuse_full_width(self, first: Token) -> None:
        """A full-width sign in a name nobody declared is a slip of the input method."""
        text = self.text[first.start : self.last_end]
        for offset, character in enumerate(text):
            if character in FULL_WIDTH:
                raise FeelSyntaxError(
                    "{character} is a full-width sign; FEEL needs {plain}",
                    self.text,
                    first.start + offset,
                    FULL_WIDTH[character],
                    character=character,
                    plain=FULL_WIDTH[character],
                )

    def _known_name(self, scopes: Iterable[Vocabulary]) -> str | None:
        """Take the longest name of several words that a scope knows."""
        best: tuple[int, str] | None = None
        for scope in scopes:
            match = scope.match(self.tokens, self.index)
            if match and (best is None or match[0] > best[0]):
                best = match
        if best is None:
            return None
        self.index += best[0]
        return best[1]

    def _words(self) -> str:
        """A name nobody declared: the words standing together."""
        words = [self.take().text]
        while self.token.kind == "name" and self.token.text not in STOPPERS:
            words.append(self.take().text)
        return " ".join(words)


def _negated(start: int, node: Node) -> Node:
    if isinstance(node, Literal) and isinstance(node.value, Decimal):
        return Literal(start, node.end, decimals.DECIMAL128.minus(node.value))
    return Negation(start, node.end, node)


_OPERATIONS = {
    _OR: Parser._disjunction,
    _AND: Parser._conjunction,
    _COMPARISON: Parser._comparison,
    _SUM: Parser._arithmetic,
    _PRODUCT: Parser._arithmetic,
    _POWER: Parser._arithmetic,
}
_BRACKETS = {
    "(": Parser.parenthesised,
    "[": Parser.list_or_range,
    "]": Parser.reversed_range,
    "{": Parser.context_literal,
}
_COMPOUND = {
    "if": Parser.if_expression,
    "for": Parser.for_expression,
    "some": Parser.quantified_expression,
    "every": Parser.quantified_expression,
    "function": Parser.function_literal,
}
