"""XPath 3.1 regular expressions, translated to those of ``regex``: checked strictly, bounded in size.

What Python would read differently is spelled out: ``.`` stops at line ends, ``$`` is the very end, ``\\d``
and ``\\w`` go by Unicode categories, classes subtract (``[a-z-[aeiou]]``). What XPath does not know is
refused.
"""

from dataclasses import dataclass, field

from server.engine.feel.errors import FeelError

MAX_PATTERN = 1000
_MAX_WEIGHT = 2000
_MAX_DEPTH = 20
_ANY = r"[\s\S]"
_NAME_START = (
    r":A-Z_a-z\xC0-\xD6\xD8-\xF6\xF8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D\u2070-\u218F\u2C00-\u2FEF"
    r"\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_NAME_PART = _NAME_START + r"\-.0-9\xB7\u0300-\u036F\u203F\u2040"
_SETS = {"d": r"\p{Nd}", "s": r" \t\n\r", "i": _NAME_START, "c": _NAME_PART, "W": r"\p{P}\p{Z}\p{C}"}
"""Escapes for many characters as the inside of a class; in the other case they mean all others."""
_SINGLE = {"n": "\n", "r": "\r", "t": "\t"} | {sign: sign for sign in "\\|.-^?*+{}()[]$"}


class PatternError(FeelError):
    """The text is not an XPath pattern, or one too large to be compiled quickly."""


@dataclass
class _Class:
    """A character class: what stands in one pair of brackets, and classes it takes in besides."""

    inside: str = ""
    others: list[str] = field(default_factory=list)

    def text(self, negated: bool, subtracted: str) -> str:
        if not self.others:
            body = f"[{'^' if negated else ''}{self.inside}]"
        else:
            union = "|".join([f"[{self.inside}]"] * bool(self.inside) + self.others)
            body = f"(?!{union}){_ANY}" if negated else f"(?:{union})"
        return f"(?:(?!{subtracted}){body})" if subtracted else f"(?:{body})" if self.others else body


def translate(pattern: str, flags: str) -> str:
    """The pattern for ``regex`` (version 0 behaviour). ``flags``: those of XPath but ``q``."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError("the pattern is too long")
    translator = _Translator(_without_space(pattern) if "x" in flags else pattern, flags)
    text, weight = translator.alternatives(0)
    if translator.rest:
        raise PatternError("a closing bracket has no opening one")
    if weight > _MAX_WEIGHT:
        raise PatternError("the pattern repeats too much")
    return text


def _without_space(pattern: str) -> str:
    """Flag ``x``: white space outside of classes counts for nothing, wherever it stands."""
    kept, depth, escaped = [], 0, False
    for character in pattern:
        if character in " \t\n\r" and not depth:
            continue
        kept.append(character)
        if not escaped:
            depth += (character == "[") - (character == "]" and depth > 0)
        escaped = character == "\\" and not escaped
    return "".join(kept)


class _Translator:
    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._flags = flags
        self._index = 0
        self._groups = 0
        self._closed: set[int] = set()

    # -- characters

    @property
    def rest(self) -> bool:
        """Whether anything is left."""
        return bool(self._peek())

    def _peek(self, count: int = 1) -> str:
        return self._pattern[self._index : self._index + count]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise PatternError("the pattern ends too early")
        self._index += 1
        return character

    def _accept(self, text: str) -> bool:
        if not self._pattern.startswith(text, self._index):
            return False
        self._index += len(text)
        return True

    # -- structure; each part gives its text and its weight when repetitions are written out

    def alternatives(self, depth: int) -> tuple[str, int]:
        """Branches between bars, up to a closing parenthesis or the end."""
        if depth > _MAX_DEPTH:
            raise PatternError("the pattern is nested too deeply")
        branches = [self._branch(depth)]
        while self._accept("|"):
            branches.append(self._branch(depth))
        return "|".join(text for text, _ in branches), sum(weight for _, weight in branches)

    def _branch(self, depth: int) -> tuple[str, int]:
        parts, total = [], 1
        while self._peek() not in ("", "|", ")"):
            text, weight = self._atom(depth)
            sign, factor = self._quantifier()
            parts.append(text + sign)
            total += weight * factor
            if total > _MAX_WEIGHT:
                raise PatternError("the pattern repeats too much")
        return "".join(parts), total

    def _quantifier(self) -> tuple[str, int]:
        if self._peek() in ("?", "*", "+") and self._peek():
            sign, factor = self._take(), 1
            factor = 2 if sign == "+" else 1
        elif self._accept("{"):
            sign, factor = self._count()
        else:
            return "", 1
        if self._accept("?"):
            sign += "?"
        return sign, factor

    def _count(self) -> tuple[str, int]:
        text, closed, after = self._pattern[self._index :].partition("}")
        least, comma, most = text.partition(",")
        if not closed or not least.isdecimal() or not (most.isdecimal() or not most):
            raise PatternError("a count is not of the form {form}", form="{2}, {2,}, {2,5}")
        if len(text) > 9 or (most and int(most) < int(least)):
            raise PatternError("a count is too large or the wrong way round")
        self._index = len(self._pattern) - len(after)
        return f"{{{int(least)}{comma}{int(most) if most else ''}}}", max(1, int(most or least) + 1)

    def _atom(self, depth: int) -> tuple[str, int]:
        character = self._take()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class(depth), 1
        if character == "\\":
            return self._escape(), 1
        if character in "?*+{}]":
            raise PatternError("{character} stands in the wrong place", character=character)
        return self._plain(character), 1

    def _plain(self, character: str) -> str:
        if character == ".":
            return _ANY if "s" in self._flags else r"[^\n\r]"
        if character == "^":
            return "(?m:^)" if "m" in self._flags else r"\A"
        if character == "$":
            return "(?m:$)" if "m" in self._flags else r"\Z"
        return _literal(character)

    def _group(self, depth: int) -> tuple[str, int]:
        number = 0
        if self._accept("?:"):
            opening = "(?:"
        elif self._peek() == "?":
            raise PatternError("{sign} is not followed by a colon", sign="(?")
        else:
            opening = "("
            self._groups += 1
            number = self._groups
        text, weight = self.alternatives(depth + 1)
        if not self._accept(")"):
            raise PatternError("a parenthesis is not closed")
        self._closed.add(number)
        return f"{opening}{text})", weight + 1

    # -- escapes and classes

    def _escape(self) -> str:
        character = self._take()
        if character.isdecimal():
            return self._reference(character)
        if character in _SINGLE:
            return _literal(_SINGLE[character])
        inside, negated = self._many(character)
        return f"[{'^' if negated else ''}{inside}]"

    def _reference(self, digits: str) -> str:
        """``\\12`` is group 12 if there are so many, else group 1 and a 2."""
        while self._peek().isdecimal() and int(digits + self._peek()) in self._closed:
            digits += self._take()
        if int(digits) == 0 or int(digits) not in self._closed:
            raise PatternError("there is no group {number} before this place", number=digits)
        return rf"(?:\g<{int(digits)}>)"

    def _many(self, character: str) -> tuple[str, bool]:
        """The set an escape stands for, and whether it means all others."""
        if character in "pP":
            return self._category(), character == "P"
        if character in _SETS:
            return _SETS[character], False
        if character.swapcase() in _SETS:
            return _SETS[character.swapcase()], True
        raise PatternError("{escape} means nothing", escape=f"\\{character}")

    def _category(self) -> str:
        name, closed, after = self._pattern[self._index :].partition("}")
        if not name.startswith("{") or not closed:
            raise PatternError("{escape} is not followed by a name in braces", escape="\\p")
        self._index = len(self._pattern) - len(after)
        name = name[1:]
        if name.startswith("Is") and name[2:].replace("-", "").isalnum():
            return rf"\p{{In{name[2:]}}}"
        if name[:1] not in "LMNPZSC" or len(name) not in (1, 2) or not name.isalpha():
            raise PatternError("there is no category {name}", name=name[:40])
        return rf"\p{{{name}}}"

    def _class(self, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise PatternError("the pattern is nested too deeply")
        negated = self._accept("^")
        found, subtracted, first = _Class(), "", True
        while not self._accept("]"):
            if self._accept("-["):
                subtracted = self._class(depth + 1)
                if not self._accept("]"):
                    raise PatternError("after what a class subtracts, it must end")
                break
            self._member(found, first)
            first = False
        if not found.inside and not found.others:
            raise PatternError("a class is empty")
        return found.text(negated, subtracted)

    def _member(self, found: _Class, first: bool) -> None:
        character = self._take()
        if character == "[":
            raise PatternError("{sign} must be escaped in a class", sign="[")
        if character == "-" and not first and self._peek() != "]" and self._peek(2) != "-[":
            raise PatternError("{sign} must be escaped in a class, or stand at an end", sign="-")
        if character == "\\":
            character = self._take()
            if character not in _SINGLE:
                inside, others = self._many(character)
                if others:
                    found.others.append(f"[^{inside}]")
                else:
                    found.inside += inside
                return
            character = _SINGLE[character]
        if self._peek() == "-" and self._peek(2) not in ("-]", "-["):
            self._index += 1
            found.inside += _span(character, self._range_end())
        else:
            found.inside += _literal(character)

    def _range_end(self) -> str:
        character = self._take()
        if character == "\\":
            character = _SINGLE.get(self._take(), "")
        if not character or character == "[":
            raise PatternError("a range in a class ends with a set")
        return character


def _span(low: str, high: str) -> str:
    if low > high:
        raise PatternError("the range {low}-{high} is the wrong way round", low=low, high=high)
    return f"{_literal(low)}-{_literal(high)}"


def _literal(character: str) -> str:
    return character if character.isalnum() else f"\\U{ord(character):08X}"
