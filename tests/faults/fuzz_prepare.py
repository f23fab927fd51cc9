"""How the office under hostile requests is prepared: once for all who fire, who then open copies of it."""

from __future__ import annotations

import fcntl
import pickle
import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

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
)
from server.services.attachments import FileStore
from server.settings import Settings
from server.store import schema
from server.store.database import Database
from server.store.tables import metadata
from tests.faults import fuzz_crawl
from tests.faults.fuzz_office import ELSEWHERE, KINDS, TENANT, Badge, FuzzOffice

FIRST = "0" * 26
"""The id of what the office enters by hand."""
HANDS = (
    "reassign", "delegate", "resolve", "recall", "signers", "signers/off", "joint", "joint/off",
)  # fmt: skip
"""What is done with who holds a task."""

CASES, ELSEWHERE_CASES, REHEARSALS, STORIES = 26, 8, 2, 2
KEPT, FILES, NOTES = "kept.db", "attachments", "notes.pickle"
NOTED = ("ids", "secrets", "badges", "forms", "addresses")
"""What is known of a prepared office besides its database and its attachments."""


def open_office(shared: Path, own: Path) -> FuzzOffice:
    """A copy in the folder `own` of the office in the folder `shared`. Whoever comes first prepares that one;
    others wait meanwhile."""
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / NOTES).exists():
            _prepare(shared)
    shutil.copyfile(shared / KEPT, own / "office.db")
    shutil.copytree(shared / FILES, own / FILES, dirs_exist_ok=True)
    office = _serve(own, shared / KEPT)
    for name, noted in pickle.loads((shared / NOTES).read_bytes()).items():
        setattr(office, name, noted)
    return office


def _serve(folder: Path, kept: Path) -> FuzzOffice:
    """The application over the office of a folder. Nothing here must survive a power cut."""
    file = folder / "office.db"
    database = Database(f"sqlite:///{file}")
    event.listen(
        database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
    )
    settings = Settings(
        folder, database.url, "s" * 40, secure_cookies=False, demo=True, max_upload_bytes=100_000
    )
    return FuzzOffice(create_app(settings, database, jobs=False), database, file, kept)


# --------------------------------------------------------------------------- how it is prepared
def _prepare(folder: Path) -> None:
    """Hongshan and another jurisdiction deployed, their demo people entered, cases played to different steps,
    everyone signed in. Notes what there is when all is done."""
    for left in (*folder.glob("*.db*"), folder / FILES):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    schema.migrate(Database(f"sqlite:///{folder / 'office.db'}"))
    office, files = _serve(folder, folder / KEPT), FileStore(folder / FILES)
    files.root.mkdir(exist_ok=True)
    plays = _settle(office.database, files, TENANT, CASES)
    for number, (plan, play) in enumerate(plays):
        plan.play(replace(play, project=f"机要样本第{number:03}号"))
    for number, (plan, play) in enumerate(plays[:REHEARSALS]):
        plan.play(replace(play, project=f"机要演练第{number:03}号", rehearsed=True))
    for plan, play in _settle(office.database, files, ELSEWHERE, ELSEWHERE_CASES):
        plan.play(play)
    _break_something(office.database)
    for kind, account in KINDS.items():
        office.badges[kind] = office.open_session(account) if account else Badge()
    _note_ids(office)
    _note_secrets(office)
    _open_draft(office)
    _stand_in(office)
    _write_to_others(office)
    office.addresses, office.forms = fuzz_crawl.walk_all(tuple(KINDS), office.page)
    _note_unlinked(office)
    with sqlite3.connect(office.file) as live, sqlite3.connect(folder / KEPT) as kept:
        live.backup(kept)
    live.close()
    kept.close()
    office.close()
    (folder / NOTES).write_bytes(pickle.dumps({name: getattr(office, name) for name in NOTED}))


def _settle(
    database: Database, files: FileStore, tenant: str, cases: int
) -> list[tuple[demo.Office, demo.Play]]:
    """Deploy a jurisdiction and enter its people; gives what is to be played."""
    bundle, now = archive.read_folder(house.ROOT, tenant), house.now()
    with database.write() as session:
        operator = house.operator(session, tenant)
        deployments.deploy(session, operator, tenant, _few_stories(bundle), now, name=tenant, source="test")
    plan = demo.Office(database, files, bundle, now)
    plan.settle()
    return [(plan, play) for play in plan.plays(cases)]


def _few_stories(bundle: archive.Bundle) -> dict[str, bytes]:
    """The files of a bundle with few scenarios of each process: pages that tell or play them all are as
    hostile to few, and quicker."""
    by_process: dict[str, list[str]] = {}
    for path in sorted(bundle.scenarios):
        by_process.setdefault(path.rpartition("/")[0], []).append(path)
    kept = {path for paths in by_process.values() for path in paths[:STORIES]}
    return {path: data for path, data in bundle.files.items() if path in kept or path not in bundle.scenarios}


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
        **{
            f"/instances/{{id}}/reopen{step}": [f"/instances/{id_}/reopen{step}" for id_ in cases]
            for step in ("", "/fields", "/draft", "/submit")
        },
        **{f"/tasks/{{id}}/{verb}": [f"/tasks/{id_}/{verb}" for id_ in tasks] for verb in ("fields", "play")},
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
        "/design/{draft_id}/saves/{path:path}": [
            f"/design/{id_}/saves/{path}?at=1" for id_ in drafts for path in office.ids["file"][:5]
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
        "/instances/{id}/reopen/check": [f"/instances/{id_}/reopen/check" for id_ in cases],
        "/rehearse/{key}/check": [f"/rehearse/{key}/check" for key in keys],
        "/instances/{id}/diagram.json": [
            f"/instances/{id_}/diagram.json?process={key}" for id_ in cases for key in keys[:8]
        ],
        "/deployments/{a}/would-change": [f"/deployments/{id_}/would-change" for id_ in deployments],
        "/deployments/releases/{id}": [f"/deployments/releases/{id_}" for id_ in deployments],
        "/design/{draft_id}/findings": [f"/design/{id_}/findings" for id_ in drafts],
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
        "/instances/{id}/reopen": ("/submit", "/fields", "/draft"),
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
