"""Decisions tried out: every cell says what the engine hears, every boundary has its neighbours."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.bundles import archive
from server.cli import house
from server.engine import decision_trials as trials
from server.engine import decisions
from server.engine.dmn.boundaries import boundaries
from server.engine.dmn.model import DecisionTable
from server.engine.load import load
from server.engine.model import Model
from tests.engine.dmn.models import one_table

TIER = one_table(
    [("class", "string"), ("total", "number")], [("tier", "string")],
    ['"build" | >= 600000 => "large"', '"build" | < 600000 => "small"', '"care" | - => "none"'],
)  # fmt: skip


@pytest.fixture(scope="module")
def hongshan() -> Model:
    model, _ = load(archive.read_folder(house.ROOT, "hongshan").files)
    assert model is not None
    return model


def test_every_cell_is_heard() -> None:
    trial = trials.attempt(TIER, "d1", {"class": "build", "total": Decimal("599999.99")})
    assert trial.evaluation.outputs == "small"
    assert trial.noes == ((1,), (), (0,))
    assert (trial.fired, trial.near) == (frozenset({2}), frozenset({1, 3}))
    assert trial.worst_column is None


def test_no_match_names_the_column_that_failed_most() -> None:
    trial = trials.attempt(TIER, "d1", {"class": "other", "total": 1})
    assert trial.noes == ((0, 1), (0,), (0,))
    assert trial.worst_column == (0, 3)
    assert [f.code for f in trial.evaluation.findings] == ["dmn.nothing_matched"]


def test_two_under_unique_name_both_rows() -> None:
    both = one_table([("total", "number")], [("x", "string")], ['>= 1 => "a"', '<= 1 => "b"'])
    trial = trials.attempt(both, "d1", {"total": 1})
    assert trial.fired == {1, 2}
    assert trial.evaluation.findings[0].code == "dmn.unique_violated"


def test_the_boundary_with_its_neighbours() -> None:
    rows, computed = trials.around(TIER, "d1")
    assert computed == ()
    total = next(row for row in rows if row.variable == "total")
    assert (total.value, total.row, total.base) == (Decimal(600000), 1, {"class": "build"})
    assert [(p.side, p.value, p.trial.evaluation.outputs) for p in total.probes] == [
        ("below", Decimal("599999.99"), "small"), ("at", Decimal(600000), "large"),
        ("above", Decimal("600000.01"), "large"),
    ]  # fmt: skip
    texts = [(r.value, [p.side for p in r.probes]) for r in rows if r.variable == "class"]
    assert texts == [("build", ["at"]), ("care", ["at"])]
    whole = trials.around(TIER, "d1", steps={"total": Decimal(1)})[0][-1]
    assert [p.value for p in whole.probes] == [599999, 600000, 600001]
    given = trials.around(TIER, "d1", {"class": "care", "total": 1})[0][-1]
    assert [p.trial.evaluation.outputs for p in given.probes] == ["none"] * 3


def test_days_and_computed_columns() -> None:
    days = one_table(
        [("day", "date"), ("count(papers)", "number"), ("materials.total", "number")], [("x", "string")],
        ['> date("2026-06-30") | > 1 | < 5 => "late"', "- | - | >= 5 => null"],
    )  # fmt: skip
    rows, computed = trials.around(days, "d1")
    assert computed == ("Column count(papers)",)
    assert [p.value for p in rows[0].probes] == ["2026-06-29", "2026-06-30", "2026-07-01"]
    assert {row.variable for row in rows} == {"day", "materials.total"}
    part = next(row for row in rows if row.variable == "materials.total")
    assert [p.trial.fired for p in part.probes] == [frozenset(), frozenset({2}), frozenset({2})]


def test_what_a_decision_asks_for() -> None:
    asked = trials.inputs(TIER, "d1")
    assert [(one.name, one.type, one.label, one.choices) for one in asked] == [
        ("class", "string", "Column class", ("build", "care")), ("total", "number", "Column total", ()),
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_cells_agree_with_the_engine(hongshan: Model, data: st.DataObject) -> None:
    """On real tables: the rules without a no are those that match, and the first no is the one told."""
    name = data.draw(st.sampled_from(sorted(hongshan.decisions)))
    model = hongshan.decisions[name]
    values: dict[str, object] = {}
    for boundary in boundaries(model, name):
        column = model.decisions[name].logic.inputs[boundary.column]  # type: ignore[union-attr]
        around = [v for v in (boundary.below, boundary.value, boundary.above, None) if v is not None]
        if column.expression.text.isidentifier():
            values[column.expression.text] = data.draw(st.sampled_from(around))
    trial = trials.attempt(model, name, values)  # type: ignore[arg-type]
    plain = decisions.evaluate(model, name, values)  # type: ignore[arg-type]
    assert trial.evaluation == plain
    logic = model.decisions[name].logic
    if not isinstance(logic, DecisionTable) or any(f.code == "dmn.value_not_allowed" for f in plain.findings):
        return
    heard = {row for row, noes in enumerate(trial.noes, 1) if not noes}
    assert {rule.row for rule in plain.matched} <= heard
    for missed in plain.missed:
        assert logic.inputs[trial.noes[missed.row - 1][0]].label == missed.column


def test_every_boundary_of_every_table_has_its_answers(hongshan: Model) -> None:
    """No boundary of a real table is without a result, unless a rule's own values stand outside the list."""
    seen = 0
    for name, model in hongshan.decisions.items():
        rows, _ = trials.around(model, name)
        for row in rows:
            at = next(p for p in row.probes if p.side == "at")
            assert at.trial.noes, name
            seen += 1
    assert seen > 100
