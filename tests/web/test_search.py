"""The search page: found cases with their place, files of what is shown, searches that are kept, columns."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import quote, unquote

import httpx
import pytest
from lxml import html

from tests.web.office import Office, Visitor, apply

FILES = ("/search/cases.csv", "/search/cases.xlsx")


@pytest.fixture(scope="module", autouse=True)
def _cases(office: Office) -> None:
    for name in ("数字乡村平台", "=数字档案", "园区停车"):
        apply(office.visitor("clerk"), name, "600,000.00")


def subjects(page: httpx.Response) -> list[str]:
    """The subjects of the rows, in order."""
    rows = html.fromstring(page.text).xpath("//table/tbody/tr/td[2]")
    return [next(iter(row.itertext())).strip() for row in rows]


def table(answer: httpx.Response) -> list[list[str]]:
    """The rows of a CSV file, heads first."""
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def find(visitor: Visitor, query: str) -> httpx.Response:
    """The page of a search."""
    answer = visitor.get(f"/search?{query}")
    assert answer.status_code == 200
    return answer


def test_a_text_finds_cases_and_the_header_leads_there(office: Office) -> None:
    """The newest first; the box stands on every page."""
    clerk = office.visitor("clerk")
    assert 'action="/search"' in clerk.get("/tasks").text
    assert subjects(find(clerk, f"q={quote('数字')}")) == ["=数字档案", "数字乡村平台"]
    nothing = find(clerk, f"q={quote('数字停车')}")
    assert "未查到办件" in nothing.text
    assert subjects(find(office.visitor("other_clerk"), f"q={quote('数字')}")) == []


def test_files_hold_exactly_what_is_shown(office: Office) -> None:
    """The same rows in the same order, and nothing in them that a spreadsheet would run."""
    clerk = office.visitor("clerk")
    for query in ("", f"q={quote('数字')}", "state=ended", "process=hongshan.library_entry"):
        shown = subjects(find(clerk, query))
        rows = table(clerk.get(f"/search/cases.csv?{query}"))
        assert [row[1].lstrip("'") for row in rows[1:]] == shown
        assert all(not row[1].startswith("=") for row in rows)
    assert clerk.get(f"/search/cases.xlsx?q={quote('数字')}").content.startswith(b"PK")


def test_a_process_has_columns_that_a_person_chooses(office: Office) -> None:
    """Those of its registers at first; nobody else's page changes."""
    clerk, bureau = office.visitor("clerk"), office.visitor("bureau")
    query = "process=hongshan.library_entry"
    page = find(clerk, query)
    heads = html.fromstring(page.text).xpath("//table/thead//th/text()")
    assert len(heads) > 6
    sent = clerk.post("/search/columns", page, process="hongshan.library_entry", query=query, column="total")
    assert sent.status_code == 303
    after = find(clerk, query)
    assert "600,000.00" in after.text
    own = html.fromstring(after.text).xpath("//input[@name='column'][@checked]/@value")
    assert own == ["total"]
    rows = table(clerk.get(f"/search/cases.csv?{query}"))
    assert "600000.00" in rows[1]
    assert html.fromstring(find(bureau, query).text).xpath("//table/thead//th/text()") == heads
    answer = clerk.post("/search/columns", page, process="nobody.knows", query="", column="total")
    assert answer.status_code == 404


def test_a_search_is_kept_opened_and_forgotten_by_its_person_only(office: Office) -> None:
    """Under a name; the same name replaces it."""
    clerk, other = office.visitor("clerk"), office.visitor("other_clerk")
    query = f"q={quote('停车')}"
    page = find(clerk, query)
    for asked in (query, f"{query}&state=running"):
        sent = clerk.post("/search/saved", page, name="停车 类", query=asked)
        assert unquote(sent.headers["location"]) == "/search?" + unquote(asked)
    kept = find(clerk, f"{query}&state=running")
    assert kept.text.count("停车 类") == 1
    address = re.search(r'action="(/search/saved/\w+/delete)"', kept.text)
    assert address
    assert "停车 类" not in find(other, "").text
    refused = other.post(address[1], find(other, ""))
    assert refused.status_code == 404
    assert clerk.post(address[1], kept).status_code == 303
    assert "停车 类" not in find(clerk, "").text


def test_what_cannot_be_kept_is_refused_with_what_to_do(office: Office) -> None:
    """No name, nothing asked; what is no question of a search is not kept."""
    clerk = office.visitor("clerk")
    page = find(clerk, "")
    for name, query in (("", "q=x"), ("a", ""), ("a", "back=https%3A%2F%2Fexample.org")):
        assert clerk.post("/search/saved", page, name=name, query=query).status_code == 403


def test_what_i_follow_is_found(office: Office) -> None:
    """`mine=followed` gives what the person follows, alone and together with a text; nobody else's."""
    clerk, admin = office.visitor("clerk"), office.visitor("admin")
    rows = html.fromstring(find(clerk, f"q={quote('停车')}").text).xpath("//td/a/@href")
    page = clerk.get(rows[0])
    assert clerk.post(f"{rows[0]}/follow", page).status_code == 303
    assert subjects(find(clerk, "mine=followed")) == ["园区停车"]
    assert '<option value="followed" selected>我关注的</option>' in find(clerk, "mine=followed").text
    assert subjects(find(clerk, f"mine=followed&q={quote('数字')}")) == []
    assert subjects(find(clerk, f"mine=followed&q={quote('停车')}")) == ["园区停车"]
    assert subjects(find(admin, "mine=followed")) == []
    assert [row[1] for row in table(clerk.get("/search/cases.csv?mine=followed"))[1:]] == ["园区停车"]
    assert clerk.post(f"{rows[0]}/unfollow", page).status_code == 303
    assert subjects(find(clerk, "mine=followed")) == []


def test_an_address_that_makes_no_sense_asks_nothing(office: Office) -> None:
    """Days, states and places that are none."""
    clerk = office.visitor("clerk")
    everything = subjects(find(clerk, ""))
    for query in ("first=2026-13-40", "state=x", "light=x", "mine=x", "after=~"):
        assert subjects(find(clerk, query)) == everything or query.startswith("after"), query
    assert subjects(find(clerk, "process=nobody.knows")) == []
    assert subjects(find(clerk, "first=9999-12-31&ended_last=9999-12-31")) == []


def test_every_list_can_be_taken_away(office: Office) -> None:
    """As many rows as the list has, for those who may see the list only."""
    clerk, admin = office.visitor("clerk"), office.visitor("admin")
    for visitor, address in ((clerk, "/instances"), (admin, "/instances/all"), (clerk, "/tasks/done")):
        rows = table(visitor.get(f"{address}/list.csv"))
        shown = html.fromstring(visitor.get(address).text).xpath("//table/tbody/tr")
        assert len(rows) - 1 == len(shown), address
        assert visitor.get(f"{address}/list.xlsx").content.startswith(b"PK")
    bureau = office.visitor("bureau")
    names = [row[2].lstrip("'") for row in table(bureau.get("/tasks/list.csv"))[1:]]
    assert {"数字乡村平台", "=数字档案", "园区停车"} <= set(names)
    assert len(table(bureau.get(f"/tasks/list.csv?q={quote('园区')}"))) == 2
    assert clerk.get("/instances/all/list.csv").status_code == 403
