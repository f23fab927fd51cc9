"""The command that enters people from a list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.services import identity
from server.store.database import Database
from tests.cli.test_content import guicheng
from tests.cli.test_office import tell
from tests.services.conftest import MORNING

LIST = "账号,姓名,部门编码,部门,用户组\nfirst,第一人,office,办公室,admin\nbad!,,,,\n"


@pytest.fixture
def url(migrated_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation with one jurisdiction and nobody in it."""
    monkeypatch.setenv("GUICHENG_DATABASE_URL", migrated_database_url)
    monkeypatch.setenv("GUICHENG_DATA_DIR", str(tmp_path / "data"))
    database = Database(migrated_database_url)
    with database.write() as session:
        identity.add_jurisdiction(session, "lab", "Lab", MORNING)
    database.close()
    return migrated_database_url


def test_the_first_admin_is_entered_at_the_machine(url: str, tmp_path: Path) -> None:
    """Without --yes nothing is written; with it the people are there, the faulty row is told, and the trail
    names the operator."""
    file = tmp_path / "people.csv"
    file.write_text(LIST, "utf-8")
    told = guicheng("people", "import", "lab", file)
    assert told.exit_code == 1
    assert "Nothing was written" in told.output
    assert tell(url, "select count(*) from person") == [(0,)]
    done = json.loads(guicheng("people", "import", "lab", file, "--yes", "--json").stdout)
    assert [row["kind"] for row in done["rows"]] == ["new", "faulty"]
    assert list(done["first_passwords"]) == ["first"]
    assert tell(url, "select group_id from membership") == [("admin",)]
    assert tell(url, "select distinct actor_id from right_event") == [("operator",)]
    assert "0 faults" in guicheng("verify-audit").output
    tell(url, "update right_event set actor_name = 'nobody' where seq = 2")
    broken = guicheng("verify-audit")
    assert broken.exit_code == 1
    assert "rights entry 2" in broken.output


def test_a_file_that_is_no_list_is_refused(url: str, tmp_path: Path) -> None:
    """With what it lacks."""
    file = tmp_path / "people.csv"
    file.write_text("a,b\n1,2\n")
    refused = guicheng("people", "import", "lab", file)
    assert refused.exit_code == 2
    assert "headings" in refused.output
