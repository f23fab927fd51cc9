"""What a page is told to show."""

from __future__ import annotations

from decimal import Decimal

from server.engine.forms import FieldView, RenderContext, Upload, read, render_tree, shown_names
from tests.engine.forms.samples import APPLICATION, field, form

AUTOS = {"officer": "经办人甲", "today": "2026-03-05"}


def by_name(views: tuple[FieldView, ...]) -> dict[str, FieldView]:
    return {view.name: view for view in views}


def test_hidden_fields_are_left_out_and_controls_are_marked() -> None:
    views = by_name(render_tree(form(*APPLICATION), {"activity": "new"}, RenderContext(autos=AUTOS)))
    assert list(views) == ["activity", "total", "is_state_secret", "apply_on", "officer"]
    assert views["activity"].controls
    assert not views["total"].controls
    upgrade = render_tree(form(*APPLICATION), {"activity": "upgrade"}, RenderContext(autos=AUTOS))
    assert "amount" in by_name(upgrade)


def test_values_are_shown_in_words_and_as_typed() -> None:
    values = {"activity": "new", "total": Decimal("480000"), "is_state_secret": False}
    views = by_name(render_tree(form(*APPLICATION), values, RenderContext(autos=AUTOS)))
    assert (views["total"].text, views["total"].display) == ("480,000.00", "¥480,000.00")
    assert views["activity"].display == "新建"
    assert views["is_state_secret"].display == "否"
    assert views["apply_on"].display == "2026-03-05 周四"
    assert views["officer"].readonly
    english = render_tree(form(*APPLICATION), values, RenderContext(autos=AUTOS, language="en"))
    assert by_name(english)["activity"].display == "New"
    assert by_name(english)["activity"].label == "Activity"


def test_a_wrong_answer_comes_back_as_it_was_typed_with_its_error() -> None:
    typed = read(form(*APPLICATION), [("activity", "new"), ("total", "六十万")], autos=AUTOS)
    context = RenderContext(autos=AUTOS, errors={"total": ("请输入金额",)})
    view = by_name(render_tree(form(*APPLICATION), typed.raw, context))["total"]
    assert view.text == "六十万"
    assert view.errors == ("请输入金额",)
    assert view.described_by == "f-total-error"


def test_the_case_and_defaults_fill_what_nobody_has_typed() -> None:
    fields = form(
        field("textfield", "a", defaultValue="default"),
        field("textfield", "b", defaultValue="default"),
        field("textfield", "c", defaultValue="default"),
    )
    views = by_name(render_tree(fields, {"c": None}, RenderContext(variables={"b": "case"})))
    assert [views[name].text for name in "abc"] == ["default", "case", ""]


def test_rows_have_names_and_buttons() -> None:
    rows = form(
        {"type": "dynamiclist", "id": "l", "path": "items", "defaultRepetitions": 2,
         "components": [field("textfield", "name", label="第{{i[1]}}项")]}
    )  # fmt: skip
    (view,) = render_tree(rows, {}, RenderContext())
    assert view.can_edit_rows
    assert [row.name for row in view.rows] == ["items.0", "items.1"]
    assert [row.children[0].name for row in view.rows] == ["items.0.name", "items.1.name"]
    assert [row.children[0].label for row in view.rows] == ["第1项", "第2项"]
    assert shown_names((view,)) == ("items", "items.0.name", "items.1.name")


def test_texts_have_places() -> None:
    shown = form(
        {
            "type": "text",
            "id": "t",
            "text": "共 {{count(items)}} 项{{#if urgent}}，**急**{{/if}}{{#loop items}}·{{this}}{{/loop}}",
        }
    )
    (view,) = render_tree(shown, {}, RenderContext(variables={"items": ["甲", "乙"], "urgent": True}))
    assert view.text == "共 2 项，**急**·甲·乙"


def test_tables_show_rows_of_a_variable() -> None:
    table = form(
        {"type": "table", "id": "t", "label": "清单", "dataSource": "=items",
         "columns": [{"key": "name", "label": "名称"}, {"key": "price", "label": "单价"}]}
    )  # fmt: skip
    (view,) = render_tree(table, {}, RenderContext(variables={"items": [{"name": "甲", "price": 3}, "junk"]}))
    assert view.columns == ("名称", "单价")
    assert view.body == (("甲", "3"),)


def test_files_are_listed_from_the_draft_and_from_the_case() -> None:
    paper = form(field("filepicker", "paper"))
    upload = Upload("申请.pdf", 2048, "application/pdf", "f1")
    draft = read(paper, [("paper", upload)])
    (view,) = render_tree(paper, draft.raw, RenderContext())
    assert view.files == (upload,)
    (view,) = render_tree(paper, {}, RenderContext(variables={"paper": [upload.value()]}))
    assert view.display == "申请.pdf"


def test_an_image_never_comes_from_elsewhere() -> None:
    def source(address: str) -> str:
        return render_tree(form({"type": "image", "id": "i", "source": address}), {}, RenderContext())[
            0
        ].source

    assert source("/static/stamp.png") == "/static/stamp.png"
    assert source("https://example.com/x.png") == ""
    assert source("//example.com/x.png") == ""
    assert source("javascript:alert(1)") == ""
