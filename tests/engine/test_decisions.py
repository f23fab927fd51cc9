"""Decisions as the engine takes them: Hongshan's boundaries to the cent, findings, and what is kept."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engine import decisions, dmn
from server.engine.business_calendar import BusinessCalendar
from tests.engine.dmn.models import decision, definitions, input_data, literal, table

WORDS = '"construction","purchased_service","om_service"'
CLASS = table(
    [("activity", "string"), ("amount", "number"), ("original_investment", "number")],
    [("class", "string", WORDS)],
    [
        '"om" | - | - => "om_service" # hongshan#2.4',
        '"service_purchase" | - | - => "purchased_service" # hongshan#2.3',
        '"new", "continued" | - | - => "construction" # hongshan#2.2',
        '"upgrade" | <= 600000 | ? * 15 >= amount * 100 => "om_service" # hongshan#2.2',
        '"upgrade" | <= 600000 | ? * 15 < amount * 100 => "construction" # hongshan#2.2',
        '"upgrade" | > 600000 | - => "construction" # hongshan#2.2',
    ],
)
TIER = table(
    [("project_class", "string"), ("total", "number")],
    [("tier", "string")],
    [
        '"construction", "purchased_service" | >= 600000 => "large" # hongshan#8p1 hongshan#12.1',
        '"construction", "purchased_service" | < 600000 => "small" # hongshan#8p1 hongshan#12.1',
        '"om_service" | - => "none"',
    ],
)
CLOCK = table(
    [("text_passed_on", "date"), ("front_complete_on", "date")],
    [
        ("clock", "string"),
        ("clock_start", "date"),
        ("limit", "number"),
        ("unit", "string"),
        ("rule", "string"),
    ],
    [
        'null | - => "not_started" | | | | # hongshan#11',
        'not(null) | null => "not_started" | | | | # hongshan#11',
        'not(null) | not(null) => "started" | max([text_passed_on, front_complete_on]) | 7 '
        '| "working_day" | "C1"',
    ],
)
CLASS, CLOCK = (  # within a file each element has an id of its own
    logic.replace(' id="', f' id="{name}_') for name, logic in (("class", CLASS), ("clock", CLOCK))
)
MODEL = dmn.load(
    definitions(
        *(input_data(name, "number") for name in ("amount", "original_investment", "total")),
        input_data("activity", "string"),
        decision("project_class", CLASS, ["in:activity", "in:amount", "in:original_investment"], "string"),
        decision("tier", TIER, ["project_class", "in:total"], "string"),
        decision("clock", CLOCK),
        decision("when", literal("now()")),
    ),
    "hongshan.dmn",
)


def taken(name: str, **variables: Any) -> Any:
    evaluation = decisions.evaluate(MODEL, name, variables)
    assert [finding.text() for finding in evaluation.findings] == []
    return evaluation.outputs


def test_the_model_is_sound() -> None:
    assert decisions.problems(MODEL) == ()


# --------------------------------------------------------------------------- boundaries
@pytest.mark.parametrize(
    ("total", "tier"),
    [
        ("600000.00", "large"),
        ("600000", "large"),
        ("599999.99", "small"),
        ("600000.01", "large"),
        ("0.01", "small"),
    ],
)
def test_the_exact_limit_belongs_to_the_large_tier(total: str, tier: str) -> None:
    assert taken("tier", activity="new", total=Decimal(total)) == tier


@pytest.mark.parametrize(
    ("amount", "original", "expected"),
    [
        ("600000.00", "4000000.00", "om_service"),  # 15 % and the limit, both exactly
        ("600000.01", "4000000.07", "construction"),  # one cent above the limit
        ("600000.01", "9000000.00", "construction"),
        ("599999.99", "3999999.94", "om_service"),
        ("599999.99", "3999999.93", "construction"),  # 15 % are 599999.9895, between two cents
        ("150.00", "1000.00", "om_service"),  # 15 % exactly
        ("150.01", "1000.00", "construction"),  # one cent above
        ("0.15", "1.00", "om_service"),
        ("0.16", "1.00", "construction"),
    ],
)
def test_an_upgrade_is_operation_only_within_both_limits(amount: str, original: str, expected: str) -> None:
    share = Decimal(amount) * 100 <= Decimal(original) * 15 and Decimal(amount) <= 600_000
    assert (expected == "om_service") == share, "the row itself must be right"
    given = {"activity": "upgrade", "amount": Decimal(amount), "original_investment": Decimal(original)}
    assert taken("project_class", **given) == expected


cents = st.integers(1, 10**9).map(lambda n: Decimal(n) / 100)


@given(cents, cents)
def test_the_share_is_exact_for_all_amounts(amount: Decimal, original: Decimal) -> None:
    expected = "om_service" if amount * 100 <= original * 15 and amount <= 600_000 else "construction"
    assert taken("project_class", activity="upgrade", amount=amount, original_investment=original) == expected


def test_the_clock_starts_on_the_later_day_and_ends_after_seven_working_days() -> None:
    outputs = taken("clock", text_passed_on="2024-09-20", front_complete_on="2024-09-24")
    assert outputs == {
        "clock": "started",
        "clock_start": "2024-09-24",
        "limit": Decimal(7),
        "unit": "working_day",
        "rule": "C1",
    }
    due = BusinessCalendar().deadline(date(2024, 9, 24), 7, "working_day", "C1")
    assert due.isoformat() == "2024-10-09T23:59:59+08:00"
    assert taken("clock", text_passed_on="2024-09-20")["clock"] == "not_started"
    assert taken("clock")["limit"] is None


# --------------------------------------------------------------------------- what is kept
def test_an_evaluation_keeps_inputs_rules_and_requirements() -> None:
    evaluation = decisions.evaluate(MODEL, "tier", {"activity": "new", "total": 600000}, "Task_tier")
    assert (evaluation.decision, evaluation.name, evaluation.element) == ("tier", "tier", "Task_tier")
    assert evaluation.hit_policy == "UNIQUE"
    assert evaluation.inputs == {"project_class": "construction", "total": Decimal(600000)}
    (matched,) = evaluation.matched
    assert (matched.row, matched.id, matched.regulation) == (1, "r1", ("hongshan#8p1", "hongshan#12.1"))
    assert [(m.row, m.column, m.cell, m.value) for m in evaluation.missed] == [
        (2, "Column total", "< 600000", "600000"),
        (3, "Column project_class", '"om_service"', '"construction"'),
    ]
    (required,) = evaluation.required
    assert (required.decision, required.outputs) == ("project_class", "construction")
    assert required.matched[0].regulation == ("hongshan#2.2",)


def test_a_failure_stops_the_case_and_tells_where() -> None:
    evaluation = decisions.evaluate(MODEL, "tier", {"activity": "new", "total": "600000"})
    assert evaluation.failed
    finding = next(f for f in evaluation.findings if f.level == "error")
    assert finding.text() == 'total must be number, but is string ("600000").'
    assert (finding.file, finding.code, finding.family) == ("hongshan.dmn", "dmn.wrong_type", "executability")
    assert finding.help()


def test_a_failure_of_a_required_decision_is_a_failure() -> None:
    evaluation = decisions.evaluate(MODEL, "tier", {"activity": "other", "total": 1})
    assert evaluation.failed
    assert [f.code for f in evaluation.findings] == ["dmn.nothing_matched", "dmn.nothing_matched"]
    assert "project_class" in evaluation.findings[0].text()


def test_an_unknown_decision_is_a_failure_with_a_suggestion() -> None:
    evaluation = decisions.evaluate(MODEL, "teir", {})
    assert evaluation.failed
    assert "Did you mean tier?" in evaluation.findings[0].text()


def test_the_present_time_is_the_callers() -> None:
    assert decisions.evaluate(MODEL, "when", {}).failed
    now = datetime.fromisoformat("2026-06-30T08:00:00+08:00")
    assert decisions.evaluate(MODEL, "when", {}, now=now).outputs == "2026-06-30T08:00:00+08:00"


def test_the_analysis_is_told_as_findings() -> None:
    found = decisions.analyse(MODEL, "tier")
    assert {finding.code for finding in found} == {"dmn.gap", "dmn.gap_null"}
    assert all(finding.file == "hongshan.dmn" for finding in found)


# --------------------------------------------------------------------------- the files that are shipped
SHIPPED = sorted((Path(__file__).parents[2] / "dmn").rglob("*.dmn"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_decisions_have_no_errors_and_no_overlap(path: Path) -> None:
    model = dmn.load(path.read_bytes(), path.name)
    found = [*decisions.problems(model), *(f for d in model.decisions for f in decisions.analyse(model, d))]
    assert [finding.text() for finding in found if finding.level == "error"] == []
