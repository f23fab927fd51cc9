"""What stands beside a case: whether I follow it, who reads it, what was asked, who can be reminded."""

from __future__ import annotations

from dataclasses import dataclass

from server.services import consulting, copies, follows, reminding
from server.services.consulting import Asked
from server.services.copies import Copy
from server.services.reminding import Remindable
from server.web.context import Visit


@dataclass(frozen=True, slots=True)
class BesideCase:
    """What the case page offers and tells of others; a rehearsal has none of it."""

    followed: bool
    sendable: bool
    copies: tuple[Copy, ...]
    asked: tuple[Asked, ...]
    remindable: tuple[Remindable, ...]


def of_case(visit: Visit, instance_id: str, *, rehearsed: bool) -> BesideCase | None:
    """Beside a case that the visitor may see."""
    if rehearsed:
        return None
    session, person = visit.session, visit.person
    return BesideCase(
        follows.follows(session, person, instance_id),
        bool(copies.may_send(session, person, instance_id)),
        tuple(copies.of_case(session, person.tenant_id, instance_id)),
        tuple(consulting.of_case(session, person.tenant_id, instance_id)),
        tuple(reminding.of_case(session, person, instance_id, visit.now)),
    )
