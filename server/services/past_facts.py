"""Facts of projects that were fixed before this house knew them (补录): what may be told, by whom, what
stands in the way, and the writing of it with document, person and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.project_facts import PastFact, PastFacts, past_facts, said
from server.services import deployed, past_log, projects
from server.services.authorization import ALLOWED, Person, Verdict, denied, may_administer, may_audit
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted, ServiceError
from server.services.past_log import Change, Entry
from server.services.projects import ProjectView
from server.store.columns import dumps
from server.store.papers import ProjectFact
from server.store.runtime import ProcessInstance, Project

_projects = Project.metadata.tables["project"]
_facts = ProjectFact.metadata.tables["project_fact"]
_instances = ProcessInstance.metadata.tables["process_instance"]
LONGEST_DOCUMENT = 200
LONGEST_REASON = 500
Problem = tuple[str, dict[str, object]]
"""What is wrong, as an English template and its values."""


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Document:
    """Where facts come from: what the paper is called or its number, and its day."""

    text: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a project: its facts, and those of them that cases fixed, each with the number of the
    newest such case."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names exactly this: a page that was opened before something changed is known by it."""
        return hashlib.sha256(dumps([dict(self.facts), dict(self.fixed)])).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What a document tells of a project: values by fact, None where an earlier entry is taken back."""

    document: Document
    values: Mapping[str, Any]
    reason: str = ""


@dataclass(eq=False)
class PastRefused(ServiceError):
    """What was told cannot be entered; each problem says why and what to do, under the name of its fact or of
    what belongs to no fact: `:document`, `:day`, `:reason`, `:name`, `:unit`."""

    problems: tuple[tuple[str, Problem], ...]


@dataclass(eq=False)
class PastStale(ServiceError):
    """The project's facts have changed since the page was opened."""


# --------------------------------------------------------------------------- what and who
@dataclass(frozen=True, slots=True)
class _Key:
    """A deployment as a cache knows it."""

    used: Deployed

    def __hash__(self) -> int:
        return hash((self.used.tenant_id, self.used.deployment_id))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (other.used.tenant_id, other.used.deployment_id) == (
            self.used.tenant_id,
            self.used.deployment_id,
        )


@lru_cache(maxsize=16)
def _offered(key: _Key) -> PastFacts:
    if key.used.manifest is None:
        raise NotFound("jurisdiction", key.used.tenant_id)
    return past_facts(key.used.manifest, key.used.model)


def offered(session: Session, person: Person) -> PastFacts:
    """The facts that the jurisdiction's processes in use read of a project, for whoever may enter them."""
    used = deployed.active(session, person.tenant_id)
    may_enter(person, used).require()
    return _offered(_Key(used))


def names(used: Deployed, language: str) -> dict[str, str]:
    """What people call the facts of a project, also those that stand in no form."""
    return {name: label.plain(language) for name, label in _offered(_Key(used)).names.items()}


def may_enter(person: Person, used: Deployed) -> Verdict:
    """Projects from before are entered by administrators, and by the groups that the manifest names."""
    groups = used.manifest.past_projects.by if used.manifest else ()
    if person.has(*groups):
        return ALLOWED
    if groups:
        if may_administer(person):
            return ALLOWED
        names = "、".join(used.group_name(group) for group in groups)
        return denied(_("Only {groups} and administrators may enter projects from before."), groups=names)
    return may_administer(person)


# --------------------------------------------------------------------------- what stands
def standing(
    session: Session, tenant_id: str, ids: Collection[str], *, held: bool = False
) -> dict[str, Standing]:
    """What is known of some projects; `held` for writing until the unit of work ends."""
    p, f, i = _projects.c, _facts.c, _instances.c
    query = sa.select(p.id, p.facts).where(p.tenant_id == tenant_id, p.id.in_(ids)).order_by(p.id)
    known = {row.id: row.facts for row in session.execute(query.with_for_update() if held else query)}
    fixed: dict[str, dict[str, str]] = {}
    by_cases = (
        sa.select(f.project_id, f.name, i.business_key)
        .join(_instances, (i.tenant_id == f.tenant_id) & (i.id == f.instance_id))
        .where(f.tenant_id == tenant_id, f.project_id.in_(ids))
        .order_by(f.at, f.instance_id)
    )
    for project_id, name, number in session.execute(by_cases):
        fixed.setdefault(project_id, {})[name] = number
    return {id_: Standing(facts, fixed.get(id_, {})) for id_, facts in known.items()}


