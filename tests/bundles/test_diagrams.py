"""Every diagram that is shipped can be read: nothing overlaps, at most two crossings, small enough for A3."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.bundles.tidy import quality

BPMN = Path(__file__).resolve().parents[2] / "bpmn"
FOLDERS = sorted(path.name for path in BPMN.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS)
def test_diagrams_are_drawn_for_people(folder: str) -> None:
    """What the layouter reaches for each of them; a picture a person has drawn is held to it as well."""
    found = {path.stem: quality(path.read_bytes()) for path in sorted((BPMN / folder).glob("*.bpmn"))}
    assert found
    faults = {name: drawn.problems for name, drawn in found.items() if not drawn.good}
    assert faults == {}, "Run `guicheng tidy` on these, or move the shapes named."
