"""Submissions: what is read, what is dropped, what is wrong, in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.engine.forms import FieldError, Submission, Upload, load_forms, read, read_json
from tests.engine.forms.samples import APPLICATION, YES_NO, field, form, schema

AUTOS = {
    "officer": "经办人甲",
    "officer_unit": "预算科",
    "today": "2026-03-05",
    "now": "2026-03-05T10:30:00+08:00",
}


def texts(submission: Submission) -> list[str]:
    return [error.text() for error in submission.errors]


def test_a_complete_submission_gives_typed_values() -> None:
    submission = read(
        form(*APPLICATION),
        [("activity", "new"), ("total", "1,234.50"), ("is_state_secret", "false")],
        autos=AUTOS,
    )
    assert submission.accepted
    assert submission.values == {
        "activity": "new",
        "total": Decimal("1234.50"),
        "is_state_secret": False,
        "apply_on": "2026-03-05",
        "officer": "经办人甲",
    }


def test_the_server_fills_its_own_fields_whatever_the_browser_sends() -> None:
    pairs = [("activity", "new"), ("total", "1"), ("officer", "someone else"), ("apply_on", "1999-01-01")]
    values = read(form(*APPLICATION), pairs, autos=AUTOS).values
    assert (values["officer"], values["apply_on"]) == ("经办人甲", "2026-03-05")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("200", "200"), ("1,200.5", "1200.5"), ("0.50", "0.50"), ("0.5000", "0.50")],
)
def test_a_number_keeps_the_digits_it_was_typed_with_but_an_amount_has_two_places(
    typed: str, kept: str
) -> None:
    asked = form(field("number", "n", decimalDigits=2), field("number", "m", properties={"kind": "money"}))
    values = read(asked, [("n", typed), ("m", typed)]).values
    assert str(values["n"]) == kept
    assert str(values["m"]) == f"{Decimal(kept):.2f}"


def test_a_hidden_field_is_neither_asked_nor_kept() -> None:
    pairs = [("activity", "new"), ("total", "1"), ("amount", "700000")]
    submission = read(form(*APPLICATION), pairs, autos=AUTOS)
    assert submission.accepted
    assert "amount" not in submission.values


def test_a_hidden_field_empties_what_the_case_holds_from_an_earlier_round() -> None:
    pairs = [("activity", "new"), ("total", "1")]
    submission = read(form(*APPLICATION), pairs, {"amount": Decimal("700000.00")}, AUTOS)
    assert submission.values["amount"] is None


def test_a_field_of_another_step_keeps_what_the_case_holds() -> None:
    """The step is no answer of this form: what it hides is not in question now."""
    steps = form(
        field("textfield", "note"),
        field("textfield", "early", conditional={"hide": '=step != "early"'}),
        field("textfield", "late", conditional={"hide": '=step != "late" or note = "none"'}),
    )
    kept = {"step": "late", "early": "first", "late": "before"}
    assert "early" not in read(steps, [("note", "x"), ("late", "second")], kept).values
    assert read(steps, [("note", "none")], kept).values == {"note": "none", "late": None}


def test_a_hidden_field_counts_as_empty_for_those_after_it() -> None:
    chain = form(
        field("checkbox", "a"),
        field("checkbox", "b", conditional={"hide": "=not(a)"}),
        field("textfield", "c", conditional={"hide": "=b != true"}, validate={"required": True}),
    )
    submission = read(chain, [("b", "true"), ("c", "typed before a was taken back")])
    assert submission.accepted
    assert submission.values == {"a": False}


def test_a_shown_field_is_asked_with_its_label_in_the_reader_s_language() -> None:
    pairs = [("activity", "upgrade"), ("total", "")]
    chinese = read(form(*APPLICATION), pairs, autos=AUTOS)
    assert texts(chinese) == ["总投资(元): this is needed.", "升级改造总金额(元): this is needed."]
    english = read(form(*APPLICATION), pairs, autos=AUTOS, language="en")
    assert texts(english)[0] == "Total investment: this is needed."


def test_what_was_typed_is_kept_beside_the_error() -> None:
    submission = read(form(*APPLICATION), [("activity", "new"), ("total", "六十")], autos=AUTOS)
    assert submission.raw["total"] == "六十"
    assert [(e.name, e.message) for e in submission.errors] == [
        ("total", "{label}: enter an amount in yuan, for example 600,000.00.")
    ]


def test_a_field_the_page_did_not_show_is_asked_for_before_going_on() -> None:
    shown = "activity total is_state_secret apply_on officer"
    pairs = [("_shown", shown), ("activity", "upgrade"), ("total", "1")]
    submission = read(form(*APPLICATION), pairs, autos=AUTOS)
    assert submission.unseen == ("amount",)
    assert not submission.accepted


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("600000", "600000.00"),
        ("600,000.00", "600000.00"),
        ("６００，０００．００", "600000.00"),
        (" ¥599999.99 元 ", "599999.99"),
        ("0.1", "0.10"),
        ("999999999999999999.99", "999999999999999999.99"),
    ],
)
def test_money_is_exact(typed: str, value: str) -> None:
    money = form(field("number", "m", properties={"kind": "money"}))
    assert read(money, [("m", typed)]).values["m"] == Decimal(value)
    assert str(read(money, [("m", typed)]).values["m"]) == value


@pytest.mark.parametrize(
    "typed",
    [
        "1e5",
        "NaN",
        "Infinity",
        "0.001",
        "1,23",
        "60万",
        "--1",
        "1.2.3",
        "0x10",
        "٣",
        "1" * 400,
        "9" * 19,
        "1e999",
    ],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    submission = read(form(field("number", "m", properties={"kind": "money"})), [("m", typed)])
    assert len(submission.errors) == 1
    assert submission.values["m"] is None


@pytest.mark.parametrize(
    ("subtype", "typed", "value"),
    [
        ("date", "2026-03-05", "2026-03-05"),
        ("date", "2026/3/5", "2026-03-05"),
        ("date", "2026年3月5日", "2026-03-05"),
        ("date", "２０２６－０３－０５", "2026-03-05"),
        ("time", "9:05", "09:05"),
        ("datetime", "2026-03-05T10:30", "2026-03-05T10:30:00+08:00"),
        ("datetime", "2026-03-05 10:30", "2026-03-05T10:30:00+08:00"),
    ],
)
def test_dates_become_iso_text(subtype: str, typed: str, value: str) -> None:
    assert read(form(field("datetime", "d", subtype=subtype)), [("d", typed)]).values["d"] == value


@pytest.mark.parametrize("typed", ["2026-02-30", "26-3-5", "tomorrow", "2026-13-01", "0000-00-00"])
def test_days_that_do_not_exist_are_refused(typed: str) -> None:
    assert texts(read(form(field("datetime", "d", subtype="date")), [("d", typed)]))


def test_bounds_of_dates_are_feel_over_what_is_known() -> None:
    bounded = form(
        field("datetime", "d", subtype="date", properties={"max": "=today"}),
        field("datetime", "e", subtype="date", properties={"min": "=d"}),
    )
    late = read(bounded, [("d", "2026-03-06"), ("e", "2026-03-05")], autos=AUTOS)
    assert texts(late) == [
        "d: must not be after 2026-03-05.",
        "e: must not be before 2026-03-06.",
    ]
    assert read(bounded, [("d", "2026-03-05"), ("e", "2026-03-05")], autos=AUTOS).accepted


def test_an_option_that_is_not_offered_is_refused() -> None:
    choice = form(field("radio", "r", values=[{"label": "同意", "value": "agree"}]))
    assert texts(read(choice, [("r", "hack")])) == ["r: choose one of the options."]
    listed = form(
        field("checklist", "c", values=[{"label": "甲", "value": "a"}, {"label": "乙", "value": "b"}])
    )
    assert read(listed, [("c", "a"), ("c", "b"), ("c", "a")]).values["c"] == ["a", "b"]
    assert texts(read(listed, [("c", "z")])) == ["c: choose only options of the list."]


def test_options_may_come_from_a_variable_or_an_expression() -> None:
    dynamic = form(field("select", "s", valuesKey="offers"), field("select", "t", valuesExpression="=offers"))
    variables = {"offers": [{"label": "甲", "value": "a"}, "b"]}
    assert read(dynamic, [("s", "a"), ("t", "b")], variables).values == {"s": "a", "t": "b"}


def test_a_yes_that_the_regulation_demands_names_its_article() -> None:
    demanding = form(
        field("checkbox", "overlap_checked", label="无重复交叉", properties={"must_be_true": "town#15"}),
        field(
            "radio",
            "r",
            values=YES_NO,
            properties={"kind": "boolean", "must_be_true": "true", "regulation": "town#3"},
        ),
    )
    submission = read(demanding, [("r", "false")])
    assert texts(submission) == [
        "无重复交叉: this must be so before you can go on, see town#15.",
        "r: this must be so before you can go on, see town#3.",
    ]
    assert read(demanding, [("overlap_checked", "true"), ("r", "true")]).accepted


def test_lengths_patterns_and_shapes() -> None:
    ruled = form(
        field("textarea", "reason", validate={"minLength": 10, "maxLength": 12}),
        field("textfield", "code", validate={"pattern": "^[A-Z]{2}$", "patternErrorMessage": "两个大写字母"}),
        field("textfield", "mail", validate={"validationType": "email"}),
        field("textfield", "phone", validate={"validationType": "phone"}),
    )
    bad = [("reason", "太短"), ("code", "ab"), ("mail", "x"), ("phone", "123")]
    assert texts(read(ruled, bad)) == [
        "reason: at least 10 characters; there are 2.",
        "code: 两个大写字母",
        "mail: enter an e-mail address such as name@example.cn.",
        "phone: enter a telephone number such as 13800000000 or 0476-8888888.",
    ]
    good = [("reason", "一二三四五六七八九十"), ("code", "AB"), ("mail", "a@b.cn"), ("phone", "0476-8888888")]
    assert read(ruled, good).accepted


def test_a_pattern_that_would_run_for_ever_is_stopped() -> None:
    trap = form(field("textfield", "t", validate={"pattern": "^(a|a|aa)+$"}))
    assert texts(read(trap, [("t", "a" * 300 + "!")])) == [
        "t: this does not have the form that is asked for."
    ]


def test_rows_are_read_in_order_and_counted() -> None:
    listed = form(
        {
            "type": "dynamiclist", "id": "l", "path": "items", "label": "清单",
            "properties": {"min_rows": "2", "max_rows": "3"},
            "components": [
                field("textfield", "name", validate={"required": True}),
                field("number", "price", decimalDigits=2),
                field("number", "double", conditional={"hide": '=this.name = "b"'}),
            ],
        }
    )  # fmt: skip
    pairs = [
        ("items.2.name", "b"),
        ("items.2.price", "2.50"),
        ("items.2.double", "7"),
        ("items.10.name", "a"),
    ]
    submission = read(listed, pairs)
    assert submission.accepted
    assert submission.values["items"][0]["name"] == "b"
    assert submission.values["items"][0]["price"] == Decimal("2.50")
    assert submission.values["items"][0]["double"] is None
    assert submission.values["items"][1]["name"] == "a"
    assert texts(read(listed, [("items.0.name", "")])) == [
        "清单: at least 2 needed; there are 1.",
        "name: this is needed.",
    ]
    many = [(f"items.{n}.name", "x") for n in range(5)]
    assert texts(read(listed, many)) == ["清单: at most 3 allowed; there are 4."]


def test_row_buttons_change_the_rows_and_nothing_else() -> None:
    rows = form(
        {"type": "dynamiclist", "id": "l", "path": "items", "components": [field("textfield", "name")]}
    )
    pairs = [("items.0.name", "a"), ("items.1.name", "b")]
    added = read(rows, [*pairs, ("_add", "items")])
    assert added.edited
    assert not added.accepted
    assert added.raw["items"] == [{"name": "a"}, {"name": "b"}, {}]
    removed = read(rows, [*pairs, ("_remove", "items.0")])
    assert removed.raw["items"] == [{"name": "b"}]
    assert read(rows, [*pairs, ("_remove", "items.99")]).raw["items"] == [{"name": "a"}, {"name": "b"}]


def test_files_must_be_ours_and_of_the_accepted_kind() -> None:
    files = form(
        field("filepicker", "paper", label="立项申请", accept=".pdf,image/*", validate={"required": True})
    )
    stored = Upload("a.pdf", 10, "application/pdf", "f1")
    assert read(files, [("paper", stored)]).values["paper"] == [stored.value()]
    assert read(files, [("paper", "f1")], files={"f1": stored}).accepted
    assert read(files, [("paper", "f1")], {"paper": [stored.value()]}).accepted
    assert texts(read(files, [("paper", "f1")])) == ["立项申请: a file is no longer there; attach it again."]
    assert texts(read(files, [])) == ["立项申请: attach a file."]
    assert texts(read(files, [("paper", stored), ("paper", stored)])) == [
        "立项申请: only one file can be attached here."
    ]
    program = Upload("a.exe", 10, "application/x-dosexec", "f2")
    assert texts(read(files, [("paper", program)])) == [
        "立项申请: a.exe is not of an accepted type (.pdf,image/*)."
    ]
    refused = Upload("b.pdf", problem="The file is too large.")
    assert texts(read(files, [("paper", refused)])) == ["The file is too large."]


def test_read_only_fields_keep_what_the_case_has() -> None:
    header = form(
        field("textfield", "project_name", readonly=True), field("textfield", "note", readonly="=locked")
    )
    variables = {"project_name": "智慧政务", "locked": True, "note": "old"}
    assert read(header, [("project_name", "x"), ("note", "y")], variables).values == {}
    assert read(header, [("note", "y")], {**variables, "locked": False}).values == {"note": "y"}


def test_expression_fields_are_computed_here() -> None:
    computed = form(
        field("number", "a"), field("number", "b"), field("expression", "sum", expression="=a + b"),
        field("textfield", "why", conditional={"hide": "=sum < 10"}, validate={"required": True}),
    )  # fmt: skip
    assert read(computed, [("a", "1"), ("b", "2"), ("sum", "99")]).values["sum"] == Decimal(3)
    assert texts(read(computed, [("a", "7"), ("b", "7")])) == ["why: this is needed."]


def test_groups_with_a_path_nest_and_without_one_do_not() -> None:
    grouped = form(
        {"type": "group", "id": "g", "path": "applicant", "components": [field("textfield", "name")]},
        {"type": "group", "id": "h", "components": [field("textfield", "city.name")]},
    )
    pairs = [("applicant.name", "甲"), ("city.name", "赤峰")]
    assert read(grouped, pairs).values == {"applicant": {"name": "甲"}, "city": {"name": "赤峰"}}


def test_json_is_read_by_the_same_rules() -> None:
    data = {"activity": "upgrade", "total": 600000, "amount": Decimal("0.1"), "is_state_secret": True}
    submission = read_json(form(*APPLICATION), data, autos=AUTOS)
    assert submission.accepted
    assert submission.values["total"] == Decimal("600000.00")
    assert submission.values["is_state_secret"] is True
    misspelt = read_json(form(*APPLICATION), {**data, "totl": 1}, autos=AUTOS)
    assert misspelt.errors == (
        FieldError("totl", "totl", "{label}: the form has no such field.", {"label": "totl"}),
    )
    assert texts(read_json(form(*APPLICATION), [1, 2])) == ["Send the answers as an object."]


def test_a_shared_block_stands_in_the_form() -> None:
    block = schema(
        field("textfield", "opinion_text", validate={"required": True}), id_="shared.block_opinion"
    )
    with_block = form(
        {"type": "group", "id": "g", "label": "意见", "properties": {"include": "shared.block_opinion"}},
        **{"forms/shared/block_opinion.form": block},
    )
    assert [f.key for f in with_block.fields] == ["opinion_text"]
    assert texts(read(with_block, [])) == ["opinion_text: this is needed."]


def test_control_characters_and_line_ends_are_made_plain() -> None:
    plain = form(field("textfield", "t"), field("textarea", "a"))
    values = read(plain, [("t", "a\x00b\r\nc\u202ed\ud800"), ("a", "a\x00b\r\nc\x1b")]).values
    assert values == {"t": "ab cd", "a": "ab\nc"}


def test_form_keys_name_the_variables_a_submission_may_set() -> None:
    forms, _ = load_forms({"forms/town/f_test.form": schema(*APPLICATION)})
    loaded = forms["town.f_test"]
    assert loaded.keys == {"activity", "total", "amount", "is_state_secret", "apply_on", "officer"}
    assert loaded.controls == {"activity"}


def test_a_field_may_be_called_like_a_function_of_feel() -> None:
    """What is named is the answer, what is called is the function, in conditions as in computed values."""
    asked = form(
        field("datetime", "date", subtype="date"),
        field("textfield", "late", conditional={"hide": '=date = null or date(date) < date("2026-03-02")'}),
        field("expression", "after", expression='=date(date) + duration("P1D")'),
    )
    values = read(asked, [("date", "2026-03-02"), ("late", "why")]).values
    assert values == {"date": "2026-03-02", "late": "why", "after": "2026-03-03"}
    assert "late" not in read(asked, [("date", "2026-03-01"), ("late", "why")]).values
