"""The office under hostile requests, put back as it was between them, and the one visitor who sends them
straight to the application."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from server.services import identity, tokens
from server.services.authorization import may_deploy
from server.store.database import Database
from server.store.tables import metadata
from server.web.routing import Page
from tests.faults.fuzz_crawl import Pairs, pattern_of

TENANT, ELSEWHERE = "hongshan", "wuhai"
KINDS: Mapping[str, str] = {
    "unit clerk": "zhoumin", "clerk of another unit": "hejun", "centre": "wulan", "bureau": "chenwei",
    "head": "sunlei", "expert": "baoyin", "police": "liqiang", "secrecy office": "zhangjing",
    "auditor": "auditor", "process owner": "owner", "admin": "admin",
    "official elsewhere": "wuhai/whzhaolei", "admin elsewhere": "wuhai/fangzheng", "nobody": "",
}  # fmt: skip
"""Each kind of person and the demo account that stands for it, with its jurisdiction where that is another;
"" is nobody."""

COLLEAGUES = ("official elsewhere", "admin elsewhere")
"""Those of another office, who may see what the other has typed there, such as a phrase for all."""
STRANGERS = ("clerk of another unit", "process owner", *COLLEAGUES, "nobody")
"""Those who have nothing to do with the cases of the unit clerk."""


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
        """What was sent: to tell an echo from a leak. A stale page gives back all that was typed."""
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
    token: str = ""


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
    addresses: dict[str, list[str]] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _sorted: dict[tuple[str, str], dict[str, list[tuple[str, Pairs]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Watch who writes."""
        self.witness = sqlite3.connect(self.file, check_same_thread=False)
        self.restored = self.version()

    def version(self) -> int:
        """Rises whenever the application commits a change."""
        return int(self.witness.execute("PRAGMA data_version").fetchone()[0])

    def restore(self) -> None:
        """Put the database back as it was, if anybody has written."""
        if self.version() == self.restored:
            return
        with sqlite3.connect(self.kept) as kept, sqlite3.connect(self.file, timeout=30) as live:
            live.execute("PRAGMA synchronous=OFF")
            kept.backup(live)
        kept.close()
        live.close()
        self.restored = self.version()

    def forms_at(self, kind: str, page: Page) -> list[tuple[str, Pairs]]:
        """The forms that a kind of person finds and that a page takes, or would if it were sent to."""
        key = kind, page.method
        if key not in self._sorted:
            by_page = self._sorted[key] = {}
            for form in self.forms[kind]:
                by_page.setdefault(pattern_of(page.method, form[0]), []).append(form)
        return self._sorted[key].get(page.path, [])

    def close(self) -> None:
        """Nobody comes any more."""
        self.thread.shutdown()
        self.loop.close()
        self.witness.close()
        self.database.close()

    def open_session(self, account: str) -> Badge:
        """Sign somebody in without asking for a password."""
        tenant, _, own = account.rpartition("/")
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), datetime.now(UTC)
        row = {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(), "tenant_id": tenant or TENANT,
            "user_id": own, "csrf": csrf, "created_at": now, "expires_at": now.replace(year=now.year + 1),
        }  # fmt: skip
        with self.database.write() as session:
            session.execute(metadata.tables["sign_in_session"].insert().values(row))
            person = identity.person_by_account(session, tenant or TENANT, own)
            wanted = tokens.Wanted(
                "fuzz", tuple(s for s in tokens.SCOPES if s != "deploy" or may_deploy(person)), 9
            )
            secret = tokens.create(session, person, wanted, now)
            held = tokens.holder(session, secret, now)
            assert held is not None
            tokens.note_use(session, held, "", now + timedelta(days=1))  # no request has to write its use
        return Badge(f"guicheng={token}".encode(), csrf, secret)

    def send(self, request: Request, badge: Badge) -> Answer:
        """Send a request as somebody; what the application lets escape, escapes here."""
        sending = _send(self.app, request, badge)
        if asyncio._get_running_loop() is None:
            return self.loop.run_until_complete(sending)
        # the loop of a browser runs here
        return self.thread.submit(self.loop.run_until_complete, sending).result()

    def get(self, kind: str, path: str) -> Answer:
        """Open a page."""
        return self.send(Request("GET", path.encode()), self.badges[kind])

    def page(self, kind: str, path: str) -> str:
        """The text of a page, "" where there is none to see."""
        answer = self.get(kind, path)
        is_page = answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")
        return answer.body.decode() if is_page else ""


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
            await asyncio.Event().wait()  # the visitor stays: who is told that he left, sends no file
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    began = time.thread_time()
    await app(scope, receive, send)  # type: ignore[arg-type]
    seconds = time.thread_time() - began
    given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    body = b"".join(m.get("body", b"") for m in sent[1:])
    if given.get("content-encoding") == "gzip" and body:
        body = gzip.decompress(body)
    return Answer(sent[0]["status"], given, body, seconds)
