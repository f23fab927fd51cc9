"""Limits by real days of the published years, and the laws that hold for all days."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engine.business_calendar import ZONE, BusinessCalendar, DeadlineError
from server.engine.published_days import PublishedDays, published_days

CALENDAR = BusinessCalendar()
published_dates = st.dates(date(2010, 1, 1), date(2026, 11, 30))
any_dates = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def on(day: str, clock: str = "12:00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


# --------------------------------------------------------------------------- C1
@pytest.mark.parametrize(
    ("start", "due"),
    [
        (
            "2024-02-01",
            "2024-02-09",
        ),  # Spring Festival 2024: Sunday the 4th is worked, the Eve as well
        ("2024-02-05", "2024-02-20"),  # and Sunday the 18th
        ("2024-09-24", "2024-10-09"),  # National Day 2024: Sunday the 29th is worked
        ("2024-10-01", "2024-10-15"),  # an event within the holiday; Saturday the 12th is worked
        ("2025-01-23", "2025-02-08"),  # Spring Festival 2025: ends on a worked Saturday
        ("2025-09-25", "2025-10-11"),  # National and Mid-Autumn Festival 2025
        ("2026-02-10", "2026-02-26"),  # Spring Festival 2026, the longest
        ("2026-09-23", "2026-10-10"),  # Mid-Autumn and National Day 2026
        ("2026-03-02", "2026-03-11"),  # an ordinary week
    ],
)
def test_hongshan_has_seven_working_days(start: str, due: str) -> None:
    deadline = CALENDAR.deadline(date.fromisoformat(start), 7, "working_day", "C1")
    assert deadline == on(due, "23:59:59")
    assert deadline.tzinfo is ZONE


def test_explanation_names_the_days_that_did_not_count() -> None:
    told = CALENDAR.explain(date(2025, 1, 23), 7, "working_day", "C1")
    assert [day.date.isoformat() for day in told.made_up] == ["2025-01-26", "2025-02-08"]
    assert {day.name for day in told.made_up} == {"Spring Festival"}
    reasons = {day.date.isoformat(): day.reason for day in told.skipped}
    assert reasons["2025-01-25"] == "weekend"
    assert reasons["2025-01-28"] == "holiday"
    assert len(reasons) == 9
    assert not told.uncertain
    assert told.uncertain_years == ()


def test_a_year_without_a_notice_is_flagged() -> None:
    told = CALENDAR.explain(date(2026, 12, 28), 7, "working_day", "C1")
    assert told.uncertain_years == (2027,)
    assert told.due.date() == date(2027, 1, 6)  # weekends only
    assert not CALENDAR.day(date(2027, 5, 1)).certain
    assert CALENDAR.day(date(2026, 5, 1)).certain


def test_a_limit_that_ends_before_the_unknown_year_is_certain() -> None:
    assert CALENDAR.explain(date(2026, 12, 28), 3, "working_day", "C1").uncertain_years == ()


def test_overrides_win_and_can_complete_a_year() -> None:
    own = {date(2027, 1, 1): "holiday", date(2027, 1, 2): "workday", date(2026, 10, 8): "holiday"}
    calendar = BusinessCalendar(own, confirmed_years={2027})
    told = calendar.explain(date(2026, 12, 28), 5, "working_day", "C1")
    assert told.due.date() == date(2027, 1, 4)
    assert told.uncertain_years == ()
    assert [day.reason for day in told.made_up] == ["override"]
    assert not calendar.is_working_day(date(2026, 10, 8))
    assert CALENDAR.is_working_day(date(2026, 10, 8))


def test_an_override_settles_its_own_day_but_not_its_year() -> None:
    calendar = BusinessCalendar({date(2027, 1, 1): "holiday"})
    assert calendar.day(date(2027, 1, 1)).certain
    assert calendar.explain(date(2026, 12, 31), 2, "working_day", "C1").uncertain_years == (2027,)


def test_working_days_count_backwards_for_notice_before_a_day() -> None:
    told = CALENDAR.explain(date(2024, 10, 9), -3, "working_day", "C1")
    assert told.due.date() == date(2024, 9, 29)


# --------------------------------------------------------------------------- C2, C3, C4
@pytest.mark.parametrize(
    ("start", "limit", "unit", "due"),
    [
        ("2025-08-31", 6, "month", "2026-02-28"),  # no 31st: the month's last day
        ("2023-08-31", 6, "month", "2024-02-29"),
        ("2024-02-29", 1, "year", "2025-02-28"),
        ("2024-02-29", 4, "year", "2028-02-29"),
        ("2025-12-15", 24, "month", "2027-12-15"),
        ("2025-04-01", 6, "month", "2025-10-01"),  # a holiday does not move it
        ("2025-03-06", 2, "month", "2025-05-06"),
        ("2025-12-31", 30, "day", "2026-01-30"),
    ],
)
def test_month_and_year_deadlines_keep_the_day_number(start: str, limit: int, unit: str, due: str) -> None:
    first = date.fromisoformat(start)
    assert CALENDAR.deadline(first, limit, unit, "C2") == on(due, "23:59:59")
    assert CALENDAR.deadline(first, limit, unit, "C3") == on(due, "00:00:00")


def test_month_deadlines_need_no_notice() -> None:
    assert CALENDAR.explain(date(2026, 12, 1), 6, "month", "C2").uncertain_years == ()


def test_a_minimum_duration_tells_that_it_is_the_earliest_day() -> None:
    assert CALENDAR.explain(date(2025, 8, 31), 6, "month", "C3").earliest
    assert not CALENDAR.explain(date(2025, 8, 31), 6, "month", "C2").earliest


@pytest.mark.parametrize(
    ("start", "named", "due"),
    [
        ("2026-06-30", 630, "2026-06-30"),  # the named day counts
        ("2026-07-01", 630, "2027-06-30"),
        ("2026-01-05", 731, "2026-07-31"),
        ("2026-12-31", 1231, "2026-12-31"),
        ("2025-03-01", 229, "2026-02-28"),
        ("2026-03-05", 5, "2026-03-05"),  # the fifth of each month
        ("2026-03-06", 5, "2026-04-05"),
        ("2026-12-06", 5, "2027-01-05"),
        ("2026-02-10", 31, "2026-02-28"),
    ],
)
def test_fixed_dates_include_the_named_day(start: str, named: int, due: str) -> None:
    assert CALENDAR.deadline(date.fromisoformat(start), named, "fixed_date", "C4") == on(due, "23:59:59")


# --------------------------------------------------------------------------- what gives no date
@pytest.mark.parametrize(
    ("limit", "unit", "rule", "said"),
    [
        (7, "working_days", "C1", "working_day, day"),
        (7, "working_day", "C2", "C1"),
        (7, "working_day", "C7", "gives no date"),
        (6, "month", "C6", "gives no date"),
        (6, "month", "C1", "C2, C3"),
        (True, "month", "C2", "whole number"),
        (1.5, "month", "C2", "whole number"),
        (-1, "month", "C2", "negative"),
        (1350, "fixed_date", "C4", "names no day"),
        (100, "fixed_date", "C4", "names no day"),
        (36_600, "year", "C2", "beyond"),
        (10**9, "working_day", "C1", "whole number"),
    ],
)
def test_impossible_limits_are_refused_with_the_reason(limit: int, unit: str, rule: str, said: str) -> None:
    with pytest.raises(DeadlineError, match=said):
        CALENDAR.deadline(date(2026, 3, 2), limit, unit, rule)


# --------------------------------------------------------------------------- lights
@pytest.mark.parametrize(
    ("now", "light"),
    [
        (on("2024-09-27"), "green"),
        (on("2024-09-30", "00:00:00"), "green"),
        (on("2024-10-08", "00:00:00"), "yellow"),  # one working day before Wednesday the 9th
        (on("2024-10-09", "23:59:59"), "yellow"),
        (on("2024-10-10", "00:00:00"), "red"),
        (datetime(2024, 10, 9, 16, 0, 0, tzinfo=UTC), "red"),  # midnight of the 10th in Shanghai
        (datetime(2024, 10, 7, 16, 0, 0, tzinfo=UTC), "yellow"),
    ],
)
def test_lights_turn_by_working_days(now: datetime, light: str) -> None:
    assert CALENDAR.light(on("2024-10-09", "23:59:59"), now) == light


def test_the_light_before_a_long_holiday_turns_on_the_last_working_day() -> None:
    due = on("2024-10-08", "23:59:59")
    assert CALENDAR.light(due, on("2024-09-29")) == "green"
    assert CALENDAR.light(due, on("2024-09-30")) == "yellow"


def test_working_days_left() -> None:
    due = on("2024-10-09", "23:59:59")
    left = [
        CALENDAR.working_days_left(on(d), due)
        for d in ("2024-09-27", "2024-09-30", "2024-10-09", "2024-10-11")
    ]
    assert left == [4, 2, 0, -2]


# --------------------------------------------------------------------------- laws
@given(published_dates, st.integers(1, 60))
def test_the_due_day_is_a_working_day_and_exactly_so_many_away(start: date, count: int) -> None:
    due = CALENDAR.add_working_days(start, count)
    assert CALENDAR.is_working_day(due)
    assert CALENDAR.working_days_between(start, due) == count
    assert CALENDAR.working_days_between(due, start) == -count


@given(any_dates, st.integers(0, 900))
def test_working_days_between_are_those_counted_one_by_one(start: date, length: int) -> None:
    days = (start + timedelta(days=n) for n in range(1, length + 1))
    counted = sum(CALENDAR.is_working_day(day) for day in days)
    assert CALENDAR.working_days_between(start, start + timedelta(days=length)) == counted


@given(published_dates, st.integers(0, 40))
def test_a_light_turns_yellow_on_the_working_day_before_its_day(start: date, length: int) -> None:
    day = start + timedelta(days=length)
    due, now = datetime.combine(day, time(17), ZONE), datetime.combine(start, time(9), ZONE)
    near = start >= CALENDAR.add_working_days(day, -1)
    assert CALENDAR.light(due, now) == ("yellow" if near else "green")


@given(published_dates, st.integers(1, 60))
def test_explanation_accounts_for_every_day(start: date, count: int) -> None:
    told = CALENDAR.explain(start, count, "working_day", "C1")
    assert (told.due.date() - start).days == count + len(told.skipped)
    assert all(not day.working for day in told.skipped)


@given(any_dates, st.integers(1, 30))
def test_backwards_undoes_forwards_from_a_working_day(start: date, count: int) -> None:
    first = CALENDAR.add_working_days(start, 1)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(first, count), -count) == first


@given(any_dates, st.integers(0, 240))
def test_months_keep_the_number_or_take_the_last_day(start: date, months: int) -> None:
    due = CALENDAR.deadline(start, months, "month", "C2").date()
    assert (due.year * 12 + due.month) - (start.year * 12 + start.month) == months
    assert due.day == start.day or (due.day < start.day and (due + timedelta(days=1)).day == 1)


@given(any_dates, st.integers(1, 12), st.integers(1, 28))
def test_fixed_dates_lie_within_a_year_and_never_before(start: date, month: int, day: int) -> None:
    due = CALENDAR.deadline(start, month * 100 + day, "fixed_date", "C4").date()
    assert (due.month, due.day) == (month, day)
    assert start <= due < start.replace(day=1) + timedelta(days=397)


@given(published_dates, st.integers(1, 20), st.integers(0, 60 * 24 * 60))
def test_lights_never_go_back(start: date, count: int, minutes: int) -> None:
    due = CALENDAR.deadline(start, count, "working_day", "C1")
    order = ["green", "yellow", "red"]
    earlier = due - timedelta(minutes=minutes)
    assert order.index(CALENDAR.light(due, earlier)) <= order.index(CALENDAR.light(due, due))
    assert CALENDAR.light(due, due) == "yellow"
    assert CALENDAR.light(due, due + timedelta(seconds=1)) == "red"


# --------------------------------------------------------------------------- the data set
def test_published_years_are_complete_and_plausible() -> None:
    days = published_days()
    assert set(range(2010, 2027)) <= days.years
    for year in range(2014, 2027):
        assert 20 <= sum(day.year == year for day in days.holidays) <= 35
        assert all(day.weekday() >= 5 for day in days.make_up_days if day.year == year)


def test_a_calendar_without_notices_knows_weekends_only() -> None:
    bare = BusinessCalendar(published=PublishedDays(frozenset(), {}, {}))
    told = bare.explain(date(2024, 9, 27), 7, "working_day", "C1")
    assert told.due.date() == date(2024, 10, 8)
    assert told.uncertain_years == (2024,)
