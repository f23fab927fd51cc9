"""看板 as a page: the first lines of a long table, the others folded beneath, and every one with its list."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import html

from server.services import board
from server.services.board import LIGHTS, Board, Count, Duration, Reason
from tests.web.office import Office

NONE = dict.fromkeys(LIGHTS, 0)


def told(lines: int) -> Board:
    """A board with so many lines in each of its long tables."""
    steps = tuple(
        Count(f"step_{n}", f"环节{n}", {**NONE, "red": 1, "green": n}, "project_entry", "项目入库")
        for n in range(lines)
    )
    durations = tuple(
        Duration("project_entry", "项目入库", f"step_{n}", f"环节{n}", 9, 2, n, 1) for n in range(lines)
    )
    reasons = (*(Reason(f"缺<第{n}项>材料", 2) for n in range(lines - 1)), Reason("", 7))
    return Board("", 3, date(2026, 9, 1), NONE, steps, steps, (), durations, reasons, 30, ())


@pytest.mark.parametrize(("lines", "folded"), [(10, 0), (11, 3), (25, 17)])
def test_a_long_table_shows_its_first_lines(
    office: Office, monkeypatch: pytest.MonkeyPatch, lines: int, folded: int
) -> None:
    """Eight lines are shown and the others folded, unless these were so few that folding hides nothing; no
    line is lost, none comes twice, all keep their order and the addresses of their lists."""
    monkeypatch.setattr(board, "board", lambda *_args: told(lines))
    page = html.fromstring(office.visitor("admin").get("/board").text)
    for table in ("departments", "steps", "durations", "returns"):
        (region,) = page.xpath(f"//div[@aria-labelledby='{table}']")
        rows = region.xpath(".//tbody/tr")
        names = [row.xpath("string(th/text())") for row in rows]
        assert len(names) == len(set(names)) == lines
        assert names[:-1] == sorted(names[:-1], key=lambda name: int("".join(filter(str.isdigit, name))))
        assert len(region.xpath(".//details//tbody/tr")) == folded
        assert all(row.xpath(".//a/@href[starts-with(., '/board/tasks?')]") for row in rows)
        assert region.xpath("string(.//summary)") == (f"其余 {folded} 项" if folded else "")
    assert "reason=%2A" in page.xpath("//div[@aria-labelledby='returns']//tr[last()]//a/@href")[-1]
