"""Readings stand where the text they are about is used: a step, a field, a rule that fired, a start."""

from __future__ import annotations

import pytest

from server.services import deployed, readings, tasks
from tests.services import lab as small
from tests.services.conftest import Office
from tests.services.lab import Lab

ARTICLES = (
    b'{ id = "1", title = "Work" }',
    b'{ id = "1", title = "Work" }, { id = "2.1", manual = true, reason = "-" },'
    b' { id = "11", manual = true, reason = "-" }',
)
TOLD = b"""
[[reading]]
id = "R1"
regulation = "lab#1"
text = "So."
alternative = "Otherwise."
[[reading]]
id = "R2"
regulation = "lab#11 lab#2.1"
text = "Elsewhere."
[[reading]]
id = "R3"
text = "Named only."
"""


@pytest.mark.parametrize(
    ("place", "citation", "expected"),
    [
        ("town#12", "town#12", True),
        ("town#12", "town#12.1", True),
        ("town#12.1", "town#12", True),
        ("town#8", "town#8p2", True),
        ("town#12.1p2", "town#12", True),
        ("town#1", "town#12", False),
        ("town#12.1", "town#12.2", False),
        ("town#12.1", "town#12.10", False),
        ("town#12", "city#12", False),
        ("town#12", "town_b#12", False),
    ],
)
def test_places_that_meet(place: str, citation: str, expected: bool) -> None:
    """One is the other, or a part of it, whichever way round."""
    assert readings.touches(place, citation) is expected
    assert readings.touches(citation, place) is expected


def test_a_task_has_those_of_its_step(lab: Lab) -> None:
    """By the article it cites; those of other articles are not shown."""
    files = small.bundle()
    files["jurisdiction.toml"] = files["jurisdiction.toml"].replace(*ARTICLES) + TOLD
    lab.deploy(files)
    case = lab.start(process="lab.due")
    with lab.database.read() as session:
        view = tasks.view(session, lab.people["ann"], lab.task(case, "work")["id"], lab.now)
        found = readings.of_task(session, lab.people["ann"], view)
        assert [reading.id for reading in found] == ["R1"]
        assert [r.id for r in readings.of_case(session, lab.people["ann"], case)] == ["R1"]


def test_a_mark_in_a_text_names_one(lab: Lab) -> None:
    """Whatever is cited; a mark that the manifest does not know is only text."""
    files = small.bundle()
    files["jurisdiction.toml"] = files["jurisdiction.toml"].replace(*ARTICLES) + TOLD
    lab.deploy(files)
    with lab.database.read() as session:
        used = deployed.active(session, "lab")
    assert [r.id for r in readings.of(used, (), ("See [R3] and [R9].",))] == ["R3"]
    assert [r.id for r in readings.of(used, ("lab#2",), ("[R1]",))] == ["R1", "R2"]
    assert readings.of(used, ("lab#3",)) == ()


def test_a_library_entry_tells_its_readings(office: Office) -> None:
    """Before it begins that of the date, and after the panel was ordered that of the opinion that decides."""
    case = office.start()
    clerk = office.people["zhoumin"]
    with office.database.read() as session:
        begun = {r.id for r in readings.of_start(session, clerk, "hongshan.library_entry")}
        rested = {r.id for r in readings.of_case(session, clerk, case)}
    assert "R2" in begun
    assert begun <= {f"R{n}" for n in range(1, 40)}
    assert rested
