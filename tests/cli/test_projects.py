"""The command that enters projects from before out of a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_content import guicheng
from tests.cli.test_office import tell
from tests.originals import Originals
from tests.services.conftest import settle

LIST = (
    "项目名称,建设单位,依据文件,依据日期,已获批复,旁注\n"
    "旧平台,education,批复,2023-05-06,是,x\n旧系统,education,批复,2023-05-06,也许,\n"
)


@pytest.fixture
def url(originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Hongshan deployed, no project yet."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        monkeypatch.setenv("GUICHENG_DATABASE_URL", url)
        monkeypatch.setenv("GUICHENG_DATA_DIR", str(tmp_path / "data"))
        yield url


def test_a_list_is_told_and_then_entered(url: str, tmp_path: Path) -> None:
    """Without --yes nothing is written; with it the operator stands in the trail, whose chain is checked."""
    file = tmp_path / "项目.csv"
    file.write_text(LIST, "utf-8")
    told = guicheng("projects", "import", "hongshan", file)
    assert told.exit_code == 1
    for words in ("已获批复: - -> 是", "也许 is none of 是、否", "not read: 旁注", "Nothing was written"):
        assert words in told.output, told.output
    assert tell(url, "select count(*) from project") == [(0,)]
    done = json.loads(guicheng("projects", "import", "hongshan", file, "--yes", "--json").stdout)
    assert [row["kind"] for row in done["rows"]] == ["new", "faulty"]
    assert tell(url, "select name from project") == [("旧平台",)]
    assert tell(url, "select actor_id from past_event") == [("operator",)]
    assert "0 faults" in guicheng("verify-audit").output
    tell(url, "update past_event set actor_name = 'nobody'")
    broken = guicheng("verify-audit")
    assert broken.exit_code == 1
    assert "projects entry 1" in broken.output


def test_a_file_that_is_no_list_is_refused(url: str, tmp_path: Path) -> None:
    """With what it lacks."""
    file = tmp_path / "项目.csv"
    file.write_text("a,b\n1,2\n")
    refused = guicheng("projects", "import", "hongshan", file)
    assert refused.exit_code == 2
    assert "headings" in refused.output
