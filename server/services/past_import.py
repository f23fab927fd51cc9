"""Entering many projects from before out of a list: first what would happen, row by row and cell by cell,
then, once somebody has agreed to exactly that, everything in one unit of work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlmodel import Session

from server.bundles.project_facts import PastFacts, said
from server.engine.forms import FieldError, read_json
from server.engine.forms.model import Option
from server.engine.forms.values import ValueProblem, moment
from server.services import legal_status, past_entering, past_facts, past_files, projects, submissions
from server.services.authorization import Person
from server.services.bundle_log import take_turn
from server.services.errors import NotPermitted, ServiceError
from server.services.past_facts import Document, Problem, Standing, Told
from server.services.past_files import FACT, LONGEST_CELL, MOST_ROWS, Row
from server.services.past_log import Change
from server.services.projects import Choice, ProjectView
from server.store.columns import dumps

Kind = Literal["new", "changed", "unchanged", "faulty"]
KINDS: tuple[Kind, ...] = ("new", "changed", "unchanged", "faulty")
TAKE_BACK = frozenset({"撤回", "撤销", "作废", "take back"})
"""What a cell holds instead of a value where an earlier entry is taken back."""


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Line:
    """What one row of the list would do: for which project (a new one has no code), by which document, and
    the facts that change; `problems` say what is wrong and what to do."""

    number: int
    kind: Kind
    project: ProjectView
    told: Told
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a whole list would do; `digest` names exactly this."""

    lines: tuple[Line, ...]
    digest: str

    def count(self, kind: Kind) -> int:
        """How many rows are of a kind."""
        return sum(line.kind == kind for line in self.lines)

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return any(line.kind in ("new", "changed") for line in self.lines)


@dataclass(eq=False)
class PlanStale(ServiceError):
    """Something has changed since the list was looked at: here is what it would do now."""

    plan: Plan


@dataclass
class _House:
    """What a list is judged by. `stands`, `rows` (which row told a fact of a project) and `numbers` (whose a
    number is that exists once) grow with the rows that were judged."""

    facts: PastFacts
    units: Mapping[str, str]
    today: date
    by_code: dict[str, ProjectView]
    found: dict[tuple[str, str], list[ProjectView]]
    stands: dict[str, Standing]
    seen: Mapping[str, Any]
    autos: Mapping[str, Any]
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    numbers: dict[tuple[str, Any], str] = field(default_factory=dict)


def plan(session: Session, person: Person, rows: Sequence[Row], now: datetime, *, held: bool = False) -> Plan:
    """What the list would do. Nothing is written."""
    house = _house(session, person, rows, now, held)
    lines = tuple(_line(session, person, house, row) for row in rows)
    told = [[n.number, n.kind, n.project.id, n.project.name, n.project.unit_id, n.told.document.text,
             n.told.document.day, n.told.reason, [[c.name, c.before, c.after] for c in n.changes]]
            for n in lines]  # fmt: skip
    return Plan(lines, hashlib.sha256(dumps(told)).hexdigest())


def carry_out(session: Session, person: Person, rows: Sequence[Row], digest: str, now: datetime) -> Plan:
    """Do what was looked at, all of it or nothing; rows with faults are left out. Raises PlanStale when it
    would not be the same any more."""
    take_turn(session, person.tenant_id)
    found = plan(session, person, rows, now, held=True)
    if found.digest != digest:
        raise PlanStale(found)
    facts = past_facts.offered(session, person)
    entered: dict[str, ProjectView] = {}
    for line in found.lines:
        if line.kind not in ("new", "changed"):
            continue
        project, new = entered.get(line.project.id, line.project), line.kind == "new"
        if new:
            choice = Choice(name=project.name)
            project = projects.enter_for(session, person, choice, project.unit_id, now)
            entered[line.project.id] = project
        stands = (
            Standing() if new else past_facts.standing(session, person.tenant_id, [project.id])[project.id]
        )
        past_entering.write(session, person, project, stands, facts, line.told, now, new=new)
    return found


