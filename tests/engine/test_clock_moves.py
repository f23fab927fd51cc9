"""Moving limits: as many days are left as were when the clock stopped; what a decision says is a limit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engine.business_calendar import BusinessCalendar
from server.engine.clock import Term, term

CALENDAR = BusinessCalendar()
DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 1))


@given(DAYS, st.integers(1, 60), st.integers(0, 90), st.integers(0, 90))
def test_as_many_working_days_are_left(start: date, limit: int, ran: int, stood: int) -> None:
    """Stopped before it is over and started again later: the rest is the same."""
    due = CALENDAR.deadline(start, limit, "working_day", "C1")
    since = min(start + timedelta(days=ran), due.date())
    until = since + timedelta(days=stood)
    later = CALENDAR.postponed(due, "working_day", since, until)
    assert CALENDAR.working_days_between(until, later.date()) == CALENDAR.working_days_between(
        since, due.date()
    )
    assert later >= due
    assert later.timetz() == due.timetz()


@given(DAYS, st.integers(1, 24), st.integers(0, 400))
def test_as_many_days_are_left_of_months(start: date, months: int, stood: int) -> None:
    """Limits in other units move by days."""
    due = CALENDAR.deadline(start, months, "month", "C2")
    assert CALENDAR.postponed(due, "month", start, start + timedelta(days=stood)) - due == timedelta(
        days=stood
    )


def test_stopped_and_started_on_one_day_moves_nothing() -> None:
    """Nor does a stop that ends before it begins."""
    due = CALENDAR.deadline(date(2026, 3, 2), 7, "working_day", "C1")
    for until in (date(2026, 3, 4), date(2026, 3, 3)):
        assert CALENDAR.postponed(due, "working_day", date(2026, 3, 4), until) == due


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ({"clock_start": "2026-03-02", "limit": Decimal(7), "unit": "working_day", "rule": "C1"},
         Term(date(2026, 3, 2), 7, "working_day", "C1")),
        ({"limit": 2, "unit": "year", "rule": "C2"}, Term(date(2026, 1, 5), 2, "year", "C2")),
        ({"clock_start": None, "limit": 7, "unit": "working_day", "rule": "C1"}, None),
        ({"clock_start": "2026-03-02", "limit": Decimal("7.5"), "unit": "day", "rule": "C2"}, None),
        ({"clock_start": "soon", "limit": 7, "unit": "day", "rule": "C2"}, None),
        ([1], None),
        (None, None),
    ],
)  # fmt: skip
def test_a_limit_of_a_decision(outputs: object, found: Term | None) -> None:
    """All four parts, the start also from an input."""
    assert term({"issued_on": "2026-01-05"}, outputs, "issued_on") == found


def test_named_days_and_waiting_times_do_not_run() -> None:
    """C4 and C3 stay where they are."""
    kinds = [
        ("working_day", "C1"),
        ("month", "C5"),
        ("fixed_date", "C4"),
        ("fixed_date", "C5"),
        ("month", "C3"),
    ]
    assert [Term(date(2026, 1, 1), 1, *kind).runs for kind in kinds] == [True, True, False, False, False]
