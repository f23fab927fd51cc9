"""Uploaded files that nothing refers to any more go, and no other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from server.jobs.leftovers import LIST, Leftovers
from server.services import attachments
from server.services.attachments import FileStore
from server.store.database import Database
from tests.originals import Originals

NOW = datetime.fromisoformat("2026-03-05T02:00:00+08:00")
DAY = timedelta(days=1)


@pytest.fixture
def database(originals: Originals, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    with originals.copied("sqlite", tmp_path) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """A folder for files."""
    return FileStore(tmp_path / "attachments")


def put(files: FileStore, content: bytes, at: datetime) -> str:
    """A file that was put at a moment."""
    digest = files.put(content)
    os.utime(files.path(digest), (at.timestamp(), at.timestamp()))
    return digest


def refer(database: Database, digest: str) -> None:
    """A row that refers to a file."""
    row = {
        "tenant_id": "t", "id": digest, "instance_id": "", "owner_key": "task:x", "field": "f",
        "name": "a.pdf", "media_type": "application/pdf", "size": 1, "sha256": digest, "uploaded_by": "p",
        "uploaded_at": NOW,
    }  # fmt: skip
    with database.write() as session:
        session.execute(sa.insert(attachments._attachments).values(row))


def test_what_nothing_refers_to_goes_when_found_twice(database: Database, files: FileStore) -> None:
    """Not at first sight, not within a day, and never while a row refers to it or it is young."""
    needed, removed = put(files, b"needed", NOW - 9 * DAY), put(files, b"removed", NOW - 9 * DAY)
    young = put(files, b"young", NOW - DAY / 2)
    refer(database, needed)
    leftovers = Leftovers(database, files)
    assert leftovers.clear(NOW) == 0
    assert leftovers.clear(NOW + DAY / 2) == 0
    assert files.path(removed).exists()
    assert leftovers.clear(NOW + DAY) == 1
    assert not files.path(removed).exists()
    assert files.path(needed).read_bytes() == b"needed"
    assert files.path(young).exists()
    assert leftovers.clear(NOW + 2 * DAY) == 1
    assert not files.path(young).exists()
    assert files.path(needed).exists()


def test_a_file_that_is_referred_to_again_stays(database: Database, files: FileStore) -> None:
    """Between the two looks a row may come."""
    digest = put(files, b"again", NOW - 9 * DAY)
    leftovers = Leftovers(database, files)
    leftovers.clear(NOW)
    refer(database, digest)
    assert leftovers.clear(NOW + DAY) == 0
    assert files.path(digest).exists()


@pytest.mark.parametrize("when", ["while the rows are read", "while it is set aside"])
def test_an_upload_of_the_same_bytes_meanwhile(
    database: Database, files: FileStore, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Its row is not there yet, so its bytes must be: whoever uploads them makes the file young, or writes it
    anew."""
    digest = put(files, b"the same", NOW - 9 * DAY)
    leftovers = Leftovers(database, files)
    leftovers.clear(NOW)
    find, rename = attachments.needed, Path.rename

    def needed(session: Session, digests: Collection[str]) -> set[str]:
        found = find(session, digests)
        files.put(b"the same")
        return found

    def set_aside(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        files.put(b"the same")
        return moved

    if when == "while the rows are read":
        monkeypatch.setattr(attachments, "needed", needed)
    else:
        monkeypatch.setattr(Path, "rename", set_aside)
    leftovers.clear(NOW + DAY)
    assert files.path(digest).read_bytes() == b"the same"


def test_put_between_the_look_and_the_setting_aside(
    files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found young after it was set aside, it goes back."""
    digest, rename = put(files, b"late", NOW - 9 * DAY), Path.rename

    def late(self: Path, target: Path) -> Path:
        files.put(b"late")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    assert not files.discard(digest, NOW)
    assert files.path(digest).read_bytes() == b"late"


def test_what_a_broken_write_left_goes(database: Database, files: FileStore) -> None:
    """A process that was killed leaves a file without a name; the list is none of these."""
    digest = put(files, b"whole", NOW - 9 * DAY)
    part = files.path(digest).with_name("tmpabc")
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    Leftovers(database, files).clear(NOW)
    assert not part.exists()
    assert (files.root / LIST).read_text().split()[1:] == [hashlib.sha256(b"whole").hexdigest()]


@pytest.mark.parametrize("text", ["", "yesterday\nabc\n", "\x00"])
def test_a_list_that_cannot_be_read_counts_for_nothing(
    database: Database, files: FileStore, text: str
) -> None:
    """Then everything is found for the first time."""
    digest = put(files, b"x", NOW - 9 * DAY)
    (files.root / LIST).write_text(text)
    assert Leftovers(database, files).clear(NOW) == 0
    assert files.path(digest).exists()
