"""One case played step by step: what is open, what time it is, and where story and engine part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from server.bundles.manifest import Manifest
from server.bundles.scenario_agreement import Disagreement, agrees, may_act, shown
from server.bundles.scenario_beginning import beginning
from server.bundles.scenario_files import Scenario, Step, parse_time
from server.bundles.scenario_tasks import allowed_of, attached, element_meant, is_meant, offered
from server.bundles.scenario_ways import awaited, last_choice
from server.bundles.scenario_work import carried_out, meant
from server.engine import forms, process
from server.engine.business_calendar import ZONE, BusinessCalendar
from server.engine.errors import EngineError
from server.engine.model import (
    Advance,
    Evaluation,
    ExternalTask,
    Model,
    Moment,
    Subscription,
    Thrown,
    Timer,
    UserTask,
)
from server.engine.model import Step as Passage

MAX_TIMERS = 1_000

_WAIT = re.compile(r"(\d{1,4}) (working days?|days?|hours?|minutes?)")
_UNTIL = re.compile(r"until (.+)")
_LIGHTS = ("green", "yellow", "red")


class Case:
    """A case while a scenario is told. `elements` and `rules` gather what it passed."""

    def __init__(self, scenario: Scenario, model: Model, calendar: BusinessCalendar) -> None:
        self.scenario, self.model, self.calendar = scenario, model, calendar
        self.now = scenario.at
        self.state = b""
        self.tasks: dict[str, UserTask] = {}
        self.timers: tuple[Timer, ...] = ()
        self.subscriptions: tuple[Subscription, ...] = ()
        self.work: tuple[ExternalTask, ...] = ()
        self.variables: Mapping[str, Any] = {}
        self.ended = ""
        self.outcome = ""
        self.elements: set[tuple[str, str]] = set()
        self.rules: set[tuple[str, str]] = set()
        self._evaluations: list[tuple[int, Evaluation]] = []  # with the number of the move that took it
        self._moves = 0
        self._opened: list[UserTask] = []
        self._thrown: list[Thrown] = []
        self._all_thrown: list[Thrown] = []
        self._done: dict[str, list[str]] = {}
        self._given_up: set[str] = set()
        self._passed: list[Passage] = []
        self._current: Step | None = None

    # ------------------------------------------------------------------ the story
    def begin(self, manifest: Manifest | None) -> None:
        """Start the case: by hand, if the one who starts it may; by a message; or as the schedule does."""
        begun = beginning(self.scenario, self.model, manifest)
        values = begun.values
        if begun.form:
            known = {name: value for name, value in values.items() if name not in begun.answers}
            values = {**values, **self._submitted(begun.form, begun.answers, self.scenario.by, known, "")}
        if begun.schedule:
            self._fired([begun.schedule])
        name = self.scenario.process
        self._take(process.start(self.model, name, values, self._moment(), start_event=begun.event))

    def step(self, step: Step) -> None:
        """Play one step. Raises Disagreement, with the number of the step in its message."""
        self._current = step
        try:
            getattr(self, f"_{step.kind}_step")(step)
        except Disagreement as problem:
            raise self._numbered(problem, step) from None

    def finish(self) -> None:
        """The case must have ended as told, and every named decision been taken."""
        wanted = self.scenario.end
        self._current = None
        if self.scenario.thrown is not None:
            self._same_messages(self.scenario.thrown, self._all_thrown)
        if wanted and wanted not in (self.ended, self.outcome):
            if self.ended:
                raise Disagreement(
                    "expected the end {end}, but it ended with {found}.",
                    {"end": wanted, "found": self._ending()},
                )
            raise Disagreement(
                "expected the end {end}, but these are open: {open}.",
                {"end": wanted, "open": self._open_names()},
            )

    def trouble(self, error: EngineError) -> Disagreement:
        """What the engine refused to do, at the step that asked for it."""
        problem = Disagreement("{problem}", {"problem": error.finding.quoted()}, error.finding.element)
        return self._numbered(problem, self._current) if self._current else problem

    def _numbered(self, problem: Disagreement, step: Step) -> Disagreement:
        told = {"step": step.number, "what": problem.quoted()}
        found = Disagreement("step {step}: {what}", told, problem.element)
        found.line = step.line
        return found

    # ------------------------------------------------------------------ steps
    def _task_step(self, step: Step) -> None:
        task = self._open(step)
        self._may_act(task, step.by)
        self._expect_task(task, step.expect)
        if step.to:
            self._return(task, step)
        elif step.acts:
            self._complete(task, step)

    def _complete(self, task: UserTask, step: Step) -> None:
        values = self._submitted(task.form, step.values, step.by, task.variables, task.element)
        self._take(
            process.complete(
                self.model, self.scenario.process, self.state, task.token, values, self._moment()
            )
        )
        self._done.setdefault(task.element, []).append(task.token)

    def _decision_step(self, step: Step) -> None:
        taken_so = [e for _, e in self._evaluations if e.decision == step.subject]
        found = next(
            (e for e in taken_so if agrees(step.values, e.outputs)), taken_so[-1] if taken_so else None
        )
        if found is None:
            taken = ", ".join(e.decision for _, e in self._evaluations) or "–"
            if self.ended:
                raise Disagreement(
                    "decision {decision} was not taken: the case has ended with {found}.",
                    {"decision": step.subject, "found": self._ending()},
                )
            raise Disagreement(
                "decision {decision} was not taken; taken were: {taken}.",
                {"decision": step.subject, "taken": taken},
            )
        self._forget(found)
        if not agrees(step.values, found.outputs):
            rows = ", ".join(f"{r.row} ({r.id})" for r in found.matched) or "–"
            raise Disagreement(
                "decision {decision} gave {found}, expected {expected}; rules that fired: {rows}.",
                {
                    "decision": step.subject,
                    "found": shown(found.outputs),
                    "expected": shown(step.values),
                    "rows": rows,
                },
            )

    def _forget(self, named: Evaluation) -> None:
        """It and what was decided in earlier moves cannot be named any more; what was in the same move can,
        in any order."""
        place = next(i for i, (_, e) in enumerate(self._evaluations) if e is named)
        move = self._evaluations[place][0]
        self._evaluations = [
            (m, e)
            for i, (m, e) in enumerate(self._evaluations)
            if i > place or (m == move and e.decision != named.decision)
        ]

    def _wait_step(self, step: Step) -> None:
        target = self._after(step.subject)
        self._opened = []
        for _ in range(MAX_TIMERS):
            due = [timer for timer in self.timers if timer.due <= target]
            if not due:
                break
            first = min(due, key=lambda timer: (timer.due, timer.token))
            self.now = max(self.now, first.due)
            self._take(
                process.fire(self.model, self.scenario.process, self.state, first.token, self._moment()),
                keep=True,
            )
        self.now = target
        self._expect(step.expect)

    def _message_step(self, step: Step) -> None:
        """What waits for it gets it, as in an office: all of it, or what the person who acts delivers."""
        waiting = [s for s in self.subscriptions if step.subject in (s.name, s.element)]
        if not waiting:
            names = ", ".join(s.name for s in self.subscriptions) or "–"
            raise Disagreement(
                "nothing waits for the message {message}; awaited are: {names}.",
                {"message": step.subject, "names": names},
            )
        for subscription in [self._deliverable(waiting, step.by)] if step.by else waiting:
            if any(s.token == subscription.token for s in self.subscriptions):
                self._deliver(subscription, step.values)
        self._expect(step.expect)

    def _deliverable(self, waiting: list[Subscription], by: str) -> Subscription:
        """The first that this group may deliver by hand."""
        allowed: set[str] = set()
        for subscription in waiting:
            node = self.model.processes[subscription.process].nodes[subscription.element]
            groups = node.delivered_by
            if by in groups:
                return subscription
            allowed.update(groups)
        raise Disagreement(
            "{by} may not deliver {name}; {allowed} may.",
            {"by": by, "name": self._named(waiting[0].element), "allowed": ", ".join(sorted(allowed)) or "–"},
            waiting[0].element,
        )

    def _deliver(self, subscription: Subscription, values: Any) -> None:
        name, at = self.scenario.process, self._moment()
        self._take(process.deliver(self.model, name, self.state, subscription.token, values, at))

    def _external_step(self, step: Step) -> None:
        """A program does its work. What it gave up before it gets once more, as if an administrator had let
        it try again."""
        name, work = self.scenario.process, meant(step, self.work)
        if work.failed:
            self._given_up.discard(work.token)
            self._take(process.retry(self.model, name, self.state, work.token, self._moment()))
        if step.failure:
            self._given_up.add(work.token)
        self._take(carried_out(self.model, name, self.state, work, step, self._moment()))
        self._expect(step.expect)

    def _return_step(self, step: Step) -> None:
        task = self._open(step)
        self._may_act(task, step.by)
        self._return(task, step)
        self._expect(step.expect)

    def _return(self, task: UserTask, step: Step) -> None:
        values = step.values if isinstance(step.values, Mapping) else {}
        self._take(
            process.return_to(
                self.model,
                self.scenario.process,
                self.state,
                task.token,
                step.to,
                values,
                self._moment(),
                straight=step.straight,
            )
        )

    def _withdraw_step(self, step: Step) -> None:
        possible = process.withdrawable(self.model, self.scenario.process, self.state)
        element = element_meant(self.model, step.subject) or step.subject
        tokens = [t for t in self._done.get(element, ()) if t in possible]
        if not tokens:
            raise Disagreement(
                "{task} cannot be withdrawn now.", {"task": self._named(step.subject)}, step.subject
            )
        self._take(
            process.withdraw(self.model, self.scenario.process, self.state, tokens[-1], self._moment())
        )
        self._expect(step.expect)

    def _expect_step(self, step: Step) -> None:
        self._expect(step.expect)

    # ------------------------------------------------------------------ what happened
    def _take(self, advance: Advance, *, keep: bool = False) -> None:
        """Take over what a command did; `keep` adds to what was opened before."""
        self.state, self.variables = advance.state, advance.variables
        self.timers, self.subscriptions = advance.timers, advance.subscriptions
        self.work = advance.external
        closed = {task.token for task in advance.closed}
        self.tasks = {t: task for t, task in self.tasks.items() if t not in closed}
        self.tasks |= {task.token: task for task in advance.opened}
        self._opened = [*(self._opened if keep else ()), *advance.opened]
        self._moves += 1
        self._evaluations.extend((self._moves, e) for e in advance.evaluations)
        self._thrown.extend(advance.thrown)
        self._all_thrown.extend(advance.thrown)
        self.elements |= {(s.process, s.element) for s in advance.steps}
        self._passed.extend(advance.steps)
        self._fired(advance.evaluations)
        if advance.ended:
            self.ended, self.outcome = advance.ended.event, advance.ended.outcome
        never = [s.element for s in advance.steps if s.element in self.scenario.never]
        if never:
            raise Disagreement("{name} must never be reached.", {"name": self._named(never[0])}, never[0])
        for incident in advance.incidents:
            if incident.token in self._given_up:
                continue
            raise Disagreement(
                "stands still at {name}: {problem}",
                {"name": self._named(incident.element), "problem": incident.finding.quoted()},
                incident.element,
            )

    def _fired(self, evaluations: Iterable[Evaluation]) -> None:
        for evaluation in evaluations:
            self.rules |= {(evaluation.decision, str(rule.row)) for rule in evaluation.matched}
            self._fired(evaluation.required)

    def _moment(self) -> Moment:
        return Moment(self.now, self.calendar)

    def _after(self, wait: str) -> datetime:
        local = self.now.astimezone(ZONE)
        if found := _UNTIL.fullmatch(wait):
            try:
                target = parse_time(found[1])
            except ValueError:
                raise Disagreement("{wait} names no date.", {"wait": wait}) from None
            if target < self.now:
                raise Disagreement("{wait} is already past.", {"wait": wait})
            return target
        if not (counted := _WAIT.fullmatch(wait)):
            raise Disagreement("{wait} is no time to wait, such as “6 working days”.", {"wait": wait})
        number, unit = int(counted[1]), counted[2].rstrip("s")
        if unit == "working day":
            return datetime.combine(self.calendar.add_working_days(local.date(), number), local.timetz())
        return local + timedelta(**{f"{unit}s": number})

    # ------------------------------------------------------------------ expectations
    def _open(self, step: Step) -> UserTask:
        candidates = [t for t in self.tasks.values() if is_meant(t, step.subject)]
        if not candidates:
            element = element_meant(self.model, step.subject) or step.subject
            task = self._named(step.subject)
            if self.ended:
                told = {"task": task, "found": self._ending()}
                raise Disagreement("expected task {task}: the case has ended with {found}.", told, element)
            told = {"task": task, "open": self._open_names()}
            raise Disagreement("expected task {task}, open: {open}.", told, element)
        round_ = step.expect.get("round")
        allowed = [
            t for t in candidates if round_ in (None, t.round) and (not step.by or may_act(t, step.by))
        ]
        return (allowed or candidates)[0]

    def _may_act(self, task: UserTask, by: str) -> None:
        if by and not may_act(task, by):
            allowed = ", ".join(allowed_of(task)) or "–"
            raise Disagreement(
                "{by} may not do {task}; {allowed} may.",
                {"by": by, "task": self._named(task.element), "allowed": allowed},
                task.element,
            )

    def _submitted(
        self, form_id: str, values: Any, by: str, known: Mapping[str, Any], element: str
    ) -> Mapping[str, Any]:
        """What the form makes of the answers: the page would take or refuse them in the same way."""
        form = self.model.forms.get(form_id)
        if form is None:
            return dict(values)
        values = attached(form, values, known) if isinstance(values, Mapping) else values
        local = self.now.astimezone(ZONE)
        autos = {
            "officer": by,
            "officer_unit": by,
            "today": local.date().isoformat(),
            "now": local.isoformat(timespec="seconds"),
        }
        submission = forms.read_json(form, values, known, autos, _uploads(values))
        if submission.errors:
            raise Disagreement(
                "form {form} does not take this: {problems} Its fields: {fields}.",
                {
                    "form": form_id,
                    "problems": " ".join(f"{error.name}: {error.text()}" for error in submission.errors),
                    "fields": offered(form),
                },
                element,
            )
        return submission.values

    def _expect_task(self, task: UserTask, expect: Mapping[str, Any]) -> None:
        found: dict[str, Any] = {
            "form": task.form,
            "name": task.name,
            "priority": task.priority,
            "round": task.round,
            "assignee": task.assignee,
            "candidates": sorted([*task.candidate_groups, *task.candidate_users]),
        }
        for key, wanted in expect.items():
            if key == "due":
                self._expect_due(task, wanted)
            elif key == "light":
                self._expect_light([task], wanted)
            elif key == "variables":
                self._expect_values(wanted, task.variables, task.element)
            elif key == "returns":
                ways = process.returns(self.model, self.scenario.process, self.state, task.token)
                self._same(key, wanted, list(ways), task.element)
            elif key in found:
                self._same(key, sorted(wanted) if key == "candidates" else wanted, found[key], task.element)
            else:
                raise Disagreement("a task has no {key} to expect.", {"key": key}, task.element)

    def _expect(self, expect: Mapping[str, Any]) -> None:
        for key, wanted in expect.items():
            match key:
                case "light":
                    self._expect_light(list(self.tasks.values()), wanted)
                case "open" | "opened" | "work":
                    self._same(key, sorted(wanted), sorted(w.element for w in self._waiting(key)))
                case "reminded":
                    groups = {g for t in self._opened for g in (*t.candidate_groups, *t.candidate_users)}
                    self._same(key, sorted(wanted), sorted(groups))
                case "variables":
                    self._expect_values(wanted, self.variables)
                case "thrown":
                    self._same_messages(wanted, self._thrown)
                    self._thrown = []
                case "ended":
                    if wanted not in (self.ended, self.outcome):
                        self._same(key, wanted, self.ended)
                case _:
                    raise Disagreement("{key} cannot be expected here.", {"key": key})

    def _waiting(self, key: str) -> Iterable[UserTask | ExternalTask]:
        """What is open for people, what the last step opened for them, or what waits for programs."""
        found: Mapping[str, Iterable[UserTask | ExternalTask]] = {
            "open": self.tasks.values(), "opened": self._opened, "work": self.work
        }  # fmt: skip
        return found[key]

    def _expect_due(self, task: UserTask, wanted: Any) -> None:
        due = task.due.astimezone(ZONE) if task.due else None
        found = None if due is None else due.date().isoformat() if len(str(wanted)) == 10 else due.isoformat()
        expected = wanted if wanted is None or len(str(wanted)) == 10 else parse_time(wanted).isoformat()
        self._same("due", expected, found, task.element)

    def _expect_light(self, tasks: list[UserTask], wanted: Any) -> None:
        lights = [self.calendar.light(task.due, self.now) for task in tasks if task.due]
        worst = max(lights, key=_LIGHTS.index) if lights else None
        self._same("light", wanted, worst)

    def _expect_values(self, wanted: Mapping[str, Any], found: Mapping[str, Any], element: str = "") -> None:
        for name, value in wanted.items():
            self._same(name, value, found.get(name), element)

    def _same(self, what: str, wanted: Any, found: Any, element: str = "") -> None:
        if not agrees(wanted, found):
            raise Disagreement(
                "{what} is {found}, expected {expected}.",
                {"what": what, "found": shown(found), "expected": shown(wanted)},
                element,
            )

    def _same_messages(self, wanted: Iterable[Any], found: list[Thrown]) -> None:
        """Messages that left, in order: each a name, or `{message, with}` where what it carries matters."""
        told = [
            {"message": m.name, "with": dict(m.payload)} if isinstance(w, Mapping) else m.name
            for m, w in zip_longest(found, wanted)
            if m is not None
        ]
        self._same("thrown", list(wanted), told)

    # ------------------------------------------------------------------ names
    def _named(self, element: str) -> str:
        """An element as people know it: its name in the diagram with its id."""
        own = self.model.processes.get(self.scenario.process)
        every = [*([own] if own else []), *self.model.processes.values()]
        name = next((d.nodes[element].name for d in every if element in d.nodes), "")
        return f"{name} ({element})" if name else element

    def _open_names(self) -> str:
        waiting = [*map(self._described, self.tasks.values()), *(self._named(w.element) for w in self.work)]
        return ", ".join(waiting or awaited(self.model, self.timers, self.subscriptions)) or "–"

    def _ending(self) -> str:
        """The end that was reached, with the choice that led there."""
        found = f"{self._named(self.ended)} [{self.outcome}]"
        choice = last_choice(self.model, self._passed)
        return f"{found} ← {choice}" if choice else found

    def _described(self, task: UserTask) -> str:
        """An open task with all that a story needs to go on with it: its form, and who may do it."""
        told = [f"form {task.form}"] if task.form else []
        told += [f"by {' / '.join(allowed_of(task))}"] if allowed_of(task) else []
        named = self._named(task.element)
        return f"{named} [{'; '.join(told)}]" if told else named


def _uploads(values: Any) -> dict[str, forms.Upload]:
    """The files a scenario names, as if they had been uploaded."""
    lists = (value for value in values.values() if isinstance(value, list))
    names = {name for items in lists for name in items if isinstance(name, str)}
    return {name: forms.Upload(id=name, name=name) for name in names}
