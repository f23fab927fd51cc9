"""What a person wants to hear about, where, and under which address."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.notice_kinds import CHANNELS, KINDS
from server.store.conflicts import Entering
from server.store.letters import NoticeWishes

_wishes = NoticeWishes.metadata.tables["notice_wishes"]
_KEPT = ("mail_address", "hook_account", "wishes", "digest")
_ENTER = Entering(_wishes, _KEPT)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


@dataclass(frozen=True, slots=True)
class Wishes:
    """A person's choice: `wishes` are channels by kind, of what is not in it the house's choice holds."""

    mail_address: str = ""
    hook_account: str = ""
    wishes: dict[str, list[str]] = field(default_factory=dict)
    digest: bool = False


def of(session: Session, person: Person) -> Wishes:
    """What the person has chosen."""
    w = _wishes.c
    query = sa.select(*(w[name] for name in _KEPT)).where(
        w.tenant_id == person.tenant_id, w.user_id == person.id
    )
    row = session.execute(query).one_or_none()
    return Wishes(*row) if row else Wishes()


def keep(session: Session, person: Person, given: Wishes) -> None:
    """Keep a choice. Kinds and channels that do not exist are left out."""
    wishes = {k: [c for c in CHANNELS if c in given.wishes[k]] for k in KINDS if k in given.wishes}
    keys = {"tenant_id": person.tenant_id, "user_id": person.id}
    values = {"mail_address": given.mail_address, "hook_account": given.hook_account}
    _ENTER.enter(session, {**keys, **values, "wishes": wishes, "digest": given.digest, "digest_at": None})


def may_reach(address: str, domains: Collection[str]) -> Verdict:
    """Letters go to addresses in the domains that the installation names; no address is no letter."""
    if not address:
        return ALLOWED
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return denied("Write an address such as name@office.gov.cn.")
    domain = found[1].lower()
    if any(domain == allowed or domain.endswith(f".{allowed}") for allowed in domains):
        return ALLOWED
    return denied("Letters go to addresses of {domains} only.", domains="、".join(sorted(domains)) or "—")
