"""上报 in the browser: what a case waits to hear is told by a button that bears the event's name."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from server.cli import house
from server.services import identity, instances
from tests.bundles import linked
from tests.e2e.conftest import serve
from tests.e2e.test_clocks import desk
from tests.originals import Originals
from tests.patience import PATIENCE
from tests.services.lab import open_settled, settle
from tests.web.office import PASSWORD


def test_an_event_is_reported(browser: Browser, originals: Originals, tmp_path: Path) -> None:
    """From the page of the case; afterwards the case has moved and the record says who told it."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        case = begun(url, tmp_path)
        process, address = serve(tmp_path, url)
        try:
            report(browser, address, case)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def begun(url: str, files: Path) -> str:
    """A case that waits to hear something, in a lab where Ann can sign in; gives its id."""
    lab = open_settled(url, files)
    lab.deploy(linked.files())
    lab.now = house.now()
    with lab.database.write() as session:
        people = sa.table("person", sa.column("password_hash"))
        session.execute(people.update().values(password_hash=identity.hash_password(PASSWORD)))
        given = {"project_name": "试验", "amount": "600"}
        case = instances.start(session, lab.people["ann"], "lab.receiver", lab.now, given).instance_id
    lab.database.close()
    return case


def report(browser: Browser, address: str, case: str) -> None:
    """Tell it as a person does."""
    ann = desk(browser, address, "ann", width=360)
    ann.goto(f"/instances/{case}")
    ann.locator("details", has_text="problem").locator("summary").click()
    ann.get_by_role("button", name="上报：problem").click()
    expect(ann.locator("main")).to_contain_text("look_at_problem")
    ann.goto(f"/instances/{case}/history")
    expect(ann.locator("main")).to_contain_text("已上报：problem")
    ann.context.close()
