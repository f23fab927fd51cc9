"""Whatever is sent, reading never fails; what was read once is read again unchanged."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.engine.forms import Form, RenderContext, Upload, read, read_json, render_tree, shown_names
from tests.engine.forms.samples import APPLICATION, YES_NO, field, form

EVERYTHING: Form = form(
    *APPLICATION,
    field("textarea", "story", validate={"minLength": 2, "maxLength": 5}),
    field("number", "count", decimalDigits=0, validate={"min": 1, "max": "=total"}),
    field("number", "free"),
    field("datetime", "day", subtype="date", disallowPassedDates=True),
    field("datetime", "hour", subtype="time"),
    field("datetime", "at", subtype="datetime"),
    field("checkbox", "sure", properties={"must_be_true": "town#1"}),
    field("checklist", "some", values=YES_NO, properties={"min_items": "1"}),
    field("taglist", "tags", valuesKey="story"),
    field("filepicker", "paper", multiple=True),
    field("expression", "twice", expression="=count * 2"),
    {"type": "dynamiclist", "id": "l", "path": "items", "components": [
        field("textfield", "name"), field("number", "price", properties={"kind": "money"}),
        {"type": "dynamiclist", "id": "m", "path": "parts", "components": [field("checkbox", "ok")]},
    ]},
)  # fmt: skip

NAMES = st.sampled_from(
    [*(f.key for f in EVERYTHING.fields), "items.0.name", "items.0.price",
     "items.1.parts.0.ok", "items.x.name", "items.99999999999.name", "items..name", "_add", "_remove",
     "_shown", "", ".", "items", "a.b.c" * 20]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["NaN", "1e999", "-0", "9" * 5000, "\x00", "\ud800", "２０２６", "items", "items.0", "1,234.50",
         "true", "new", "upgrade", "2026-02-29", "24:00", "2026-03-05T10:30", "_shown"]
    ),
)  # fmt: skip
VALUES = st.one_of(TEXTS, st.builds(Upload, st.text(max_size=9), id=st.sampled_from(["", "f1"])))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=10**300, max_value=10**301), st.floats(),
    st.decimals(), TEXTS,
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4))
)


def show(raw: Any) -> None:
    shown_names(render_tree(EVERYTHING, raw, RenderContext(autos={"today": "2026-03-05"})))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=25))
def test_no_posted_page_breaks_the_reader(pairs: list[tuple[str, str | Upload]]) -> None:
    submission = read(EVERYTHING, pairs, autos={"today": "2026-03-05", "officer": "甲"})
    for error in submission.errors:
        assert error.text()
    json.dumps(submission.raw)
    show(submission.raw)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=8))
def test_no_json_breaks_the_reader(data: dict[str, Any]) -> None:
    submission = read_json(EVERYTHING, data, variables=data)
    assert all(error.text() for error in submission.errors)
    show(submission.raw)


@settings(max_examples=100, deadline=None)
@given(
    st.decimals(min_value=0, max_value=Decimal("1e15"), places=2), st.dates().map(str), st.booleans(),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=2, max_size=5),
)  # fmt: skip
def test_a_submission_shown_and_sent_again_is_the_same(
    total: Decimal, day: str, secret: bool, story: str
) -> None:
    pairs: list[tuple[str, str | Upload]] = [
        ("activity", "new"), ("total", f"{total:,}"), ("day", day), ("is_state_secret", str(secret).lower()),
        ("story", story),
    ]  # fmt: skip
    first = read(EVERYTHING, pairs)
    assert first.values["total"] == total
    views = render_tree(EVERYTHING, first.raw, RenderContext())
    again: list[tuple[str, str | Upload]] = []
    for view in views:
        again += [(view.name, o.value) for o in view.options if o.selected] or [(view.name, view.text)]
    second = read(EVERYTHING, [pair for pair in again if pair[0] and pair[0] not in ("sure", "items")])
    kept = {
        name: value for name, value in first.values.items() if name not in ("officer", "apply_on", "items")
    }
    assert {name: second.values[name] for name in kept} == kept


def test_thousands_of_rows_and_names_are_bounded() -> None:
    pairs: list[tuple[str, str | Upload]] = [(f"items.{n}.name", "x" * 50) for n in range(30_000)]
    submission = read(EVERYTHING, pairs)
    assert len(submission.values["items"]) == 200
    assert any("at most 200" in error.text() for error in submission.errors)
    deep: list[tuple[str, str | Upload]] = [(".".join("a" * 5000), "x")] * 50
    read(EVERYTHING, deep)
