"""What a list is asked for, after the question mark or as JSON: conditions, order, and which part of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.api.calls import Call
from server.api.camunda_errors import Problem

MOST = 1000
"""Rows that one answer holds at most; more are asked for with firstResult."""
LONGEST = 1000
"""Characters of a text that is asked for, and texts of a list: what databases take in one condition."""
PAGING = ("firstResult", "maxResults", "sortBy", "sortOrder")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


@dataclass(frozen=True, slots=True)
class Asked:
    """The conditions of one request by name."""

    given: Mapping[str, Any]

    @classmethod
    def of(cls, call: Call, known: tuple[str, ...]) -> Asked:
        """Those of a GET or of a POST. Raises Problem for one that is not known: a condition that is left out
        would give more than was asked for."""
        sent = call.sent if isinstance(call.sent, Mapping) else {}
        given = {**{name: value for name, value in sent.items() if value is not None}}
        given |= dict(call.request.query_params)
        if unknown := sorted(given.keys() - {*known, *PAGING, "sorting"}):
            raise Problem(
                400, "InvalidRequestException", f"Unknown query parameter {', '.join(unknown)[:200]}."
            )
        return cls(given)

    def text(self, name: str) -> str | None:
        """A text, None where nothing is asked."""
        value = self.given.get(name)
        return None if value is None else _text(name, value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Several texts: a list of JSON, or one text with commas."""
        value = self.given.get(name)
        if value is None:
            return ()
        several = value if isinstance(value, list) else str(value).split(",")
        if len(several) > LONGEST:
            raise Problem(400, "InvalidRequestException", f"{name} names more than {LONGEST} at once.")
        return tuple(_text(name, item) for item in several)

    def flag(self, name: str) -> bool:
        """Whether something is wanted."""
        value = str(self.given.get(name, "")).lower()
        if value not in (*_TRUE, *_FALSE):
            raise Problem(400, "InvalidRequestException", f"{name} is true or false.")
        return value in _TRUE

    def number(self, name: str) -> int | None:
        """A whole number from 0, None where nothing is asked."""
        value = self.given.get(name)
        if value is None:
            return None
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Problem(400, "InvalidRequestException", f"{name} is a whole number.")
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """A moment such as 2026-03-01T08:00:00.000+0800."""
        value = self.given.get(name)
        if value is None:
            return None
        text = _OFFSET.sub(r"\1:\2", str(value).replace(" ", "+"))
        try:
            found = datetime.fromisoformat(text)
            if found.tzinfo is not None:
                return found
        except ValueError:
            pass
        raise Problem(
            400, "InvalidRequestException", f"{name} is a moment like 2026-03-01T08:00:00.000+0800."
        )

    # -- which part, in which order
    def page(self, session: Session, query: sa.Select[Any], columns: Mapping[str, Any]) -> list[Any]:
        """The rows asked for, in the order asked for. The last column of `columns` settles ties."""
        for column, descending in self._order(columns):
            query = query.order_by(column.desc().nulls_last() if descending else column.asc().nulls_first())
        limit = self.number("maxResults")
        query = query.limit(MOST if limit is None else min(limit, MOST)).offset(
            self.number("firstResult") or 0
        )
        return list(session.execute(query).all())

    def count(self, session: Session, query: sa.Select[Any]) -> dict[str, int]:
        """How many rows there are."""
        counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
        return {"count": int(session.execute(counted).scalar_one())}

    def _order(self, columns: Mapping[str, Any]) -> list[tuple[Any, bool]]:
        wanted = [(self.text("sortBy"), self.text("sortOrder"))] if self.text("sortBy") else []
        if isinstance(self.given.get("sorting"), list):
            wanted += [
                (e.get("sortBy"), e.get("sortOrder")) for e in self.given["sorting"] if isinstance(e, dict)
            ]
        found = []
        for name, order in wanted:
            if name is None or name not in columns:
                known = ", ".join(columns)
                raise Problem(400, "InvalidRequestException", f"Cannot sort by {name!r}; known are {known}.")
            found.append((columns[name], order == "desc"))
        return found


def _text(name: str, value: Any) -> str:
    text = str(value)
    if len(text) > LONGEST:
        raise Problem(400, "InvalidRequestException", f"{name} is longer than {LONGEST} characters.")
    return text
