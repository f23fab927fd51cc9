"""Hostile files are refused with a clear message, in little time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.engine import process
from server.engine.business_calendar import BusinessCalendar
from server.engine.load import load
from server.engine.model import Moment
from tests.engine.hostile.attacks import attacks
from tests.patience import PATIENCE
from tests.stopwatch import cpu_time

NAMES = [attack.name for attack in attacks()]
WARNED = {"branches-not-joined", "feel-too-many-unknown-names"}
"""Findings that do not keep a file out by themselves: the attack may come in, but must cost nothing."""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    """What a process of its own, limited in memory, reports of every attack."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.engine.hostile.measure"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    reports = {r["name"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, f"after {list(reports)[-1:]}: {done.stderr[-2000:]}"
    return reports


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert len(NAMES) >= 80


@pytest.mark.parametrize("name", NAMES)
def test_refused_with_a_clear_message(name: str, told: dict[str, dict[str, Any]]) -> None:
    report = told[name]
    assert report["code"] in report["codes"], report["texts"][:5]
    text = report["texts"][report["codes"].index(report["code"])]
    assert 10 < len(text) < 1_000
    assert "root:" not in "".join(report["texts"])
    assert report["help"][report["codes"].index(report["code"])] or report["code"].startswith("form.")
    assert not report["entered"] or report["code"] in WARNED


def test_what_multiplies_tokens_stands_still() -> None:
    """2 to the power of 100 tokens: the engine stops after a bounded number of steps."""
    attack = next(a for a in attacks() if a.name == "doubling-gateways")
    model, _ = load({attack.file: attack.data})
    assert model is not None
    at = Moment(datetime(2026, 3, 2, tzinfo=UTC), BusinessCalendar())
    with cpu_time() as taken:
        advance = process.start(model, "p", {}, at)
    assert [i.finding.code for i in advance.incidents][:1] == ["engine.endless_loop"]
    assert taken.seconds < 10


@pytest.mark.parametrize("name", NAMES)
def test_refused_in_little_time_and_memory(name: str, told: dict[str, dict[str, Any]]) -> None:
    assert told[name]["seconds"] < 5
    assert told[name]["megabytes"] < 200
