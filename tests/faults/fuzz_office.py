"""An office with cases in many states for hostile requests, put back as it was between them, and the one
visitor who sends those requests straight to the application."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from fastapi import FastAPI
from lxml import html

from server.app import create_app
from server.bundles import archive
from server.cli import demo, house
from server.services import deployments, identity
from server.services.attachments import FileStore
from server.settings import Settings
from server.store import schema
from server.store.database import Database
from server.store.tables import metadata

TENANT = "hongshan"
KINDS: Mapping[str, str] = {
    "unit clerk": "zhoumin", "clerk of another unit": "hejun", "centre": "wulan", "bureau": "chenwei",
    "head": "sunlei", "expert": "baoyin", "police": "liqiang", "secrecy office": "zhangjing",
    "auditor": "auditor", "process owner": "owner", "admin": "admin", "nobody": "",
}  # fmt: skip
"""Each kind of person and the demo account that stands for it; "" is nobody."""

STRANGERS = ("clerk of another unit", "process owner", "nobody")
"""Those who have nothing to do with the cases of the unit clerk."""

CASES = 12
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """What goes over the wire."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    csrf: bool = False

    @property
    def text(self) -> str:
        """All that was sent, to tell an echo from a leak."""
        return unquote(self.target.decode("latin-1")) + self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Answer:
    """What came back, and the CPU seconds it cost."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass
class Badge:
    """A session of a kind of person."""

    cookie: bytes = b"visitor=someone"
    csrf: str = "someone"


@dataclass
class FuzzOffice:
    """The office under fire."""

    app: FastAPI
    database: Database
    file: Path
    kept: Path
    ids: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    badges: dict[str, Badge] = field(default_factory=dict)
    forms: dict[str, list[tuple[str, Pairs]]] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def restore(self) -> None:
        """Put the database back as it was."""
        with sqlite3.connect(self.kept) as kept, sqlite3.connect(self.file, timeout=30) as live:
            kept.backup(live)
        kept.close()
        live.close()

    def state(self) -> str:
        """A checksum of every row of every table."""
        digest = hashlib.sha256()
        with self.database.read() as session:
            for table in metadata.sorted_tables:
                rows = sorted(repr(tuple(row)) for row in session.execute(sa.select(table)))
                digest.update(f"{table.name} {rows}".encode())
        return digest.hexdigest()

    def open_session(self, account: str) -> Badge:
        """Sign somebody in without asking for a password."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), datetime.now(UTC)
        row = {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(), "tenant_id": TENANT, "user_id": account,
            "csrf": csrf, "created_at": now, "expires_at": now.replace(year=now.year + 1),
        }  # fmt: skip
        with self.database.write() as session:
            session.execute(metadata.tables["sign_in_session"].insert().values(row))
        return Badge(f"guicheng={token}".encode(), csrf)

    def send(self, request: Request, badge: Badge) -> Answer:
        """Send a request as somebody; what the application lets escape, escapes here."""
        return self.loop.run_until_complete(_send(self.app, request, badge))

    def get(self, kind: str, path: str) -> Answer:
        """Open a page."""
        return self.send(Request("GET", path.encode()), self.badges[kind])


async def _send(app: FastAPI, request: Request, badge: Badge) -> Answer:
    path, _mark, query = request.target.partition(b"?")
    usual = {b"host": b"127.0.0.1:8000", b"cookie": badge.cookie} | dict(request.headers)
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
        "scheme": "http", "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query,
        "root_path": "", "headers": list(usual.items()), "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    size = 65_536
    chunks = [request.body[at : at + size] for at in range(0, len(request.body), size)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    began = time.process_time()
    await app(scope, receive, send)  # type: ignore[arg-type]
    seconds = time.process_time() - began
    given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], given, b"".join(m.get("body", b"") for m in sent[1:]), seconds)


