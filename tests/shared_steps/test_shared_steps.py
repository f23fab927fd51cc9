"""Every shared step proved on its own: the small office in `office/` has a process for each of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.bundles.archive import Bundle, read_folder
from server.bundles.checks import check
from server.bundles.outline import outlines
from server.bundles.proof import proof, unproved
from server.bundles.scenarios import Played, play, read_scenarios
from server.engine.load import load
from server.engine.model import Model

ROOT = Path(__file__).parents[2]
OFFICE = Path(__file__).parent / "office"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The office with the shared files of the repository."""
    root = tmp_path_factory.mktemp("office")
    shutil.copytree(OFFICE, root, dirs_exist_ok=True)
    for folder in ("bpmn", "forms"):
        shutil.copytree(ROOT / folder / "shared", root / folder / "shared")
    return read_folder(root, "trial")


@pytest.fixture(scope="module")
def model(bundle: Bundle) -> Model:
    found, findings = load(bundle.files)
    assert found is not None, [f.text() for f in findings]
    return found


@pytest.fixture(scope="module")
def played(bundle: Bundle, model: Model) -> list[Played]:
    scenarios, findings = read_scenarios(bundle.scenarios)
    assert [f"{f.file}: {f.text()}" for f in findings] == []
    return [play(scenario, model, bundle.manifest) for scenario in scenarios]


def test_the_office_calls_every_shared_step(bundle: Bundle) -> None:
    here = {path.name for path in (ROOT / "bpmn" / "shared").glob("*.bpmn")}
    assert {Path(path).name for path in bundle.files if path.startswith("bpmn/shared/")} >= here


def test_no_check_finds_anything(bundle: Bundle) -> None:
    findings = check(bundle)
    shared = [f for f in findings if f.code != "outline-missing" or "shared" in f.file]
    assert [f"{f.file} {f.element} {f.text()}" for f in shared] == []


def test_every_story_holds(played: list[Played]) -> None:
    assert [f"{p.scenario.path}: {f.text()}" for p in played for f in p.failures] == []


def test_every_branch_is_passed(model: Model, played: list[Played]) -> None:
    assert [f.text() for f in unproved(model, proof(model, played))] == []


def test_outlines_of_shared_steps_are_current(model: Model) -> None:
    expected = {Path(path).name: text for path, text in outlines(model.processes).items() if "shared" in path}
    here = {path.name: path.read_text() for path in (ROOT / "bpmn" / "shared").glob("*.outline.txt")}
    assert here == expected
