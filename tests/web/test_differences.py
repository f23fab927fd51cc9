"""What differs between two versions, as process owners read it on pages and paper."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html

from server.bundles.archive import read_folder
from server.services import authoring, authoring_files, deployments, identity
from tests.web.office import ROOT, TENANT, Office

TIER = "dmn/tier.dmn"


@pytest.fixture(scope="module")
def versions(office: Office) -> tuple[str, str, str]:
    """The first deployment; a second one with other cells and another name; a draft that says 700,000."""
    files = dict(read_folder(ROOT, TENANT).files)
    now = datetime.now(UTC)
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        first = deployments.listing(session, admin)[-1].id
        files[TIER] = files[TIER].replace(b"600000<", b"600000.00<")
        drawn, outlined = "bpmn/library_entry.bpmn", "bpmn/library_entry.outline.txt"
        files[drawn] = files[drawn].replace('name="前置审核"'.encode(), 'name="技术前置审核"'.encode())
        files[outlined] = files[outlined].replace("  前置审核  ".encode(), "  技术前置审核  ".encode())
        second = deployments.deploy(
            session, admin, TENANT, files, now, name="hongshan", source="test", note="提高大额标准"
        ).deployment_id
        draft = authoring.open_deployment(session, admin, second, "再提高", now)
        held = authoring_files.read(session, admin, draft, TIER)
        changed = held.content.replace(b"600000.00", b"700000")
        authoring_files.save(session, admin, draft, TIER, changed, held.revision, now)
    return first, second, draft


def test_two_deployments(office: Office, versions: tuple[str, str, str]) -> None:
    first, second, _ = versions
    page = office.visitor("admin").get(f"/deployments/{first}/differences/{second}")
    assert page.status_code == 200
    text = " ".join(html.fromstring(page.text).text_content().split())
    assert "第 1 条规则：列“总投资（元）”由“>= 600000”改为“>= 600000.00”。 第8条第1款" in text
    assert "用户任务“技术前置审核”，原名“前置审核”。" in text
    cells = html.fromstring(page.text).xpath("//table[contains(@class, 'dmn')]//td[@class='differs']")
    assert [" ".join(cell.text_content().split()) for cell in cells] == [
        "改前： >= 600000 → 改后： >= 600000.00", "改前： < 600000 → 改后： < 600000.00",
    ]  # fmt: skip
    same = office.visitor("admin").get(f"/deployments/{first}/differences/{first}")
    assert "没有差异" in same.text
    assert office.visitor("admin").get(f"/deployments/{first}/differences/active").status_code == 200


def test_the_diagrams_and_the_facts_for_machines(office: Office, versions: tuple[str, str, str]) -> None:
    first, second, _ = versions
    visitor, here = office.visitor("admin"), f"/deployments/{first}/differences/{second}"
    page = visitor.get(f"{here}?file=bpmn/library_entry.bpmn")
    sources = html.fromstring(page.text).xpath("//*[@data-source]/@data-source")
    assert len(sources) == 2
    facts = [visitor.get(source, Accept="application/json").json() for source in sources]
    assert [one["marks"] for one in facts] == [{"added": [], "removed": [], "changed": ["pre_review"]}] * 2
    assert "技术前置审核" in facts[1]["xml"]
    assert "技术前置审核" not in facts[0]["xml"]
    told = visitor.get(here, Accept="application/json").json()
    assert {one["file"] for one in told} == {TIER, "bpmn/library_entry.bpmn"}
    assert visitor.get(f"{here}?file=bpmn/none.bpmn").status_code == 404
    assert visitor.get(f"{here}?file=jurisdiction.toml", Accept="application/json").status_code == 404


def test_a_draft(office: Office, versions: tuple[str, str, str]) -> None:
    first, _, draft = versions
    visitor = office.visitor("admin")
    page = visitor.get(f"/design/{draft}/differences")
    assert "由“&gt;= 600000.00”改为“&gt;= 700000”" in page.text.replace("&#34;", '"')
    against = visitor.get(f"/design/{draft}/differences?against={first}")
    assert "由“&gt;= 600000”改为“&gt;= 700000”" in against.text
    assert f"/design/{draft}/differences/note?against={first}" in against.text


def test_the_note(office: Office, versions: tuple[str, str, str]) -> None:
    first, second, draft = versions
    visitor = office.visitor("admin")
    here = f"/deployments/{first}/differences/{second}/note"
    page = visitor.get(here)
    text = " ".join(html.fromstring(page.text).text_content().split())
    for part in ("赤峰市红山区人民政府", "提高大额标准", "管理员", "批准", "法制审核", "第12条第1项", "成立"):
        assert part in text, part
    pdf = visitor.get(f"{here}.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert "草稿" in visitor.get(f"/design/{draft}/differences/note").text


def test_others_may_not(office: Office, versions: tuple[str, str, str]) -> None:
    first, second, draft = versions
    for address in (f"/deployments/{first}/differences/{second}", f"/design/{draft}/differences"):
        assert office.visitor("clerk").get(address).status_code == 403
    assert office.visitor("admin").get(f"/deployments/{first}/differences/none").status_code == 404
