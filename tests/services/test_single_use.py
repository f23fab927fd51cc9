"""Values that exist once: the second case is told at its field, and nothing of it is kept."""

from __future__ import annotations

import threading

import pytest

from server.services import instances, tasks
from server.services.errors import InvalidSubmission
from tests.services.conftest import MORNING
from tests.services.lab import Lab, bundle, form

UNIQUE = form("lab.f_note", "note").replace(
    b'"label": "note"', b'"label": "note", "properties": {"unique": "true"}'
)


@pytest.fixture
def numbers(lab: Lab) -> Lab:
    """A lab whose notes exist once."""
    lab.deploy({**bundle(), "forms/f_note.form": UNIQUE})
    return lab


def send(lab: Lab, instance: str, note: str) -> None:
    """Do the case's task with this note."""
    task = lab.task(instance, "work")
    with lab.database.write() as session:
        answers = {"note": note}
        tasks.complete(session, lab.people["ann"], task["id"], task["revision"], lab.now, answers)


def test_a_second_case_cannot_have_the_number(numbers: Lab) -> None:
    """It is told at the field; with another number it goes on, and blanks make no other number."""
    first, second = numbers.start(), numbers.start()
    send(numbers, first, "红数〔2026〕1号")
    with pytest.raises(InvalidSubmission) as refused:
        send(numbers, second, " 红数〔2026〕1号 ")
    assert [error.name for error in refused.value.submission.errors] == ["note"]
    assert "another case has this already" in refused.value.submission.errors[0].text()
    assert numbers.open(second) == ["work"]
    send(numbers, second, "红数〔2026〕2号")
    assert numbers.open(second) == []


def test_two_at_once(numbers: Lab) -> None:
    """Of two cases that are sent in the same moment one gets the number."""
    cases = [numbers.start(), numbers.start()]
    together, ends = threading.Barrier(2), []

    def race(instance: str) -> None:
        together.wait()
        try:
            send(numbers, instance, "one")
            ends.append("sent")
        except InvalidSubmission:
            ends.append("refused")

    threads = [threading.Thread(target=race, args=(case,)) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["refused", "sent"]


def test_a_rehearsal_takes_no_number(numbers: Lab) -> None:
    """Neither does it take one away nor is it hindered by a real one."""
    with numbers.database.write() as session:
        given = {"project_name": "试", "rehearsal_day": "2026-03-05", "pause": "P1D", "due": "", "noon": ""}
        rehearsed = instances.start(
            session, numbers.people["ann"], "lab.chased", MORNING, given, rehearsed=True
        ).instance_id
    send(numbers, rehearsed, "one")
    send(numbers, numbers.start(), "one")
