"""The commands of who swaps jurisdictions: load, name people, on a day, go back, export, two persons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.bundles import archive
from server.bundles.archive import Bundle
from tests.cli.test_content import guicheng
from tests.cli.test_office import settings, tell
from tests.services import lab as small

__all__ = ["settings"]
LAB = small.bundle()
CHANGED = small.bundle(small.PROCESSES | {"lab.due": small.LONGER})


@pytest.fixture
def database_url(migrated_database_url: str) -> str:
    """An installation that has its tables: how they are made is another test's concern."""
    return migrated_database_url


def zipped(folder: Path, files: dict[str, bytes]) -> Path:
    """A bundle beside the installation."""
    file = folder / "lab.zip"
    file.write_bytes(archive.write_zip(Bundle(files)))
    return file


def in_use(url: str) -> list[tuple[object, ...]]:
    return tell(
        url,
        "select d.number from deployment d join jurisdiction j"
        " on j.tenant_id = d.tenant_id and j.deployment_id = d.id",
    )


def test_a_jurisdiction_is_loaded_and_gone_back_from(settings: Path, database_url: str) -> None:
    """From a zip never seen before; what was there stays."""
    file = zipped(settings, LAB)
    looked = guicheng("load", file, "--look")
    assert looked.exit_code == 0, looked.output
    assert "nobody holds clerks" in looked.output
    assert in_use(database_url) == []
    assert "new cases use it" in guicheng("load", file).output
    guicheng("load", zipped(settings, CHANGED), "--note", "Two steps")
    assert in_use(database_url) == [(2,)]
    assert guicheng("activate", "lab", 1).exit_code == 0
    assert in_use(database_url) == [(1,)]
    assert guicheng("activate", "lab", 9).exit_code == 2
    assert tell(database_url, "select note from deployment order by number") == [
        ("guicheng load",), ("Two steps",),
    ]  # fmt: skip
    sound = json.loads(guicheng("verify-audit", "--json").stdout)
    assert (sound["entries"], sound["faults"]) == (5, [])
    tell(database_url, "update bundle_event set actor_id = 'x' where seq = 2")
    assert guicheng("verify-audit").exit_code == 1


def test_people_are_named_while_loading(settings: Path, database_url: str) -> None:
    """One of another jurisdiction, then all of one group; nobody who is not there."""
    guicheng("load", zipped(settings, LAB))
    tell(database_url, "insert into unit (tenant_id, id, name) values ('lab', 'office', 'Office')")
    tell(
        database_url,
        "insert into person (tenant_id, id, account, name, post, unit_id, password_hash, active, locale,"
        " demo, identity, created_at) values ('lab', 'ann', 'ann', 'Ann', '', 'office', '', true, 'zh-CN',"
        " false, '', '2026-01-01 00:00:00')",
    )
    other = {path: data.replace(b'"lab', b'"field').replace(b"lab#", b"field#") for path, data in LAB.items()}
    named = ("--member", "clerks=lab/ann", "--member", "heads=*clerks")
    done = guicheng("load", zipped(settings, other), *named)
    assert done.exit_code == 0, done.output
    assert "nobody holds" not in done.output
    assert tell(database_url, "select group_id from membership where tenant_id = 'field' order by 1") == [
        ("clerks",), ("heads",),
    ]  # fmt: skip
    for wrong in ("clerks=lab/nobody", "strangers=lab/ann", "clerks"):
        assert guicheng("load", zipped(settings, other), "--member", wrong).exit_code == 2


def test_it_holds_from_a_day_on(settings: Path, database_url: str) -> None:
    """And is not in use before."""
    guicheng("load", zipped(settings, LAB))
    done = guicheng("load", zipped(settings, CHANGED), "--effective", "2027-12-01")
    assert done.exit_code == 0, done.output
    assert in_use(database_url) == [(1,)]
    assert tell(database_url, "select status from bundle_release order by id") == [("done",), ("waiting",)]
    assert guicheng("load", zipped(settings, CHANGED), "--effective", "soon").exit_code == 2


def test_what_does_not_hold_is_not_loaded(settings: Path, database_url: str) -> None:
    """A scenario that fails, a check that fails."""
    story = b"process: lab.due\ntitle: Ends at once\nstart:\n  by: clerks\nsteps: []\nend: end\n"
    failed = guicheng("load", zipped(settings, {**LAB, "scenarios/due.yaml": story}))
    assert (failed.exit_code, "scenario-fails" in failed.output) == (1, True)
    assert guicheng("load", zipped(settings, {**LAB, "bpmn/due.bpmn": b"<x/>"})).exit_code == 1
    assert tell(database_url, "select count(*) from deployment") == [(0,)]


def test_a_deployment_is_exported_as_the_repository_holds_it(settings: Path) -> None:
    """Byte for byte; what is the same is not touched, what is gone is removed, of its own files only."""
    folder = settings / "repository"
    guicheng("load", zipped(settings, LAB))
    first = guicheng("export", "lab", "--root", folder)
    assert first.exit_code == 0, first.output
    assert dict(archive.read_folder(folder, "lab").files) == LAB
    shared = folder / "bpmn/shared/other.bpmn"
    shared.parent.mkdir()
    shared.write_text("another's")
    before = (folder / "bpmn/lab/chased.bpmn").stat().st_mtime_ns
    less = {path: data for path, data in CHANGED.items() if path != "bpmn/stuck.bpmn"}
    less["jurisdiction.toml"] = small.manifest(*(key for key in small.PROCESSES if key != "lab.stuck"))
    assert guicheng("load", zipped(settings, less)).exit_code == 0
    again = guicheng("export", "lab", "--root", folder)
    assert {line.strip() for line in again.output.splitlines()[:-1]} == {
        "+ bpmn/lab/due.bpmn", "+ bpmn/lab/jurisdiction.toml", "- bpmn/lab/stuck.bpmn",
    }  # fmt: skip
    assert (folder / "bpmn/lab/chased.bpmn").stat().st_mtime_ns == before
    assert shared.exists()
    guicheng("export", "lab", "--root", folder, "--number", 1)
    assert dict(archive.read_folder(folder, "lab").files) == LAB
    assert guicheng("export", "lab", "--root", folder, "--draft", "none").exit_code == 2


@pytest.mark.parametrize("where", [("lab",), ()])
def test_two_persons_are_asked_for_at_the_machine(
    settings: Path, database_url: str, where: tuple[str, ...]
) -> None:
    """In one jurisdiction or in all; whoever sits at the machine still loads."""
    guicheng("load", zipped(settings, LAB))
    assert guicheng("two-person", "on", *where).exit_code == 0
    assert "required" in str(tell(database_url, "select value from setting"))
    assert guicheng("load", zipped(settings, CHANGED)).exit_code == 0
    assert in_use(database_url) == [(2,)]
    assert guicheng("two-person", "off", *where).exit_code == 0
