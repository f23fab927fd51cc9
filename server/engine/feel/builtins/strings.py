"""Built-in functions on strings."""

from decimal import Decimal

from server.engine.feel.decimals import whole
from server.engine.feel.run import Run, Value

from .regular_expressions import compile_pattern, expand_replacement, search_all
from .signature import Undefined, builtin


@builtin("substring", "string: string, start position: number, length?: number")
def substring(string: str, start: Decimal, length: Decimal | None = None) -> str:
    """From a position counted from 1, or from -1 at the end."""
    position = whole(start)
    if position == 0:
        raise Undefined("positions count from 1")
    if abs(position) > len(string):
        return ""
    first = position - 1 if position > 0 else len(string) + position
    if length is None:
        return string[first:]
    if length < 1:
        raise Undefined("the length must be at least 1")
    return string[first : first + whole(length)]


@builtin("string length", "string: string")
def string_length(string: str) -> Decimal:
    """Characters (code points)."""
    return Decimal(len(string))


@builtin("upper case", "string: string")
def upper_case(string: str) -> str:
    """In capitals."""
    return string.upper()


@builtin("lower case", "string: string")
def lower_case(string: str) -> str:
    """In small letters."""
    return string.lower()


@builtin("substring before", "string: string, match: string")
def substring_before(string: str, match: str) -> str:
    """What stands before the first match; nothing when there is none."""
    return string.partition(match)[0] if match and match in string else ""


@builtin("substring after", "string: string, match: string")
def substring_after(string: str, match: str) -> str:
    """What stands after the first match; nothing when there is none."""
    return string.partition(match)[2] if match else string


@builtin("contains", "string: string, match: string")
def contains(string: str, match: str) -> bool:
    """Whether one text is in another."""
    return match in string


@builtin("starts with", "string: string, match: string")
def starts_with(string: str, match: str) -> bool:
    """Whether a text begins so."""
    return string.startswith(match)


@builtin("ends with", "string: string, match: string")
def ends_with(string: str, match: str) -> bool:
    """Whether a text ends so."""
    return string.endswith(match)


@builtin("matches", "input: string, pattern: string, flags?: string|null")
def matches(run: Run, string: str, pattern: str, flags: str | None = None) -> bool:
    """Whether an XPath regular expression is found anywhere in a text."""
    expression = compile_pattern(pattern, flags)
    return next(search_all(run, expression, string), None) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string|null")
def replace(run: Run, string: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """Every match replaced; ``$1`` is the first group of the match."""
    expression = compile_pattern(pattern, flags)
    expand = expand_replacement(replacement, expression, flags)
    parts, position = [], 0
    for match in search_all(run, expression, string):
        parts += [string[position : match.start()], expand(match)]
        run.spend_on_text(parts[-1])
        position = match.end()
    text = "".join(parts) + string[position:]
    run.spend_on_text(text)
    return text


@builtin("split", "string: string, delimiter: string")
def split(run: Run, string: str, delimiter: str) -> list[str]:
    """The pieces between the matches of a regular expression."""
    pieces, position = [], 0
    for match in search_all(run, compile_pattern(delimiter, None), string):
        pieces.append(string[position : match.start()])
        position = match.end()
    return [*pieces, string[position:]]


@builtin("string join", "list: list, delimiter?: string|null")
def string_join(run: Run, items: list[Value], delimiter: str | None = None) -> str:
    """The texts of a list, nulls left out, with a delimiter between."""
    texts = [item for item in items if item is not None]
    if not all(type(text) is str for text in texts):
        raise Undefined("only strings can be joined")
    length = sum(map(len, texts)) + len(delimiter or "") * len(texts)
    run.spend_on_text(range(length))
    return (delimiter or "").join(texts)
