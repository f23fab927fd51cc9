"""Entering facts of projects from before (补录): judged, written with document, person and reason, each
number that exists once kept for its project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles.project_facts import PastFacts
from server.services import legal_status, past_log, projects, single_use
from server.services.authorization import Person
from server.services.bundle_log import take_turn
from server.services.past_facts import (
    PastRefused,
    PastStale,
    Problem,
    Standing,
    Told,
    changes_of,
    offered,
    problems,
    real,
    standing,
)
from server.services.past_log import Change, Kind
from server.services.projects import Choice, ProjectView
from server.store.runtime import Project

_projects = Project.metadata.tables["project"]


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


def enter(
    session: Session, person: Person, project_id: str, told: Told, seen: str, now: datetime
) -> tuple[Change, ...]:
    """Enter what a document tells of a project that is known; gives what changed. `seen` is the digest of
    what stood on the page. Raises NotFound, NotPermitted, PastRefused, PastStale."""
    facts = offered(session, person)
    take_turn(session, person.tenant_id)
    project = real(session, person, project_id)
    stands = standing(session, person.tenant_id, [project.id], held=True)[project.id]
    if stands.digest != seen:
        raise PastStale
    wrong = problems(facts, stands, told, legal_status.day_of(now), person.locale)
    wrong += taken(session, person, project.id, facts, changes_of(facts, stands, told))
    if not wrong and not changes_of(facts, stands, told):
        wrong = [(":document", (_("This tells nothing new: fill in a fact, or leave the page."), {}))]
    if wrong:
        raise PastRefused(tuple(wrong))
    return write(session, person, project, stands, facts, told, now)


def enter_project(
    session: Session, person: Person, name: str, unit_id: str, told: Told, now: datetime
) -> ProjectView:
    """Enter a project under the next code, with what a document tells of it. Raises NotPermitted,
    PastRefused."""
    facts = offered(session, person)
    take_turn(session, person.tenant_id)
    wrong = _of_project(session, person, name, unit_id)
    wrong += problems(facts, Standing(), told, legal_status.day_of(now), person.locale)
    wrong += taken(session, person, "", facts, changes_of(facts, Standing(), told))
    if wrong:
        raise PastRefused(tuple(wrong))
    project = projects.enter_for(session, person, Choice(name=name), unit_id, now)
    write(session, person, project, Standing(), facts, told, now, new=True)
    return project


def take_over(session: Session, person: Person, project: ProjectView, told: Told, now: datetime) -> None:
    """Enter what was known of a project elsewhere as it is, also what nothing reads; what is known here
    stays."""
    known = standing(session, person.tenant_id, [project.id], held=True)[project.id].facts
    changes = tuple(Change(name, None, value) for name, value in told.values.items() if name not in known)
    if changes:
        _record(session, person, project, known, changes, told, "facts_entered", now)


def write(
    session: Session, person: Person, project: ProjectView, stands: Standing, facts: PastFacts, told: Told,
    now: datetime, *, new: bool = False,
) -> tuple[Change, ...]:  # fmt: skip
    """Write what was judged; whoever calls holds the project."""
    changes = changes_of(facts, stands, told)
    if not changes and not new:
        return ()
    _keep_numbers(session, person, project, facts, changes)
    corrected = any(change.before is not None for change in changes)
    kind: Kind = "project_entered" if new else "facts_corrected" if corrected else "facts_entered"
    _record(session, person, project, stands.facts, changes, told, kind, now)
    return changes


def _record(
    session: Session, person: Person, project: ProjectView, known: Mapping[str, Any],
    changes: Sequence[Change], told: Told, kind: Kind, now: datetime,
) -> None:  # fmt: skip
    """Keep the facts and the line in the trail."""
    after = {**known, **{change.name: change.after for change in changes}}
    where = (_projects.c.tenant_id == person.tenant_id, _projects.c.id == project.id)
    kept = {name: value for name, value in after.items() if value is not None}
    session.execute(_projects.update().where(*where).values(facts=kept))
    day = told.document.day
    payload = {
        "document": told.document.text, "day": day.isoformat() if day else "",
        "reason": told.reason if kind == "facts_corrected" else "", "name": project.name,
        "unit": project.unit_id,
        "facts": [{"name": c.name, "before": c.before, "after": c.after} for c in changes],
    }  # fmt: skip
    past_log.add(session, person, kind, project.id, payload, now)


def _of_project(session: Session, person: Person, name: str, unit_id: str) -> list[tuple[str, Problem]]:
    """What is wrong with a new project's name and unit."""
    if not name:
        return [(":name", (_("The name of the project is missing: write it."), {}))]
    found: list[tuple[str, Problem]] = []
    if unit_id not in projects.units(session, person.tenant_id):
        found.append((":unit", (_("Choose the department that the project belongs to."), {})))
    for code in projects.named(session, person.tenant_id, [name]).get((unit_id, name), ()):
        text = _("This department has a project of this name, {code}: enter its facts on its page.")
        found.append((":name", (text, {"code": code.code})))
    return found


def taken(
    session: Session, person: Person, project_id: str, facts: PastFacts, changes: Sequence[Change]
) -> list[tuple[str, Problem]]:
    """Problems of numbers that exist once and that another case or project has; `project_id` is "" for a new
    one."""
    wanted = _numbers(facts, changes)
    held = single_use.holders(session, person.tenant_id, wanted) if wanted else {}
    found: list[tuple[str, Problem]] = []
    for name, owner in held.items():
        if owner != _owner(project_id):
            fact = facts.named(name)
            label = fact.field.label.plain(person.locale) if fact else name
            text = _("{label}: {value} is the number of another case or project, correct it.")
            found.append((name, (text, {"label": label, "value": wanted[name]})))
    return found


def _keep_numbers(
    session: Session, person: Person, project: ProjectView, facts: PastFacts, changes: Sequence[Change]
) -> None:
    """Numbers that exist once are this project's from now on, and no more those that it had."""
    unique = [change.name for change in changes if _is_unique(facts, change.name)]
    if unique:
        single_use.give_up(session, person.tenant_id, _owner(project.id), unique)
    if wanted := _numbers(facts, changes):
        single_use.take(session, person.tenant_id, _owner(project.id), wanted)


def _numbers(facts: PastFacts, changes: Sequence[Change]) -> dict[str, str]:
    told = {c.name: str(c.after).strip() for c in changes if c.after is not None}
    return {name: value for name, value in told.items() if _is_unique(facts, name)}


def _is_unique(facts: PastFacts, name: str) -> bool:
    fact = facts.named(name)
    return fact is not None and fact.field.rules.unique


def _owner(project_id: str) -> str:
    """Whose a number is that no case here gave."""
    return f"project:{project_id}"
