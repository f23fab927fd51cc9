"""Scenario files: what a process owner writes to prove that a process or decision does what it should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, cast

from server.bundles.located_yaml import Table, YamlRefused, read
from server.engine.business_calendar import ZONE
from server.engine.model import Finding, Value

StepKind: TypeAlias = Literal[
    "task", "decision", "wait", "external", "message", "return", "withdraw", "expect"
]

DEFAULT_TIME = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
"""When a scenario begins that does not say: a Monday morning."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a process scenario.

    `subject` is the task, decision, message, topic or duration; `by` the group or person who acts; `values`
    what is filled in, sent, found out, or (for a decision) expected as its result; `to` the step a task is
    returned to. `acts` tells that the task is completed and not only looked at; `straight` that what was
    returned comes straight back. A program does its work, with `local` results for the task's own mappings;
    or meets an `error` of the matter (its code, with a `reason`); or gives up, for the reason in
    `failure`."""

    number: int
    line: int
    kind: StepKind
    subject: str = ""
    by: str = ""
    values: Mapping[str, Value] | Value = field(default_factory=dict)
    expect: Mapping[str, Value] = field(default_factory=dict)
    to: str = ""
    acts: bool = False
    straight: bool = False
    local: Mapping[str, Value] = field(default_factory=dict)
    error: str = ""
    reason: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class DecisionCase:
    """One row of a decision scenario: inputs, expected outputs, and perhaps the rule or error expected."""

    number: int
    line: int
    inputs: Mapping[str, Value]
    expect: Value
    rule: str = ""
    error: str = ""
    at: datetime = DEFAULT_TIME


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file: either `process` with its steps, or `decision` with its cases.

    A case begins with the start event of `message`, if one is named; or as the schedule begins it on the day
    of `at`, for the period `duty`; else by the hand of `by`. `thrown` are all messages that leave it, in
    order; None where the story does not say."""

    path: str
    title: str
    process: str = ""
    decision: str = ""
    regulations: tuple[str, ...] = ()
    by: str = ""
    at: datetime = DEFAULT_TIME
    start: Mapping[str, Value] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    cases: tuple[DecisionCase, ...] = ()
    end: str = ""
    never: tuple[str, ...] = ()
    message: str = ""
    duty: str = ""
    thrown: tuple[Value, ...] | None = None


class ScenarioRefused(ValueError):
    """A scenario file that cannot be read; the finding names its line."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text())
        self.finding = finding


_TOP = {"process", "decision", "title", "regulations", "start", "steps", "cases", "end", "never", "thrown"}
_START = {"by", "at", "with", "message", "duty"}
_STEPS: Mapping[str, set[str]] = {
    "task": {"task", "by", "expect", "complete", "return_to", "with"},
    "decision": {"decision", "result"},
    "wait": {"wait", "expect"},
    "external": {"external", "with", "local", "error", "reason", "failure", "expect"},
    "message": {"message", "by", "with", "expect"},
    "return": {"return", "by", "expect"},
    "withdraw": {"withdraw", "by", "expect"},
    "expect": {"expect"},
}


def read_scenario(data: bytes, path: str) -> Scenario:
    """Read a scenario file. Raises ScenarioRefused naming the line and what to write there."""
    try:
        content = read(data)
    except YamlRefused as refused:
        raise _refused(path, refused.line, refused.reason) from None
    return _Reader(path).scenario(content)


def parse_time(text: object) -> datetime:
    """A time of a scenario (`2026-03-02 09:00`), in the jurisdictions' time zone. Raises ValueError."""
    found = datetime.fromisoformat(str(text).strip())
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def _refused(path: str, line: int, reason: str) -> ScenarioRefused:
    return ScenarioRefused(
        Finding(
            level="error",
            code="scenario-unreadable",
            message="Line {line}: {reason}.",
            params={"line": line, "reason": reason},
            remedy="Correct the scenario file.",
            file=path,
            line=line,
            family="house",
        )
    )


