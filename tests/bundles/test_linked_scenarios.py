"""Stories of cases that a message or the schedule begins, that throw messages and wait for them."""

from __future__ import annotations

from datetime import date

import pytest

from server.bundles import duties
from server.bundles.duties import Duty, ScheduleUnclear
from server.bundles.manifest import read_manifest
from server.bundles.proof import proof, unproved
from server.bundles.scenario_files import ScenarioRefused, read_scenario
from server.bundles.scenarios import Played, play
from server.engine.load import load
from server.engine.model import Model
from tests.bundles import linked

SENT = """
process: lab.sender
start: {by: clerks, with: {project_name: 试验, amount: "600"}}
steps:
  - expect: {thrown: []}
  - task: decide
    by: clerks
    complete: {note: 同意}
  - expect: {thrown: [{message: lab.decided, with: {amount: "600", decided_on: 2026-03-02}}]}
end: approved
thrown: [lab.decided]
"""
FOLLOWED = """
process: lab.follower
start: {message: lab.decided, with: {amount: "600", decided_on: 2026-03-02, approved: true}}
steps:
  - task: follow
    by: clerks
    expect: {variables: {amount: "600", approved: true}}
    complete: {note: 办结}
end: end
thrown: []
"""
RECEIVED = """
process: lab.receiver
start: {by: clerks, with: {project_name: 试验, amount: "600"}}
steps:
  - message: problem
    by: clerks
    expect: {opened: [look_at_problem]}
  - message: lab.decided
    with: {decided_on: 2026-03-02}
    expect: {opened: [use], variables: {decided_on: 2026-03-02}}
  - task: use
    by: clerks
    complete: {note: 已用}
  - task: look_at_problem
    by: heads
    complete: {note: 已看}
end: end
"""
BEGUN = """
process: lab.review
start: {duty: 2026-H1, at: 2026-06-01 00:00, with: {approved: true, amount: "600"}}
steps:
  - task: review
    by: clerks
    expect: {variables: {period: 2026-H1, year: 2026, opened_on: 2026-06-01, approved: true}}
    complete: {note: 已评}
end: end
"""


@pytest.fixture(scope="module")
def model() -> Model:
    found, findings = load(linked.files())
    assert found is not None, [f.text() for f in findings]
    return found


def played(model: Model, text: str, old: str = "", new: str = "") -> Played:
    assert old in text
    story = read_scenario(text.replace(old, new).encode(), "s.yaml")
    return play(story, model, read_manifest(linked.manifest()))


def told(result: Played) -> str:
    return " / ".join(failure.text() for failure in result.failures)


@pytest.mark.parametrize("text", [SENT, FOLLOWED, RECEIVED, BEGUN])
def test_the_story_holds(model: Model, text: str) -> None:
    assert told(played(model, text)) == ""


@pytest.mark.parametrize(
    ("text", "old", "new", "problem"),
    [
        (SENT, "thrown: [lab.decided]", "thrown: []", "thrown is [lab.decided], expected []."),
        (SENT, "thrown: [lab.decided]", "thrown: [lab.decided, lab.problem]",
         "thrown is [lab.decided], expected [lab.decided, lab.problem]."),
        (SENT, 'amount: "600", dec', 'amount: "601", dec',
         "step 3: thrown is [{message: lab.decided, with: {"),
        (FOLLOWED, "message: lab.decided", "message: lab.other",
         "lab.follower has no start event that waits for the message lab.other; awaited are: lab.decided."),
        (FOLLOWED, "process: lab.follower", "process: lab.sender",
         "lab.sender has no start event that waits for the message lab.decided; awaited are: –."),
        (RECEIVED, "by: clerks\n    expect: {opened: [look", "by: heads\n    expect: {opened: [look",
         "step 1: heads may not deliver problem (problem); clerks may."),
        (RECEIVED, "lab.decided\n", "lab.other\n",
         "step 2: nothing waits for the message lab.other; awaited are: "),
        (BEGUN, "06-01", "06-02",
         "the schedule does not begin lab.review for 2026-H1 on 2026-06-02; it begins: –."),
        (BEGUN, "duty: 2026-H1", "duty: 2026-H2", "the schedule does not begin lab.review for 2026-H2 on "),
        (BEGUN, "{approved: true, am", "{am",
         "the schedule begins this for projects with the fact approved; the story's project lacks it."),
    ],
)  # fmt: skip
def test_failures_say_what_is_so(model: Model, text: str, old: str, new: str, problem: str) -> None:
    assert told(played(model, text, old, new)).startswith(problem), told(played(model, text, old, new))


def test_a_case_begins_in_one_way() -> None:
    with pytest.raises(ScenarioRefused) as refused:
        read_scenario(b"process: a\nstart:\n  by: x\n  message: y\n", "s.yaml")
    problem = "Line 4: a case begins by one of by, message, not by several."
    assert refused.value.finding.text() == problem


def test_every_start_and_every_rule_of_the_schedule_is_to_be_proved(model: Model) -> None:
    results = [played(model, text) for text in (SENT, FOLLOWED, RECEIVED, BEGUN)]
    found = proof(model, results)
    assert ("lab_schedule", "3") in found.passed_rules
    assert ("lab.receiver", "on_problem") in found.passed_branches
    assert found.branches - found.passed_branches == {("lab.follower", "start")}
    assert "No scenario passes start (start)." in [f.text() for f in unproved(model, found)]


def test_what_the_schedule_begins_on_a_day(model: Model) -> None:
    def on(month: int, day: int) -> list[Duty]:
        return list(duties.duties(model, "lab_schedule", date(2026, month, day)))

    assert on(1, 5) == [Duty("lab.monthly", "2026-1", "installation")]
    assert on(1, 15) == [Duty("lab.yearly", "2026", "unit")]
    assert on(12, 1) == [Duty("lab.review", "2026-H2", "project", "approved")]
    assert on(12, 2) == []


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (("-", "-", '"lab.yearly"', "string(day.year)", '"town"', "null"), "per must be installation"),
        (("-", "-", '"lab.yearly"', "null", '"unit"', "null"), "process and period must be texts"),
        (
            ("-", "-", '"lab.yearly"', '"x"', '"unit"', '"approved"'),
            "requires (approved) needs per = project",
        ),
    ],
)
def test_a_schedule_that_says_nonsense(rule: tuple[str, ...], problem: str) -> None:
    found, _ = load({"dmn/schedule.dmn": linked.schedule((rule,))})
    assert found is not None
    with pytest.raises(ScheduleUnclear) as unclear:
        duties.duties(found, "lab_schedule", date(2026, 1, 1))
    assert str(unclear.value).startswith(problem)


def test_a_schedule_that_does_not_read_the_day_as_a_date() -> None:
    found, _ = load({"dmn/schedule.dmn": linked.schedule(day="string")})
    assert found is not None
    with pytest.raises(ScheduleUnclear):
        duties.duties(found, "lab_schedule", date(2026, 1, 1))
