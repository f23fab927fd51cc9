"""Inserts that meet a row which is there already, written once for each kind of database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


class Entering:
    """An insert that leaves a row that is there as it is, or, with `renewed` columns, writes these anew."""

    def __init__(self, table: sa.Table, renewed: Sequence[str] = ()) -> None:
        keys = [column.name for column in table.primary_key]
        self._statements: dict[str, sa.Insert] = {}
        for name, dialect in _DIALECTS.items():
            insert = dialect.insert(table)
            self._statements[name] = (
                insert.on_conflict_do_update(
                    index_elements=keys, set_={column: insert.excluded[column] for column in renewed}
                )
                if renewed
                else insert.on_conflict_do_nothing()
            )

    def enter(self, session: Session, *rows: Mapping[str, Any]) -> None:
        """Enter the rows."""
        session.execute(self._statements[session.get_bind().dialect.name], list(rows))


def insert_into(session: Session, table: sa.Table) -> Any:
    """An insert in the words of the session's database: it knows `on_conflict_do_update` and `…_nothing`."""
    return _DIALECTS[session.get_bind().dialect.name].insert(table)
