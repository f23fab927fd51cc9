"""The commands about versions: what differs, and what another version would have decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_content import ROOT, TIER, change, content, guicheng
from tests.cli.test_office import settings

__all__ = ["content", "settings"]


def test_folders_and_zips(content: Path) -> None:
    """A changed figure is told with its article; nothing is told of what is the same."""
    change(content / TIER, "600000", "650000")
    found = guicheng("diff", ROOT / "bpmn" / "hongshan", content / "bpmn" / "hongshan")
    assert found.exit_code == 1
    told = "rule 1: column “总投资（元）” was “>= 600000”, is now “>= 650000”."
    assert f"  ~ {told}  [hongshan#8p1 hongshan#12.1]" in found.output.splitlines()
    guicheng("bundle", "hongshan", "--root", content, "--to", content / "dist")
    zipped = content / "dist" / "hongshan.zip"
    same = guicheng("diff", zipped, "hongshan", "--root", content)
    assert (same.exit_code, same.output.strip()) == (0, "0 differences in 0 files")
    rows = json.loads(guicheng("diff", "hongshan", zipped, "--root", ROOT, "--json").stdout)
    assert {(row["row"], row["weight"]) for row in rows} == {(1, "effect"), (2, "effect")}
    assert guicheng("diff", "hongshan", "nowhere").exit_code == 2
    (content / "x.zip").write_bytes(b"no zip")
    assert guicheng("diff", content / "x.zip", "hongshan").exit_code == 2


@pytest.mark.usefixtures("settings")
def test_deployments(content: Path) -> None:
    """What is deployed beside a folder; an installation without cases has nothing to replay."""
    deployed = guicheng("deploy", ROOT, "--jurisdiction", "hongshan", "--json")
    assert deployed.exit_code == 0, deployed.output
    assert guicheng("diff", "hongshan@active", "hongshan@1").exit_code == 0
    change(content / TIER, "600000", "650000")
    assert guicheng("diff", "hongshan@1", content / "bpmn" / "hongshan").exit_code == 1
    assert guicheng("diff", "hongshan@7", "hongshan@1").exit_code == 2
    replayed = json.loads(guicheng("would-change", "hongshan@1", "--json").stdout)
    assert (replayed["decisions"], replayed["other"]) == (0, 0)
    assert guicheng("would-change", "hongshan@9").exit_code == 2
