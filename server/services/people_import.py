"""Entering many people from a list: first what would happen, row by row, then, once somebody has agreed to
exactly that, everything in one unit of work."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import msgspec
from sqlmodel import Session

from server.services import departments, people
from server.services.authorization import Person
from server.services.bundle_log import take_turn
from server.services.errors import NotPermitted, ServiceError
from server.services.people import House, Problem, Record
from server.services.people_files import COLUMNS, LONGEST_CELL, MOST_ROWS, Row
from server.store.columns import dumps

Kind = Literal["new", "changed", "unchanged", "faulty"]
KINDS: tuple[Kind, ...] = ("new", "changed", "unchanged", "faulty")
_YES = frozenset({"是", "在岗", "在用", "yes", "y", "1", "true"})
_NO = frozenset({"否", "离岗", "停用", "no", "n", "0", "false"})
_BETWEEN = re.compile(r"[\s,，、;；]+")
_UNIT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Line:
    """What one row of the list would do: `changes` are field, before, after; `problems` say what is wrong and
    what to do."""

    number: int
    kind: Kind
    wanted: Record
    changes: tuple[tuple[str, str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a whole list would do; `digest` names exactly this. `units` are new departments: id, name;
    `names` what each department and group that a row may name is called, by id."""

    lines: tuple[Line, ...]
    units: tuple[tuple[str, str], ...]
    digest: str
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def count(self, kind: Kind) -> int:
        """How many rows are of a kind."""
        return sum(line.kind == kind for line in self.lines)

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return any(line.kind in ("new", "changed") for line in self.lines)


@dataclass(frozen=True, slots=True)
class Entered:
    """What was done: how many records changed, and the first passwords of those who are new."""

    changed: int
    passwords: tuple[tuple[Record, str], ...]


@dataclass(eq=False)
class PlanStale(ServiceError):
    """People have changed since the list was looked at: here is what it would do now."""

    plan: Plan


def plan(session: Session, person: Person, rows: Sequence[Row], *, at_machine: bool = False) -> Plan:
    """What the list would do. Nothing is written."""
    known = people.house(session, person)
    units, unit_problems = _new_units(known, rows)
    wider = replace(known, units={**known.units, **units})
    names = Counter(wider.units.values())
    accounts = Counter(row.cells.get("account", "") for row in rows)
    lines = []
    for row in rows:
        wanted, problems = _wanted(wider, names, row)
        if accounts[wanted.account] > 1:
            problems.append(
                (_("The account {account} stands in several rows: keep one."), {"account": wanted.account})
            )
        problems += unit_problems.get(row.number, [])
        lines.append(_judged(wider, row, wanted, problems, person, at_machine))
    used = {line.wanted.unit_id for line in lines if line.kind in ("new", "changed")}
    added = tuple((id_, name) for id_, name in units.items() if id_ in used)
    called = {"unit": wider.units, "groups": wider.groups}
    return Plan(tuple(lines), added, _digest(lines, added), called)


def carry_out(
    session: Session, person: Person, rows: Sequence[Row], digest: str, now: datetime,
    *, at_machine: bool = False,
) -> Entered:  # fmt: skip
    """Do what was looked at, all of it or nothing; rows with faults are left out. Raises PlanStale when it
    would not be the same any more."""
    take_turn(session, person.tenant_id)
    found = plan(session, person, rows, at_machine=at_machine)
    if found.digest != digest:
        raise PlanStale(found)
    for unit_id, name in found.units:
        departments.add(session, person, unit_id, name, now)
    known = people.house(session, person)
    todo = [line.wanted for line in found.lines if line.kind in ("new", "changed")]
    pairs = [(known.people.get(wanted.account), wanted) for wanted in todo]
    passwords = people.write(session, person, pairs, now)
    entered = tuple((one, passwords[one.account]) for one in todo if one.account in passwords)
    return Entered(len(todo) - len(entered), entered)


