"""All tables in one place, for migrations and for tests."""

from __future__ import annotations

from sqlmodel import SQLModel

from server.store import (
    authoring,
    definitions,
    history,
    identity,
    machines,
    papers,
    phrases,
    runtime,
    schedule,
)

TABLES = (authoring, definitions, history, identity, machines, papers, phrases, runtime, schedule)
metadata = SQLModel.metadata
