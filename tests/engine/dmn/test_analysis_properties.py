"""What the analysis says of a table holds for every input: free of overlap means never two hits, free of gaps
never none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from server.engine import dmn
from tests.engine.dmn.models import one_table

DAY = date(2026, 3, 1)
WORDS = ("a", "b", "c")
POINTS = st.integers(0, 6)


def _ends(draw: Any, text: Any) -> str:
    low, high = sorted((draw(POINTS), draw(POINTS)))
    opening, closing = draw(st.sampled_from(["[", "("])), draw(st.sampled_from(["]", ")"]))
    return f"{opening}{text(low)}..{text(high)}{closing}"


@st.composite
def ordered(draw: Any, text: Any) -> str:
    """A cell of a column of numbers or days."""
    sign = draw(st.sampled_from(["<", "<=", ">", ">=", "", "not"]))
    one = text(draw(POINTS))
    kinds = ["-", f"not({one})" if sign == "not" else f"{sign} {one}", _ends(draw, text)]
    return str(draw(st.sampled_from([*kinds, f"{one}, {_ends(draw, text)}"])))


@st.composite
def named(draw: Any) -> str:
    """A cell of a column of texts."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True))
    listed = ", ".join(f'"{word}"' for word in words)
    return str(draw(st.sampled_from(["-", listed, f"not({listed})"])))


ROWS = st.lists(
    st.tuples(
        ordered(str),
        named(),
        st.sampled_from(["-", "true", "false"]),
        ordered(lambda n: f'date("{DAY + timedelta(days=n)}")'),
    ),
    min_size=2,
    max_size=12,
)
COLUMNS = [("n", "number"), ("t", "string"), ("b", "boolean"), ("d", "date")]
INPUTS = st.fixed_dictionaries(
    {
        "n": st.decimals(-1, 7, places=1),
        "t": st.sampled_from([*WORDS, "z", ""]),
        "b": st.booleans(),
        "d": st.integers(-1, 7).map(lambda n: (DAY + timedelta(days=n)).isoformat()),
    }
)


def _model(rules: list[tuple[str, ...]], width: int) -> tuple[dmn.DecisionModel, set[str]]:
    """A table of the first columns, with the codes of what the analysis says of it."""
    told = [f"{' | '.join(cells[:width])} => {row}" for row, cells in enumerate(rules)]
    model = one_table(COLUMNS[:width], [("row", "number")], told)
    return model, {problem.code for problem in dmn.analyse(model, "d1")}


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, given_=st.lists(INPUTS, min_size=20, max_size=20), width=st.integers(1, 4))
def test_free_of_overlap_is_never_two_hits(
    rows: list[tuple[str, ...]], given_: list[dict[str, Any]], width: int
) -> None:
    """Rows are added as long as the analysis finds no overlap; what it let pass has none."""
    kept: list[tuple[str, ...]] = []
    for row in rows:
        if "dmn.overlap" not in _model([*kept, row], width)[1]:
            kept.append(row)
    model, codes = _model(kept, width)
    assert codes & {"dmn.not_analysed", "dmn.too_large_to_analyse"} == set()
    event(f"{len(kept)} of {len(rows)} rules")
    for variables in given_:
        found = {problem.code for problem in model.evaluate("d1", variables).problems}
        assert "dmn.unique_violated" not in found, variables
        assert "dmn.gap" in codes or "dmn.nothing_matched" not in found, variables


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, width=st.integers(1, 2))
def test_an_overlap_is_one(rows: list[tuple[str, ...]], width: int) -> None:
    """The example of an overlap makes both rules match."""
    model, _codes = _model(rows, width)
    for problem in dmn.analyse(model, "d1"):
        if problem.code == "dmn.overlap":
            first, second = (int(row) - 1 for row in str(problem.params["rows"]).split(", "))
            pair, _ = _model([rows[first], rows[second]], width)
            hits = [
                pair.evaluate("d1", {"n": Decimal(n) / 2, "t": text}).problems
                for n in range(-2, 15)
                for text in (*WORDS, "z", None)
            ]
            assert any(p.code == "dmn.unique_violated" for found in hits for p in found), problem


@settings(max_examples=100, deadline=None)
@given(
    points=st.lists(st.integers(0, 50), min_size=1, max_size=10, unique=True),
    value=st.decimals(-1, 51, places=1),
)
def test_a_partition_is_found_to_be_one(points: list[int], value: Decimal) -> None:
    """Neighbouring ranges over a whole axis: neither overlap nor gap, and exactly one hit."""
    points.sort()
    cells = [
        f"< {points[0]}",
        *(f"[{a}..{b})" for a, b in pairwise(points)),
        f">= {points[-1]}",
    ]
    model = one_table(
        [("n", "number")], [("row", "number")], [f"{c} => {row}" for row, c in enumerate(cells)]
    )
    assert {p.code for p in dmn.analyse(model, "d1")} <= {"dmn.gap_null"}
    result = model.evaluate("d1", {"n": value})
    assert not result.problems
    assert result.value == sum(value >= point for point in points)
