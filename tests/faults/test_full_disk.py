"""A full disk: a clear refusal, nothing half-written, and all is well once there is space again.

As root the disk is a real one of a few megabytes; else SQLite is told that its file may not grow."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from server.services import attachments, history
from server.services.attachments import FileStore
from server.services.outbox import LEASE
from server.store.database import Database, StorageFull
from tests.faults.test_kill_letters import LETTERS, arrived, statuses, write_letters
from tests.jobs.receivers import relay
from tests.jobs.test_post_office import mail, runner
from tests.services.lab import TENANT, Lab, open_lab


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of four megabytes, or None where it may not be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    allowed = (
        os.geteuid() == 0 and shutil.which("mount") and not subprocess.run(mount, check=False).returncode
    )
    yield place if allowed else None
    if allowed:
        subprocess.run(["umount", "-l", str(place)], check=True)


class Space:
    """The space of a lab's database, taken and given back."""

    def __init__(self, lab: Lab, disk: Path | None) -> None:
        self.lab = lab
        self.ballast = disk / "ballast" if disk else None
        self.limit = 0
        if disk is None:
            event.listen(lab.database.engine, "checkout", self._limited)

    def take(self) -> None:
        """Leave next to nothing."""
        if self.ballast is None:
            self.limit = self.lab.rows("select page_count as n from pragma_page_count")[0]["n"] + 2
            return
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        with self.ballast.open("r+b") as file:
            file.truncate(self.ballast.stat().st_size - 3 * 4096)

    def give_back(self) -> None:
        """As before."""
        self.limit = 1_000_000
        if self.ballast is not None:
            self.ballast.unlink()

    def _limited(self, connection: object, *_: object) -> None:
        if self.limit:
            connection.cursor().execute(f"PRAGMA max_page_count = {self.limit}")  # type: ignore[attr-defined]


@pytest.fixture
def crowded(small_disk: Path | None, tmp_path: Path, migrated_database_url: str) -> Iterator[Lab]:
    """The lab with its database and its attachments on the small disk."""
    url = migrated_database_url
    if small_disk is not None:
        shutil.copyfile(sa.make_url(url).database or "", small_disk / "lab.db")
        url = f"sqlite:///{small_disk / 'lab.db'}"
    lab = open_lab(url, (small_disk or tmp_path) / "files")
    yield lab
    lab.database.close()


def picture(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that lies in the tables."""
    with database.read() as session:
        names = session.execute(sa.text("select name from sqlite_master where type = 'table'")).scalars()
        tables = {name: session.execute(sa.text(f'select * from "{name}"')).all() for name in names.all()}
    return {name: [tuple(row) for row in rows] for name, rows in tables.items()}


def until_full(lab: Lab) -> tuple[StorageFull, object, object]:
    """Start cases until one is refused; gives the refusal, and the tables before and after it."""
    for number in range(2000):
        before = picture(lab.database)
        try:
            lab.start(process="lab.parallel", project_name=f"试验{number}" * 20)
        except StorageFull as error:
            return error, before, picture(lab.database)
    raise AssertionError("the disk never became full")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_full_database_refuses_and_recovers(crowded: Lab, small_disk: Path | None) -> None:
    """The command that finds no space is told so and undone whole; reading goes on, and work afterwards."""
    space = Space(crowded, small_disk)
    instance = crowded.start(process="lab.parallel")
    space.take()
    for _ in range(2):
        refused, before, after = until_full(crowded)
        assert "no space left for the database" in str(refused)
        assert after == before, "something was half-written"
        assert crowded.open(instance) == ["left", "right"]
    space.give_back()
    crowded.do("ann", instance, "left")
    crowded.do("bob", instance, "right")
    assert crowded.open(instance) == ["after"]
    with crowded.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
        assert session.execute(sa.text("pragma integrity_check")).scalar_one() == "ok"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_letters_wait_for_space(crowded: Lab, small_disk: Path | None) -> None:
    """A carrier that can note nothing takes no letter, or one of which it cannot note that it went; none is
    lost, and one that was noted goes out once."""
    space = Space(crowded, small_disk)
    write_letters(crowded)
    space.take()
    until_full(crowded)
    with relay() as taken:
        ringing = runner(crowded, mail(taken.port))
        ringing.catch_up()
        noted, went = statuses(crowded).get("sent", 0), len(arrived(taken))
        assert noted < LETTERS, "there was space for all"
        assert went - noted <= 1, "more letters went than the one that could not be noted"
        space.give_back()
        crowded.now += LEASE
        ringing.catch_up()
    assert statuses(crowded) == {"sent": LETTERS}
    assert len(arrived(taken)) == LETTERS
    assert sum(arrived(taken).values()) - LETTERS == went - noted


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_full_folder_of_attachments_refuses_and_recovers(
    crowded: Lab, small_disk: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a piece of a file nor a row of one is left; the same upload succeeds later."""
    content, size = bytes(300_000), 10**6
    ann = crowded.people["ann"]

    def upload() -> str:
        with crowded.database.write() as session:
            return attachments.store(
                session, crowded.files, ann, "task:1", "f", "a.pdf", content, crowded.now, limit=size
            ).id

    space = Space(crowded, small_disk)
    if small_disk is None:
        monkeypatch.setattr(os, "fsync", _no_space)
    else:
        space.take()
    with pytest.raises(StorageFull, match="no space left for the attachments' folder"):
        upload()
    assert [path for path in crowded.files.root.rglob("*") if path.is_file()] == []
    assert crowded.rows("select * from attachment") == []
    if small_disk is None:
        monkeypatch.undo()
    else:
        space.give_back()
    stored = upload()
    with crowded.database.read() as session:
        assert attachments.open_file(session, crowded.files, ann, stored).path.read_bytes() == content


def _no_space(handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_written_is_not_called_full(tmp_path: Path) -> None:
    """Another fault keeps its own name."""
    (tmp_path / "files").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="Not a directory") as raised:
        FileStore(tmp_path / "files").put(b"x")
    assert not isinstance(raised.value, StorageFull)