def _house(session: Session, person: Person, rows: Sequence[Row], now: datetime, held: bool) -> _House:
    facts = past_facts.offered(session, person)
    names = [name for row in rows if (name := row.cells.get("name"))]
    codes = [code for row in rows if (code := row.cells.get("code"))]
    found = projects.named(session, person.tenant_id, names, codes)
    known = {view.code: view for views in found.values() for view in views}
    ids = sorted(view.id for view in known.values())
    stands = past_facts.standing(session, person.tenant_id, ids, held=held)
    units = projects.units(session, person.tenant_id)
    seen = submissions.seen(session, person, facts.form, {})
    autos = submissions.autos(person, now)
    return _House(facts, units, legal_status.day_of(now), known, found, stands, seen, autos)


# --------------------------------------------------------------------------- one row
def _line(session: Session, person: Person, house: _House, row: Row) -> Line:
    project, found = _project(house, row)
    told, wrong = _told(house, row, person.locale)
    found += wrong
    stands = house.stands.get(project.id, Standing()) if project.id else Standing()
    changes = past_facts.changes_of(house.facts, stands, told)
    judged = past_facts.problems(house.facts, stands, told, house.today, person.locale)
    judged += past_entering.taken(session, person, project.id, house.facts, changes)
    fields = {place for place, _problem in judged}
    found += [problem for place, problem in judged if not (place == ":reason" and len(fields) > 1)]
    found += _contradicted(house, project, changes)
    if found:
        return Line(row.number, "faulty", project, told, (), tuple(found))
    new = project.code == "" and project.id not in house.stands
    kept = {name: value for name, value in {**stands.facts, **_after(changes)}.items() if value is not None}
    house.stands[project.id] = Standing(kept, stands.fixed)
    house.rows |= {(project.id, change.name): row.number for change in changes}
    house.numbers |= {(change.name, change.after): project.id for change in changes}
    return Line(row.number, "new" if new else "changed" if changes else "unchanged", project, told, changes)


def _after(changes: Sequence[Change]) -> dict[str, Any]:
    return {change.name: change.after for change in changes}


def _contradicted(house: _House, project: ProjectView, changes: Sequence[Change]) -> list[Problem]:
    """Facts of which an earlier row of the same list says something else, and numbers that exist once and
    that it gives to another project."""
    found: list[Problem] = []
    for change in changes:
        fact = house.facts.named(change.name)
        if fact is None:
            continue
        label = fact.field.label.plain()
        if earlier := house.rows.get((project.id, change.name)):
            text = _("{label}: row {row} of the list says something else, keep one.")
            found.append((text, {"label": label, "row": earlier}))
        owner = house.numbers.get((change.name, change.after), project.id)
        if fact.field.rules.unique and change.after is not None and owner != project.id:
            text = _("{label}: {value} is the number of another case or project, correct it.")
            found.append((text, {"label": label, "value": change.after}))
    return found


def _project(house: _House, row: Row) -> tuple[ProjectView, list[Problem]]:
    """Which project a row is about: the one with its code, else that of its department with its name, else a
    new one, which has no code and a makeshift id by which rows of the same list find it."""
    cells, found = row.cells, list[Problem]()
    code, name, unit = cells.get("code", ""), cells.get("name", ""), cells.get("unit", "")
    if code:
        known = house.by_code.get(code)
        if known is None:
            return _nobody(name), [
                (_("There is no project {code}: correct it, or leave it empty."), {"code": code})
            ]
        if name and name != known.name:
            text = _("The project {code} is called {name}: correct code or name.")
            found.append((text, {"code": code, "name": known.name}))
        return known, found
    if not name:
        return _nobody(""), [(_("The name of the project is missing: write it."), {})]
    units = [id_ for id_, title in house.units.items() if unit in (id_, title)]
    if len(units) != 1:
        text = _(
            "Write the department that the project belongs to, as it is called here; there is no {unit}."
        )
        return _nobody(name), [(text, {"unit": unit or "—"})]
    known_here = house.found.get((units[0], name), [])
    if len(known_here) > 1:
        text = _("This department has several projects of this name: add the code.")
        return known_here[0], [(text, {})]
    if known_here:
        return known_here[0], found
    made = ProjectView(f"new:{units[0]}:{name}", "", name, units[0], {}, unit_name=house.units[units[0]])
    return made, found


