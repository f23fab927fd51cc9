"""How values are written: ``string()`` and the FEEL text of a value."""

import re
from decimal import Decimal

from .decimals import number_text
from .run import Run, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .values import Range, type_of

_TEMPORAL = (Date, Time, DateTime, DaysTimeDuration, YearsMonthsDuration)
_PLAIN_KEY = re.compile(r"[\w ]+")


def text_of(value: Value, run: Run | None = None) -> str:
    """As ``string(value)`` gives it: strings and temporals bare at the top, quoted inside others."""
    if type(value) is str:
        return value
    if isinstance(value, _TEMPORAL):
        return str(value)
    return feel_text(value, run or Run())


def feel_text(value: Value, run: Run) -> str:
    """A value as one would write it in FEEL."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is Decimal:
        return number_text(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        run.spend(3 + 2 * len(value))
        return _bounded("[" + ", ".join([feel_text(item, run) for item in value]) + "]", run)
    if kind is dict:
        run.spend(3 + 2 * len(value))
        entries = [f"{_key(key)}: {feel_text(item, run)}" for key, item in value.items()]
        return _bounded("{" + ", ".join(entries) + "}", run)
    if kind is Range:
        return _range_text(value, run)
    if isinstance(value, _TEMPORAL):
        return f'@"{value}"'
    return "function" if type_of(value) == "function" else "null"


def quoted(text: str) -> str:
    """A FEEL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else quoted(key)


def _range_text(value: Range, run: Run) -> str:
    if value.operator:
        return f"({value.operator}{feel_text(value.start, run)})"
    left = "[" if value.start_included else "("
    right = "]" if value.end_included else ")"
    return f"{left}{feel_text(value.start, run)}..{feel_text(value.end, run)}{right}"


def _bounded(text: str, run: Run) -> str:
    run.spend_on_text(text)
    return text
