"""The shape of the tables: brought up to date by Alembic, the same steps on both databases."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server.store.database import Database

_FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Bring the tables to the newest revision. Does nothing when they are there."""
    if is_current(database):
        return
    from alembic import command  # a second of a start that has nothing to migrate
    from alembic.config import Config

    with database.engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def is_current(database: Database) -> bool:
    """Whether the tables are at the newest revision."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return found == [newest()]


def newest() -> str:
    """The newest revision: the number with which its file begins."""
    return max(file.name[:4] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
