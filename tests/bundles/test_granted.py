"""What a regulation grants stands in its manifest, and nothing that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.bundles.manifest import Manifest, Separation, read_manifest

ROOT = Path(__file__).parents[2]
SILENT = Separation(own_application="allowed", consecutive_steps="allowed")


def manifest_of(jurisdiction: str) -> Manifest:
    """The manifest as it lies in the repository."""
    return read_manifest((ROOT / "bpmn" / jurisdiction / "jurisdiction.toml").read_bytes())


def test_who_applies_for_a_unified_project_of_xinhua_is_warned_of_reviewing_it() -> None:
    """Reading R4; a self-built project's applicant speaks for the demand unit too, so it is no refusal."""
    manifest = manifest_of("xinhua")
    rules = {key: manifest.separation_of(key) for key in manifest.processes}
    assert rules.pop("xinhua.project_approval") == Separation(
        own_application="warned", consecutive_steps="allowed"
    )
    assert set(rules.values()) == {SILENT}


@pytest.mark.parametrize("jurisdiction", ["huaian", "wuhai", "xinhua"])
def test_where_the_text_is_silent_nothing_is_borrowed(jurisdiction: str) -> None:
    """No ground stops a clock, no limit is promised or extended, no file is kept from those of the case."""
    manifest = manifest_of(jurisdiction)
    assert not manifest.clock_stops
    assert not manifest.secret_files
    assert not [entry.id for entry in manifest.processes.values() if entry.promised or entry.extension]
    assert not [entry.id for entry in manifest.processes.values() if entry.reopening]
