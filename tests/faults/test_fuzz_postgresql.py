"""Hostile requests to every page over PostgreSQL: what SQLite takes and PostgreSQL does not is no fault."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from server.web.routing import Page
from tests.conftest import SESSION_FOLDER
from tests.faults.fuzz_fire import FIRED_AT, bombard, in_haste
from tests.faults.fuzz_judge import Judge
from tests.faults.fuzz_office import FuzzOffice, Request
from tests.faults.fuzz_postgresql import open_there
from tests.originals import Originals

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "14"))
ZERO = (
    "/instances/%00/reopen",
    "/instances/a%00b/reopen",
    "/instances/a%00b/reopen/check",
    "/engine-rest/task?nameLike=%25%5C",
)
"""What once was a fault here."""
pytestmark = pytest.mark.timeout(900 + REQUESTS // 5)


@pytest.fixture(scope="module")
def office(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, originals: Originals
) -> Iterator[FuzzOffice]:
    """The same office as on SQLite, in a database of its own."""
    own = tmp_path_factory.mktemp("fuzz")
    with originals.copied("postgresql", own) as url, in_haste():
        opened = open_there(pytestconfig.stash[SESSION_FOLDER] / "fuzz", own, url)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def judge(office: FuzzOffice) -> Judge:
    """The judge of this office, who leaves what strangers see to the other one: here it is not put back, and
    hostile people have handed over, shown around and moved to other jurisdictions what they could."""
    return Judge(office, re.compile("(?!)"))


@pytest.mark.parametrize("page", FIRED_AT, ids=lambda page: f"{page.method} {page.path}")
def test_hostile_requests(office: FuzzOffice, judge: Judge, page: Page) -> None:
    complaints = bombard(office, judge, page, REQUESTS, seed="postgresql").complaints
    assert not complaints, "\n\n".join(f"{what}\n  {request}" for what, request in complaints.items())


@pytest.mark.parametrize("address", ZERO)
def test_what_once_was_a_fault(office: FuzzOffice, judge: Judge, address: str) -> None:
    for kind in ("admin", "auditor", "process owner"):
        request = Request("GET", address.encode())
        judge.look(request, office.send(request, office.badges[kind]), kind, "")
