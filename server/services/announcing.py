"""Telling people: what happened becomes notices on their page and letters in the outbox, in the same unit of
work as what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services.notice_kinds import HOOK, MAIL, PAGE, chosen
from server.services.wakeups import Wakeup, note
from server.store.columns import new_id
from server.store.identity import Membership, User
from server.store.letters import Follow, Notice, NoticeWishes
from server.store.runtime import Outgoing

_people = User.metadata.tables["person"]
_memberships = Membership.metadata.tables["membership"]
_follows = Follow.metadata.tables["follow"]
_wishes = NoticeWishes.metadata.tables["notice_wishes"]
_notices = Notice.metadata.tables["notice"]
_outgoing = Outgoing.metadata.tables["outgoing"]
LETTER = "letter"
"""The kind of an outgoing row that a carrier takes out of the house."""
FOLLOWERS = "followers"
"""Stands among the recipients of news for all who follow the case."""
_ADD_NOTICES = _notices.insert()
_ADD_LETTERS = _outgoing.insert()


@dataclass(frozen=True, slots=True)
class News:
    """Something to be told: of which `kind`, to which recipients (principals `u:…`, `g:…`, `g:…@unit`, or
    FOLLOWERS), and what fills its sentence. `number` and `title` of the case belong into every payload."""

    kind: str
    recipients: tuple[str, ...]
    instance_id: str
    task_id: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who may be concerned, with their wishes."""

    id: str
    principals: frozenset[str]
    mail_address: str
    hook_account: str
    wishes: dict[str, list[str]]
    digest: bool


def _readers() -> sa.Select[Any]:
    """People named by id, by body or as followers of some cases, with what they wish: put together once."""
    p, m, f, w = _people.c, _memberships.c, _follows.c, _wishes.c
    groups = (
        sa.select(sa.func.aggregate_strings(m.group_id, " "))
        .where(m.tenant_id == p.tenant_id, m.user_id == p.id)
        .scalar_subquery()
    )
    of_body = sa.select(m.user_id).where(
        m.tenant_id == bindparam("of_tenant"), m.group_id.in_(bindparam("groups", expanding=True))
    )
    following = (f.tenant_id == bindparam("of_tenant"), f.instance_id.in_(bindparam("cases", expanding=True)))
    follows = (
        sa.select(sa.func.aggregate_strings(f.instance_id, " "))
        .where(*following, f.user_id == p.id)
        .scalar_subquery()
    )
    concerned = sa.or_(
        p.id.in_(bindparam("people", expanding=True)),
        p.id.in_(of_body),
        p.id.in_(sa.select(f.user_id).where(*following)),
    )
    return (
        sa.select(
            p.id, p.unit_id, groups.label("groups"), follows.label("follows"),
            w.mail_address, w.hook_account, w.wishes, w.digest,
        )
        .join(_wishes, (w.tenant_id == p.tenant_id) & (w.user_id == p.id), isouter=True)
        .where(p.tenant_id == bindparam("of_tenant"), p.active, concerned)
        .order_by(p.id)
    )  # fmt: skip


_READERS = _readers()


def announce(
    session: Session, tenant_id: str, news: Sequence[News], now: datetime, *, but: str = ""
) -> frozenset[str]:
    """Tell each recipient once for each of the `news`, where they wish to hear of it. Of several about one
    task the first counts; that a case has moved is told only to those who are told nothing else of it. `but`
    is the id of who did it: nobody is told what they did themselves. Gives the ids of those who were told."""
    if not news:
        return frozenset()
    notices: list[dict[str, Any]] = []
    letters: list[dict[str, Any]] = []
    told: set[str] = set()
    for reader in _found(session, tenant_id, news):
        if reader.id == but:
            continue
        cases: set[str] = set()
        for one in _concerning(reader, news):
            channels = chosen(reader.wishes, one.kind)
            if not channels or (one.kind == "case_moved" and one.instance_id in cases):
                continue
            cases.add(one.instance_id)
            if PAGE in channels:
                notices.append(_notice(tenant_id, reader, one, now))
            letters += _letters(tenant_id, reader, one, channels, now)
            told.add(reader.id)
    if notices:
        session.execute(_ADD_NOTICES, notices)
    post(session, letters, now)
    return frozenset(told)


def post(session: Session, letters: list[dict[str, Any]], now: datetime) -> None:
    """Put letters into the outbox and ask for the carriers, once for all of them."""
    if letters:
        session.execute(_ADD_LETTERS, letters)
        note(session, Wakeup("letters", letters[0]["tenant_id"], letters[0]["id"], now))


def letter(
    tenant_id: str, user_id: str, channel: str, payload: dict[str, Any], instance_id: str, now: datetime
) -> dict[str, Any]:
    """A row of the outbox: for whom, by which channel, and what is told."""
    return {
        "tenant_id": tenant_id, "id": new_id(now), "instance_id": instance_id, "kind": LETTER,
        "recipient": f"{channel} {user_id}", "payload": payload, "due_at": now, "status": "waiting",
        "attempts": 0, "failure": "",
    }  # fmt: skip


def _found(session: Session, tenant_id: str, news: Sequence[News]) -> Iterator[_Reader]:
    everybody = {key for one in news for key in one.recipients}
    cases = {one.instance_id for one in news if FOLLOWERS in one.recipients}
    values = {
        "of_tenant": tenant_id,
        "people": sorted(key[2:] for key in everybody if key.startswith("u:")),
        "groups": sorted({key[2:].partition("@")[0] for key in everybody if key.startswith("g:")}),
        "cases": sorted(cases),
    }
    for row in session.execute(_READERS, values):
        keys = {f"u:{row.id}"}
        for group in (row.groups or "").split():
            keys |= {f"g:{group}", f"g:{group}@{row.unit_id}"}
        keys |= {f"{FOLLOWERS} {case}" for case in (row.follows or "").split()}
        yield _Reader(
            row.id, frozenset(keys), row.mail_address or "", row.hook_account or "",
            dict(row.wishes or {}), bool(row.digest),
        )  # fmt: skip


def _concerning(reader: _Reader, news: Iterable[News]) -> Iterator[News]:
    seen: set[tuple[str, str | None]] = set()
    for one in news:
        keys = {f"{FOLLOWERS} {one.instance_id}" if key == FOLLOWERS else key for key in one.recipients}
        about = (one.instance_id, one.task_id)
        if about not in seen and not reader.principals.isdisjoint(keys):
            seen.add(about)
            yield one


def _notice(tenant_id: str, reader: _Reader, one: News, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id, "user_id": reader.id, "id": new_id(now), "kind": one.kind,
        "instance_id": one.instance_id, "task_id": one.task_id, "payload": one.payload, "at": now,
        "read_at": None,
    }  # fmt: skip


def _letters(
    tenant_id: str, reader: _Reader, one: News, channels: Sequence[str], now: datetime
) -> Iterator[dict[str, Any]]:
    """Where the person can be reached. Who wants one mail a day gets none for each thing."""
    payload = {**one.payload, "kind": one.kind, "task": one.task_id}
    if MAIL in channels and reader.mail_address and not reader.digest:
        yield letter(tenant_id, reader.id, MAIL, payload, one.instance_id, now)
    if HOOK in channels and reader.hook_account:
        yield letter(tenant_id, reader.id, HOOK, payload, one.instance_id, now)
