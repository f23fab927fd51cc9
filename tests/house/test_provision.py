"""What the set-up promises every other test: fresh databases of both kinds, a browser that draws Chinese."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from server.store.database import Database
from server.store.schema import is_current
from tests.provision import Missing, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("visit", [1, 2])
def test_a_database_is_empty_however_it_was_left(database_url: str, database_kind: str, visit: int) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        assert engine.dialect.name == database_kind
        assert sa.inspect(connection).get_table_names() == []
        connection.exec_driver_sql("CREATE TABLE left_over (id integer)")
    engine.dispose()


@pytest.mark.parametrize("visit", [1, 2])
def test_a_migrated_database_has_all_tables(migrated_database_url: str, visit: int) -> None:
    database = Database(migrated_database_url)
    assert is_current(database)
    with database.write() as session:
        assert "left_over" not in sa.inspect(session.connection()).get_table_names()
        session.connection().exec_driver_sql("CREATE TABLE left_over (id integer)")
    database.close()


def test_the_machine_is_not_in_china() -> None:
    assert datetime(2026, 7, 1).astimezone().utcoffset().total_seconds() == -4 * 3600


def test_the_browser_has_chinese_letters(page: Page) -> None:
    page.set_content('<html lang="zh-CN"><span id=a>规</span>')
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "#a"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert [font["familyName"] for font in fonts] in (["Noto Sans SC"], ["Noto Sans CJK SC"])


def test_a_missing_browser_is_an_error_and_no_skip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv(chromium.OWN_CHROMIUM, raising=False)
    monkeypatch.setattr(chromium, "PACKED", tmp_path / "none")
    with pytest.raises(Missing, match="make test"):
        chromium.launch_options()


def test_a_browser_that_was_named_but_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chromium.OWN_CHROMIUM, "/nowhere/chromium")
    with pytest.raises(Missing, match="/nowhere/chromium"):
        chromium.find()
