"""出具: a printed document is given out and kept as it was, with a code by which anybody who holds it can ask
whether it is genuine."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import instance_views
from server.services.attempts import count_failure, require_patience
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import finish, hold
from server.services.deployed import Deployed
from server.services.errors import NotFound, StaleTask
from server.store.columns import dumps
from server.store.identity import Jurisdiction
from server.store.papers import IssuedPaper
from server.store.runtime import Task

_issued = IssuedPaper.metadata.tables["issued_paper"]
_i = _issued.c
_tasks = Task.metadata.tables["task"].c
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"].c
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Characters of codes: none that is taken for another when a code is read aloud or typed from paper."""
LENGTH = 16
WRONG_CODES = 20
"""Wrong codes from one address within fifteen minutes, after which it has to wait."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A document that was given out: `paper` holds its texts as they were, `digest` is the SHA-256 of their
    canonical JSON, `serial` counts how often the document was given out in its case (from 1)."""

    serial: int
    code: str
    title: str
    number: str
    day: str
    digest: str
    paper: Mapping[str, Any]
    issued_name: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Genuine:
    """What anybody may learn of a document whose code they hold; nothing of what it says. `superseded`: it
    was given out anew since."""

    office: str
    title: str
    number: str
    day: str
    digest: str
    issued_at: datetime
    superseded: bool


def digest_of(paper: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the texts of a paper."""
    return hashlib.sha256(dumps(dict(paper))).hexdigest()


def latest(session: Session, person: Person, instance_id: str, document_id: str) -> Issued | None:
    """The document of a case as it was given out last, None where it never was. Raises NotPermitted where the
    person may not see the case."""
    instance_views.see(session, person, instance_id)
    mine = (_i.tenant_id == person.tenant_id, _i.instance_id == instance_id, _i.document_id == document_id)
    query = _issued.select().where(*mine).order_by(_i.serial.desc()).limit(1)
    row = session.execute(query).mappings().one_or_none()
    return _view(row) if row else None


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[tuple[str, Issued]]:
    """Every document of a case that was given out, with its id, in the order in which they were."""
    query = _issued.select().where(_i.tenant_id == tenant_id, _i.instance_id == instance_id)
    rows = session.execute(query.order_by(_i.issued_at, _i.document_id, _i.serial)).mappings()
    return [(row["document_id"], _view(row)) for row in rows]


def may_issue(
    session: Session, person: Person, row: Mapping[str, Any], used: Deployed, document_id: str
) -> Verdict:
    """A document is given out by the groups that the manifest names for it; where it names none, by those who
    have done a step of the case. Nothing of a rehearsal is given out."""
    if row["rehearsal_at"] is not None:
        return denied("A document of a rehearsal has no effect and is not given out.")
    document = used.manifest.documents.get(document_id) if used.manifest else None
    if document is None:
        raise NotFound("document", document_id)
    if document.issued_by:
        names = "、".join(used.group_name(group) for group in document.issued_by)
        allowed = person.has(*document.issued_by)
        return ALLOWED if allowed else denied("Only {groups} may give this document out.", groups=names)
    query = sa.select(sa.func.count()).where(
        _tasks.tenant_id == person.tenant_id, _tasks.instance_id == row["id"],
        _tasks.completed_by == person.id, _tasks.status == "completed",
    )  # fmt: skip
    if person.has("admin") or session.execute(query).scalar_one():
        return ALLOWED
    return denied("Only those who have done a step of the case may give its documents out.")


def issue(
    session: Session, person: Person, instance_id: str, document_id: str, paper: Mapping[str, Any],
    seen: int, now: datetime,
) -> Issued:  # fmt: skip
    """Give a document out with these texts (`title`, `number` and `day` among them) and keep it. `seen` is
    the serial that the person saw, 0 for none: StaleTask when somebody gave it out meanwhile."""
    instance_views.see(session, person, instance_id)
    case = hold(session, person, instance_id, now)
    may_issue(session, person, case.row, case.deployed, document_id).require()
    last = latest(session, person, instance_id, document_id)
    if (last.serial if last else 0) != seen:
        by, at = (last.issued_name, last.issued_at) if last else (None, None)
        raise StaleTask("", "moved", by=by, at=at, instance_id=instance_id)
    row = {
        "tenant_id": person.tenant_id, "instance_id": instance_id, "document_id": document_id,
        "serial": seen + 1, "code": "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)),
        "title": paper["title"], "number": paper["number"], "day": paper["day"], "digest": digest_of(paper),
        "record_head": case.record.head, "paper": dict(paper), "issued_by": person.id,
        "issued_name": person.name, "issued_at": case.now,
    }  # fmt: skip
    session.execute(_issued.insert().values(**row))
    told = {name: row[name] for name in ("title", "number", "serial", "code", "digest")}
    case.record.add("document_issued", document=document_id, **told)
    finish(case)
    return _view(row)


def plain(code: str) -> str:
    """A code as it is kept: without the blanks and dashes with which people write it."""
    return "".join(c for c in code.upper() if c in ALPHABET)[: LENGTH + 1]


def verify(session: Session, code: str, address: str, now: datetime) -> Genuine | None:
    """The document that bears a code, or None: then the failure is counted, so the caller must commit.
    TooManyAttempts after twenty wrong ones from one address."""
    limits = {f"verify {address[:100]}": WRONG_CODES}
    require_patience(session, limits, now)
    query = _issued.select().where(_i.code == plain(code))
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        count_failure(session, limits, now)
        return None
    later = (_i.tenant_id == row["tenant_id"], _i.instance_id == row["instance_id"])
    newest = sa.select(sa.func.max(_i.serial)).where(*later, _i.document_id == row["document_id"])
    office = sa.select(_jurisdictions.name).where(_jurisdictions.tenant_id == row["tenant_id"])
    return Genuine(
        session.execute(office).scalar_one(), row["title"], row["number"], row["day"], row["digest"],
        row["issued_at"], session.execute(newest).scalar_one() > row["serial"],
    )  # fmt: skip


def _view(row: Any) -> Issued:
    return Issued(
        row["serial"], row["code"], row["title"], row["number"], row["day"], row["digest"], row["paper"],
        row["issued_name"], row["issued_at"],
    )  # fmt: skip
