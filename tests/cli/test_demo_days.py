"""The days of a demo story fit the forms on whatever day it is played."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from server.cli import demo_days
from server.engine.forms import Component, load_forms

TODAY = date(2026, 3, 10)
FORMS = Path(__file__).resolve().parents[2] / "forms"
ID = "huaian.f_change_done"
"""It asks when a change was finished: not after today."""


def field(key: str) -> Component:
    files = [FORMS / "huaian" / "f_change_done.form", *(FORMS / "shared").glob("block_*.form")]
    forms, _findings = load_forms({str(path.relative_to(FORMS.parent)): path.read_bytes() for path in files})
    return next(one for one in forms[ID].fields if one.key == key)


@pytest.mark.parametrize(
    ("told", "days", "filled_in"),
    [
        ("2026-03-01", 3, "2026-03-04"),
        ("2026-03-20", 0, "2026-03-10"),  # the story has waited until then, the demonstration has not
        ("2026-03-01", 9, "2026-03-10"),
        ("soon", 9, "soon"),
        (None, 9, None),
    ],
)
def test_what_has_to_have_passed_has_passed(told: str | None, days: int, filled_in: str | None) -> None:
    assert demo_days.answered(field("finished_on"), told, days, TODAY) == filled_in


def test_what_is_no_day_stays_as_it_is() -> None:
    assert demo_days.answered(field("change_record"), "2026-03-20", 3, TODAY) == "2026-03-20"
