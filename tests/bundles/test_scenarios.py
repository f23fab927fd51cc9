"""Scenarios hold where the process does what they tell, and say in the diagram's words where it does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from server.bundles.archive import Bundle
from server.bundles.manifest import read_manifest
from server.bundles.proof import proof, unproved
from server.bundles.scenario_agreement import agrees
from server.bundles.scenario_files import ScenarioRefused, read_scenario
from server.bundles.scenario_tasks import attached, offered
from server.bundles.scenarios import Played, play, play_all, read_scenarios
from server.bundles.traceability import coverage
from server.engine.forms import load_forms
from server.engine.load import load
from server.engine.model import Model
from tests.bundles.small import DECISION_SCENARIO, SCENARIO, bundle, files, table

SWAPPED = [("&lt; 600000", "head"), ("&gt;= 600000", "clerk")]


def model_of(**changed: bytes) -> Model:
    model, findings = load(files(**changed))
    assert model is not None, [f.text() for f in findings]
    return model


def played(scenario: bytes, **changed: bytes) -> Played:
    return play(read_scenario(scenario, "s.yaml"), model_of(**changed), bundle(**changed).manifest)


def story(old: str, new: str) -> bytes:
    text = SCENARIO.decode()
    assert old in text
    return text.replace(old, new).encode()


def texts(result: Played) -> list[str]:
    return [failure.text() for failure in result.failures]


def test_the_story_holds() -> None:
    result = played(SCENARIO)
    assert texts(result) == []
    assert {("town.leave", "to_head"), ("town.leave", "head"), ("town.leave", "end")} <= result.elements
    assert result.rules == {("town_level", "2")}


def test_one_cent_in_the_table_makes_it_fail() -> None:
    moved = table([("&lt; 600001", "clerk"), ("&gt;= 600001", "head")])
    result = played(SCENARIO, dmn=moved)
    assert texts(result) == ["经办审批 (clerk) must never be reached."]
    assert not played(DECISION_SCENARIO, dmn=moved).holds
    assert played(DECISION_SCENARIO).holds


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("by: clerk\n  at", "by: head\n  at", "head may not start this process; clerk may."),
        ("process: town.leave", "process: town.leaf", "There is no process town.leaf."),
        ("{level: head}", "{level: clerk}", "step 1: decision town_level gave head, expected {level: clerk}"),
        ("decision: town_level", "decision: other",
         "step 1: decision other was not taken; taken were: town_level."),
        ("task: head\n    by: head\n    expect", "task: clerk\n    by: head\n    expect",
         "step 2: expected task 经办审批 (clerk), open: 负责人审批 (head) [form town.opinion; by head]."),
        ("task: head\n    by: head\n    expect", "task: head\n    by: clerk\n    expect",
         "step 2: clerk may not do 负责人审批 (head); head may."),
        ("due: 2026-03-05, form", "due: 2026-03-06, form", "step 2: due is 2026-03-05, expected 2026-03-06."),
        ("form: town.opinion", "form: town.other", "step 2: form is town.opinion, expected town.other."),
        ("{light: yellow}", "{light: green}", "step 3: light is yellow, expected green."),
        ("2 working days", "two days", "step 3: two days is no time to wait, such as “6 working days”."),
        ("wait: 2 days", "wait: until 2026-01-01", "step 4: until 2026-01-01 is already past."),
        ("{opinion: 同意}", "{opinon: 同意}", "step 5: form town.opinion does not take this: opinon: "),
        ("end: end", "end: refused", "expected the end refused, but it ended with 已批准 (end) [end] ← "),
        ("never: [clerk]", "never: [head]", "负责人审批 (head) must never be reached."),
        ("amount: 600000.00, ", "", "stands still at 定层级 (level): "),
    ],
)  # fmt: skip
def test_failures_speak_the_diagrams_language(old: str, new: str, told: str) -> None:
    result = played(story(old, new))
    assert texts(result)
    assert texts(result)[0].startswith(told), texts(result)
    assert all(f.file == "s.yaml" and f.help() for f in result.failures)


@pytest.mark.parametrize("called", ["town.opinion", "负责人审批"])
def test_a_task_may_be_called_by_its_form_or_its_name(called: str) -> None:
    text = SCENARIO.decode().replace("task: head", f"task: {called}")
    assert texts(played(text.encode())) == []
    failed = played(text.replace("by: head", "by: clerk", 1).encode())
    assert texts(failed) == ["step 2: clerk may not do 负责人审批 (head); head may."]


def test_what_was_named_cannot_be_named_again() -> None:
    text = SCENARIO.decode()
    named = text[text.index("  - decision: town_level") : text.index("  - task: head")]
    told = texts(played(text.replace(named, named + named, 1).encode()))
    assert told == ["step 2: decision town_level was not taken; taken were: –."]


def test_all_that_a_form_refuses_is_told_with_its_fields() -> None:
    told = texts(played(story("{opinion: 同意}", "{opinon: 同意, verdit: pass}")))[0]
    assert "opinon: " in told
    assert "verdit: " in told
    assert " Its fields: " in told
    assert told.endswith(" opinion.")


def test_files_need_no_names() -> None:
    picker = b'{"id":"town.f","type":"default","schemaVersion":19,"components":[' \
        b'{"type":"filepicker","id":"a","key":"plan","label":"P","validate":{"required":true}},' \
        b'{"type":"radio","id":"b","key":"urgent","label":"U","values":[{"label":"Y","value":"true"}],' \
        b'"properties":{"kind":"boolean"}}]}'  # fmt: skip
    form = load_forms({"forms/town/f.form": picker})[0]["town.f"]
    assert attached(form, {"plan": True, "urgent": True}, {}) == {"plan": ["plan.pdf"], "urgent": True}
    assert attached(form, {"plan": False}, {}) == {"plan": []}
    assert attached(form, {"plan": ["方案.pdf"]}, {}) == {"plan": ["方案.pdf"]}
    assert attached(form, {}, {}) == {"plan": ["plan.pdf"]}
    assert attached(form, {}, {"plan": ["方案.pdf"]}) == {}
    assert offered(form) == "plan*, urgent (true)"


def test_a_case_that_goes_on_has_not_ended() -> None:
    text = SCENARIO.decode()
    cut = text[: text.index("  - task: head\n    by: head\n    complete")] + "end: end\n"
    assert texts(played(cut.encode())) == [
        "expected the end end, but these are open: 负责人审批 (head) [form town.opinion; by head]."
    ]


def test_decision_cases_name_rule_error_and_line() -> None:
    wrong = DECISION_SCENARIO.decode().replace("expect: {level: head}", "expect: {level: clerk}").encode()
    result = played(wrong)
    assert texts(result) == ["case 2: expected {level: clerk}, got head; rules that fired: 2 (r2)."]
    assert result.failures[0].line == 9
    rule = DECISION_SCENARIO.decode().replace("rule: r1", "rule: r2").encode()
    assert texts(played(rule)) == ["case 1: expected rule r2 to fire, fired: 1 (r1)."]
    missing = b"decision: town_level\ncases:\n  - with: {}\n    error: dmn.nothing_matched\n"
    assert played(missing).holds
    assert not played(missing.replace(b"nothing_matched", b"unique_violated")).holds
    assert texts(played(missing.replace(b"town_level", b"other"))) == ["There is no decision other."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("process: a\nstepps: []\n", "Line 2: the key stepps is not known (is steps meant?)."),
        ("title: x\n", "Line 1: exactly one of the keys process and decision must stand here."),
        (
            "process: a\nsteps:\n  - task: b\n    complet: {}\n",
            "Line 4: the key complet is not known (is complete meant?).",
        ),
        (
            "process: a\nsteps:\n  - wait: 2 days\n    by: x\n",
            "Line 4: the key by does not belong to a step “wait”.",
        ),
        ("process: a\nstart: {at: soon}\n", "Line 2: at must be a time such as 2026-03-02 09:00."),
        ("process: a\nsteps: 5\n", "Line 2: steps must be a list."),
        ("process: a\nprocess: b\n", "Line 2: the key process stands twice."),
        ("decision: a\ncases:\n  - with: {}\n", "Line 3: case 1 expects nothing."),
        ("process: [a\n", "Line 2: did not find expected ',' or ']'."),
        (
            "process: a\nsteps: [&x {task: a}, *x]\n",
            "Line 2: aliases (*name) are not read; write the value again.",
        ),
        (
            "process: a\nsteps:\n  - external: t\n    failure: x\n    with: {}\n",
            "Line 5: the key with does not belong to a program with failure.",
        ),
        (
            "process: a\nsteps:\n  - external: t\n    reason: x\n",
            "Line 4: the key reason does not belong to a program that has done its work.",
        ),
        (
            "process: a\nsteps:\n  - external: t\n    error:\n",
            "Line 4: error must hold a code or a reason.",
        ),
    ],
)
def test_files_that_cannot_be_read_name_the_line(text: str, told: str) -> None:
    with pytest.raises(ScenarioRefused) as refused:
        read_scenario(text.encode(), "s.yaml")
    assert refused.value.finding.text() == told


def test_values_are_exact_and_words_stay_words() -> None:
    values = b"{a: 599999.99, b: no, c: 2026-03-02, d: true, e: '5', f: 012, g: -3, h: ~}"
    assert read_scenario(b"process: a\nstart:\n  with: " + values, "s").start == {
        "a": Decimal("599999.99"),
        "b": "no",
        "c": "2026-03-02",
        "d": True,
        "e": "5",
        "f": "012",
        "g": -3,
        "h": None,
    }


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ({"a": 1}, {"a": Decimal("1.00"), "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"level": "x"}, "x", True),
        ({"level": "x", "other": "y"}, "x", False),
        ({"item": []}, [], True),
        ([1, 2], [2, 1], False),
        (True, 1, False),
        (None, None, True),
    ],
)
def test_agreement(expected: object, found: object, same: bool) -> None:
    assert agrees(expected, found) is same


def kept_by(town: Bundle, results: list[Played], outcomes: str, claim: str) -> str:
    """The state of article 4 when only a register cites it and each scenario names one more article."""
    register = f"""
