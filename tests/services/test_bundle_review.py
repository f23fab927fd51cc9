"""Scenarios are played again only where something changed of which they tell."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

import pytest

from server.bundles import archive, scenarios
from server.bundles.scenario_files import Scenario
from server.bundles.scenarios import Played
from server.cli import house
from server.engine.model import Finding
from server.services import bundle_review

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ENTRY, DIAGRAM = "hongshan.library_entry", "bpmn/library_entry.bpmn"
NO = Finding("error", "no", "No.")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Scenario]:
    """The scenarios that were played, of which those of one decision never hold."""
    found: list[Scenario] = []

    def play(scenario: Scenario, *_: object) -> Played:
        found.append(scenario)
        return Played(scenario, (NO,) if scenario.decision else ())

    monkeypatch.setattr(scenarios, "play", play)
    # What is remembered here would be believed by every later test of the same files.
    monkeypatch.setattr(bundle_review, "_held", OrderedDict())
    monkeypatch.setattr(bundle_review, "_trials", OrderedDict())
    return found


def test_what_stands_as_it_was_is_not_played_again(played: list[Scenario]) -> None:
    files = dict(archive.read_folder(house.ROOT, "hongshan").files)
    everything = bundle_review.trial(files, NOW)
    assert len(played) == len(everything.played) > 20
    processes = [one for one in played if one.process]
    decisions = {one.path for one in played if one.decision}
    played.clear()

    files[DIAGRAM] += b"\n"
    assert len(bundle_review.trial(files, NOW).played) == len(everything.played)
    again = {one.path for one in played}
    assert again >= decisions  # what does not hold is played each time
    assert {one.path for one in processes if one.process == ENTRY} <= again
    assert again < {one.scenario.path for one in everything.played}
    played.clear()

    story = processes[0].path
    files[story] += b"\n"
    bundle_review.trial(files, NOW)
    assert {one.path for one in played} == decisions | {story}
    played.clear()

    files["jurisdiction.toml"] += b"\n"
    bundle_review.trial(files, NOW)
    assert len(played) == len(everything.played)
