"""Processes as process owners look at them: list, diagram, elements, versions, articles, scenarios."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html

from server.bundles.archive import read_folder
from server.services import deployments, identity
from tests.web.office import ROOT, TENANT, Office, apply

KEY = "hongshan.library_entry"
HERE = f"/definitions/{KEY}"


def text_of(page: str) -> str:
    """What a reader sees."""
    return " ".join(html.fromstring(page).text_content().split())


@pytest.fixture(scope="module", autouse=True)
def _two_versions(office: Office) -> None:
    """A case on the first version; then a second one with another name in it."""
    apply(office.visitor("clerk"))
    files = dict(read_folder(ROOT, TENANT).files)
    drawn, outlined = "bpmn/library_entry.bpmn", "bpmn/library_entry.outline.txt"
    files[drawn] = files[drawn].replace('name="前置审核"'.encode(), 'name="技术前置审核"'.encode())
    files[outlined] = files[outlined].replace("  前置审核  ".encode(), "  技术前置审核  ".encode())
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        deployments.deploy(session, admin, TENANT, files, datetime.now(UTC), name="h", source="test")


def test_the_list(office: Office) -> None:
    page = office.visitor("admin").get("/definitions")
    rows = html.fromstring(page.text).xpath(f"//tr[.//a[@href='{HERE}']]/td")
    assert [cell.text_content().strip() for cell in rows[2:]] == ["2", "1"]
    assert "/decisions/active/hongshan_tier" in page.text


def test_diagram_elements_and_versions(office: Office) -> None:
    admin = office.visitor("admin")
    page = admin.get(HERE)
    told = text_of(page.text)
    for part in ("技术前置审核", "蒙东云计算中心", "用户任务", "决策任务", "第9条", "投资档次"):
        assert part in told, part
    links = html.fromstring(page.text).xpath("//a[contains(@href, '/differences/')]/@href")
    assert len(links) == 1
    assert "技术前置审核”，原名“前置审核" in admin.get(links[0]).text
    old = admin.get(f"{HERE}?version=1")
    assert "技术前置审核" not in old.text
    source = html.fromstring(old.text).xpath("//*[@data-source]/@data-source")[0]
    assert "技术前置审核" not in admin.get(source).json()["xml"]
    file = admin.get(f"{HERE}/file?version=2")
    assert "技术前置审核" in file.text
    assert "library_entry.bpmn" in file.headers["content-disposition"]
    assert admin.get(f"{HERE}?version=7").status_code == 404
    assert admin.get("/definitions/nothing").status_code == 404
    fragment = admin.get(f"{HERE}/scenarios", **{"HX-Request": "true"})
    assert fragment.text.lstrip().startswith('<div id="tab"')


def test_scenarios_are_played_and_drawn(office: Office) -> None:
    admin = office.visitor("admin")
    page = admin.get(f"{HERE}/scenarios?run=1")
    told = text_of(page.text)
    assert "✓ 成立" in told
    assert "✗ 不成立" not in told
    paths = html.fromstring(page.text).xpath("//td/a[contains(@href, 'path=')]/@href")
    assert len(paths) > 10
    one = admin.get(paths[0])
    source = html.fromstring(one.text).xpath("//*[@data-source]/@data-source")[0]
    facts = admin.get(source).json()
    assert len(facts["taken"]) > 5
    assert facts["marks"] == {"removed": []}
    assert admin.get(f"{HERE}/scenarios?path=scenarios/none.yaml").status_code == 404


def test_articles(office: Office) -> None:
    told = text_of(office.visitor("admin").get(f"{HERE}/coverage").text)
    assert "第9条" in told
    assert "已证明" in told


def test_others_may_not(office: Office) -> None:
    for part in ("", "/scenarios", "/coverage", "/diagram.json", "/file"):
        assert office.visitor("clerk").get(f"{HERE}{part}").status_code == 403
    assert office.visitor("bureau").get("/definitions").status_code == 403


def test_every_page_of_versions_speaks_english_too(office: Office) -> None:
    """Nothing of ours is left untranslated, nor is anything but content Chinese."""
    admin = office.visitor("admin")
    admin.post("/language", admin.get("/definitions"), language="en", back="/definitions")
    said = {
        "/definitions": "As new cases use them.",
        HERE: "decision task",
        f"{HERE}/scenarios": "Play all scenarios",
        f"{HERE}/coverage": "Art. 9",
        "/decisions/active/hongshan_tier?in.class=construction&in.total=1": "UNIQUE: at most one rule",
        "/deployments/active/differences/active": "Both versions hold the same files.",
        "/deployments/active/differences/active/note": "Change note of the approval processes",
        "/deployments/active/would-change": "None of them would have gone another way.",
    }
    for address, words in said.items():
        page = admin.get(address)
        assert page.status_code == 200, address
        assert words in text_of(page.text), address
    for address in ("/definitions", HERE):
        assert "Project library entry" in text_of(admin.get(address).text), address
    admin.post("/language", admin.get("/definitions"), language="zh-CN", back="/definitions")


def test_what_is_not_there_is_not_found(office: Office) -> None:
    admin = office.visitor("admin")
    for address in (
        "/deployments/no/differences/no", "/deployments/active/differences/no/note", "/design/no/differences",
        "/design/no/differences/note.pdf", "/deployments/no/would-change", "/design/no/would-change",
        "/decisions/no/hongshan_tier", "/decisions/active/no", "/definitions/no/scenarios",
        "/definitions/no/coverage", "/definitions/no/file", "/definitions/no/diagram.json",
    ):  # fmt: skip
        assert admin.get(address).status_code == 404, address
