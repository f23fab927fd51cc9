"""权限变更: who changed whose rights, for auditors, with the proof that nothing was taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from server.services import deployed, rights_log
from server.services.history import ChainFault
from server.services.rights_log import Entry
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
SHOWN = 100
SENTENCES: dict[str, str] = {
    "person_entered": _("Entered: {name}, {post}, department {unit}"),
    "person_changed": _("Record changed: {changes}"),
    "person_left": _("No longer in office; signed out everywhere"),
    "person_returned": _("In office again"),
    "group_given": _("Group given: {group}"),
    "group_taken": _("Group taken away: {group}"),
    "password_renewed": _("New first password given; signed out everywhere"),
    "password_changed": _("Chose a new password"),
    "sessions_ended": _("Signed out by an administrator"),
    "factor_enrolled": _("Second factor set up"),
    "factor_removed": _("Second factor taken away"),
    "recovery_code_used": _("Signed in with a recovery code"),
    "outside_linked": _("Linked to an account at {issuer}: {subject}"),
    "outside_unlinked": _("Link to an account at {issuer} taken away: {subject}"),
    "recused": _("Recused from a {subject_kind}: {reason}"),
    "recusal_lifted": _("Recusal from a {subject_kind} ended"),
    "substitution_entered": _("Stands in for {absent_id} from {first_day} to {last_day}: {reason}"),
    "substitution_ended": _("Stands in for {absent_id} until {last_day} at the latest"),
    "department_added": _("Department {unit} entered: {name}"),
    "department_renamed": _("Department {unit} renamed: {before} → {name}"),
    "token_made": _("Access for a program made: {name}, for {scopes}"),
    "token_revoked": _("Access for a program revoked"),
}
HOUSE_NAMES = {
    "admin": _("Administrators"), "auditor": _("Auditors"), "leader": _("Heads of departments"),
    "process_owner": _("Process owners"),
}  # fmt: skip
"""The groups that every jurisdiction has, whatever its manifest names."""
_FIELDS = {"name": _("Full name"), "post": _("Post"), "unit": _("Department")}
_SUBJECTS = {"case": _("case"), "project": _("project")}


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the trail and its sentence."""

    entry: Entry
    text: str


@pages.get("/rights", Permission.AUDITOR)
def trail(visit: Visit) -> Response:
    """The trail, newest first, of one person if asked for, and whether its chain is whole."""
    before, account = visit.query("before"), visit.query("person")
    behind = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    found = rights_log.entries(visit.session, visit.person, user_id=account, before=behind, limit=SHOWN + 1)
    proof = next(rights_log.verify(visit.session, visit.person.tenant_id), 0)
    fault = proof if isinstance(proof, ChainFault) else None
    return render.page(
        visit, "people/rights.html", trail=sentences(visit, found[:SHOWN]), account=account,
        next=found[SHOWN - 1].seq if len(found) > SHOWN else None,
        fault=fault, count=0 if fault else proof,
    )  # fmt: skip


def sentences(visit: Visit, entries: Iterable[Entry]) -> list[Told]:
    """Entries of the trail in the reader's language: groups and people by their names."""
    found = tuple(entries)
    manifest = deployed.manifest(visit.session, visit.person.tenant_id)
    groups = {g.id: g.name for g in manifest.groups.values()} if manifest else {}
    groups |= {group: visit.words.gettext(name) for group, name in HOUSE_NAMES.items()}
    absent = rights_log.absent(visit.session, visit.person.tenant_id, found)
    return [Told(entry, _sentence(visit, entry, groups, absent)) for entry in found]


def _sentence(visit: Visit, entry: Entry, groups: Mapping[str, str], absent: Mapping[str, str]) -> str:
    tell = visit.words.tell
    values: dict[str, Any] = dict(entry.payload)
    if entry.kind == "person_changed":
        told = (
            f"{visit.words.gettext(_FIELDS.get(field, field))} {old or '—'} → {new or '—'}"
            for field, (old, new) in entry.payload.items()
        )
        values = {"changes": "；".join(told)}
    if "group" in values:
        values["group"] = groups.get(values["group"], values["group"])
    if "absent_id" in values:
        values["absent_id"] = absent.get(values["absent_id"], values["absent_id"])
    if "kind" in values:
        values["subject_kind"] = visit.words.gettext(_SUBJECTS.get(values["kind"], values["kind"]))
    return tell(SENTENCES.get(entry.kind, entry.kind), {k: v or "—" for k, v in values.items()})
