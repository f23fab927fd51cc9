"""A list in a form is read as a table, on the page and on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import html

from server.bundles import reading
from server.bundles.archive import read_folder
from server.engine.forms import FieldView, RenderContext, render_tree
from server.web import render
from server.web.listing import listed
from tests.web.office import ROOT

ASSETS = [
    {"asset_name": "服务器", "asset_value": Decimal("1234567.50")},
    {"asset_name": "平台软件", "asset_value": None},
]


def asset_list(values: dict[str, Any]) -> tuple[FieldView, ...]:
    """Huai'an's list of assets (Article 19), as it is read."""
    form = reading.read(read_folder(ROOT, "huaian").files).model.forms["huaian.f_asset_list"]
    context = RenderContext(variables=values, autos={}, language="zh-CN", readonly=True)
    return render_tree(form, values, context)


def test_entries_are_lines_and_their_fields_columns() -> None:
    (assets,) = [view for group in asset_list({"assets": ASSETS}) for view in group.children if view.rows]
    table = listed(assets)
    assert table.label == "资产"
    assert [(column.label, column.is_figure) for column in table.columns] == [
        ("资产名称", False), ("入账价值", True),
    ]  # fmt: skip
    assert [(line.number, *(cell.display for cell in line.cells if cell)) for line in table.lines] == [
        (1, "服务器", "1,234,567.50 元"), (2, "平台软件", ""),
    ]  # fmt: skip


def test_the_answers_show_a_table_that_a_narrow_screen_turns_into_cards() -> None:
    template = '{% from "components/answers.html" import answers %}{{ answers(views, "/tasks/1") }}'
    page = render._environment("zh-CN").from_string(template).render(views=asset_list({"assets": ASSETS}))
    (table,) = html.fromstring(page).xpath("//dd//table")
    assert [head.text_content() for head in table.xpath(".//thead//th")] == ["序号", "资产名称", "入账价值"]
    first = table.xpath(".//tbody/tr[1]/td")
    assert [(cell.get("data-label"), cell.text_content()) for cell in first] == [
        ("序号", "1"), ("资产名称", "服务器"), ("入账价值", "1,234,567.50 元"),
    ]  # fmt: skip
    (change,) = html.fromstring(page).xpath("//div[.//table]//a")
    assert change.get("href") == "/tasks/1#f-assets"
