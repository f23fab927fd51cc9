"""Every jurisdiction of the repository: checks, scenarios, proof, outlines, bundle, cases at random."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import pytest

from server.bundles.archive import Bundle, read_folder, read_zip, write_folder, write_zip
from server.bundles.checks import check
from server.bundles.manifest import Manifest
from server.bundles.outline import outlines
from server.bundles.proof import proof, unproved
from server.bundles.scenario_agreement import Disagreement
from server.bundles.scenario_case import Case
from server.bundles.scenario_files import Scenario, Step
from server.bundles.scenarios import Played, play, read_scenarios
from server.bundles.traceability import coverage
from server.engine.business_calendar import BusinessCalendar
from server.engine.findings import filled
from server.engine.load import load
from server.engine.model import Model, UserTask

ROOT = Path(__file__).parents[2]
JURISDICTIONS = sorted(file.parent.name for file in ROOT.glob("bpmn/*/jurisdiction.toml"))
MOVES = 200
WALKS = 40
MESSAGES = 0.1
PASSING = 0.1
"""How often a message comes, and how often time passes, while there is work to do."""


@lru_cache
def bundle_of(jurisdiction: str) -> Bundle:
    return read_folder(ROOT, jurisdiction)


@lru_cache
def manifest_of(jurisdiction: str) -> Manifest:
    return bundle_of(jurisdiction).manifest


@lru_cache
def model_of(jurisdiction: str) -> Model:
    model, findings = load(bundle_of(jurisdiction).files)
    assert model is not None, [f.text() for f in findings]
    return model


@lru_cache
def scenarios_of(jurisdiction: str) -> tuple[Scenario, ...]:
    scenarios, findings = read_scenarios(bundle_of(jurisdiction).scenarios)
    assert [f"{f.file}: {f.text()}" for f in findings] == []
    return scenarios


@lru_cache
def stories_of(jurisdiction: str) -> Mapping[str, Scenario]:
    """Scenarios by the path of their file."""
    return {scenario.path: scenario for scenario in scenarios_of(jurisdiction)}


@cache
def played(jurisdiction: str, path: str) -> Played:
    """How a scenario went: played once, looked at from several sides."""
    story = stories_of(jurisdiction)[path]
    return play(story, model_of(jurisdiction), manifest_of(jurisdiction))


def all_played(jurisdiction: str) -> list[Played]:
    """How all scenarios of a jurisdiction went."""
    return [played(jurisdiction, path) for path in stories_of(jurisdiction)]


def stories_in(jurisdiction: str) -> list[str]:
    """The paths of the scenarios by their names alone: bundles are read when a test needs them, not by
    everybody who only collects tests."""
    folder = ROOT / "tests" / "scenarios" / jurisdiction
    return [f"scenarios/{file.relative_to(folder).as_posix()}" for file in sorted(folder.rglob("*.yaml"))]


SCENARIOS = [(j, path) for j in JURISDICTIONS for path in stories_in(j)]


def test_there_is_a_jurisdiction() -> None:
    assert "hongshan" in JURISDICTIONS


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_scenario_of_a_bundle_is_played(jurisdiction: str) -> None:
    assert sorted(bundle_of(jurisdiction).scenarios) == sorted(stories_in(jurisdiction))


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_no_check_finds_an_error(jurisdiction: str) -> None:
    findings = check(bundle_of(jurisdiction))
    assert [f"{f.file} {f.element} {f.text()}" for f in findings if f.level == "error"] == []


@pytest.mark.parametrize(("jurisdiction", "path"), SCENARIOS, ids=[f"{j}/{p}" for j, p in SCENARIOS])
def test_scenario(jurisdiction: str, path: str) -> None:
    assert [f"line {f.line}: {f.text()}" for f in played(jurisdiction, path).failures] == []


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_branch_and_rule_is_proved(jurisdiction: str) -> None:
    model = model_of(jurisdiction)
    found = proof(model, all_played(jurisdiction))
    assert [f.text() for f in unproved(model, found)] == []


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_article_is_proved_or_left_to_people(jurisdiction: str) -> None:
    found = coverage(manifest_of(jurisdiction), model_of(jurisdiction), all_played(jurisdiction))
    assert [one.citation for one in found if one.state not in ("proved", "manual")] == []
    assert [one.citation for one in found if one.state == "manual" and not one.reason] == []


CONTRACT = {
    "hongshan": (21, 25),
    "huaian": (16, 14),
    "wuhai": (12, 14),
    "xinhua": (27, 23),
    "yunfu": (17, 16),
}
"""Processes and decisions that the five regulations ask for; limits and schedule are tables of the house."""
ADDED = {"xinhua.cloud_catalogue"}
"""What keeps a register that a regulation names without saying who keeps it: a reading of ours."""


@pytest.mark.parametrize(("jurisdiction", "counts"), CONTRACT.items())
def test_nothing_of_a_regulation_is_left_out(jurisdiction: str, counts: tuple[int, int]) -> None:
    model = model_of(jurisdiction)
    own = [key for key in model.processes if not key.startswith("shared.") and key not in ADDED]
    tables = {key for key in model.decisions if not key.endswith(("_clocks", "_schedule"))}
    assert (len(own), len(tables)) == counts


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_outlines_are_current(jurisdiction: str) -> None:
    files = bundle_of(jurisdiction).files
    expected = outlines(model_of(jurisdiction).processes)
    assert {path: files[path].decode() for path in files if path.endswith(".outline.txt")} == expected


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_bundle_round_trip(jurisdiction: str, tmp_path: Path) -> None:
    bundle = bundle_of(jurisdiction)
    unpacked = read_zip(write_zip(bundle))
    assert dict(unpacked.files) == dict(bundle.files)
    write_folder(unpacked, tmp_path)
    assert read_folder(tmp_path, jurisdiction).digest == bundle.digest


# --------------------------------------------------------------------------- cases at random
Answers = Mapping[str, list[Mapping[str, object]]]


def answers_of(jurisdiction: str) -> Answers:
    """What scenarios fill in at each task and send with each message: every one of them is possible."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for scenario in scenarios_of(jurisdiction):
        for step in scenario.steps:
            comes = step.kind == "message" or (step.kind == "task" and step.acts)
            if comes and isinstance(step.values, Mapping):
                found.setdefault(step.subject, []).append(step.values)
    return found


