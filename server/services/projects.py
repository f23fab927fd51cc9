"""Projects (项目): the thing people talk about, whose cases the instances are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import numbering, rehearsal
from server.services.authorization import Person
from server.services.errors import NotFound, NotPermitted
from server.store.columns import new_id
from server.store.conflicts import Entering
from server.store.identity import Unit
from server.store.papers import ProjectFact
from server.store.runtime import Project

_projects = Project.metadata.tables["project"]
_units = Unit.metadata.tables["unit"]
_FACTS = Entering(ProjectFact.metadata.tables["project_fact"], ["value", "at"])


@dataclass(frozen=True, slots=True)
class Choice:
    """Which project a case is about: an existing one by id, or a new one by name."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as others see it."""

    id: str
    code: str
    name: str
    unit_id: str
    facts: dict[str, Any]
    rehearsal: bool = False
    unit_name: str = ""


_VIEW = (
    *(_projects.c[name] for name in ("id", "code", "name", "unit_id", "facts", "rehearsal")),
    sa.func.coalesce(_units.c.name, "").label("unit_name"),
)
_JOINED = _projects.outerjoin(
    _units, (_units.c.tenant_id == _projects.c.tenant_id) & (_units.c.id == _projects.c.unit_id)
)


def of_unit(
    session: Session, person: Person, *, rehearsals: bool = False, every: bool = False, chosen: str = ""
) -> list[ProjectView]:
    """The projects of the person's unit (of `every` unit), newest first, but first of all the `chosen` one;
    for a rehearsal those of rehearsals before the others. At most 200."""
    p = _projects.c
    query = sa.select(*_VIEW).select_from(_JOINED).where(p.tenant_id == person.tenant_id)
    if not every:
        query = query.where(p.unit_id == person.unit_id)
    if not rehearsals:
        query = query.where(p.rehearsal.is_(sa.false()))
    first = sa.case((p.id == chosen, 0), else_=1)
    query = query.order_by(first, p.rehearsal.desc(), p.id.desc()).limit(200)
    return [ProjectView(*row) for row in session.execute(query)]


def choose(
    session: Session, person: Person, choice: Choice, now: datetime, *, rehearsed: bool = False,
    every: bool = False,
) -> ProjectView:  # fmt: skip
    """The chosen project, of the person's unit unless `every` unit's is open to them; a new one is entered
    under the next code. A rehearsal of a real project gets a copy of its own with the facts as they are now,
    so that it changes nothing real."""
    mine = ProjectView("", "", choice.name.strip(), person.unit_id, {}, rehearsed, person.unit_name)
    if not choice.id:
        return _enter(session, mine, person.tenant_id, now)
    view = by_id(session, person.tenant_id, choice.id)
    if view.unit_id != person.unit_id and not every:
        raise NotPermitted("This project belongs to another unit.")
    if view.rehearsal and not rehearsed:
        raise NotPermitted("This project belongs to a rehearsal. Name the real project.")
    if rehearsed and not view.rehearsal:
        return _enter(session, replace(view, rehearsal=True), person.tenant_id, now)
    return view


def by_id(session: Session, tenant_id: str, project_id: str) -> ProjectView:
    """A project, whoever asks. Raises NotFound."""
    p = _projects.c
    query = sa.select(*_VIEW).select_from(_JOINED).where(p.tenant_id == tenant_id, p.id == project_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("project", project_id)
    return ProjectView(*row)


def enter_for(session: Session, person: Person, choice: Choice, unit_id: str, now: datetime) -> ProjectView:
    """Enter a new project of a unit, whoever enters it."""
    name = units(session, person.tenant_id).get(unit_id, "")
    project = ProjectView("", "", choice.name.strip(), unit_id, {}, unit_name=name)
    return _enter(session, project, person.tenant_id, now)


def units(session: Session, tenant_id: str) -> dict[str, str]:
    """The names of the jurisdiction's units, by id, in the order of their names."""
    query = sa.select(_units.c.id, _units.c.name).where(_units.c.tenant_id == tenant_id)
    return {id_: name for id_, name in session.execute(query.order_by(_units.c.name, _units.c.id))}


def named(
    session: Session, tenant_id: str, names: Sequence[str], codes: Sequence[str] = ()
) -> dict[tuple[str, str], list[ProjectView]]:
    """The real projects with one of these names or codes, by unit and name."""
    p = _projects.c
    query = (
        sa.select(*_VIEW).select_from(_JOINED).where(p.tenant_id == tenant_id, p.rehearsal.is_(sa.false()))
    )
    query = query.where(p.name.in_(names) | p.code.in_(codes)).order_by(p.id)
    found: dict[tuple[str, str], list[ProjectView]] = {}
    for row in session.execute(query):
        view = ProjectView(*row)
        found.setdefault((view.unit_id, view.name), []).append(view)
    return found


def _enter(session: Session, project: ProjectView, tenant_id: str, now: datetime) -> ProjectView:
    """Enter a project under the next code."""
    if not project.name:
        raise NotPermitted("Give the project a name, or choose one of your unit's projects.")
    rehearsed = project.rehearsal
    series, mark = ("rehearsal:project", rehearsal.MARK) if rehearsed else ("project", "")
    code = numbering.next_number(session, tenant_id, series, mark + "XM-{year}-{n:04d}", now)
    row: dict[str, Any] = {
        "tenant_id": tenant_id, "id": new_id(now), "code": code, "name": project.name,
        "unit_id": project.unit_id, "facts": project.facts, "rehearsal": rehearsed, "created_at": now,
    }  # fmt: skip
    session.execute(_projects.insert().values(row))
    return replace(project, id=row["id"], code=code)


def known(project: ProjectView, person: Person) -> dict[str, Any]:
    """The variables with which a case of a project begins: the facts that earlier cases fixed, their names
    (`project_facts`, so that a form can lock them), and the header (form block HDR), which is never typed."""
    return {
        **project.facts,
        "project_facts": sorted(project.facts),
        "project_code": project.code,
        "project_name": project.name,
        "project_unit": project.unit_name or person.unit_name,
        "unit": project.unit_id or person.unit_id,
    }


def unit_of(person: Person) -> dict[str, Any]:
    """The variables with which a case without a project begins: the unit whose duty it is."""
    return {"project_unit": person.unit_name, "unit": person.unit_id}


def fix_facts(session: Session, case: Mapping[str, Any], facts: dict[str, Any], now: datetime) -> None:
    """Add what a case (its row) has fixed to its project; later cases read it instead of asking again. Each
    fact keeps the case that it came from."""
    if not facts or case["project_id"] is None:
        return
    keys = {"tenant_id": case["tenant_id"], "project_id": case["project_id"], "instance_id": case["id"]}
    _FACTS.enter(
        session, *({**keys, "name": name, "value": value, "at": now} for name, value in facts.items())
    )
    where = (_projects.c.tenant_id == case["tenant_id"], _projects.c.id == case["project_id"])
    known = session.execute(sa.select(_projects.c.facts).where(*where).with_for_update()).scalar_one()
    session.execute(_projects.update().where(*where).values(facts={**known, **facts}))
