"""Why a decision came out as it did stands on the page of the case: what went in, which rows matched, for
each other row the first cell that did not, what came out, and of which deployment the table was."""

from __future__ import annotations

from lxml import html

from tests.web.office import Office, apply


def test_a_case_explains_its_decisions(office: Office) -> None:
    clerk = office.visitor("clerk")
    case = apply(clerk)
    page = html.fromstring(clerk.get(f"/instances/{case}/decisions").text)
    panels = page.xpath("//section[contains(@class, 'panel')][.//dl]")
    assert panels
    shown = " ".join(panels[0].text_content().split())
    assert "第 1 次部署" in shown
    assert "COLLECT" in shown
    assert panels[0].xpath(".//dt")
    assert panels[0].xpath(".//span[@class='tag']")
    missed = [" ".join(row.text_content().split()) for row in page.xpath("//details//li")]
    assert missed
    assert all("不含" in row and row.startswith("规则") for row in missed), missed
