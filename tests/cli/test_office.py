"""The commands about an office: deploy, load, seed, verify, each against a database of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.store.database import Database
from tests.cli.test_content import ROOT, guicheng


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of an installation that has nothing yet."""
    monkeypatch.setenv("GUICHENG_DATABASE_URL", database_url)
    monkeypatch.setenv("GUICHENG_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def tell(url: str, statement: str) -> list[tuple[object, ...]]:
    """Rows of a query, or none after a change."""
    database = Database(url)
    try:
        with database.write() as session:
            result = session.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []  # type: ignore[attr-defined]
    finally:
        database.close()


def test_a_bundle_travels_to_another_installation(settings: Path, database_url: str) -> None:
    """Packed here, loaded into an empty database there; loaded again it changes nothing."""
    assert guicheng("bundle", "hongshan", "--to", settings / "dist").exit_code == 0
    file = settings / "dist" / "hongshan.zip"
    first = json.loads(guicheng("load", file, "--json").stdout)
    again = json.loads(guicheng("load", file, "--json").stdout)
    assert [row["number"] for row in first + again] == [1, 1]
    assert "bpmn/library_entry.bpmn" in first[0]["changed"]
    assert "data_bureau" in first[0]["missing"]
    assert again[0]["changed"] == []
    assert tell(database_url, "select count(*) from deployment") == [(1,)]
    folder = json.loads(guicheng("deploy", ROOT, "--jurisdiction", "hongshan", "--json").stdout)
    assert folder[0]["changed"] == []


def test_what_is_no_bundle_is_not_loaded(settings: Path, database_url: str) -> None:
    """A folder, a text, nothing at all: each with its reason, and nothing is kept."""
    text = settings / "text.zip"
    text.write_text("no zip")
    for source, code in ((settings, 2), (text, 1), (settings / "nowhere.zip", 2)):
        result = guicheng("load", source)
        assert result.exit_code == code, result.output
        assert result.output.strip()
    assert tell(database_url, "select count(*) from deployment") == [(0,)]


def test_a_seeded_office_verifies_until_somebody_tampers(settings: Path, database_url: str) -> None:
    """Some cases played; the check counts them, and names the entry that was changed behind its back."""
    guicheng("deploy", ROOT, "--jurisdiction", "hongshan")
    seeded = guicheng("seed", "--count", 6)
    assert seeded.exit_code == 0, seeded.output
    cases = _count(database_url, "process_instance")
    assert cases >= 6
    assert guicheng("seed", "--count", 6).exit_code == 0
    assert _count(database_url, "process_instance") == cases
    sound = guicheng("verify-audit", "--json")
    assert sound.exit_code == 0
    entries = sum(_count(database_url, table) for table in ("history_event", "bundle_event", "past_event"))
    assert json.loads(sound.stdout) == {"cases": cases, "entries": entries, "faults": []}
    (case,) = tell(database_url, "select min(id) from process_instance")[0]
    tell(database_url, f"update history_event set actor_name = 'x' where instance_id = '{case}' and seq = 2")
    broken = guicheng("verify-audit", "--json")
    assert broken.exit_code == 1
    fault = {"jurisdiction": "hongshan", "case": case, "entry": 2, "fault": "entry changed"}
    assert json.loads(broken.stdout)["faults"] == [fault]
    assert guicheng("verify-audit", "--jurisdiction", "elsewhere").exit_code == 0
    told = guicheng("verify-audit")
    assert "entry 2: entry changed" in told.output


def test_an_old_database_is_not_touched(settings: Path) -> None:
    """A command that does not migrate says what to do."""
    result = guicheng("verify-audit")
    assert result.exit_code == 2
    assert "--prepare" in result.output


def test_a_wrong_setting_is_named(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is opened."""
    monkeypatch.setenv("GUICHENG_DATABSE_URL", "sqlite:///x.db")
    result = guicheng("verify-audit")
    assert result.exit_code == 2
    assert "GUICHENG_DATABSE_URL" in result.output


def _count(url: str, table: str) -> int:
    return int(str(tell(url, f"select count(*) from {table}")[0][0]))