def one_who_may(task: UserTask) -> str:
    return next(iter((*task.candidate_groups, *task.candidate_users, task.assignee or "")))


def messages_for(case: Case, answers: Answers) -> list[Step]:
    """Every message some scenario sends to what the case waits for now."""
    return [
        Step(0, 0, "message", subject, values=payload)
        for waiting in case.subscriptions
        for subject in dict.fromkeys((waiting.name, waiting.element))
        for payload in answers.get(subject, ())
    ]


def move(case: Case, answers: Answers, dice: random.Random) -> None:
    """Do a random open task with a random answer that its form takes. Where none is open, and now and then
    otherwise, a message comes; where none is awaited, time passes."""
    messages = messages_for(case, answers)
    if messages and (not case.tasks or dice.random() < MESSAGES):
        case.step(dice.choice(messages))
        return
    if not case.tasks or (case.timers and dice.random() < PASSING):
        assert case.timers, f"stuck: no task, no timer, no message, no end ({case.scenario.path})"
        due = max(min(timer.due for timer in case.timers), case.now)
        case.step(Step(0, 0, "wait", f"until {due.isoformat()}"))
        return
    task = dice.choice([case.tasks[token] for token in sorted(case.tasks)])
    for answer in dice.sample(answers[task.element], len(answers[task.element])):
        step = Step(0, 0, "task", task.element, by=one_who_may(task), values=answer, acts=True)
        try:
            case.step(step)
        except Disagreement as problem:
            told = filled(problem.message, problem.params)
            if "does not take this" not in told:
                pytest.fail(told)
            continue
        return
    pytest.fail(f"no answer of any scenario is taken at {task.element}")


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_random_cases_come_to_an_end(jurisdiction: str) -> None:
    """Answers of all scenarios mixed, tasks done in random order: never stuck, never an incident."""
    dice = random.Random(20260302)
    model, answers = model_of(jurisdiction), answers_of(jurisdiction)
    stories = [s for s in scenarios_of(jurisdiction) if s.process]
    endings = set()
    for _ in range(WALKS):
        story = replace(dice.choice(stories), never=(), end="", thrown=None)
        case = Case(story, model, BusinessCalendar())
        case.begin(None)
        for _ in range(MOVES):
            if case.ended:
                break
            move(case, answers, dice)
        assert case.ended, f"no end after {MOVES} moves: {story.path}"
        endings.add((story.process, case.ended))
    assert len(endings) >= 5
