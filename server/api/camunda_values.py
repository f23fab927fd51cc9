"""Values as Camunda 7 writes them, `{"value": …, "type": …}`, and as the engine has them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.engine.feel import Date, DateTime, parse_temporal
from server.engine.model import Value

_INTEGER, _LONG = 2**31, 2**63
_SHORT_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


class NotAVariable(ValueError):
    """A variable that cannot be read; the message names it and says why."""


def loads(text: str | bytes) -> Any:
    """JSON with exact numbers. Raises ValueError for what is none, infinities among them."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
        if b"\\u0000" in msgspec.json.encode(found):
            raise ValueError("it holds a character that no database keeps")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half a character") from None
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


# --------------------------------------------------------------------------- from outside
def variables(sent: Any, types: Mapping[str, str]) -> dict[str, Any]:
    """The variables of a request. `types` are the FEEL types the decision expects, by name: a Date of
    Camunda, which is a moment, becomes a day where a day is wanted. Raises NotAVariable."""
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise NotAVariable("variables must be an object of names and values")
    return {name: _value(name, given, types.get(name, "")) for name, given in sent.items()}


def _value(name: str, given: Any, wanted: str) -> Any:
    if not isinstance(given, dict) or "value" not in given:
        raise NotAVariable(f'{name} must be an object with "value" (and "type")')
    value, kind = given["value"], given.get("type")
    if value is None:
        return None
    if kind is None:
        return value
    reader = _READERS.get(str(kind).lower())
    if reader is None:
        raise NotAVariable(f"the type {str(kind)[:40]!r} of {name} is not supported")
    try:
        return reader(value, wanted)
    except (ValueError, TypeError, ArithmeticError):
        raise NotAVariable(f"the value of {name} is no {kind}") from None


def _exactly(*kinds: type) -> Callable[[Any, str], Any]:
    def read(value: Any, wanted: str) -> Any:
        if type(value) not in kinds:
            raise TypeError
        return value

    return read


def _whole(value: Any, wanted: str) -> int:
    """A whole number, also as text: JavaScript cannot write all longs."""
    number = _number(value, wanted)
    if not _is_whole(number) or number.adjusted() > 40:
        raise TypeError
    return int(number)


def _number(value: Any, wanted: str) -> Decimal:
    if type(value) is bool:
        raise TypeError
    return Decimal(value)


def _moment(value: Any, wanted: str) -> Any:
    """`2026-03-01T00:00:00.000+0800`, or ISO 8601 as FEEL has it."""
    text = _SHORT_OFFSET.sub(r"\1:\2", value)
    found = parse_temporal(text, "date and time")
    if not isinstance(found, DateTime):
        raise TypeError
    return found.date if wanted == "date" or _is_day(text) else found


def _is_day(text: str) -> bool:
    return isinstance(parse_temporal(text, "date"), Date)


def _parsed(value: Any, wanted: str) -> Any:
    return loads(value) if isinstance(value, str) else value


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "null": lambda value, wanted: None,
    "string": _exactly(str),
    "boolean": _exactly(bool),
    "short": _whole,
    "integer": _whole,
    "long": _whole,
    "double": _number,
    "number": _number,
    "date": _moment,
    "json": _parsed,
    "object": _parsed,
}


# --------------------------------------------------------------------------- to outside
def typed(value: Value) -> dict[str, Any]:
    """A value of a result. Days, times and durations are texts of ISO 8601; lists and contexts plain JSON."""
    return {"value": _plain(value), "type": _type(value), "valueInfo": {}}


def _type(value: Value) -> str:
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, str):
        return "String"
    if isinstance(value, int | Decimal):
        if not (_is_whole(value) and -_LONG <= value < _LONG):
            return "Double"
        return "Integer" if -_INTEGER <= value < _INTEGER else "Long"
    return "Object"


def _is_whole(value: int | Decimal) -> bool:
    return isinstance(value, int) or value == value.to_integral_value()


def _plain(value: Value) -> Any:
    """Whole numbers without a point and without an exponent."""
    if isinstance(value, Decimal):
        return int(value) if _is_whole(value) and value.adjusted() < 34 else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


# --------------------------------------------------------------------------- variables of cases
FILE_KEYS = frozenset({"filename", "mimeType", "content"})
"""A file among the variables of a case: its name, its media type, its bytes in base64."""


def plain_variables(sent: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables of a request as a case keeps them, and those that are marked as transient. A value may
    come with its type or without one: then it is what JSON says. Raises NotAVariable."""
    if sent is None:
        return {}, {}
    if not isinstance(sent, dict):
        raise NotAVariable("variables must be an object of names and values")
    kept: dict[str, Any] = {}
    transient: dict[str, Any] = {}
    for name, given in sent.items():
        if not isinstance(given, dict) or "value" not in given:
            raise NotAVariable(f'{name} must be an object with "value" (and "type")')
        info = given.get("valueInfo") or {}
        target = transient if isinstance(info, dict) and info.get("transient") is True else kept
        target[name] = _kept(name, given, info if isinstance(info, dict) else {})
    return kept, transient


def typed_variable(value: Any) -> dict[str, Any]:
    """A variable of a case as workers and modelers read it: lists and objects are JSON in a text; the bytes
    of a file are asked for by themselves."""
    if isinstance(value, dict) and value.keys() == FILE_KEYS:
        info = {"filename": value["filename"], "mimeType": value["mimeType"]}
        return {"value": None, "type": "File", "valueInfo": info}
    found = typed(value)
    if found["type"] == "Object":
        return {"value": dumps(found["value"]), "type": "Json", "valueInfo": {}}
    return found


def typed_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    """All of them, by name."""
    return {name: typed_variable(value) for name, value in variables.items()}


def file_of(value: Any) -> tuple[bytes, str, str] | None:
    """The bytes, the media type and the name of a variable that is a file."""
    if isinstance(value, dict) and value.keys() == FILE_KEYS:
        return base64.b64decode(value["content"]), str(value["mimeType"]), str(value["filename"])
    return None


def dumps(value: Any) -> str:
    """JSON with exact numbers."""
    return msgspec.json.Encoder(decimal_format="number").encode(value).decode()


def _kept(name: str, given: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
    kind = str(given.get("type") or "").lower()
    if kind in ("file", "bytes") and given["value"] is not None:
        return _file(name, given["value"], info)
    if kind == "date" and isinstance(given["value"], str):
        return _moment_text(name, given["value"])
    return _value(name, dict(given), "")


def _file(name: str, value: Any, info: Mapping[str, Any]) -> dict[str, str]:
    try:
        content = base64.b64encode(base64.b64decode(value, validate=True)).decode()
    except (TypeError, ValueError):
        raise NotAVariable(f"the content of {name} is no base64") from None
    named, kind = str(info.get("filename") or name), str(info.get("mimeType") or "application/octet-stream")
    return {"filename": named[:200], "mimeType": kind[:100], "content": content}


def _moment_text(name: str, value: str) -> str:
    text = _SHORT_OFFSET.sub(r"\1:\2", value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise NotAVariable(f"the value of {name} is no Date") from None
    return text
