"""The office of the web tests: one for each module on SQLite, and a fresh one on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.database import Database
from server.store.schema import migrate
from tests.web.office import Office, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office shared by the tests of a module, each of which makes its own cases."""
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'office.db'}"
    database = Database(url)
    migrate(database)
    database.close()
    office = open_office(url, folder)
    yield office
    office.database.close()


@pytest.fixture
def own_office(migrated_database_url: str, tmp_path: Path) -> Iterator[Office]:
    """A fresh office on either database."""
    office = open_office(migrated_database_url, tmp_path)
    yield office
    office.database.close()
