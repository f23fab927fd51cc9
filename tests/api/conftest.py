"""The office of the tests of the interface for machines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.database import Database
from server.store.schema import migrate
from tests.web.office import Office, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office where people work."""
    yield from _office(tmp_path_factory.mktemp("office"), demo=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that is shown to people: programs on the same machine may try files."""
    yield from _office(tmp_path_factory.mktemp("demo"), demo=True)


@pytest.fixture
def own_demo(migrated_database_url: str, tmp_path: Path) -> Iterator[Office]:
    """A fresh one on either database."""
    office = open_office(migrated_database_url, tmp_path, demo=True)
    yield office
    office.database.close()


def _office(folder: Path, *, demo: bool) -> Iterator[Office]:
    url = f"sqlite:///{folder / 'office.db'}"
    database = Database(url)
    migrate(database)
    database.close()
    office = open_office(url, folder, demo=demo)
    yield office
    office.database.close()
