"""A busy office in a minute: demo people, and cases played from the scenarios, in every state."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import duties
from server.bundles.archive import Bundle
from server.bundles.scenario_files import Scenario, Step, read_scenario
from server.cli import demo_days
from server.cli.telling import fail
from server.engine.forms import Form, Kind
from server.jobs.runner import Runner
from server.services import (
    attachments,
    beginnings,
    calendars,
    deliveries,
    deployed,
    hand_delivery,
    identity,
    instances,
    legal_status,
    participants,
    past_entering,
    predecessors,
    projects,
    rehearsal,
    rehearsing,
    schedules,
    starts,
    tasks,
)
from server.services.attachments import FileStore
from server.services.authorization import Person, may_begin_for_all, may_see_instance, system
from server.services.errors import NotPermitted
from server.services.past_facts import Document, Told
from server.services.wakeups import Wakeup
from server.store.database import Database
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]
_PAGE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)

T = TypeVar("T")
_ROUNDS = 20
"""How often cases may set each other off before the demo goes on."""
_NUMBER = re.compile(r"\d+(?=号)|$")
"""Where a number stands that exists once: stories share theirs, an office does not."""


@dataclass(frozen=True, slots=True)
class Play:
    """A case to be: a scenario, how many of its steps are done, for which project, begun when, and until when
    it is played (None: until now). One that the law does not let begin is a rehearsal. One that has ended is
    taken up `again` for a reason ("": it is not)."""

    scenario: Scenario
    steps: int
    project: str
    begun: datetime
    until: datetime | None = None
    rehearsed: bool = False
    experts: tuple[str, ...] = ()
    again: str = ""

    @property
    def days(self) -> int:
        """How many days after the scenario's own beginning it begins."""
        return (calendars.local(self.begun).date() - calendars.local(self.scenario.at).date()).days