# --------------------------------------------------------------------------- how it is prepared
def open_office(folder: Path) -> FuzzOffice:
    """Hongshan deployed, its demo people entered, cases played to different steps, everyone signed in."""
    file, files = folder / "office.db", FileStore(folder / "attachments")
    database = Database(f"sqlite:///{file}")
    schema.migrate(database)
    bundle, now = archive.read_folder(house.ROOT, TENANT), house.now()
    with database.write() as session:
        operator = house.operator(session, TENANT)
        deployments.deploy(session, operator, TENANT, bundle.files, now, name="Hongshan", source="test")
    plan = demo.Office(database, files, bundle, now)
    with database.write() as session:
        plan.enter(session, identity.hash_password("demo"))
    for number, play in enumerate(plan.plays(CASES)):
        plan.play(replace(play, project=f"机要样本第{number:03}号"))
    settings = Settings(
        folder, database.url, "s" * 40, secure_cookies=False, demo=True, max_upload_bytes=100_000
    )
    office = FuzzOffice(create_app(settings, database, jobs=False), database, file, folder / "kept.db")
    office.ids["key"] = sorted(bundle.manifest.processes)
    for kind, account in KINDS.items():
        office.badges[kind] = office.open_session(account) if account else Badge()
    _note_ids(office)
    _note_secrets(office)
    _note_forms(office)
    with sqlite3.connect(file) as live, sqlite3.connect(office.kept) as kept:
        live.backup(kept)
    return office


def _note_ids(office: FuzzOffice) -> None:
    """Real ids of every kind of thing."""
    tables = {
        "instance": "process_instance",
        "task": "task",
        "attachment": "attachment",
        "project": "project",
    }
    with office.database.read() as session:
        find = partial(sa.select, sa.column("id"))
        for name, table in tables.items():
            found = session.execute(find().select_from(metadata.tables[table])).scalars()
            office.ids[name] = list(found)


def _note_secrets(office: FuzzOffice) -> None:
    """What tells of a case with which the clerk of another unit has nothing to do: word -> case."""
    part, attachment = metadata.tables["participant"].c, metadata.tables["attachment"].c
    instance, task = metadata.tables["process_instance"].c, metadata.tables["task"].c
    with office.database.read() as session:
        stranger = identity.person_by_account(session, TENANT, KINDS["clerk of another unit"])
        known = sa.select(part.instance_id).where(part.principal.in_(stranger.principals))
        project = metadata.tables["project"].c
        words = sa.select(instance.id, instance.business_key, instance.title, project.id, project.code)
        foreign = words.where(instance.id.not_in(known), project.id == instance.project_id)
        for case, *rest in session.execute(foreign):
            office.secrets |= dict.fromkeys([case, *rest], case)
        cases = set(office.secrets.values())
        for query in (sa.select(task.id, task.instance_id), sa.select(attachment.id, attachment.instance_id)):
            office.secrets |= {id_: case for id_, case in session.execute(query) if case in cases}
    told = office.get("nobody", "/ui").body.decode() + "".join(
        data.decode() for data in archive.read_folder(house.ROOT, TENANT).scenarios.values()
    )
    office.secrets = {word: case for word, case in office.secrets.items() if word not in told}
    assert len(office.secrets) > 20


def _note_forms(office: FuzzOffice) -> None:
    """The forms that pages really hold, filled as they stand: they are what hostile ones are bent from."""
    plain = ["/tasks", "/start", "/admin/calendar", "/admin/jobs"]
    plain += [f"/start/{key}" for key in office.ids["key"]]
    for kind in KINDS:
        waiting = re.findall(r'href="(/tasks/[0-9a-z]{20,})"', office.get(kind, "/tasks").body.decode())
        looked_at = [*plain, *waiting[:8]]
        office.forms[kind] = [form for path in looked_at for form in _forms_of(office.get(kind, path))]


def _forms_of(answer: Answer) -> list[tuple[str, Pairs]]:
    if answer.status != 200:
        return []
    forms = html.fromstring(answer.body.decode()).forms
    return [
        (str(form.action), [(str(k), str(v)) for k, v in form.form_values()])
        for form in forms
        if (form.method or "").upper() == "POST"
    ]