def _judged(
    known: House, row: Row, wanted: Record, found: list[Problem], person: Person, at_machine: bool
) -> Line:
    before = known.people.get(wanted.account)
    found += people.problems(known, before, wanted, at_machine=at_machine)
    if before is not None and wanted.account == person.id and not wanted.active:
        found.append((_("You cannot put yourself out of office: another administrator does."), {}))
    changes = tuple(people.differences(before or Record(wanted.account, ""), wanted))
    if found:
        return Line(row.number, "faulty", wanted, (), tuple(found))
    if before is None:
        return Line(row.number, "new", wanted, changes)
    return Line(row.number, "changed" if changes else "unchanged", wanted, changes)


def _wanted(known: House, names: Counter[str], row: Row) -> tuple[Record, list[Problem]]:
    """The record that a row asks for: a column that the list does not have leaves what is there."""
    cells, found = row.cells, list[Problem]()
    account = cells.get("account", "")
    before = known.people.get(account) or Record(account, "")
    unit_id = _unit(known, names, cells, before, found)
    groups = before.groups
    if "groups" in cells:
        words = [word for word in _BETWEEN.split(cells["groups"]) if word]
        by_name = {name: id_ for id_, name in known.groups.items()}
        groups = frozenset(word if word in known.groups else by_name.get(word, word) for word in words)
        groups |= before.groups & people.AT_MACHINE  # a list need not name what it cannot change
    active = before.active
    if told := cells.get("active", "").lower():
        active = told in _YES
        if told not in _YES | _NO:
            found.append((_("In office is yes or no (是 or 否), not {told}."), {"told": told}))
    name, post = cells.get("name", "") or before.name, cells.get("post", before.post)
    return Record(account, name, post, unit_id, groups, active), found


def _unit(
    known: House, names: Counter[str], cells: dict[str, str], before: Record, found: list[Problem]
) -> str:
    """The department's id: by its code, or by its name where only one department has it."""
    if unit_id := cells.get("unit", ""):
        return unit_id
    name = cells.get("unit_name", "")
    if not name:
        return before.unit_id
    if names[name] > 1:
        found.append((_("Several departments are called {name}: add their code."), {"name": name}))
    return next((id_ for id_, title in known.units.items() if title == name), name)


def _new_units(known: House, rows: Sequence[Row]) -> tuple[dict[str, str], dict[int, list[Problem]]]:
    """Departments that the list names by a new code and a name."""
    units: dict[str, str] = {}
    found: dict[int, list[Problem]] = {}
    for row in rows:
        unit_id, name = row.cells.get("unit", ""), row.cells.get("unit_name", "")
        if not unit_id or not name or unit_id in known.units:
            continue
        if not _UNIT_ID.fullmatch(unit_id):
            text = _("The code {unit} of a department is not made of small letters, digits, _ and -.")
            found.setdefault(row.number, []).append((text, {"unit": unit_id}))
        elif units.setdefault(unit_id, name) != name:
            text = _("The department {unit} has two names in the list: {one} and {other}.")
            values: dict[str, object] = {"unit": unit_id, "one": units[unit_id], "other": name}
            found.setdefault(row.number, []).append((text, values))
    return units, found


def _digest(lines: Sequence[Line], units: Sequence[tuple[str, str]]) -> str:
    told = [[line.number, line.kind, line.wanted.account, line.changes] for line in lines]
    return hashlib.sha256(dumps([told, units])).hexdigest()


def text_of(rows: Sequence[Row]) -> str:
    """The rows as text, for a page that shows what they would do and sends them again."""
    return dumps([[row.number, row.cells] for row in rows]).decode()


def rows_of(text: str) -> list[Row]:
    """The rows of such a text. Raises NotPermitted when it is none."""
    try:
        found = msgspec.json.decode(text, type=list[tuple[int, dict[str, str]]])
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotPermitted(_("The list did not come back whole: choose the file again.")) from error
    if len(found) > MOST_ROWS or any(not cells.keys() <= COLUMNS.keys() for _number, cells in found):
        raise NotPermitted(_("The list did not come back whole: choose the file again."))
    return [
        Row(number, {name: cell[:LONGEST_CELL] for name, cell in cells.items()}) for number, cells in found
    ]
