"""The outbox: letters that leave the house, each carried outside every unit of work and tried again when it
could not be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.announcing import LETTER, letter, post
from server.services.authorization import Person, denied, may_administer
from server.services.clock import after_failure
from server.services.errors import NotFound
from server.services.notice_kinds import MAIL
from server.services.wakeups import Wakeup, note
from server.store.identity import User
from server.store.letters import NoticeWishes
from server.store.runtime import Outgoing

_outgoing = Outgoing.metadata.tables["outgoing"]
_people = User.metadata.tables["person"]
_wishes = NoticeWishes.metadata.tables["notice_wishes"]
LEASE = timedelta(minutes=5)
"""How long a letter belongs to the carrier that took it; one that died gives it back by then."""
STATUSES = ("waiting", "dead", "sent", "void")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in the hands of a carrier: by which channel to which address, and what it tells."""

    tenant_id: str
    id: str
    channel: str
    address: str
    locale: str
    instance_id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter as admins see it. What it tells is not shown: it is not theirs to read."""

    id: str
    channel: str
    name: str
    kind: str
    status: str
    attempts: int
    failure: str
    due_at: datetime
    sent_at: datetime | None


def due(session: Session, tenant_id: str, now: datetime, limit: int = 200) -> list[str]:
    """The letters of a jurisdiction that should be on their way, oldest first."""
    o = _outgoing.c
    where = (o.tenant_id == tenant_id, o.kind == LETTER, o.status == "waiting", o.due_at <= now)
    return list(session.execute(sa.select(o.id).where(*where).order_by(o.id).limit(limit)).scalars())


def take(session: Session, tenant_id: str, letter_id: str, now: datetime) -> Letter | None:
    """Take a letter to carry it; None if another carrier has it, it is gone, or its reader can no longer be
    reached (then it is void). It must be noted as `sent` or `failed` afterwards."""
    o = _outgoing.c
    where = (o.tenant_id == tenant_id, o.id == letter_id, o.kind == LETTER, o.status == "waiting")
    result = session.execute(_outgoing.update().where(*where, o.due_at <= now).values(due_at=now + LEASE))
    if result.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row = session.execute(_with_reader().where(*where)).one()
    channel = row.recipient.partition(" ")[0]
    address = (row.mail_address if channel == MAIL else row.hook_account) or ""
    if not row.active or not address:
        session.execute(_outgoing.update().where(*where).values(status="void"))
        return None
    return Letter(tenant_id, letter_id, channel, address, row.locale, row.instance_id, row.payload)


def sent(session: Session, taken: Letter, now: datetime) -> None:
    """Note that a letter was taken over by the relay or the messenger."""
    session.execute(_outgoing.update().where(*_key(taken)).values(status="sent", sent_at=now, failure=""))


def failed(session: Session, taken: Letter, failure: str, now: datetime) -> None:
    """Note that a letter could not be carried: it is tried again later, and after five times waits for an
    admin."""
    attempts = session.execute(sa.select(_outgoing.c.attempts).where(*_key(taken))).scalar_one()
    noted = {"due_at": now, **after_failure(attempts, failure, now)}
    session.execute(_outgoing.update().where(*_key(taken)).values(noted))
    if noted.get("status") != "dead":
        note(session, Wakeup("letters", taken.tenant_id, taken.id, noted["due_at"]))


def listing(session: Session, person: Person, status: str, limit: int = 100) -> list[Posted]:
    """The letters of one status, newest first."""
    may_administer(person).require()
    o = _outgoing.c
    query = (
        sa.select(
            o.id, o.recipient, _people.c.name, o.payload, o.status, o.attempts, o.failure, o.due_at, o.sent_at
        )
        .join(_people, _reader(), isouter=True)
        .where(o.tenant_id == person.tenant_id, o.kind == LETTER, o.status == status)
        .order_by(o.id.desc())
        .limit(limit)
    )
    return [
        Posted(
            row.id, row.recipient.partition(" ")[0], row.name or row.recipient.partition(" ")[2],
            str(row.payload.get("kind", "")), row.status, row.attempts, row.failure, row.due_at, row.sent_at,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def counts(session: Session, person: Person) -> dict[str, int]:
    """How many letters there are of each status."""
    may_administer(person).require()
    o = _outgoing.c
    query = sa.select(o.status, sa.func.count()).where(o.tenant_id == person.tenant_id, o.kind == LETTER)
    found = {status: int(n) for status, n in session.execute(query.group_by(o.status))}
    return {status: found.get(status, 0) for status in STATUSES}


def resend(session: Session, person: Person, letter_id: str, now: datetime) -> None:
    """Send a letter that failed for good, or was sent, once more. NotFound while it is on its way."""
    may_administer(person).require()
    o = _outgoing.c
    where = (o.tenant_id == person.tenant_id, o.id == letter_id, o.kind == LETTER, o.status != "waiting")
    again = {"status": "waiting", "attempts": 0, "failure": "", "due_at": now, "sent_at": None}
    if session.execute(_outgoing.update().where(*where).values(again)).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("letter", letter_id)
    note(session, Wakeup("letters", person.tenant_id, letter_id, now))


def try_out(session: Session, person: Person, channel: str, now: datetime) -> None:
    """Send a letter to oneself, to see whether a channel works."""
    may_administer(person).require()
    w = _wishes.c
    address = w.mail_address if channel == MAIL else w.hook_account
    query = sa.select(address).where(w.tenant_id == person.tenant_id, w.user_id == person.id)
    if not session.execute(query).scalar_one_or_none():
        denied("Enter your own address among your notices first.").require()
    payload = {"kind": "test", "by": person.name}
    post(session, [letter(person.tenant_id, person.id, channel, payload, "", now)], now)


def _with_reader() -> sa.Select[Any]:
    o, p, w = _outgoing.c, _people.c, _wishes.c
    return (
        sa.select(o.recipient, o.instance_id, o.payload, p.active, p.locale, w.mail_address, w.hook_account)
        .join(_people, _reader(), isouter=True)
        .join(_wishes, (w.tenant_id == p.tenant_id) & (w.user_id == p.id), isouter=True)
    )


def _reader() -> Any:
    """Whom the recipient of a letter names: `mail chen` or `hook chen`."""
    o, p = _outgoing.c, _people.c
    return (p.tenant_id == o.tenant_id) & o.recipient.in_(
        (sa.literal("mail ") + p.id, sa.literal("hook ") + p.id)
    )


def _key(taken: Letter) -> tuple[Any, ...]:
    o = _outgoing.c
    return o.tenant_id == taken.tenant_id, o.id == taken.id, o.kind == LETTER
