"""Where the law stands: whether a case may begin under the instruments that its process cites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from server.bundles.manifest import Manifest, Regulation
from server.services import calendars, deployed
from server.services.authorization import ALLOWED, Verdict, denied
from server.services.deployed import Deployed


class Standing(StrEnum):
    """What an instrument is on a day. The last day of its validity still counts."""

    IN_FORCE = "in_force"
    DRAFT = "draft"
    NOT_YET = "not_yet"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument and what it is on the day that was asked about."""

    regulation: Regulation
    standing: Standing


def standing(regulation: Regulation, day: date) -> Standing:
    """What an instrument is on a day (Asia/Shanghai). One marked expired without a date always is."""
    if regulation.status == "draft":
        return Standing.DRAFT
    if regulation.expires is not None and day > regulation.expires:
        return Standing.EXPIRED
    if regulation.expires is None and regulation.status == "expired":
        return Standing.EXPIRED
    if regulation.effective is not None and day < regulation.effective:
        return Standing.NOT_YET
    return Standing.IN_FORCE


def instruments(manifest: Manifest, process_key: str, day: date) -> tuple[Instrument, ...]:
    """The instruments that a process cites in the manifest; all of the jurisdiction's when it cites none."""
    entry = manifest.processes.get(process_key)
    cited = dict.fromkeys(c.partition("#")[0] for c in entry.regulation.split()) if entry else {}
    known = [manifest.regulations[document] for document in cited if document in manifest.regulations]
    return tuple(Instrument(r, standing(r, day)) for r in known or manifest.regulations.values())


def may_begin(used: Deployed, process_key: str, day: date) -> Verdict:
    """Whether a real case of the process may begin on this day: when one of the instruments it cites is in
    force, or an exception holds. Every way of starting asks: people, messages and the calendar of duties."""
    found = instruments(used.manifest, process_key, day) if used.manifest else ()
    if not found or any(one.standing is Standing.IN_FORCE for one in found):
        return ALLOWED
    return ALLOWED if any(_is_excepted(one.regulation, day) for one in found) else _refusal(found[0])


def _is_excepted(law: Regulation, day: date) -> bool:
    """Whether an administrator's exception holds. Its last day still counts."""
    return law.excepted_until is not None and day <= law.excepted_until


def exceptions(manifest: Manifest | None, day: date) -> tuple[Regulation, ...]:
    """The instruments that are not in force on a day and under which cases begin all the same."""
    laws = manifest.regulations.values() if manifest else ()
    out_of_force = (law for law in laws if standing(law, day) is not Standing.IN_FORCE)
    return tuple(law for law in out_of_force if _is_excepted(law, day))


def exception_of(used: Deployed, process_key: str, day: date) -> Mapping[str, Any]:
    """What the record of a case says that begins by an exception: `exception`, or nothing."""
    found = instruments(used.manifest, process_key, day) if used.manifest else ()
    if any(one.standing is Standing.IN_FORCE for one in found):
        return {}
    law = next((one.regulation for one in found if _is_excepted(one.regulation, day)), None)
    if law is None:
        return {}
    told = {"law": law.title, "until": f"{law.excepted_until}", "reason": law.excepted_reason}
    return {"exception": told}


def _refusal(one: Instrument) -> Verdict:
    law = one.regulation
    if one.standing is Standing.DRAFT:
        return denied(
            "{title} is a draft and not in force: the process can only be rehearsed.", title=law.title
        )
    if one.standing is Standing.NOT_YET:
        return denied(
            "{title} takes effect on {day}: until then the process can only be rehearsed.",
            title=law.title, day=law.effective,
        )  # fmt: skip
    if law.expires is None:
        return denied(
            "{title} has expired: no new case begins under it. Running cases go on, and the process can be "
            "rehearsed.",
            title=law.title,
        )
    return denied(
        "{title} expired on {day}: no new case begins under it. Running cases go on, and the process can be "
        "rehearsed.",
        title=law.title, day=law.expires,
    )  # fmt: skip


def day_of(now: datetime) -> date:
    """The day on which the law is asked about."""
    return calendars.local(now).date()


def of_jurisdiction(manifest: Manifest | None, now: datetime) -> Standing:
    """What a jurisdiction's law is as a whole: in force as soon as one of its instruments is."""
    found = [standing(r, day_of(now)) for r in manifest.regulations.values()] if manifest else []
    return Standing.IN_FORCE if not found or Standing.IN_FORCE in found else found[0]


def of_tenant(session: Session, tenant_id: str, now: datetime) -> Standing:
    """The same of a jurisdiction by id; in force where nothing is deployed that could say otherwise."""
    return of_jurisdiction(deployed.manifest(session, tenant_id), now)


def last_day(manifest: Manifest, process_key: str, day: date) -> date | None:
    """The last day before `day` on which a case of the process could begin; None when there was none."""
    ends = [
        one.regulation.expires
        for one in instruments(manifest, process_key, day)
        if one.standing is Standing.EXPIRED and one.regulation.expires is not None
    ]
    return max(ends, default=None)
