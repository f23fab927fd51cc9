"""Reads what people type: exact numbers and amounts, dates, times and plain text, and writes them back."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

from server.engine.forms import messages
from server.engine.values import Value

MAX_TEXT = {"textfield": 4_000, "textarea": 50_000}
MAX_NUMBER_LENGTH = 60
MAX_WHOLE_DIGITS = 18
MAX_DECIMALS = 12

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_TIME = re.compile(r"(\d{1,2})\s*[:时]\s*(\d{2})\s*分?(?::\d{2}(?:\.\d+)?)?")
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_LINE_ENDS = re.compile(r"\r\n?|\u2028|\u2029")


class ValueProblem(ValueError):
    """What was typed is not a value of this kind. The first argument is the message (an English template)."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


def clean(text: str, lines: bool = False) -> str:
    """Text without characters that cannot be seen or stored; line ends and tabs become blanks unless
    `lines`."""
    text = _LINE_ENDS.sub("\n", text)
    kept = "\n\t" if lines else ""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character, kept) for character in text)


def _visible(character: str, kept: str) -> str:
    if character in kept:
        return character
    if character in "\n\t":
        return " "
    if character in "\u200c\u200d":  # joiners have a meaning in some scripts and in emoji
        return character
    return "" if unicodedata.category(character) in _INVISIBLE else character


def number(text: str, decimals: int | None) -> Value:
    """An exact number as it was typed: int when `decimals` is 0, else Decimal. Full-width digits and
    thousands commas are read.

    Raises:
        ValueProblem: not a number, too long, or more decimal places than allowed.
    """
    plain = unicodedata.normalize("NFKC", clean(text)).replace(" ", "").replace("−", "-")
    if len(plain) > MAX_NUMBER_LENGTH:
        raise ValueProblem(messages.NUMBER_TOO_LONG)
    if not _NUMBER.fullmatch(plain) or not plain.isascii():
        raise ValueProblem(messages.NOT_NUMBER)
    return _places(Decimal(plain.replace(",", "")), decimals)


def _places(value: Decimal, decimals: int | None) -> Value:
    if value.adjusted() >= MAX_WHOLE_DIGITS:
        raise ValueProblem(messages.NUMBER_TOO_LARGE)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > (MAX_DECIMALS if decimals is None else decimals):
        if decimals == 0:
            raise ValueProblem(messages.NOT_WHOLE)
        raise ValueProblem(messages.TOO_EXACT, decimals=MAX_DECIMALS if decimals is None else decimals)
    if decimals is None:
        return value
    if decimals == 0:
        return int(value)
    typed = value.as_tuple().exponent
    return value if isinstance(typed, int) and -typed <= decimals else value.quantize(_place(decimals))


def _place(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def money(text: str) -> Decimal:
    """An amount in yuan with two decimal places; `¥`, `元` and thousands commas are read.

    Raises:
        ValueProblem: not an amount in yuan, or a fraction of a fen.
    """
    plain = unicodedata.normalize("NFKC", clean(text)).replace(" ", "")
    plain = plain.removeprefix("¥").removeprefix("RMB").removesuffix("元")
    if plain.endswith(("万", "亿")):
        raise ValueProblem(messages.MONEY_IN_YUAN)
    try:
        value = number(plain, 2)
    except ValueProblem as problem:
        if problem.message == messages.NOT_NUMBER:
            raise ValueProblem(messages.NOT_MONEY) from problem
        raise
    return Decimal(value).quantize(_place(2))


def moment(text: str, subtype: str) -> str:
    """A date, a time or both as ISO text: `2026-03-05`, `10:30`, `2026-03-05T10:30:00+08:00`.

    Chinese and slashed dates are read too. Times are those of the office.

    Raises:
        ValueProblem: no such date or time.
    """
    plain = _OFFSET.sub("", unicodedata.normalize("NFKC", clean(text)).strip())
    try:
        if subtype == "date":
            return _date(plain).isoformat()
        if subtype == "time":
            return _time(plain).isoformat("minutes")
        day, _, clock = plain.replace("T", " ").partition(" ")
        return f"{datetime.combine(_date(day), _time(clock)).isoformat()}+08:00"  # the clock of the office
    except ValueError as error:
        raise ValueProblem(_MOMENTS[subtype]) from error


_MOMENTS = {
    "date": messages.NOT_DATE,
    "time": messages.NOT_TIME,
    "datetime": messages.NOT_DATE_TIME,
}


def _date(text: str) -> date:
    found = _DATE.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    return date(*(int(part) for part in found.groups()))


def _time(text: str) -> time:
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    return time(int(found[1]), int(found[2]))


# --------------------------------------------------------------------------- writing them
def number_text(value: Value, meaning: str) -> str:
    """A number as it stands in an input: amounts with thousands commas and two places."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return "" if value is None else str(value)
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal) and not value.is_finite():
        return ""
    return (
        f"{value:,.2f}" if meaning == "money" else f"{value:f}" if isinstance(value, Decimal) else str(value)
    )


WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def moment_words(value: str, language: str) -> str:
    """A date with its weekday, as people read it; other text unchanged."""
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return value
    names = WEEKDAYS["zh" if language.startswith("zh") else "en"]
    clock = f" {value[11:16]}" if len(value) > 10 else ""
    return f"{day.isoformat()} {names[day.weekday()]}{clock}"
