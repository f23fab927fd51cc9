"""Column types that mean the same on SQLite and PostgreSQL, and ids made by the application."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands in a sorted key for "no due date": such tasks come last."""

ID_LENGTH = 26
_WORD = re.compile("[a-z_]{1,40}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def new_id(now: datetime) -> str:
    """A 26-character id: 48 bits of milliseconds, then 80 random bits, in an alphabet that sorts by
    time."""
    number = int(now.timestamp() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def dumps(value: object) -> bytes:
    """Canonical JSON: sorted keys, no blanks, exact numbers. Hashes are taken over these bytes."""
    return _encoder.encode(value)


def loads(data: bytes | str) -> Any:
    """JSON to plain values; every number with a point or an exponent becomes an exact Decimal."""
    return _decoder.decode(data)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive value is refused: nobody would know whose clock it was."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone cannot be stored: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Plain values as canonical JSON text: a database's own JSON type re-orders keys and rounds
    numbers."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From text."""
        return None if value is None else loads(value)


class Word(sa.String):
    """A word of ours, such as a status. Compared with such a column it is written into the statement, not
    handed over with the values: only then do databases find the indexes that hold the rows of one word, and
    SQLite would plan such a statement anew each time it runs, which costs five times the running."""

    class Comparator(sa.String.Comparator[str]):
        """Comparisons with words as they are, or lists of them."""

        def operate(self, op: Any, *other: Any, **more: Any) -> Any:
            """As every column compares, with words written out."""
            return super().operate(op, *(_written(one) for one in other), **more)

    comparator_factory = Comparator


def _written(other: Any) -> Any:
    if isinstance(other, str):
        return sa.literal_column(f"'{other}'", sa.String) if _WORD.fullmatch(other) else other
    return [_written(one) for one in other] if isinstance(other, list | tuple | frozenset | set) else other


class Table(SQLModel):
    """A table, named after its class: HistoryEvent is history_event."""

    @declared_attr.directive
    def __tablename__(cls) -> str:
        """The class name in snake case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
