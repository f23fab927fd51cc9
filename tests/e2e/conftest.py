"""A real server on a port of its own, with Hongshan deployed and its demo people, and no case yet."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.bundles import archive
from server.cli import demo, house
from server.services import deployments
from server.store import schema
from server.store.database import Database
from tests.conftest import SESSION_FOLDER
from tests.nursery import GUICHENG, Child, nursery
from tests.patience import PATIENCE
from tests.services import conftest as services

ROOT = Path(__file__).resolve().parents[2]
TENANT = "hongshan"


@dataclass(frozen=True)
class Server:
    """Where the server answers, and its data."""

    address: str
    data: Path


def prepare(data: Path, url: str) -> None:
    """Deploy Hongshan and enter its demo people."""
    database = Database(url)
    schema.migrate(database)
    bundle = archive.read_folder(house.ROOT, TENANT)
    with database.write() as session:
        operator = house.operator(session, TENANT)
        deployments.deploy(
            session, operator, TENANT, bundle.files, house.now(), name="Hongshan", source="test"
        )
    demo.Office(database, house.FileStore(data / "attachments"), bundle, house.now()).settle()
    database.close()


def serve(data: Path, url: str, port: int = 0) -> tuple[Child, str]:
    """Start `guicheng serve`, on a free port unless one is named; gives the process and its address once it
    answers."""
    port = port or free_port()
    with (data / "server.log").open("ab") as log:
        process = nursery().begin(GUICHENG, *spoken(port), log=log.fileno(), env=settings(data, url))
    return process, answering(process, data, port)


def serve_afresh(data: Path, url: str) -> tuple[subprocess.Popen[bytes], str]:
    """The same as a process that has to load everything itself, as on every machine but ours."""
    port, program = free_port(), Path(sys.executable).with_name("guicheng")
    with (data / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [program, *spoken(port)], cwd=ROOT, env=os.environ | settings(data, url), stdout=log, stderr=log
        )
    return process, answering(process, data, port)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def spoken(port: int) -> list[str]:
    """What is typed after `guicheng`."""
    return ["serve", "--port", str(port)]


def settings(data: Path, url: str) -> dict[str, str]:
    """The surroundings of a server."""
    return {"GUICHENG_DATA_DIR": str(data), "GUICHENG_DATABASE_URL": url, "GUICHENG_DEMO": "true"}


def answering(process: Child | subprocess.Popen[bytes], data: Path, port: int) -> str:
    """The address of a server, once it answers there."""
    address = f"http://127.0.0.1:{port}"
    for _ in range(2400):
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return address
    raise AssertionError((data / "server.log").read_text("utf-8", "replace"))


@contextmanager
def inside(server: Server) -> Iterator[services.Office]:
    """The office of the server from inside: what a test takes as given need not be clicked."""
    office = services.open_office(f"sqlite:///{server.data / 'guicheng.db'}", server.data / "attachments")
    office.now = house.now()
    yield office
    office.database.close()


@pytest.fixture(scope="session")
def prepared(pytestconfig: pytest.Config) -> Path:
    """A folder with Hongshan deployed, made once for all workers; to be copied."""
    folder = pytestconfig.stash[SESSION_FOLDER] / "hongshan"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = Path(tempfile.mkdtemp(dir=folder.parent))
            prepare(making, f"sqlite:///{making / 'guicheng.db'}")
            making.rename(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Server]:
    """One server for all tests of a module."""
    data = tmp_path_factory.mktemp("data")
    url = f"sqlite:///{data / 'guicheng.db'}"
    shutil.copytree(prepared, data, dirs_exist_ok=True)
    process, address = serve(data, url)
    yield Server(address, data)
    process.terminate()
    process.wait(timeout=PATIENCE)
