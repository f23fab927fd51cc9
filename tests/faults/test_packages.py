"""Packages of cases while files are missing on the server, and packages that are none: each is told."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.services import archive_proof, history
from server.services.archive_proof import NoPackage, Proof
from tests.web.conftest import office
from tests.web.office import TENANT, Office
from tests.web.test_archive import changed, ended, package

__all__ = ["office"]
ROUNDS = 60


@pytest.fixture(scope="module")
def case(office: Office) -> str:
    """An ended case with files."""
    return ended(office)


@pytest.fixture(scope="module")
def whole(office: Office, case: str) -> bytes:
    """Its package."""
    return package(office, case).content


def files_of(office: Office) -> list[Path]:
    """Where the bytes of attachments lie."""
    with office.database.read() as session:
        digests = session.connection().exec_driver_sql("select distinct sha256 from attachment").scalars()
        folder = Path(office.database.url.removeprefix("sqlite:///")).parent / "attachments"
        return [folder / digest[:2] / digest[2:] for digest in digests]


@pytest.fixture
def lost(office: Office) -> Iterator[Path]:
    """A file that comes back after the test."""
    (place,) = files_of(office)
    content = place.read_bytes()
    yield place
    place.write_bytes(content)


@pytest.mark.parametrize("how", ["gone", "cut off"])
def test_a_file_that_is_missing_is_named(office: Office, case: str, lost: Path, how: str) -> None:
    """No package leaves the house, the record says nothing of one, and the page names the file and where it
    can be had."""
    before = _entries(office, case)
    lost.unlink()
    if how == "cut off":
        lost.write_bytes(b"%PDF")
    answer = package(office, case)
    assert answer.status_code == 409
    assert ".pdf" in answer.text
    assert "数据目录备份" in answer.text
    assert _entries(office, case) == before


def test_once_the_file_is_back_the_package_is_sound(office: Office, case: str) -> None:
    assert archive_proof.prove(io.BytesIO(package(office, case).content)).faults == ()


def _entries(office: Office, case: str) -> int:
    with office.database.read() as session:
        return len(history.timeline(session, TENANT, case))


# --------------------------------------------------------------------------- what is no package
def _proved(content: bytes) -> Proof | None:
    """What the proof says; None for no package. Anything else that it raises is a fault."""
    try:
        return archive_proof.prove(io.BytesIO(content))
    except NoPackage:
        return None


def test_no_byte_of_a_package_can_be_changed_unseen(whole: bytes) -> None:
    """A flipped, cut or added piece is no package or has a fault, or lies where nothing is read."""
    dice, seen = random.Random(7), 0
    sound = _proved(whole)
    for _ in range(ROUNDS):
        at, length = dice.randrange(len(whole)), dice.choice((1, 1, 4, 300))
        piece = bytes(dice.randrange(256) for _ in range(length))
        bent = dice.choice((
            whole[:at] + piece + whole[at + length :], whole[:at], whole[:at] + whole[at + length :],
            whole[:at] + piece + whole[at:],
        ))  # fmt: skip
        proof = _proved(bent)
        seen += proof is None or bool(proof.faults)
        assert proof is None or proof.faults or proof == sound
    assert seen > ROUNDS // 2


HOSTILE = {
    "deep": b"[" * 100_000, "list": b"[]", "null": b"null", "no files": b'{"format": 1}',
    "files are words": b'{"format": 1, "case": "", "record": {}, "files": ["a"]}',
    "files are numbers": b'{"format": 1, "case": "", "record": 7, "files": 7}',
    "path is a list": b'{"format": 1, "case": "", "record": {}, "files": [{"path": []}]}',
    "size is a word": b'{"format":1,"case":"","record":{},"files":[{"path":"index.html","size":"x"}]}',
    "not text": b"\xff\xfe\x00",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", ["manifest.json", "record.json", "decisions.json"])
def test_json_of_another_shape(whole: bytes, path: str, name: str) -> None:
    proof = _proved(changed(whole, path, HOSTILE[name]))
    assert proof is None or proof.faults


@pytest.mark.parametrize("at", ["yesterday", 7, None, "9999-12-31T23:59:59-23:59"])
def test_a_record_with_a_time_that_is_none(whole: bytes, at: object) -> None:
    record = json.loads(zipfile.ZipFile(io.BytesIO(whole)).read("record.json"))
    record[0]["at"] = at
    proof = _proved(changed(whole, "record.json", json.dumps(record).encode()))
    assert proof is None or proof.faults


def test_members_packed_so_that_nobody_reads_them(whole: bytes) -> None:
    """Encrypted, in an unknown way, with broken streams, very many of them, with a bomb among them."""
    encrypted, unknown = bytearray(whole), bytearray(whole)
    for at in _directory(whole):
        encrypted[at + 8] |= 1
        unknown[at + 10] = 77
    for bent in (encrypted, unknown):
        proof = _proved(bytes(bent))
        assert proof is None or proof.faults
    book = zipfile.ZipFile(io.BytesIO(whole))
    inside = book.getinfo("index.html").header_offset + 30 + len("index.html") + 8
    assert not _sound(whole[:inside] + b"\xff" * 40 + whole[inside + 40 :])
    many = io.BytesIO(whole)
    with zipfile.ZipFile(many, "a") as book:
        for number in range(3_000):
            book.writestr(f"x/{number}", b"")
    proof = _proved(many.getvalue())
    assert proof is not None
    assert len(proof.faults) == 3_000
    bomb = changed(whole, "index.html", bytes(40_000_000))
    assert not _sound(bomb)


def _sound(content: bytes) -> bool:
    proof = _proved(content)
    return proof is not None and not proof.faults


def _directory(content: bytes) -> Iterator[int]:
    """Where the entries of the central directory begin."""
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        yield at
        at = content.find(b"PK\x01\x02", at + 4)
