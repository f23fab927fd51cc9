"""Patience with those who guess: failures counted within a window, and a pause after too many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.errors import TooManyAttempts
from server.store.conflicts import insert_into
from server.store.identity import SignInFailure

_failures = SignInFailure.metadata.tables["sign_in_failure"]
WINDOW = timedelta(minutes=15)


def _counted() -> sa.Select[Any]:
    f = _failures.c
    recent = f.key.in_(sa.bindparam("keys", expanding=True)), f.window_start > sa.bindparam("since")
    return sa.select(f.key, f.window_start, f.count).where(*recent)


_COUNTED = _counted()


def require_patience(session: Session, limits: Mapping[str, int], now: datetime) -> None:
    """Raise TooManyAttempts where a key has as many failures within the window as its limit."""
    values = {"keys": list(limits), "since": now - WINDOW}
    for key, start, failures in session.execute(_COUNTED, values):
        if failures >= limits[key]:
            raise TooManyAttempts(start + WINDOW)


def count_failure(session: Session, keys: Collection[str], now: datetime) -> None:
    """Note one more failure of each key."""
    f = _failures.c
    session.execute(_failures.delete().where(f.window_start <= now - WINDOW))
    for key in keys:
        insert = insert_into(session, _failures).values(key=key, window_start=now, count=1)
        session.execute(insert.on_conflict_do_update(index_elements=["key"], set_={"count": f.count + 1}))


def forget(session: Session, keys: Collection[str]) -> None:
    """Forget the failures of keys: somebody has shown who they are."""
    session.execute(_failures.delete().where(_failures.c.key.in_(keys)))
