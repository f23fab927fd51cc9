"""All tables in one place, for migrations and for tests."""

from __future__ import annotations

from sqlmodel import SQLModel

from server.store import definitions, history, identity, runtime

TABLES = (definitions, history, identity, runtime)
metadata = SQLModel.metadata