class Office:
    """The demo of one jurisdiction, from `demo/<id>.toml` and the bundle's own scenarios."""

    def __init__(self, database: Database, files: FileStore, bundle: Bundle, now: datetime) -> None:
        self.numbers = itertools.count(1)
        self.database = database
        self.files = files
        self.bundle = bundle
        self.now = now
        self.plan = _plan(bundle.id)

    @cached_property
    def scenarios(self) -> list[Scenario]:
        """The stories of the bundle; reading them takes seconds that an office with its people can save."""
        return [read_scenario(data, path) for path, data in sorted(self.bundle.scenarios.items())]

    def settle(self) -> bool:
        """Enter the people. False when there is no demo for this jurisdiction, or its people are there."""
        with self.database.write() as session:
            self._enter_installation(session)
            if not self.plan:
                return False
            try:
                identity.person_by_account(session, self.bundle.id, self.plan["person"][0]["account"])
            except NotPermitted:
                self.enter(session, identity.hash_password(identity.DEMO_PASSWORD))
                return True
        return False

    def plays(self, count: int) -> list[Play]:
        """About `count` cases: those the plan names, in states worth seeing, and others of the scenarios,
        stopped after ever other steps."""
        told = self._interleaved()
        names = itertools.cycle(self.plan["projects"]["names"])
        found = [self._planned(entry, next(names)) for entry in self.plan.get("case", ())]
        for number, scenario in zip(range(count - len(found)), itertools.cycle(told), strict=False):
            last = len(scenario.steps)
            stop = last if number % 3 == 0 else 1 + number * 7 % last
            until, rehearsed = self._horizon(scenario.process)
            begun = until - timedelta(days=2 + number * 5 % 40, hours=number % 7)
            found.append(Play(scenario, stop, next(names), begun, until, rehearsed))
        return sorted(found, key=lambda play: play.begun)

    def play(self, play: Play) -> str:
        """Play one case through the services, each step in a unit of work; gives the instance's id."""
        clerk = self._clerk(play)
        at = play.begun
        if play.scenario.message or play.scenario.duty:
            instance_id = self._begin_by_itself(play, clerk)
        else:
            instance_id = self._begin_by_hand(play, clerk)
        for step in play.scenario.steps[: play.steps]:
            if step.kind == "wait":
                at += _waited(step)
            elif step.acts or step.to or (step.kind == "message" and step.by):
                at = min(at + timedelta(hours=20), play.until or self.now)
                if play.rehearsed:
                    self._let_pass(instance_id, clerk, at)
                if not self._act(instance_id, step, at, play):
                    break
                self._let_messages_arrive(at)
        return self._take_up(instance_id, clerk, play.again, at) if play.again else instance_id

    def _take_up(self, ended: str, clerk: str, reason: str, at: datetime) -> str:
        """Take an ended case up again two days later with what it filed; gives the new one's id."""
        with self.database.write() as session:
            person = identity.person_by_account(session, self.bundle.id, clerk)
            matter = starts.taking_up(session, person, ended)
            filed = matter.before.filed if matter.before else {}
            answers = {**filed, predecessors.REASON: reason}
            later = min(at + timedelta(days=2), self.now)
            return instances.begin(session, person, matter, later, answers).instance_id

    def _begin_by_hand(self, play: Play, clerk: str) -> str:
        """Begin a case with its start form; gives its id."""
        at = play.begun
        with self.database.write() as session:
            person = identity.person_by_account(session, self.bundle.id, clerk)
            matter = starts.Matter(play.scenario.process, play.rehearsed)
            form = _start_form(session, person, matter.key)
            given = {**play.scenario.start, "project_name": play.project}
            answers = self._answers(session, person, form, given, matter.draft, at, play.days)
            if schedules.needs_project(matter.used(session, person), matter.key):
                answers |= {
                    "project_name": play.project,
                    "project_id": self._project(
                        session, self._keeper(session, person, matter.key), play, form
                    ),
                }
            if play.rehearsed:
                answers[rehearsal.DAY_FIELD] = calendars.local(at).date().isoformat()
            return instances.start(
                session, person, matter.key, at, answers, rehearsed=play.rehearsed
            ).instance_id

    def _begin_by_itself(self, play: Play, clerk: str) -> str:
        """Begin a case as a message or the schedule does, for a project that knows what the story takes as
        known; gives its id."""
        told, day = play.scenario, calendars.local(play.begun).date()
        with self.database.write() as session:
            person = identity.person_by_account(session, self.bundle.id, clerk)
            used = deployed.active(session, self.bundle.id)
            keeper = self._keeper(session, person, told.process)
            project_id = self._project(session, keeper, play, None)
            starts_ = (start for key, start in used.message_starts(told.message) if key.id == told.process)
            begun = next((start.id for start in starts_), None)
            duty = duties.variables(duties.Duty(told.process, told.duty, "project"), day)
            known = {name: demo_days.moved(value, play.days) for name, value in told.start.items()}
            variables = {**known, **(duty if told.duty else {})}
            leader = (play.begun, person) if play.rehearsed else None
            reason = {"period": told.duty, "day": day.isoformat()} if told.duty else {}
            beginning = beginnings.Beginning(
                told.process, variables, project_id, keeper.unit_id, reason, begun, rehearsal=leader
            )
            return beginnings.begin(session, self.bundle.id, beginning, play.begun)

    def _let_messages_arrive(self, at: datetime) -> None:
        """Deliver what cases have thrown, and what that sets off in turn."""
        runner = Runner(self.database, time=lambda: at)
        for _ in range(_ROUNDS):
            with self.database.read() as session:
                waiting = deliveries.pending(session, self.bundle.id, at)
            if not any([runner.ring(Wakeup("delivery", self.bundle.id, key, at)) for key in waiting]):
                return

    def enter(self, session: Session, password_hash: str) -> None:
        """Enter units and people; all have the same password."""
        tenant = self.bundle.id
        identity.add_jurisdiction(session, tenant, self.bundle.manifest.name, self.now)
        for unit in self.plan["unit"]:
            identity.add_unit(session, tenant, unit["id"], unit["name"])
        for person in self.plan["person"]:
            identity.add_person(
                session, tenant, person["account"], person["name"], person["post"], person["unit"],
                person["groups"], password_hash, self.now, demo=True,
            )  # fmt: skip

    def _planned(self, entry: dict[str, Any], project: str) -> Play:
        """A case of the plan: its scenario up to a task, or played out and taken up again."""
        scenario = self._named("scenario", entry, {_stem(told): told for told in self.scenarios})
        subjects = [step.subject for step in scenario.steps]
        again = str(entry.get("again", ""))
        known = {name: subjects.index(name) for name in subjects}
        steps = len(subjects) if again else self._named("until", entry, known)
        until, rehearsed = self._horizon(scenario.process)
        begun = until - timedelta(days=entry["days_ago"])
        return Play(scenario, steps, project, begun, until, rehearsed, tuple(entry.get("experts", ())), again)

    def _named(self, key: str, entry: dict[str, Any], known: Mapping[str, T]) -> T:
        """What an entry of the plan names. Ends the command where there is no such thing."""
        name = str(entry.get(key, ""))
        if name in known:
            return known[name]
        what = {"scenario": "a scenario of the jurisdiction", "until": "a step of its scenario"}[key]
        close = get_close_matches(name, list(known), 1, 0.5)
        hint = f" Did you mean {close[0]}?" if close else ""
        case = f"demo/{self.bundle.id}.toml, the case of {entry.get('scenario') or 'no scenario'}"
        raise fail(f"{case}: {key} = {name!r} is not {what}.{hint}", 2)

    def _horizon(self, process_key: str) -> tuple[datetime, bool]:
        """When the demo of a process plays, and whether as a rehearsal: up to now where it is in force, up to
        the last evening on which it was, and as a rehearsal where it never was."""
        today = legal_status.day_of(self.now)
        with self.database.read() as session:
            used = deployed.active(session, self.bundle.id)
        if legal_status.may_begin(used, process_key, today):
            return self.now, False
        last = legal_status.last_day(self.bundle.manifest, process_key, today)
        return (self.now, True) if last is None else (rehearsal.opening(last) + timedelta(hours=8), False)

    def _project(self, session: Session, person: Person, play: Play, form: Form | None) -> str:
        """The project of a case, with those facts that the scenario takes as fixed by earlier cases."""
        choice = projects.Choice(name=play.project)
        chosen = projects.choose(session, person, choice, play.begun, rehearsed=play.rehearsed)
        entries = self.bundle.manifest.processes.values()
        fixed = {name for entry in entries for name in (*entry.facts, *entry.outcome_facts)}
        asked = form.keys if form else frozenset()
        told = play.scenario.start.items()
        known = {n: demo_days.moved(v, play.days) for n, v in told if n in fixed and n not in asked}
        papers = Told(Document("系统上线前的批复、合同等纸质档案", play.begun.date()), known)
        past_entering.take_over(session, system(self.bundle.id), chosen, papers, play.begun)
        return chosen.id

    def _keeper(self, session: Session, clerk: Person, process_key: str) -> Person:
        """Whose unit the project belongs to: the clerk's, or another's where the clerk acts for a body of the
        whole house. It has no projects of its own, so steps for its unit would wait for nobody."""
        scopes = {group.id: group.scope for group in self.bundle.manifest.groups.values()}
        started_by = self.bundle.manifest.processes[process_key].started_by
        if any(scopes.get(group) == "unit" for group in clerk.groups) or not may_begin_for_all(
            clerk, started_by, scopes
        ):
            return clerk
        keepers = (p for p in self.plan["person"] if any(scopes.get(g) == "unit" for g in p["groups"]))
        first = next(keepers, None)
        return identity.person_by_account(session, self.bundle.id, first["account"]) if first else clerk

    def _let_pass(self, instance_id: str, leader: str, until: datetime) -> None:
        """Let time pass in a rehearsal, as its leader."""
        with self.database.write() as session:
            person = identity.person_by_account(session, self.bundle.id, leader)
            if (standing := rehearsing.standing(session, person, instance_id)) and until > standing:
                rehearsing.move_clock(session, person, instance_id, until, self.now)

    def _enter_installation(self, session: Session) -> None:
        """Enter those who have a post in every jurisdiction, where they are not there yet."""
        tenant = self.bundle.id
        for person in _plan("installation").get("person", ()):
            if not identity.is_known(session, tenant, person["account"]):
                identity.add_jurisdiction(session, tenant, self.bundle.manifest.name, self.now)
                self._enter_one(session, person, _plan("installation"), person["account"])

    def _enter_one(
        self, session: Session, person: dict[str, Any], plan: dict[str, Any], identity_: str
    ) -> None:
        unit = next(unit for unit in plan["unit"] if unit["id"] == person["unit"])
        identity.add_unit(session, self.bundle.id, unit["id"], unit["name"])
        identity.add_person(
            session, self.bundle.id, person["account"], person["name"], person["post"], person["unit"],
            person["groups"], identity.hash_password(identity.DEMO_PASSWORD), self.now, demo=True,
            identity=identity_,
        )  # fmt: skip

    def _interleaved(self) -> list[Scenario]:
        """The process scenarios with steps, one of each process in turn."""
        by_process: dict[str, list[Scenario]] = {}
        for scenario in self.scenarios:
            if self._by_hand(scenario):
                by_process.setdefault(scenario.process, []).append(scenario)
        rows = itertools.zip_longest(*by_process.values())
        return [scenario for row in rows for scenario in row if scenario is not None]

    def _startable(self) -> set[str]:
        return {e.id for e in self.bundle.manifest.processes.values() if e.started_by and not e.called}

    def _by_hand(self, scenario: Scenario) -> bool:
        """Whether a scenario begins as people begin it, has steps, and there is somebody to begin it."""
        by_people = scenario.process in self._startable() and not scenario.message and not scenario.duty
        return by_people and bool(scenario.steps) and bool(self._clerks(scenario.process))

    def _clerks(self, process_key: str, post: str = "") -> list[str]:
        """Those who may begin a process; with a `post`, those of them who hold it, where somebody does."""
        started_by = set(self.bundle.manifest.processes[process_key].started_by)
        held = {p["account"]: started_by & set(p["groups"]) for p in self.plan["person"]}
        return [a for a, posts in held.items() if post in posts] or [a for a, posts in held.items() if posts]

    def _clerk(self, play: Play) -> str:
        """Who begins a case: with the post that the story names, so that its steps find their people."""
        clerks = self._clerks(play.scenario.process, play.scenario.by)
        return clerks[hash_of(play.project) % len(clerks)]

    def _act(self, instance_id: str, step: Step, at: datetime, play: Play) -> bool:
        """Do a step as one of the demo people who may. False when the case has gone another way."""
        if step.kind == "message":
            return self._report(instance_id, step, at)
        with self.database.write() as session:
            task_id = _open_task(session, self.bundle.id, instance_id, step.subject)
            actor = self._actor(session, task_id) if task_id else None
            if task_id is None or actor is None:
                return False
            tasks.claim(session, actor, task_id, at)
            view = tasks.view(session, actor, task_id, at)
            if step.to:
                tasks.return_to(session, actor, task_id, view.revision, step.to, "请补充完善后重新报送", at)
                return True
            values = step.values if isinstance(step.values, Mapping) else {}
            answers = self._answers(session, actor, view.form, values, f"task:{task_id}", at, play.days)
            for row, account in zip(answers.get("experts", ()), play.experts, strict=False):
                row["account"] = account
            tasks.complete(session, actor, task_id, view.revision, at, answers)
        return True

    def _report(self, instance_id: str, step: Step, at: datetime) -> bool:
        """Tell a case, as one of the demo people who may, what it waits for."""
        with self.database.write() as session:
            seen = participants.of_instance(session, self.bundle.id, instance_id)
            for entry in self.plan["person"]:
                person = identity.person_by_account(session, self.bundle.id, entry["account"])
                if not may_see_instance(person, seen):
                    continue
                for event in hand_delivery.of_case(session, person, instance_id):
                    if step.subject in (event.element, event.message):
                        hand_delivery.deliver(session, person, instance_id, event.token, event.seen, at)
                        return True
        return False

    def _actor(self, session: Session, task_id: str) -> Person | None:
        """Who holds the task, or the first of the demo people who may claim it."""
        query = sa.select(_tasks.c.candidates, _tasks.c.assignee_id).where(
            _tasks.c.tenant_id == self.bundle.id, _tasks.c.id == task_id
        )
        task = session.execute(query).one()
        if task.assignee_id is not None:
            return identity.person_by_account(session, self.bundle.id, task.assignee_id)
        for entry in self.plan["person"]:
            person = identity.person_by_account(session, self.bundle.id, entry["account"])
            if not set(person.principals).isdisjoint(task.candidates):
                return person
        return None

    def _answers(
        self,
        session: Session,
        person: Person,
        form: Form | None,
        values: Mapping[str, Any],
        owner: str,
        at: datetime,
        days: int,
    ) -> dict[str, Any]:
        """What a scenario fills in, as JSON: only the form's own fields; files become small PDF pages, and
        dates move by the days between the scenario's beginning and the play's."""
        answers: dict[str, Any] = {}
        for field in form.fields if form else ():
            whole, _, part = field.key.partition(".")
            if part and whole in values:
                answers[whole] = values[whole]
            *around, name = field.key.split(".")
            known = _within(values, around)
            if name not in known:
                continue
            value = known[name]
            if field.kind is Kind.FILES:
                value = [
                    attachments.store(
                        session,
                        self.files,
                        person,
                        owner,
                        field.key,
                        f"{Path(name).stem}.pdf",
                        _PAGE,
                        at,
                        limit=10_000,
                    ).id
                    for name in value or ()
                ]
            if field.rules.unique and isinstance(value, str):
                value = _NUMBER.sub(str(next(self.numbers)), value, count=1)
            record = answers
            for part in around:
                record = record.setdefault(part, {})
            record[name] = demo_days.answered(field, value, days, calendars.local(at).date())
        lists = form.lists if form else ()
        return answers | {
            part.key: [dict(row) for row in values[part.key]] for part in lists if part.key in values
        }


