"""The offices of the tests of the interface for machines: within the test, and as a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts import assets
from server.services import identity
from server.store.database import Database
from tests.api.machine import Live
from tests.e2e.conftest import serve_afresh
from tests.originals import Originals
from tests.patience import PATIENCE
from tests.web.conftest import settled_url
from tests.web.office import PASSWORD, TENANT, Office, open_office, settle

__all__ = ["settled_url"]
NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def office(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office where people work."""
    yield from _office(originals, tmp_path_factory.mktemp("office"), demo=False)


@pytest.fixture(scope="module")
def demo(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that is shown to people: programs on the same machine may try files."""
    yield from _office(originals, tmp_path_factory.mktemp("demo"), demo=True)


@pytest.fixture
def own_demo(settled_url: str, tmp_path: Path) -> Iterator[Office]:
    """A fresh one on either database."""
    office = open_office(settled_url, tmp_path, demo=True)
    yield office
    office.database.close()


@pytest.fixture(scope="session")
def live(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of its own with people and nothing deployed, one for all tests that only talk to it."""
    data = tmp_path_factory.mktemp("live")
    with originals.copied("sqlite", data, people) as url:
        process, address = serve_afresh(data, url)
        yield Live(address)
        process.terminate()
        process.wait(timeout=PATIENCE)


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder of the JavaScript worker, with its packages as the lock file has them."""
    if not (NODE / "node_modules" / "camunda-external-task-client-js").is_dir():
        assets.npm_ci(NODE)
    return NODE


def people(url: str) -> None:
    """A jurisdiction with an admin who may deploy, in a database that has its tables."""
    database = Database(url)
    now = datetime.now(UTC)
    with database.write() as session:
        identity.add_jurisdiction(session, TENANT, "赤峰市红山区", now)
        identity.add_unit(session, TENANT, "data", "区政数局")
        account = ("admin", "管理员", "系统管理", "data", ["admin", "process_owner"])
        identity.add_person(session, TENANT, *account, identity.hash_password(PASSWORD), now)
    database.close()


def _office(originals: Originals, folder: Path, *, demo: bool) -> Iterator[Office]:
    with originals.copied("sqlite", folder, settle) as url:
        office = open_office(url, folder, demo=demo)
        yield office
        office.database.close()
