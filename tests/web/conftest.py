"""The office of the web tests: one for each module on SQLite, and a fresh one on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.originals import Originals
from tests.web.office import Office, open_office, settle


@pytest.fixture(scope="module")
def office(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office shared by the tests of a module, each of which makes its own cases."""
    folder = tmp_path_factory.mktemp("office")
    with originals.copied("sqlite", folder, settle) as url:
        office = open_office(url, folder)
        yield office
        office.database.close()


@pytest.fixture
def own_office(settled_url: str, tmp_path: Path) -> Iterator[Office]:
    """A fresh office on either database."""
    office = open_office(settled_url, tmp_path)
    yield office
    office.database.close()


@pytest.fixture
def settled_url(database_kind: str, originals: Originals, tmp_path: Path) -> Iterator[str]:
    """Address of a new database of either kind with the people entered and Hongshan deployed."""
    with originals.copied(database_kind, tmp_path, settle) as url:
        yield url
