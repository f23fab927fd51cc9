"""The living parts of a form: conditions, computed values and texts with `{{ }}` places, all of them FEEL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from server.engine import feel
from server.engine.findings import filled, quoted
from server.engine.values import Value


class Scope(dict[str, Any]):
    """What expressions see, as FEEL values: variables, the form's values, and in a row `this`, `parent`
    and `i`. `now` is the aware moment for FEEL's own now() and today()."""

    now: datetime | None = None

    def inner(self, **names: Any) -> Scope:
        """The same with more names, for a row."""
        scope = Scope(self)
        scope.update(names)
        scope.now = self.now
        return scope


MAX_ITEMS = 1_000
"""Longest list a form takes from an expression."""


class FormRefused(ValueError):
    """Something in a form cannot be used. The message says what and why: an English template and its
    params, `told` as a part of a finding."""

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(filled(template, params))
        self.told = {"message": template, "params": params}


class ExpressionError(FormRefused):
    """An expression or a text of a form cannot be understood; the message says why."""


class _Compiled(Protocol):
    """What the FEEL library hands back for a text."""

    @property
    def names(self) -> frozenset[str]: ...

    def evaluate(self, context: Mapping[str, Any], *, now: datetime | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Expression:
    """A FEEL expression, compiled once. Evaluating it never raises: what cannot be computed is None."""

    source: str
    compiled: _Compiled

    def value(self, scope: Scope) -> Value:
        """The value as JSON has it (dates as ISO text, numbers as int or Decimal)."""
        try:
            return json_value(self.compiled.evaluate(scope, now=scope.now))
        except (feel.FeelError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
            return None

    @property
    def names(self) -> frozenset[str]:
        """The names that it reads; of `this.total` both."""
        return frozenset(part for name in self.compiled.names for part in name.split("."))


@dataclass(frozen=True, slots=True)
class Computed:
    """A property that is written down or, with a leading `=`, computed."""

    fixed: Value = None
    expression: Expression | None = None

    def value(self, scope: Scope) -> Value:
        """The property's value here and now."""
        return self.expression.value(scope) if self.expression else self.fixed


@dataclass(frozen=True, slots=True)
class Condition:
    """A property that is true or not. Anything but exactly true, also an error, is not."""

    computed: Computed

    def holds(self, scope: Scope) -> bool:
        """Whether it is exactly true here and now."""
        return self.computed.value(scope) is True

    def depends_on(self, names: frozenset[str]) -> bool:
        """Whether any of these names may decide it."""
        return self.computed.expression is not None and not names.isdisjoint(self.computed.expression.names)


Part: TypeAlias = "str | Expression | Block"


@dataclass(frozen=True, slots=True)
class Block:
    """`{{#if …}}…{{/if}}` or `{{#loop …}}…{{/loop}}` within a text."""

    loop: bool
    expression: Expression
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, Chinese and, where the form gives it, English."""

    zh: tuple[Part, ...] = ()
    en: tuple[Part, ...] = ()

    def fill(self, scope: Scope, language: str) -> str:
        """The text in this language, its places filled."""
        parts = self.en if self.en and not language.startswith("zh") else self.zh
        return fill(parts, scope, lambda _expression, value: as_text(value))

    def plain(self, language: str = "zh-CN") -> str:
        """The text with nothing known."""
        return self.fill(Scope(), language)


Saying: TypeAlias = Callable[[Expression, Value], str]


def fill(parts: tuple[Part, ...], scope: Scope, say: Saying) -> str:
    """The text of some parts, each place in the words that `say` finds for its value."""
    return "".join(_part(part, scope, say) for part in parts)


def _part(part: Part, scope: Scope, say: Saying) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Expression):
        return say(part, part.value(scope))
    value = part.expression.value(scope)
    if not part.loop:
        return fill(part.parts, scope, say) if value is True else ""
    items = value[:MAX_ITEMS] if isinstance(value, list) else []
    return "".join(fill(part.parts, _inner(scope, item), say) for item in items)


def _inner(scope: Scope, item: Value) -> Scope:
    value = feel_value(item)
    own = value if isinstance(value, Mapping) else {}
    return scope.inner(**{**own, "this": value, "parent": scope})


def as_text(value: Value) -> str:
    """A value inside a sentence; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "、".join(as_text(item) for item in value)
    return str(value)


def feel_value(value: Value) -> Any:
    """A JSON value as FEEL has it; null for what FEEL cannot hold."""
    try:
        return feel.to_feel(value)
    except (ValueError, TypeError, RecursionError, feel.FeelError):
        return None


def json_value(value: Any) -> Value:
    """A FEEL value as JSON has it."""
    return feel.to_json(value)


# --------------------------------------------------------------------------- reading them from a file
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_SCOPE_NAMES = ("this", "parent", "i", "today")


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the expressions of one form; `names` are the value ids of the form, `used` collects what is
    read."""

    names: frozenset[str]
    used: set[str]

    def expression(self, source: str) -> Expression:
        """Compile FEEL.

        Raises:
            ExpressionError: it is not FEEL.
        """
        text = source.strip().removeprefix("=").strip()
        self.used.update(re.findall(r"[^\W\d]\w*", text))
        try:
            return Expression(text, feel.compile_expression(text, [*self.names, *_SCOPE_NAMES]))
        except feel.FeelSyntaxError as error:
            raise ExpressionError(
                "`{text}` is not FEEL at character {position}: {reason}",
                text=text[:120], position=error.position + 1, reason=quoted(error.told),
            ) from error  # fmt: skip

    def computed(self, source: Value) -> Computed | None:
        """A property that may start with `=`; None when the form does not set it."""
        if source is None or source == "":
            return None
        if isinstance(source, str) and source.startswith("="):
            return Computed(expression=self.expression(source))
        return Computed(fixed=source)

    def condition(self, source: Value) -> Condition | None:
        """A true-or-not property; None when the form does not set it."""
        computed = self.computed(source)
        return Condition(computed) if computed else None

    def text(self, zh: Value, en: Value = "") -> Text:
        """A text for people with its places."""
        return Text(self._parts(zh), self._parts(en))

    def _parts(self, source: Value) -> tuple[Part, ...]:
        if not isinstance(source, str) or not source:
            return ()
        if source.startswith("="):
            return (self.expression(source),)
        return _Places(source, self.expression).read()


class _Places:
    """Reads a text with `{{ }}` places into its parts."""

    def __init__(self, source: str, compile_: Callable[[str], Expression]) -> None:
        self.pieces = _PLACE.split(source)  # text, place, text, place, …, text
        self.compile = compile_
        self.at = 0

    def read(self, until: str = "", depth: int = 0) -> tuple[Part, ...]:
        """Parts up to the end, or to the closing mark `until`."""
        if depth > 5:
            raise ExpressionError("Places stand within places, more than five deep.")
        parts: list[Part] = []
        while self.at < len(self.pieces):
            piece = self.pieces[self.at]
            is_place = self.at % 2 == 1
            self.at += 1
            if not is_place:
                parts.append(piece)
            elif piece.strip() == until:
                return _without_empty(parts)
            else:
                parts.append(self._place(piece.strip(), depth))
        if until:
            raise ExpressionError("{place} is missing.", place=f"{{{{{until}}}}}")
        return _without_empty(parts)

    def _place(self, source: str, depth: int) -> Part:
        for word in ("if", "loop"):
            if source.startswith(f"#{word} "):
                expression = self.compile(source[len(word) + 2 :])
                return Block(word == "loop", expression, self.read(f"/{word}", depth + 1))
        return self.compile(source)


def _without_empty(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part != "")
