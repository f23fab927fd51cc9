"""An office with cases in many states for hostile requests, put back as it was between them, and the one
visitor who sends those requests straight to the application."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from fastapi import FastAPI

from server.app import create_app
from server.bundles import archive
from server.cli import demo, house
from server.services import (
    absences,
    authoring,
    definitions,
    deployed,
    deployments,
    identity,
    phrases,
    substitutions,
    tokens,
)
from server.services.attachments import FileStore
from server.services.authorization import may_deploy
from server.settings import Settings
from server.store import schema
from server.store.database import Database
from server.store.tables import metadata
from tests.faults import fuzz_crawl
from tests.faults.fuzz_crawl import Pairs

TENANT, ELSEWHERE = "hongshan", "wuhai"
KINDS: Mapping[str, str] = {
    "unit clerk": "zhoumin", "clerk of another unit": "hejun", "centre": "wulan", "bureau": "chenwei",
    "head": "sunlei", "expert": "baoyin", "police": "liqiang", "secrecy office": "zhangjing",
    "auditor": "auditor", "process owner": "owner", "admin": "admin",
    "official elsewhere": "wuhai/whzhaolei", "admin elsewhere": "wuhai/fangzheng", "nobody": "",
}  # fmt: skip
"""Each kind of person and the demo account that stands for it, with its jurisdiction where that is another;
"" is nobody."""

STRANGERS = ("clerk of another unit", "process owner", "official elsewhere", "admin elsewhere", "nobody")
"""Those who have nothing to do with the cases of the unit clerk."""

FIRST = "0" * 26
"""The id of what the office enters by hand."""
HANDS = (
    "reassign", "delegate", "resolve", "recall", "signers", "signers/off", "joint", "joint/off",
)  # fmt: skip
"""What is done with who holds a task."""

CASES, ELSEWHERE_CASES, REHEARSALS = 26, 8, 2


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

    def restore(self) -> None:
        """Put the database back as it was."""
        with sqlite3.connect(self.kept) as kept, sqlite3.connect(self.file, timeout=30) as live:
            kept.backup(live)
        kept.close()
        live.close()

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
        return self.thread.submit(self.loop.run_until_complete, _send(self.app, request, badge)).result()

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


# --------------------------------------------------------------------------- how it is prepared
def open_office(folder: Path) -> FuzzOffice:
    """Hongshan and another jurisdiction deployed, their demo people entered, cases played to different steps,
    everyone signed in."""
    file, files = folder / "office.db", FileStore(folder / "attachments")
    database = Database(f"sqlite:///{file}")
    schema.migrate(database)
    plays = _settle(database, files, TENANT, CASES)
    for number, (plan, play) in enumerate(plays):
        plan.play(replace(play, project=f"机要样本第{number:03}号"))
    for number, (plan, play) in enumerate(plays[:REHEARSALS]):
        plan.play(replace(play, project=f"机要演练第{number:03}号", rehearsed=True))
    for plan, play in _settle(database, files, ELSEWHERE, ELSEWHERE_CASES):
        plan.play(play)
    _break_something(database)
    settings = Settings(
        folder, database.url, "s" * 40, secure_cookies=False, demo=True, max_upload_bytes=100_000
    )
    office = FuzzOffice(create_app(settings, database, jobs=False), database, file, folder / "kept.db")
    for kind, account in KINDS.items():
        office.badges[kind] = office.open_session(account) if account else Badge()
    _note_ids(office)
    _note_secrets(office)
    _open_draft(office)
    _stand_in(office)
    _write_to_others(office)
    office.addresses, office.forms = fuzz_crawl.walk_all(tuple(KINDS), office.page)
    _note_unlinked(office)
    with sqlite3.connect(file) as live, sqlite3.connect(office.kept) as kept:
        live.backup(kept)
    return office


def _settle(
    database: Database, files: FileStore, tenant: str, cases: int
) -> list[tuple[demo.Office, demo.Play]]:
    """Deploy a jurisdiction and enter its people; gives what is to be played."""
    bundle, now = archive.read_folder(house.ROOT, tenant), house.now()
    with database.write() as session:
        operator = house.operator(session, tenant)
        deployments.deploy(session, operator, tenant, bundle.files, now, name=tenant, source="test")
    plan = demo.Office(database, files, bundle, now)
    plan.settle()
    return [(plan, play) for play in plan.plays(cases)]


def _break_something(database: Database) -> None:
    """A step that stands still and a timer that failed for good, for the page of administrators."""
    timer, incident = metadata.tables["timer"], metadata.tables["incident"]
    with database.write() as session:
        row = session.execute(sa.select(timer).where(timer.c.tenant_id == TENANT)).mappings().first()
        assert row is not None
        ids = {name: row[name] for name in ("tenant_id", "instance_id", "token")}
        mine = [timer.c[name] == value for name, value in ids.items()]
        session.execute(timer.update().where(*mine).values(failure="x", attempts=9))
        finding = {"level": "error", "code": "x", "message": "m", "remedy": "r", "params": {}}
        values = {"id": "0" * 26, "element": row["element"], "finding": finding, "created_at": house.now()}
        session.execute(incident.insert().values(**ids, **values))
        recusal = {"id": "0" * 26, "user_id": "sunlei", "subject_kind": "case", "reason": "r"}
        recusal |= {"tenant_id": TENANT, "subject_id": row["instance_id"]}
        session.execute(
            metadata.tables["recusal"]
            .insert()
            .values({**recusal, "declared_by": "admin", "lifted_by": "", "declared_at": house.now()})
        )


def _open_draft(office: FuzzOffice) -> None:
    """A draft of the jurisdiction, with a file that was changed, and a second deployment to compare with."""
    now = house.now()
    with office.database.write() as session:
        owner = identity.person_by_account(session, TENANT, KINDS["process owner"])
        draft = authoring.open_deployment(session, owner, "", "草稿", now)
        bundle = authoring.bundle(session, owner, draft)
        files = {**bundle.files, "jurisdiction.toml": bundle.files["jurisdiction.toml"] + b"\n# x\n"}
        operator = house.operator(session, TENANT)
        deployments.deploy(session, operator, TENANT, files, now, name="Hongshan, changed", source="test")
    office.ids["draft"] = [draft]
    office.ids["file"] = sorted(bundle.files)[::9]


def _stand_in(office: FuzzOffice) -> None:
    """The police act for the centre these days."""
    now = house.now()
    today = absences.day(now)
    with office.database.write() as session:
        away = identity.person_by_account(session, TENANT, KINDS["centre"])
        wanted = substitutions.Wanted(away.id, KINDS["police"], today, today + timedelta(days=3), "休假")
        office.ids["substitution"] = [substitutions.enter(session, away, wanted, now)]


def _write_to_others(office: FuzzOffice) -> None:
    """An opinion asked for, a copy to be read and a letter that failed for good, of the first case."""
    now, tables = house.now(), metadata.tables
    with office.database.write() as session:
        tasks = sa.select(tables["task"]).where(tables["task"].c.tenant_id == TENANT)
        row = session.execute(tasks).mappings().first()
        assert row is not None
        about = {"tenant_id": TENANT, "id": FIRST, "instance_id": row["instance_id"]}
        people = {"asked_by": KINDS["centre"], "asked_by_name": "a", "asked_of": KINDS["police"]}
        asked = {"task_id": row["id"], "task_name": "t", "text": "?", "asked_of_name": "b", "asked_at": now}
        session.execute(tables["opinion_request"].insert().values(**about, **people, **asked, answer=""))
        sent = {"sent_by": KINDS["centre"], "sent_by_name": "a", "sent_at": now, "user_id": KINDS["police"]}
        more = {"sheet_id": FIRST, "circulation": True, "note": "n", "user_name": "b"}
        session.execute(tables["circular_copy"].insert().values(**about, **sent, **more, via="", remark=""))
        failed = {"kind": "letter", "recipient": f"mail {KINDS['police']}", "payload": {"kind": "test"}}
        state = {"status": "dead", "attempts": 5, "failure": "x", "due_at": now}
        session.execute(tables["outgoing"].insert().values(**about, **failed, **state))
        notices = session.execute(sa.select(tables["notice"].c.id).limit(5)).scalars()
        office.ids["notice"] = [*notices, FIRST]


def _note_ids(office: FuzzOffice) -> None:
    """Real ids of every kind of thing, of both jurisdictions."""
    tables = {
        "instance": ("process_instance", "id"), "task": ("task", "id"), "attachment": ("attachment", "id"),
        "recusal": ("recusal", "id"),
        "project": ("project", "id"), "element": ("task", "element"),
        "deployment": ("deployment", "id"), "token": ("subscription", "token"),
        "key": ("process_definition", "key"), "tenant": ("jurisdiction", "tenant_id"),
    }  # fmt: skip
    with office.database.write() as session:
        clerk = identity.person_by_account(session, TENANT, KINDS["unit clerk"])
        office.ids["phrase"] = [phrases.add(session, clerk, "同意。", house.now())]
    with office.database.read() as session:
        for name, (table, column) in tables.items():
            of = metadata.tables[table]
            found = session.execute(sa.select(of.c[column]).distinct().order_by(of.c[column])).scalars()
            office.ids[name] = list(found)
        used = deployed.active(session, TENANT)
        number = definitions.deployment(session, TENANT, used.deployment_id).number
    office.ids["decision"] = sorted(used.model.decisions)
    office.ids["definition"] = [f"{key}:{number}:{used.deployment_id}" for key in office.ids["decision"]]
    read = (used.model.decisions[key].reads(key) for key in office.ids["decision"])
    office.ids["input"] = sorted({name for names in read for name in names})


def _note_unlinked(office: FuzzOffice) -> None:
    """Addresses to which no link leads: scripts ask them, or a post goes on to them; and what is sent."""
    cases, tasks, keys = (office.ids[name] for name in ("instance", "task", "key"))
    deployments, drafts = office.ids["deployment"], office.ids["draft"]
    waiting = metadata.tables["subscription"].c
    with office.database.read() as session:
        messages = [tuple(row) for row in session.execute(sa.select(waiting.instance_id, waiting.token))]
    posts: dict[str, list[str]] = {
        **{f"/tasks/{{id}}/{verb}": [f"/tasks/{id_}/{verb}" for id_ in tasks] for verb in HANDS},
        "/substitutions/{id}/end": [f"/substitutions/{id_}/end" for id_ in office.ids["substitution"]],
        "/tasks/{id}/complete": [f"/tasks/{id_}/complete" for id_ in tasks],
        "/instances/{id}/recusals/{recusal}/lift": [
            f"/instances/{case}/recusals/{id_}/lift" for case in cases[:3] for id_ in office.ids["recusal"]
        ],
        **{
            f"/people/{{account}}/{verb}": [f"/people/{account}/{verb}" for account in ("sunlei", "admin")]
            for verb in ("password", "sessions", "outside", "second-factor/remove")
        },
        "/tasks/{id}/return": [f"/tasks/{id_}/return" for id_ in tasks],
        **{f"/tasks/{{id}}/{verb}": [f"/tasks/{id_}/{verb}" for id_ in tasks] for verb in ("ask", "remind")},
        **{
            f"/instances/{{id}}/{verb}": [f"/instances/{id_}/{verb}" for id_ in cases[:4]]
            for verb in ("copies", "follow", "unfollow")
        },
        **{f"/questions/{{id}}/{verb}": [f"/questions/{FIRST}/{verb}"] for verb in ("answer", "recall")},
        "/copies/{id}/read": [f"/copies/{FIRST}/read"],
        "/admin/outbox/{id}/resend": [f"/admin/outbox/{FIRST}/resend"],
        "/notices/{id}/read": [f"/notices/{id_}/read" for id_ in office.ids["notice"]],
        "/start/{key}/submit": [f"/start/{key}/submit" for key in keys],
        "/rehearse/{key}/submit": [f"/rehearse/{key}/submit" for key in keys],
        "/deployments/{id}/activate": [f"/deployments/{id_}/activate" for id_ in office.ids["deployment"]],
        "/instances/{id}/messages/{token}": [
            f"/instances/{case}/messages/{token}" for case, token in messages
        ],
        "/search/saved/{id}/delete": [f"/search/saved/{id_}/delete" for id_ in drafts],
        "/instances/{id}/work/{token}": [f"/instances/{case}/work/{token}" for case, token in messages],
        "/attachments/{id}/replace": [f"/attachments/{id_}/replace" for id_ in office.ids["attachment"]],
        **{
            f"/instances/{{id}}/{verb}": [f"/instances/{id_}/{verb}" for id_ in cases[:4]]
            for verb in ("stop", "restart", "extension", "extension/decide", "suspend", "resume")
        },
        "/instances/{id}/instructions/{instruction}": [
            f"/instances/{id_}/instructions/{id_}" for id_ in cases[:3]
        ],
        "/instances/{id}/archive": [f"/instances/{id_}/archive" for id_ in cases],
        "/instances/{id}/documents/{document}/issue": [
            f"/instances/{id_}/documents/library_opinion/issue" for id_ in cases
        ],
        "/instances/{id}/materials/waive": [f"/instances/{id_}/materials/waive" for id_ in cases],
        "/instances/{id}/materials/ask-again": [f"/instances/{id_}/materials/ask-again" for id_ in cases],
        "/phrases/{id}": [f"/phrases/{id_}" for id_ in office.ids["phrase"]],
        "/design/{draft_id}/locks/{path:path}": [
            f"/design/{id_}/locks/{path}" for id_ in drafts for path in office.ids["file"][:5]
        ],
        **{
            f"/deployments/releases/{{id}}/{word}": [
                f"/deployments/releases/{id_}/{word}" for id_ in deployments
            ]
            for word in ("approve", "reject", "withdraw")
        },
    }
    office.addresses |= posts | {
        "/start/done/{id}": [f"/start/done/{id_}" for id_ in cases],
        "/tasks/{id}/done": [f"/tasks/{id_}/done" for id_ in tasks],
        "/tasks/{id}/check": [f"/tasks/{id_}/check" for id_ in tasks],
        "/attachments/{id}/preview": [f"/attachments/{id_}/preview" for id_ in office.ids["attachment"]],
        "/attachments/{id}/view": [f"/attachments/{id_}/view" for id_ in office.ids["attachment"]],
        "/start/{key}/check": [f"/start/{key}/check" for key in keys],
        "/rehearse/{key}/check": [f"/rehearse/{key}/check" for key in keys],
        "/instances/{id}/diagram.json": [
            f"/instances/{id_}/diagram.json?process={key}" for id_ in cases for key in keys[:8]
        ],
        "/deployments/{a}/would-change": [f"/deployments/{id_}/would-change" for id_ in deployments],
        "/deployments/releases/{id}": [f"/deployments/releases/{id_}" for id_ in deployments],
        "/design/{draft_id}/vocabulary": [f"/design/{id_}/vocabulary" for id_ in drafts],
        "/design/{draft_id}/element-templates": [f"/design/{id_}/element-templates" for id_ in drafts],
        "/open/process-instance/{id}": [f"/open/process-instance/{id_}" for id_ in cases],
        "/sandbox/cases/{id}": [f"/sandbox/cases/{id_}" for id_ in cases],
        "/definitions/{key}/cases.json": [f"/definitions/{key}/cases.json?version=1" for key in keys],
        "/definitions/{key}/diagram.json": [f"/definitions/{key}/diagram.json" for key in keys],
        "/definitions/{key}/migrate": [f"/definitions/{key}/migrate?from=1&to=2" for key in keys],
        **{
            f"/camunda/app/{place}/{{rest:path}}": [f"/camunda/app/{place}/default/"]
            for place in ("admin", "cockpit", "tasklist")
        },
    }  # fmt: skip
    sent = [("element", office.ids["element"][0]), ("reason", "补正"), ("note", "x"), ("seen", "9")]
    for kind, forms in office.forms.items():
        further = [(f"{action}{step}", pairs) for action, pairs in forms for step in _steps_after(action)]
        own = (found for pattern, found in posts.items() if not pattern.endswith(("complete", "submit")))
        office.forms[kind] = [*forms, *further, *((action, sent) for found in own for action in found[:30])]


def _steps_after(action: str) -> tuple[str, ...]:
    """Where a filled form goes after its first address."""
    place = fuzz_crawl.pattern_of("POST", action)
    return {
        "/tasks/{id}": ("/complete", "/fields", "/draft"),
        "/start/{key}": ("/submit", "/fields", "/draft"),
        "/rehearse/{key}": ("/submit", "/fields", "/draft"),
    }.get(place, ())


def _note_secrets(office: FuzzOffice) -> None:
    """What tells of a case with which the clerk of another unit has nothing to do: word -> case."""
    part, attachment = metadata.tables["participant"].c, metadata.tables["attachment"].c
    instance, task = metadata.tables["process_instance"].c, metadata.tables["task"].c
    with office.database.read() as session:
        stranger = identity.person_by_account(session, TENANT, KINDS["clerk of another unit"])
        known = sa.select(part.instance_id).where(part.principal.in_(stranger.principals))
        project = metadata.tables["project"].c
        words = sa.select(instance.id, instance.business_key, instance.title, project.id, project.code)
        foreign = words.where(instance.tenant_id == TENANT, instance.id.not_in(known))
        foreign = foreign.where(project.id == instance.project_id)
        for case, *rest in session.execute(foreign):
            office.secrets |= dict.fromkeys([case, *rest], case)
        cases = set(office.secrets.values())
        for query in (sa.select(task.id, task.instance_id), sa.select(attachment.id, attachment.instance_id)):
            office.secrets |= {id_: case for id_, case in session.execute(query) if case in cases}
        own = session.execute(sa.select(project.code, project.name).where(project.tenant_id == ELSEWHERE))
        numbers = sa.select(instance.business_key, instance.title).where(instance.tenant_id == ELSEWHERE)
        told = " ".join(word for row in (*own, *session.execute(numbers)) for word in row)
    told += office.get("nobody", "/ui").body.decode() + "".join(
        data.decode() for data in archive.read_folder(house.ROOT, TENANT).scenarios.values()
    )
    office.secrets = {word: case for word, case in office.secrets.items() if word not in told}
    assert len(office.secrets) > 20
