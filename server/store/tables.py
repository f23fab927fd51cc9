"""All tables in one place, for migrations and for tests."""

from __future__ import annotations

from sqlmodel import SQLModel

from server.store import (
    authoring,
    clocks,
    definitions,
    hands,
    history,
    identity,
    letters,
    machines,
    papers,
    past,
    people,
    phrases,
    runtime,
    schedule,
    searching,
)

TABLES = (
    authoring,
    clocks,
    definitions,
    hands,
    history,
    identity,
    letters,
    machines,
    papers,
    past,
    people,
    phrases,
    runtime,
    schedule,
    searching,
)
metadata = SQLModel.metadata
