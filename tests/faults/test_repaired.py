"""Requests that once met a fault: each has its refusal now."""

from __future__ import annotations

from datetime import date

import pytest

from server.api.admission import _account
from server.api.camunda_errors import Problem
from server.services import register_views
from server.services.register_views import Filters
from tests.services.conftest import Office


@pytest.mark.parametrize("sent", ["\xff", "字", "AAAA\x00", "/////w==", "A"])
def test_a_password_that_is_no_base64(sent: str) -> None:
    """A header may hold any byte: what cannot be read is a bad request, whatever it is made of."""
    with pytest.raises(Problem) as refused:
        _account(sent)
    assert refused.value.status == 400


@pytest.mark.parametrize("day", [date.min, date.max, date(1, 1, 2), date(9999, 12, 30)])
def test_a_register_up_to_the_last_of_days(office: Office, day: date) -> None:
    """The first and the last day that there are have no midnight on other clocks."""
    with office.database.read() as session:
        register = register_views.catalogue(session, office.people["zhoumin"])[0][0]
        for filters in (Filters(first=day), Filters(last=day)):
            found = register_views.page(session, office.people["zhoumin"], register.id, filters)
            assert found.entries == ()
