"""A process owner changes a figure and sees every effect before it is live, in a real browser."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, expect

from server.services import authoring, authoring_files, identity
from server.store.database import Database
from tests.e2e.conftest import TENANT, Server
from tests.e2e.driver import Desk

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


def draft(server: Server) -> str:
    """A draft with another figure, another name and another group."""
    database, now = Database(f"sqlite:///{server.data / 'guicheng.db'}"), datetime.now(UTC)
    edits = {
        "dmn/tier.dmn": [("600000<", "650000<")],
        "bpmn/library_entry.bpmn": [('name="前置审核"', 'name="技术前置审核"')],
    }
    with database.write() as session:
        owner = identity.person_by_account(session, TENANT, "owner")
        draft_id = authoring.open_deployment(session, owner, "", "提高标准", now)
        for path, replacements in edits.items():
            held = authoring_files.read(session, owner, draft_id, path)
            text = held.content.decode()
            for old, new in replacements:
                assert old in text
                text = text.replace(old, new)
            authoring_files.save(session, owner, draft_id, path, text.encode(), held.revision, now)
    database.close()
    return draft_id


def test_a_figure_and_its_effects(browser: Browser, server: Server) -> None:
    """Differences in words and on the diagrams, the table with old and new, the decision tried, the note."""
    draft_id = draft(server)
    desk = Desk(browser, server.address, "owner")
    page = desk.page
    page.goto(f"/design/{draft_id}/differences")
    expect(page.locator("main")).to_contain_text("由“>= 600000”改为“>= 650000”")
    expect(page.locator("td.differs")).to_have_count(2)
    desk.picture(PICTURES, "differences")
    page.get_by_role("link", name="在图上看").click()
    changed = page.locator(".diagram.drawn .djs-element.changed[data-element-id=pre_review]")
    expect(changed).to_have_count(2)
    desk.picture(PICTURES, "differences-diagram")
    page.goto(f"/decisions/{draft_id}/hongshan_tier")
    page.get_by_label("项目类别").select_option("construction")
    page.get_by_label("总投资（元）").fill("620,000")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#evaluation")).to_contain_text("使用中的版本结果不同：达到限额")
    expect(page.locator("tr.fired")).to_contain_text("命中")
    assert "in.total" in page.url
    desk.picture(PICTURES, "decision")
    page.goto(f"/design/{draft_id}/would-change")
    expect(page.locator("main")).to_contain_text("没有一次结果会不同")
    page.goto(f"/design/{draft_id}/differences/note")
    expect(page.locator(".signatures")).to_contain_text("批准")
    expect(page.locator("main")).to_contain_text("个情景中")
    desk.close()


def test_a_scenario_is_drawn(browser: Browser, server: Server) -> None:
    """The path of a scenario stands on the diagram of its process."""
    desk = Desk(browser, server.address, "owner")
    page = desk.page
    page.goto("/definitions")
    page.get_by_role("link", name="项目入库", exact=True).click()
    expect(page.locator(".diagram.drawn .djs-element")).not_to_have_count(0)
    page.get_by_role("link", name="情景", exact=True).click()
    page.get_by_role("link", name="恰好60万元须附可行性研究报告").click()
    taken = page.locator(".diagram.drawn .djs-element.taken[data-element-id=pre_review]")
    expect(taken).to_have_count(1)
    desk.picture(PICTURES, "scenario")
    desk.close()
