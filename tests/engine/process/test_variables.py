"""Variables live in scopes: process, sub-process, round, called process; results come back as mapped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from server.engine.model import Evaluation, Finding

from .build import AND, XOR, call, diagram, each, play, rule, sub, user


def test_an_input_parameter_is_local_to_its_task_and_an_output_comes_back() -> None:
    task = user(inputs={"shown": "amount * 2"}, outputs={"total": "shown + extra"})
    case = play(diagram("p", "s > a > b > e", a=task), amount=Decimal("10.50"))
    assert case.task("a").variables == {"amount": Decimal("10.50"), "shown": Decimal("21.00")}
    case.do("a", shown=Decimal(1), extra=Decimal(2))
    assert case.variables == {"amount": Decimal("10.50"), "extra": Decimal(2), "total": Decimal(3)}


def test_a_sub_process_sees_the_process_and_keeps_only_its_own_parameters() -> None:
    shape = diagram("p", "s > x > b > e; x.s1 > x.a > x.e1", x=sub(inputs={"local": "1"}))
    case = play(shape, outer=1)
    assert case.task("a").variables == {"outer": 1, "local": Decimal(1)}
    case.do("a", outer=2, local=5, new=3)
    assert case.variables == {"outer": 2, "new": 3}


def test_a_called_process_sees_and_gives_only_what_is_mapped() -> None:
    parent = diagram(
        "p", "s > c > b > e", c=call("q", inputs={"given": "amount + 1"}, outputs={"answer": "said"})
    )
    child = diagram("q", "s > a > e")
    case = play(parent, child, amount=1, secret="x")
    task = case.task("a")
    assert (task.process, task.path, dict(task.variables)) == ("q", ("c",), {"given": Decimal(2)})
    case.do("a", said="yes", noise=1)
    assert case.variables == {"amount": 1, "secret": "x", "answer": "yes"}


def test_without_mappings_nothing_crosses() -> None:
    case = play(diagram("p", "s > c > b > e", c=call("q")), diagram("q", "s > a > e"), amount=1)
    assert case.task("a").variables == {}
    case.do("a", said=1)
    assert case.variables == {"amount": 1}


def test_a_star_passes_everything() -> None:
    shape = diagram("p", "s > c > b > e", c=call("q", inputs={"": "*"}, outputs={"": "*"}))
    case = play(shape, diagram("q", "s > a > e"), amount=1)
    assert case.task("a").variables == {"amount": 1}
    case.do("a", said=1, amount=2)
    assert case.variables == {"amount": 2, "said": 1}


def test_a_missing_called_process_is_an_incident() -> None:
    case = play(diagram("p", "s > c > e", c=call("gone")))
    assert [i.finding.code for i in case.last.incidents] == ["engine.unknown_process"]


def test_the_result_of_a_mapping_that_fails_is_an_incident_and_can_be_retried() -> None:
    shape = diagram("p", "s > a > b > e", a=user(outputs={"x": "amount +"}))
    case = play(shape)
    case.do("a")
    assert [(i.element, i.finding.code) for i in case.last.incidents] == [("a", "engine.expression_failed")]
    assert case.open == []


def test_feel_sees_now_and_today_in_civil_time() -> None:
    shape = diagram(
        "p", "s > a > b > e", a=user(outputs={"day": "today", "later": 'today + duration("P3D")'})
    )
    case = play(shape)
    case.do("a")
    assert case.variables == {"day": "2026-03-02", "later": "2026-03-05"}


def test_names_with_spaces_and_chinese_names_are_read() -> None:
    shape = diagram("p", 's > g; g [总 金额 >= 10 and 等级 = "A"]> a > e; g [*]> b > e', g=XOR)
    assert play(shape, **{"总 金额": 10, "等级": "A"}).open == ["a"]


def test_numbers_stay_exact_through_storage() -> None:
    case = play(
        diagram("p", "s > a > b > e"), amount=Decimal("599999.990"), big=Decimal("12345678901234567890.01")
    )
    case.do("a", rows=[{"价": Decimal("0.10"), "n": 3}], nothing=None, text="九、\u2028“x”")
    variables = case.variables
    assert str(variables["amount"]) == "599999.990"
    assert str(variables["big"]) == "12345678901234567890.01"
    assert str(variables["rows"][0]["价"]) == "0.10"
    assert variables["rows"][0]["n"] == 3
    assert variables["nothing"] is None
    assert variables["text"] == "九、\u2028“x”"


# --------------------------------------------------------------------------- decisions
class Decisions:
    """Stands in for a decision model: answers with what it is told."""

    def __init__(self, outputs: Any, *findings: Finding) -> None:
        self.outputs, self.findings = outputs, findings


@pytest.fixture(autouse=True)
def _decide(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(model: Decisions, decision: str, variables: Any, element: str, now: Any) -> Evaluation:
        seen = dict(variables)
        return Evaluation(decision, decision, seen, model.outputs, findings=model.findings, element=element)

    monkeypatch.setattr("server.engine.decisions.evaluate", evaluate)


@pytest.mark.parametrize(
    ("how", "outputs", "expected"),
    [
        ("singleEntry", "A", "A"),
        ("singleEntry", {"grade": "A"}, "A"),
        ("singleEntry", [], None),
        ("singleEntry", None, None),
        ("singleResult", {"grade": "A", "n": 1}, {"grade": "A", "n": 1}),
        ("singleResult", [{"grade": "A"}], {"grade": "A"}),
        ("collectEntries", ["A", "B"], ["A", "B"]),
        ("collectEntries", [{"g": "A"}, {"g": "B"}], ["A", "B"]),
        ("resultList", {"g": "A"}, [{"g": "A"}]),
        ("resultList", None, []),
    ],
)
def test_results_are_mapped(how: str, outputs: Any, expected: Any) -> None:
    shape = diagram("p", "s > r > a > e", r=rule("d", "grade", how))
    case = play(shape, decisions={"d": Decisions(outputs)}, x=1)
    assert case.variables == {"x": 1, "grade": expected}
    (evaluation,) = case.last.evaluations
    assert (evaluation.element, evaluation.outputs) == ("r", outputs)


@pytest.mark.parametrize(
    ("how", "outputs"), [("singleEntry", {"a": 1, "b": 2}), ("singleResult", ["A", "B"])]
)
def test_more_results_than_one_are_an_incident(how: str, outputs: Any) -> None:
    case = play(diagram("p", "s > r > a > e", r=rule("d", "x", how)), decisions={"d": Decisions(outputs)})
    assert [i.finding.code for i in case.last.incidents] == ["engine.result_not_single"]


def test_a_failed_decision_is_reported_and_stands_still_until_retried() -> None:
    decisions = Decisions(None, Finding("error", "dmn.unique", "Rows {rows} both match.", {"rows": "1, 2"}))
    case = play(diagram("p", "s > r > a > e", r=rule("d", "x", "singleEntry")), decisions={"d": decisions})
    (incident,) = case.last.incidents
    assert incident.finding.code == "engine.decision_failed"
    assert "Rows 1, 2 both match." in incident.finding.text()
    assert len(case.last.evaluations) == 1
    assert "x" not in case.variables
    decisions.outputs, decisions.findings = "A", ()
    case.retry("r")
    assert (case.open, case.variables) == (["a"], {"x": "A"})


def test_a_missing_decision_is_an_incident() -> None:
    case = play(diagram("p", "s > r > a > e", r=rule("gone", "x")))
    assert [i.finding.code for i in case.last.incidents] == ["engine.decision_missing"]


def test_a_decision_sets_a_deadline() -> None:
    limit = {"clock_start": "2026-03-02", "limit": Decimal(7), "unit": "days", "rule": "C1"}
    shape = diagram("p", "s > r > a > e", r=rule("d", "limit", "singleResult", deadlineVariable="due"))
    case = play(shape, decisions={"d": Decisions(limit)})
    assert case.variables["due"] == "2026-03-09T23:59:59+08:00"
    assert play(shape, decisions={"d": Decisions({**limit, "clock_start": None})}).variables["due"] is None
    failed = play(shape, decisions={"d": Decisions({**limit, "unit": "moons"})})
    assert [i.finding.code for i in failed.last.incidents] == ["engine.not_a_deadline"]
    failed = play(shape, decisions={"d": Decisions({**limit, "limit": Decimal("1.5")})})
    assert [i.finding.code for i in failed.last.incidents] == ["engine.not_a_deadline"]


def test_a_limit_runs_from_an_input_of_a_decision_that_names_no_start() -> None:
    limit = {"limit": Decimal(7), "unit": "days", "rule": "C1"}
    task = rule("d", "limit", "singleResult", deadlineVariable="due", deadlineFrom="issued_on")
    shape, decisions = diagram("p", "s > r > a > e", r=task), {"d": Decisions(limit)}
    assert play(shape, decisions=decisions, issued_on="2026-03-02").variables["due"].startswith("2026-03-09")
    assert play(shape, decisions=decisions, issued_on=None).variables["due"] is None
    given = {"d": Decisions({**limit, "clock_start": "2026-04-02"})}
    assert play(shape, decisions=given, issued_on="2026-03-02").variables["due"].startswith("2026-04-09")


def test_a_decision_inside_a_round_stays_in_the_round() -> None:
    shape = diagram(
        "p",
        "s > x > b > e; x.s1 > x.r > x.a > x.e1",
        x=sub(each=each("xs", "n")),
        r=rule("d", "grade", "singleEntry"),
    )
    case = play(shape, decisions={"d": Decisions("A")}, xs=[1, 2])
    assert case.open == ["a", "a"]
    assert "grade" not in case.variables
    assert case.task("a").variables["grade"] == "A"


def test_parallel_writes_of_different_names_all_stay() -> None:
    case = play(diagram("p", "s > f; f > a > j; f > b > j; j > c > e", f=AND, j=AND))
    case.do("a", left=1)
    case.do("b", right=2)
    assert case.variables == {"left": 1, "right": 2}
