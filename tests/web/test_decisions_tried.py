"""Decisions tried out on a page: results, near misses, boundaries, the decision in use, errors in words."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from lxml import html

from server.bundles.scenario_files import read_scenario
from server.services import authoring, authoring_files, identity
from tests.web.office import TENANT, Office

HERE = "/decisions/active/hongshan_tier"
TIER = "dmn/tier.dmn"


def text_of(page: str) -> str:
    """What a reader sees."""
    return " ".join(html.fromstring(page).text_content().split())


@pytest.fixture(scope="module")
def draft(office: Office) -> str:
    """A draft in which the large tier begins at 650,000, and a rule is missing."""
    now = datetime.now(UTC)
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        draft_id = authoring.open_deployment(session, admin, "", "提高标准", now)
        held = authoring_files.read(session, admin, draft_id, TIER)
        changed = held.content.replace(b"600000", b"650000")
        authoring_files.save(session, admin, draft_id, TIER, changed, held.revision, now)
    return draft_id


def test_a_value_is_tried(office: Office) -> None:
    admin = office.visitor("admin")
    page = admin.get(f"{HERE}?in.class=construction&in.total=599,999.99")
    told = text_of(page.text)
    assert "结果：限额以下（小额）" in told
    assert "唯一命中（UNIQUE）：最多一条规则命中" in told
    rows = html.fromstring(page.text).xpath("//table[contains(@class, 'dmn')]/tbody/tr")
    assert [row.get("class") for row in rows] == [None, "fired", None]
    assert "命中" in rows[1].text_content()
    assert rows[2].xpath("./td/span[@class='small muted']/text()") == [
        "运维服务类",
        "无",
    ]  # what the value words mean
    near = rows[0].xpath("./td[contains(@class, ' no')]")
    assert [cell.text_content() for cell in near] == [">= 600000 不符"]
    snippet = html.fromstring(page.text).xpath("//pre/text()")[0]
    (case,) = read_scenario(snippet.encode(), "x.yaml").cases
    assert (case.expect, case.rule, case.inputs["class"]) == ("small", "small", "construction")
    fragment = admin.get(f"{HERE}?in.class=om_service", **{"HX-Request": "true"})
    assert fragment.text.lstrip().startswith('<div id="evaluation"')


def test_all_boundaries_stand_in_one_table(office: Office) -> None:
    page = office.visitor("admin").get(HERE)
    rows = html.fromstring(page.text).xpath("//table[contains(@class, 'boundary')]/tbody/tr")
    cells = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    total = next(row for row in cells if row[0] == "总投资（元）")
    assert total[2:5] == [
        "599,999.99 → 限额以下（小额）",
        "600,000.00 → 达到限额（大额）",
        "600,000.01 → 达到限额（大额）",
    ]


def test_what_goes_wrong_is_told(office: Office) -> None:
    admin = office.visitor("admin")
    assert "无规则命中" in text_of(admin.get(f"{HERE}?in.class=construction").text)
    told = text_of(admin.get(f"{HERE}?in.class=construction").text)
    assert "最常不符的是“总投资（元）”列：3 条规则中有 2 条" in told
    wrong = admin.get(f"{HERE}?in.total=much")
    assert "请填写符合类型的值" in wrong.text
    assert "取值不在允许范围" in text_of(admin.get(f"{HERE}?in.class=…&in.total=1").text)


def test_a_draft_beside_the_one_in_use(office: Office, draft: str) -> None:
    page = office.visitor("admin").get(
        f"/decisions/{draft}/hongshan_tier?in.class=construction&in.total=620000"
    )
    told = text_of(page.text)
    assert "使用中的版本结果不同：达到限额（大额）" in told
    assert "649,999.99 → 限额以下（小额） ≠ 使用中：达到限额（大额）" in told
    same = office.visitor("admin").get(f"/decisions/{draft}/hongshan_tier?in.class=construction&in.total=1")
    assert "使用中的版本结果相同" in same.text


def test_nothing_is_recorded_and_others_may_not(office: Office) -> None:
    with office.database.read() as session:
        count = session.execute(sa.text("select count(*) from decision_evaluation"))
        assert count.scalar_one() == 0
    assert office.visitor("clerk").get(HERE).status_code == 403
    assert office.visitor("admin").get("/decisions/active/none").status_code == 404


def test_every_decision_has_its_page(office: Office) -> None:
    """All tables and other logic of Hongshan, without a value and with the first case of a scenario."""
    admin = office.visitor("admin")
    tables = 0
    for name in (
        "clocks",
        "schedule",
        "content_check",
        "front_documents",
        "operate_gate",
        "acceptance_materials",
    ):
        page = admin.get(f"/decisions/active/hongshan_{name}")
        assert page.status_code == 200, name
        links = html.fromstring(page.text).xpath("//a[contains(@href, '?in.')]/@href")
        tables += len(links) > 0
        for link in links[:2]:
            assert "结果：" in text_of(admin.get(link).text), link
    assert tables > 3


def test_hostile_values_are_refused_in_words(office: Office) -> None:
    """Numbers that would fill a page, depths, lists where a number is asked: never an error of the server."""
    admin = office.visitor("admin")
    for value in ("1e999999", "Infinity", "NaN", "9" * 60, "[[1]]", "＋１", "x" * 5000, "\x00"):
        page = admin.get(f"{HERE}?{urlencode({'in.total': value, 'in.class': value})}")
        assert page.status_code == 200, value
    deep = "[" * 200 + "]" * 200
    for name in ("front_documents", "acceptance_materials", "content_check"):
        here = f"/decisions/active/hongshan_{name}"
        for field in html.fromstring(admin.get(here).text).xpath("//textarea/@name"):
            for value in (deep, "{", "[1e999999]", '{"a": NaN}', "1"):
                assert admin.get(f"{here}?{urlencode({field: value})}").status_code == 200, (name, value)
    latest = "/deployments/active/would-change?latest="
    for value in ("٣", "-1", "x", "999999", ""):
        assert admin.get(latest + value).status_code == 200
