"""What is told of messages that nobody can send and of schedules that begin nothing."""

from __future__ import annotations

import pytest

from server.bundles.archive import Bundle
from server.bundles.checks import check
from tests.bundles import linked
from tests.bundles.linked import RULES


def told(**changed: bytes) -> list[str]:
    found = check(Bundle(linked.files(**changed)))
    return [f"{f.code}: {f.text()}" for f in found if f.code != "outline-is-current"]


def drawn(key: str, old: str, new: str) -> bytes:
    text = linked.diagram(key).decode()
    assert old in text
    return text.replace(old, new).encode()


def test_the_linked_jurisdiction_keeps_every_rule() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("stem", "old", "new", "problems"),
    [
        ("receiver", 'value="clerks"', 'value="clerks boss"',
         ["problem is delivered by boss, which does not stand in jurisdiction.toml."]),
        ("receiver", "deliveredBy", "documented",
         ["problem waits for the message lab.problem, which no process of the jurisdiction throws."]),
        ("sender", "lab.decided", "lab.told",
         ["on_decided waits for the message lab.decided, which no process of the jurisdiction throws.",
          "wait_decided waits for the message lab.decided, which no process of the jurisdiction throws."]),
        ("sender", 'name="decided_on"', 'name="decided_at"',
         ["on_decided expects decided_on, which neither the message lab.decided carries nor a case "
          "fixes as a fact."]),
        ("follower", 'name="variables" value="decided_on approved"', 'name="deliveredBy" value="clerks"',
         ["on_decided has deliveredBy but waits for no message during a case."]),
    ],
)  # fmt: skip
def test_messages(stem: str, old: str, new: str, problems: list[str]) -> None:
    expected = [f"messages-arrive: {problem}" for problem in problems]
    assert sorted(told(**{stem: drawn(f"lab.{stem}", old, new)})) == expected


def rule(number: int, column: int, cell: str) -> bytes:
    """The schedule with one cell of a rule (both from 0) changed."""
    rows = [list(row) for row in RULES]
    rows[number][column] = cell
    return linked.schedule(tuple(tuple(row) for row in rows))


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (rule(2, 2, '"lab.reveiw"'), "Row 3 of the schedule begins lab.reveiw, which no diagram holds."),
        (
            rule(2, 2, '"lab." + "review"'),
            "Row 3 of the schedule computes the process, so nobody can see what",
        ),
        (rule(2, 5, '"aproved"'), "Row 3 of the schedule requires aproved, which no process of the manifest"),
        (
            rule(2, 4, '"unit"'),
            "On 2027-06-01 the schedule says what is no duty: requires (approved) needs per",
        ),
        (rule(0, 3, "day.year"), "On 2027-01-15 the schedule says what is no duty: "),
        (linked.schedule(policy="RULE ORDER"), "The schedule lab_schedule has the hit policy RULE ORDER; "),
        (linked.schedule(day="string"), "The schedule lab_schedule has no input data “day” of type date."),
        (
            linked.schedule().replace(b'name="per"', b'name="each"'),
            "The schedule lab_schedule has no output per",
        ),
    ],
)
def test_schedules(schedule: bytes, problem: str) -> None:
    found = [text for text in told(schedule=schedule) if text.startswith("schedule-is-sound")]
    assert found
    assert found[0].startswith(f"schedule-is-sound: {problem}"), found


def test_a_process_that_cannot_begin_by_time() -> None:
    only = drawn("lab.review", '<bpmn:startEvent id="start" name="start"/>',
                 linked.message("startEvent", "start", "m_decided"))  # fmt: skip
    assert [t for t in told(review=only) if t.startswith("schedule")] == [
        "schedule-is-sound: Row 3 of the schedule begins lab.review, which has no plain start event or is "
        "called by others."
    ]