[[register]]
id = "all"
name = "台账"
processes = ["town.leave"]
regulation = "town#4"
{outcomes}
"""
    manifest = read_manifest(town.files["jurisdiction.toml"] + register.encode())
    told = [replace(p, scenario=replace(p.scenario, regulations=(claim,))) for p in results]
    found = coverage(manifest, model_of(), told)
    return next(a.state for a in found if a.citation == "town#4")


def test_proof_and_coverage() -> None:
    town = bundle()
    model = model_of()
    scenarios, findings = read_scenarios({**town.scenarios, "scenarios/bad.yaml": b"x"})
    assert [f.file for f in findings] == ["scenarios/bad.yaml"]
    results = list(play_all(scenarios, model, town.manifest))
    found = proof(model, results)
    assert found.rules == found.passed_rules == {("town_level", "1"), ("town_level", "2")}
    assert found.branches - found.passed_branches == {("town.leave", "to_clerk")}
    assert [f.text() for f in unproved(model, found)] == [
        "No scenario passes 谁审批？ “经办” → 经办审批 (to_clerk)."
    ]
    states = {a.citation: a.state for a in coverage(town.manifest, model, results)}
    assert states == {"town#1": "manual", "town#2": "proved", "town#3": "proved", "town#4": "not_yet"}
    assert kept_by(town, results, "outcomes = []", claim="town#4") == "proved"
    assert kept_by(town, results, 'outcomes = ["end"]', claim="town#4") == "proved"
    assert kept_by(town, results, 'outcomes = ["refused"]', claim="town#4") == "modelled"
    assert kept_by(town, results, "outcomes = []", claim="town#2") == "modelled"
    failing = list(play_all(scenarios, model_of(dmn=table(SWAPPED)), town.manifest))
    assert {a.state for a in coverage(town.manifest, model, failing)} == {"manual", "modelled", "not_yet"}