def changes_of(facts: PastFacts, stands: Standing, told: Told) -> tuple[Change, ...]:
    """What would become of the facts; what stands already is no change."""
    return tuple(
        Change(fact.name, stands.facts.get(fact.name), told.values[fact.name])
        for fact in facts.facts
        if fact.name in told.values and told.values[fact.name] != stands.facts.get(fact.name)
    )


def problems(
    facts: PastFacts, stands: Standing, told: Told, today: date, language: str
) -> list[tuple[str, Problem]]:
    """What stands in the way of entering it, under the names of `PastRefused`."""
    found = _of_document(told, today)
    corrected = False
    for change in changes_of(facts, stands, told):
        fact = facts.named(change.name)
        label = fact.field.label.plain(language) if fact else change.name
        if change.name in stands.fixed:
            text = _("{label} was fixed by the case {number}: only a case changes it.")
            found.append((change.name, (text, {"label": label, "number": stands.fixed[change.name]})))
        elif change.before is not None:
            corrected = True
            if not told.reason and fact is not None:
                text = _("{label} stands as {before}: say why it is corrected.")
                params: dict[str, object] = {"label": label, "before": said(fact, change.before, language)}
                found.append((change.name, (text, params)))
    if corrected and not told.reason:
        found.append((":reason", (_("Say why what was entered is corrected."), {})))
    return found


def _of_document(told: Told, today: date) -> list[tuple[str, Problem]]:
    found: list[tuple[str, Problem]] = []
    document = told.document
    if not document.text:
        text = _("The document is missing: write its number or what it is called.")
        found.append((":document", (text, {})))
    elif len(document.text) > LONGEST_DOCUMENT or len(told.reason) > LONGEST_REASON:
        text = _("A document has at most {document} characters, a reason at most {reason}.")
        found.append((":document", (text, {"document": LONGEST_DOCUMENT, "reason": LONGEST_REASON})))
    if document.day is None:
        found.append((":day", (_("The day of the document is missing: write it like 2024-03-05."), {})))
    elif document.day > today:
        found.append((":day", (_("The day of the document lies ahead: correct it."), {})))
    return found


# --------------------------------------------------------------------------- reading
@dataclass(frozen=True, slots=True)
class Sheet:
    """What may be entered of one project: the fields that are open, what stands, and the facts that cases
    fixed, each with its value."""

    project: ProjectView
    facts: PastFacts
    stands: Standing
    fixed: tuple[tuple[PastFact, Any], ...]


def sheet(session: Session, person: Person, project_id: str) -> Sheet:
    """The sheet of a project that is known. Raises NotFound, NotPermitted."""
    facts = offered(session, person)
    project = real(session, person, project_id)
    stands = standing(session, person.tenant_id, [project.id])[project.id]
    fixed = tuple((f, stands.facts.get(f.name)) for f in facts.facts if f.name in stands.fixed)
    return Sheet(project, facts.without(stands.fixed, stands.facts), stands, fixed)


def trail(session: Session, person: Person, *, before: int | None = None, limit: int = 100) -> list[Entry]:
    """What was entered in the jurisdiction, newest first: for those who enter, and for auditors."""
    if not may_enter(person, deployed.active(session, person.tenant_id)):
        may_audit(person).require()
    return past_log.entries(session, person.tenant_id, before=before, limit=limit)


def real(session: Session, person: Person, project_id: str) -> ProjectView:
    """A project that facts may be entered for. Raises NotFound, NotPermitted."""
    project = projects.by_id(session, person.tenant_id, project_id)
    if project.rehearsal:
        raise NotPermitted(_("This project belongs to a rehearsal. Name the real project."))
    return project
