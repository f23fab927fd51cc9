"""Opening the house from the command line: settings, database, attachments, the acting person."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from server.cli.telling import fail
from server.services.attachments import FileStore
from server.services.authorization import HOUSE_GROUPS, Person
from server.settings import Settings, SettingsError
from server.store import schema
from server.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds bpmn/, dmn/, forms/."""


def settings() -> Settings:
    """The settings, or a clear end."""
    try:
        found = Settings.load()
    except SettingsError as error:
        raise fail(str(error), 2) from error
    logging.basicConfig(level=found.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("spiff", "dbos", "alembic", "fontTools", "weasyprint"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return found


@contextmanager
def opened(house: Settings, *, migrate: bool = False) -> Iterator[Database]:
    """The database, at its newest shape."""
    database = Database(house.database_url)
    try:
        if migrate:
            schema.migrate(database)
        elif not schema.is_current(database):
            raise fail(
                "The database is not at the shape of this release: start the server with --prepare.", 2
            )
        yield database
    finally:
        database.close()


def files(house: Settings) -> FileStore:
    """Where attachments lie."""
    return FileStore(house.data_dir / "attachments")


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def operator(session: Session, tenant_id: str) -> Person:
    """Whoever sits at the machine: recorded as 系统管理, with every right of the house."""
    del session
    return Person(tenant_id, "operator", "operator", "系统管理", "", "", "", HOUSE_GROUPS)


def jurisdictions(root: Path = ROOT) -> list[str]:
    """The jurisdictions whose folder stands beside the code."""
    return sorted(path.parent.name for path in (root / "bpmn").glob("*/jurisdiction.toml"))
