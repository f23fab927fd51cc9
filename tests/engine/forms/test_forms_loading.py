"""What is wrong with a form file is said with file and field."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.forms import load_forms
from tests.engine.forms.samples import field, schema

FILE = "forms/town/f_test.form"


def problems(*components: dict[str, Any], **more: bytes) -> list[tuple[str, str, str]]:
    forms, findings = load_forms({FILE: schema(*components), **more})
    assert forms == {} or not findings
    return [(f.file, f.element, f.text()) for f in findings]


@pytest.mark.parametrize(
    ("component", "element", "words"),
    [
        ({"type": "iframe", "id": "x", "url": "https://example.com"}, "x", "iframe"),
        ({"type": "documentPreview", "id": "x"}, "x", "filepicker"),
        ({"type": "magic", "id": "x"}, "x", "magic"),
        (field("textfield", "a b"), "a b", "cannot be the name"),
        (field("textfield", ""), "id_", "cannot be the name"),
        (field("select", "s"), "s", "no options"),
        (field("select", "s", values=[{"label": "x"}]), "s", "no value"),
        (field("select", "s", values=["x"], properties={"values_en": "A|B"}), "s", "2 labels for 1"),
        (field("textfield", "t", conditional={"hide": "=1 +"}), "t", "1 +"),
        (field("textfield", "t", validate={"pattern": "(("}), "t", "pattern"),
        (field("textfield", "t", properties={"kind": "dollars"}), "t", "dollars"),
        (field("textfield", "t", properties={"auto": "boss"}), "t", "boss"),
        (field("datetime", "d", subtype="century"), "d", "century"),
        (field("textfield", "t", label="{{#if a}}never closed"), "t", "/if"),
        ({"type": "group", "id": "g", "properties": {"include": "shared.nothing"}}, "g", "shared.nothing"),
    ],
)  # fmt: skip
def test_a_wrong_component_is_named(component: dict[str, Any], element: str, words: str) -> None:
    found = problems(component)
    assert [(file, where) for file, where, _ in found] == [(FILE, element)]
    assert words in found[0][2]


def test_one_place_holds_one_field() -> None:
    assert problems(field("textfield", "t"), field("number", "t"))[0][2] == "The key t is used twice."
    rows = {"type": "dynamiclist", "id": "l", "path": "items", "components": [field("textfield", "t")]}
    assert problems(field("textfield", "t"), rows) == []


def test_blocks_that_include_each_other_are_refused() -> None:
    def including(id_: str, other: str) -> bytes:
        return schema({"type": "group", "id": "g", "properties": {"include": other}}, id_=id_)

    forms, findings = load_forms(
        {"forms/shared/a.form": including("a", "b"), "forms/shared/b.form": including("b", "a")}
    )
    assert forms == {}
    assert [f.text() for f in findings] == ["The form a includes itself.", "The form b includes itself."]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{}", b'{"components": 1}', b"[" * 100_000, b"x" * (1024 * 1024 + 1)],
)
def test_what_is_no_form_is_named(content: bytes) -> None:
    forms, findings = load_forms({FILE: content})
    assert forms == {}
    assert [(f.file, f.level) for f in findings] == [(FILE, "error")]


def test_too_many_and_too_deep() -> None:
    assert "600" in problems(*(field("textfield", f"t{n}") for n in range(601)))[0][2]
    deep: dict[str, Any] = field("textfield", "t")
    for n in range(12):
        deep = {"type": "group", "id": f"g{n}", "components": [deep]}
    assert "more than 8 deep" in problems(deep)[0][2]


def test_two_files_with_one_id() -> None:
    forms, findings = load_forms({"a.form": schema(field("textfield", "t")), "b.form": schema()})
    assert set(forms) == {"town.f_test"}
    assert findings[0].file == "b.form"
