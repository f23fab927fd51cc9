"""Whoever was not told that their case has begun is led to it, and begins no second one."""

from __future__ import annotations

from datetime import timedelta

from tests.web.office import Office, apply, fill

START = "/start/hongshan.library_entry"


def test_a_second_press_leads_to_what_the_first_began(office: Office) -> None:
    """And so does the page on which it was pressed; other people and other matters are not concerned."""
    clerk = office.visitor("clerk")
    case = apply(clerk)
    token = clerk.get("/start")
    again = clerk.post(f"{START}/submit", token)
    assert again.headers["location"] == f"/start/done/{case}"
    assert clerk.get(f"{START}/check").headers["location"] == f"/start/done/{case}"
    assert (
        office.visitor("clerk")
        .get("/start/hongshan.project_approval/check")
        .headers["location"]
        .endswith("approval")
    )
    other = office.visitor("other_clerk")
    assert other.post(f"{START}/submit", other.get("/start")).headers["location"] == START


def test_a_new_form_is_a_new_case(office: Office) -> None:
    """Who has begun to fill it again is asked for the rest."""
    clerk = office.visitor("clerk")
    apply(clerk)
    fill(clerk, clerk.get(START), project_name="另一个项目")
    assert clerk.get(f"{START}/check").headers["location"] == START


def test_an_hour_later_it_is_a_new_day(office: Office) -> None:
    """What was begun long ago is not what somebody looks for."""
    clerk = office.visitor("clerk")
    apply(clerk)
    house = office.app.state.house
    before = house.clock
    object.__setattr__(house, "clock", lambda: before() + timedelta(hours=1))
    try:
        assert clerk.get(f"{START}/check").headers["location"] == START
    finally:
        object.__setattr__(house, "clock", before)
