"""The office under hostile requests on PostgreSQL, which takes less than SQLite does: no character zero, no
number beyond its column, no pattern that ends in a backslash."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server.app import create_app
from server.settings import Settings
from server.store import schema
from server.store.database import Database
from server.store.tables import metadata
from tests.faults.fuzz_office import KINDS, FuzzOffice
from tests.faults.fuzz_prepare import NOTED, open_office

_GO_ON = "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table}"
"""Numbers that the database gives go on behind those that were brought along."""


class Unwatched(FuzzOffice):
    """Not put back between pages, and nobody looks who writes: SQLite's office is there for that. Whoever was
    signed out meanwhile signs in again."""

    def __post_init__(self) -> None:
        """Nobody watches."""
        self.restored = 0

    def version(self) -> int:
        """Nothing is seen to change."""
        return 0

    def restore(self) -> None:
        """Only the sessions."""
        for kind, account in KINDS.items():
            if account and self.get(kind, "/account/sessions").status != 200:
                self.badges[kind] = self.open_session(account)

    def close(self) -> None:
        """Nobody comes any more."""
        self.thread.shutdown()
        self.loop.close()
        self.database.close()


def open_there(shared: Path, own: Path, url: str) -> FuzzOffice:
    """The office of the folder `shared` with its rows in the empty database at `url`."""
    here = open_office(shared, own)
    database = Database(url)
    schema.migrate(database)
    with here.database.engine.connect() as rows, database.engine.begin() as there:
        there.execute(sa.text("SET LOCAL session_replication_role = replica"))  # in whatever order they refer
        for table in metadata.sorted_tables:
            if found := [dict(row) for row in rows.execute(table.select()).mappings()]:
                there.execute(table.delete())
                there.execute(table.insert(), found)
                if (counted := table.autoincrement_column) is not None:
                    there.execute(sa.text(_GO_ON.format(table=table.name, column=counted.name)))
    settings = Settings(own, url, "s" * 40, secure_cookies=False, demo=True, max_upload_bytes=100_000)
    office = Unwatched(create_app(settings, database, jobs=False), database, here.file, here.kept)
    for name in NOTED:
        setattr(office, name, getattr(here, name))
    here.close()
    return office