def _nobody(name: str) -> ProjectView:
    return ProjectView("", "", name, "", {})


def _told(house: _House, row: Row, language: str) -> tuple[Told, list[Problem]]:
    """What a row tells, with what is wrong with its cells."""
    cells, found = row.cells, list[Problem]()
    day: date | None = None
    if written := cells.get("day", ""):
        try:
            day = date.fromisoformat(moment(written, "date"))
        except ValueProblem:
            found.append((_("{written} is no day: write it like 2024-03-05."), {"written": written}))
            day = house.today  # what is wrong with the day has been said
    given = {name.removeprefix(FACT): cell for name, cell in cells.items() if name.startswith(FACT)}
    values: dict[str, Any] = dict.fromkeys(name for name, cell in given.items() if cell in TAKE_BACK)
    answers: dict[str, str] = {}
    for name in given.keys() - values.keys():
        token = _token(house, name, given[name])
        if token is None:
            found.append(_not_listed(house, name, given[name], language))
        else:
            answers[name] = token
    sent = read_json(house.facts.form, answers, house.seen, house.autos, {}, language)
    found += [_problem(error) for error in sent.errors]
    values |= {name: sent.values.get(name) for name in answers}
    return Told(Document(cells.get("document", ""), day), values, cells.get("reason", "")), found


def _token(house: _House, name: str, cell: str) -> str | None:
    """What a form would send for a cell: people write the words of a choice; None where it is none of
    them."""
    options = _options(house, name)
    for option in options:
        if cell in (option.label.plain(), option.label.plain("en"), option.token):
            return option.token
    return None if options else cell


def _not_listed(house: _House, name: str, cell: str, language: str) -> Problem:
    fact = house.facts.named(name)
    words = "、".join(option.label.plain(language) for option in _options(house, name))
    label = fact.field.label.plain(language) if fact else name
    return _("{label}: {cell} is none of {words}."), {"label": label, "cell": cell, "words": words}


def _options(house: _House, name: str) -> Sequence[Option]:
    fact = house.facts.named(name)
    return fact.field.options.fixed if fact and fact.field.options else ()


def _problem(error: FieldError) -> Problem:
    return error.message, {"label": error.label, **error.params}


# --------------------------------------------------------------------------- there and back
def in_words(facts: PastFacts, change: Change, language: str) -> tuple[str, str, str]:
    """A change as people read it: what the fact is called, what it was and what it is; "" for nothing."""
    fact = facts.named(change.name)
    if fact is None:
        return change.name, str(change.before or ""), str(change.after or "")
    before, after = (
        "" if value is None else said(fact, value, language) for value in (change.before, change.after)
    )
    return fact.field.label.plain(language), before, after


def text_of(rows: Sequence[Row]) -> str:
    """The rows as text, for a page that shows what they would do and sends them again."""
    return dumps([[row.number, row.cells] for row in rows]).decode()


def rows_of(facts: PastFacts, text: str) -> list[Row]:
    """The rows of such a text. Raises NotPermitted when it is none."""
    known = past_files.columns(facts)
    try:
        found = msgspec.json.decode(text, type=list[tuple[int, dict[str, str]]])
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotPermitted(_("The list did not come back whole: choose the file again.")) from error
    if len(found) > MOST_ROWS or any(not cells.keys() <= known for _number, cells in found):
        raise NotPermitted(_("The list did not come back whole: choose the file again."))
    return [
        Row(number, {name: cell[:LONGEST_CELL] for name, cell in cells.items()}) for number, cells in found
    ]