class _Reader:
    """Reads one file; every mistake is told with its line."""

    def __init__(self, path: str) -> None:
        self.path = path

    def scenario(self, content: object) -> Scenario:
        top = self._table(content, 1, _TOP)
        if ("process" in top) == ("decision" in top):
            raise self._wrong(top.line, "exactly one of the keys process and decision must stand here")
        common: dict[str, Any] = {
            "path": self.path,
            "title": self._text(top, "title"),
            "regulations": tuple(str(r) for r in self._list(top, "regulations")),
        }
        if "decision" in top:
            cases = enumerate(self._list(top, "cases"), 1)
            found = tuple(self._case(i, case, top.line) for i, case in cases)
            return Scenario(decision=self._text(top, "decision"), cases=found, **common)
        start = self._start(top)
        return Scenario(
            process=self._text(top, "process"),
            by=self._text(start, "by"),
            at=self._time(start, "at"),
            start=self._values(start, "with"),
            message=self._text(start, "message"),
            duty=self._text(start, "duty"),
            thrown=tuple(self._list(top, "thrown")) if "thrown" in top else None,
            steps=tuple(self._step(i, s, top.line) for i, s in enumerate(self._list(top, "steps"), 1)),
            end=self._text(top, "end"),
            never=tuple(str(n) for n in self._list(top, "never")),
            **common,
        )

    def _start(self, top: Table) -> Table:
        start = self._table(top.get("start") or Table(top.line), top.line, _START)
        ways = [key for key in ("by", "message", "duty") if key in start]
        if len(ways) > 1:
            raise self._wrong(
                start.lines[ways[1]], f"a case begins by one of {', '.join(ways)}, not by several"
            )
        return start

    def _case(self, number: int, content: object, line: int) -> DecisionCase:
        case = self._table(content, line, {"with", "expect", "rule", "error", "at"})
        if "expect" not in case and "error" not in case:
            raise self._wrong(case.line, f"case {number} expects nothing")
        return DecisionCase(
            number=number,
            line=case.line,
            inputs=self._values(case, "with"),
            expect=case.get("expect"),
            rule=str(case.get("rule") or ""),
            error=self._text(case, "error"),
            at=self._time(case, "at"),
        )

    def _step(self, number: int, content: object, line: int) -> Step:
        step = self._table(content, line, set().union(*_STEPS.values()))
        kind = next((kind for kind in _STEPS if kind in step), "expect")
        for key in step.keys() - _STEPS[kind]:
            raise self._wrong(step.lines[key], f"the key {key} does not belong to a step “{kind}”")
        expect = self._values(step, "expect")
        common: dict[str, Any] = {
            "number": number,
            "line": step.line,
            "by": self._text(step, "by"),
            "expect": expect,
        }
        if kind == "return":
            way = self._table(step["return"], step.line, {"task", "to", "with", "straight"})
            return Step(
                kind="return", subject=self._text(way, "task"), to=self._text(way, "to"),
                values=self._values(way, "with"), straight=way.get("straight") is True, **common,
            )  # fmt: skip
        if kind == "external":
            return self._work(step, common)
        values: object = {"task": "complete", "message": "with", "decision": "result"}.get(kind, "")
        return Step(
            kind=cast("StepKind", kind),
            subject="" if kind == "expect" else self._text(step, kind),
            values=step.get("result") if kind == "decision" else self._values(step, str(values)),
            to=self._text(step, "return_to"),
            acts="complete" in step,
            **common,
        )

    def _work(self, step: Table, common: Mapping[str, Any]) -> Step:
        """What a program makes of its work: one of three outcomes, each with keys of its own."""
        outcome = next((key for key in ("failure", "error") if key in step), "")
        foreign = {"failure": ("error", "reason", "with", "local"), "error": ("local",), "": ("reason",)}[
            outcome
        ]
        for key in foreign:
            if key in step:
                told = f"a program with {outcome}" if outcome else "a program that has done its work"
                raise self._wrong(step.lines[key], f"the key {key} does not belong to {told}")
        if outcome and not self._text(step, outcome):
            raise self._wrong(step.lines[outcome], f"{outcome} must hold a code or a reason")
        return Step(
            kind="external", subject=self._text(step, "external"), values=self._values(step, "with"),
            local=self._values(step, "local"), error=self._text(step, "error"),
            reason=self._text(step, "reason"), failure=self._text(step, "failure"), **common,
        )  # fmt: skip

    # ------------------------------------------------------------------ parts
    def _table(self, content: object, line: int, known: set[str]) -> Table:
        if not isinstance(content, Table):
            raise self._wrong(line, "keys with values are expected here")
        for key in content.keys() - known:
            close = get_close_matches(key, sorted(known), 1)
            hint = f" (is {close[0]} meant?)" if close else ""
            raise self._wrong(content.lines[key], f"the key {key} is not known{hint}")
        return content

    def _values(self, table: Table, key: str) -> Mapping[str, Value]:
        content = table.get(key)
        if content is None:
            return {}
        if not isinstance(content, Table):
            raise self._wrong(table.lines[key], f"{key} must hold names with values")
        return dict(content)

    def _list(self, table: Table, key: str) -> list[Any]:
        content = table.get(key)
        if content is None:
            return []
        if not isinstance(content, list):
            raise self._wrong(table.lines[key], f"{key} must be a list")
        return content

    def _text(self, table: Table, key: str) -> str:
        content = table.get(key)
        if isinstance(content, (Table, list)):
            raise self._wrong(table.lines[key], f"{key} must be a word or a text")
        return "" if content is None else str(content)

    def _time(self, table: Table, key: str) -> datetime:
        if table.get(key) is None:
            return DEFAULT_TIME
        try:
            return parse_time(table[key])
        except ValueError:
            raise self._wrong(table.lines[key], f"{key} must be a time such as 2026-03-02 09:00") from None

    def _wrong(self, line: int, reason: str) -> ScenarioRefused:
        return _refused(self.path, line, reason)