def _stem(scenario: Scenario) -> str:
    """The name under which a plan knows it: folder and file."""
    return "/".join(Path(scenario.path).with_suffix("").parts[-2:])


def accounts(jurisdiction: str) -> list[str]:
    """Those of its demo people without whom an office is not settled: its first one, and those who are
    everywhere."""
    own = _plan(jurisdiction).get("person", ())[:1]
    return [person["account"] for person in (*own, *_plan("installation").get("person", ()))]


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return sum(text.encode())


def _plan(jurisdiction: str) -> dict[str, Any]:
    file = Path(__file__).resolve().parents[2] / "demo" / f"{jurisdiction}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _start_form(session: Session, person: Person, process_key: str) -> Form | None:
    used = deployed.active(session, person.tenant_id)
    return starts.start_form(used, used.process(process_key))


def _open_task(session: Session, tenant_id: str, instance_id: str, element: str) -> str | None:
    t = _tasks.c
    query = (
        sa.select(t.id)
        .where(
            t.tenant_id == tenant_id, t.instance_id == instance_id, t.element == element, t.status == "open"
        )
        .order_by(t.id)
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def _within(values: Mapping[str, Any], around: list[str]) -> Mapping[str, Any]:
    """The record of a scenario's values in which a field of a group stands; empty where there is none."""
    for part in around:
        inner = values.get(part)
        values = inner if isinstance(inner, Mapping) else {}
    return values


def _waited(step: Step) -> timedelta:
    words = str(step.subject).split()
    return timedelta(days=int(words[0])) if words and words[0].isdigit() else timedelta(days=1)


def people(database: Database, tenant_id: str) -> Iterator[Person]:
    """The demo people, for tests."""
    with database.read() as session:
        for account in identity.demo_accounts(session):
            if account.tenant_id == tenant_id:
                yield identity.person_by_account(session, tenant_id, account.account)
