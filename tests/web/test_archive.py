"""归档: the package holds everything, can be read and checked without us, and says when it was touched."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from lxml import html
from typer.testing import CliRunner

from server.cli.commands import app
from server.services import archive_proof, history, identity, instances, issuing
from server.services.archive_proof import NoPackage
from server.web.paper import Paper
from tests.web.office import TENANT, Office, apply
from tests.web.test_phrases import step


def ended(office: Office) -> str:
    """A case that was ended after the bureau's first step."""
    case = apply(office.visitor("clerk"), "归档平台")
    step(office, case, "bureau", materials_verdict="complete")
    with office.database.write() as session:
        clerk = identity.person_by_account(session, TENANT, "clerk")
        instances.cancel(session, clerk, case, "单位撤销", datetime.now(UTC))
    return case


def package(office: Office, case: str, account: str = "bureau") -> httpx.Response:
    visitor = office.visitor(account)
    return visitor.post(f"/instances/{case}/archive", visitor.get("/phrases"))


def changed(content: bytes, path: str, new: bytes | None) -> bytes:
    """The package with one file changed, or taken out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as book:
        for name in old.namelist():
            if name != path:
                book.writestr(name, old.read(name))
            elif new is not None:
                book.writestr(name, new)
        if path not in old.namelist() and new is not None:
            book.writestr(path, new)
    return out.getvalue()


def test_the_package_holds_everything_and_proves_it(office: Office) -> None:
    """Files, record, decisions, forms and a page to begin with; the record of the case knows its digest."""
    case = ended(office)
    answer = package(office, case)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    assert book.testzip() is None
    names = book.namelist()
    assert {"manifest.json", "index.html", "record.json", "decisions.json", "case.json"} <= set(names)
    assert any(name.startswith("forms/") for name in names)
    files = [name for name in names if name.startswith("files/")]
    assert files
    assert all(book.read(name) == b"%PDF-1.4 test" for name in files)
    page = html.fromstring(book.read("index.html"))
    assert set(page.xpath("//a[starts-with(@href, 'files/')]/@href")) == set(files)
    assert "归档平台" in page.text_content()
    assert "单位撤销" in page.text_content()
    proof = archive_proof.prove(io.BytesIO(answer.content))
    assert proof.faults == ()
    assert proof.digest == hashlib.sha256(book.read("manifest.json")).hexdigest()
    with office.database.read() as session:
        last = history.timeline(session, TENANT, case, last=1)[0]
        assert all(isinstance(one, int) for one in history.verify(session, TENANT, case))
    assert (last.kind, last.payload["digest"]) == ("case_archived", proof.digest)
    assert proof.entries == last.seq - 1


def test_pages_of_the_package_find_their_looks(office: Office) -> None:
    """Whatever a page names lies in the package: a document looks there as it did when it was given out."""
    case, now = ended(office), datetime.now(UTC)
    paper = Paper(
        letterhead="区政数局", number="1号", case_number="1号", title="入库意见", addressee="",
        paragraphs=("同意。",), fields=(), signed="区政数局", day="今日", basis="", mark="", digest="0",
        instance_id=case, document_id="library_opinion",
    )  # fmt: skip
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        issuing.issue(session, admin, case, "library_opinion", asdict(paper), 0, now)
    book = zipfile.ZipFile(io.BytesIO(package(office, case).content))
    pages = [name for name in book.namelist() if name.endswith(".html")]
    assert "documents/library_opinion-1.html" in pages
    for name in pages:
        found = html.fromstring(book.read(name)).xpath("//link/@href")
        looks = {posixpath.normpath(posixpath.join(posixpath.dirname(name), href)) for href in found}
        assert looks
        assert looks <= set(book.namelist()), name
    assert "seal-block" in book.read("document.css").decode()


@pytest.mark.parametrize("kind", ["file", "record", "missing", "added", "index"])
def test_a_package_that_was_touched_says_where(office: Office, kind: str) -> None:
    """One byte of a file, one word of the record, a file that is gone, one that came."""
    content = package(office, ended(office)).content
    book = zipfile.ZipFile(io.BytesIO(content))
    file = next(name for name in book.namelist() if name.startswith("files/"))
    path, new = {
        "file": (file, b"%PDF-1.4 tesT"),
        "record": ("record.json", book.read("record.json").replace("单位撤销".encode(), "单位合并".encode())),
        "missing": (file, None),
        "added": ("files/999.pdf", b"%PDF"),
        "index": ("index.html", b"<p>"),
    }[kind]
    faults = archive_proof.prove(io.BytesIO(changed(content, path, new))).faults
    assert path in {fault.path for fault in faults}


def test_a_record_that_was_rewritten_with_its_manifest_breaks_the_chain(office: Office) -> None:
    """Who corrects the digest of the file as well still has the chain against them."""
    content = package(office, ended(office)).content
    book = zipfile.ZipFile(io.BytesIO(content))
    record = book.read("record.json").replace("单位撤销".encode(), "单位合并".encode())
    told = json.loads(book.read("manifest.json"))
    for entry in told["files"]:
        if entry["path"] == "record.json":
            entry |= {"size": len(record), "sha256": hashlib.sha256(record).hexdigest()}
    forged = changed(changed(content, "record.json", record), "manifest.json", json.dumps(told).encode())
    faults = archive_proof.prove(io.BytesIO(forged)).faults
    assert [fault.path for fault in faults] == ["record.json"]
    assert "does not follow" in faults[0].what


def test_the_command_checks_without_a_database(office: Office, tmp_path: Path) -> None:
    """0 for a sound package, 1 for one that was touched, 2 for something else."""
    file = tmp_path / "a.zip"
    file.write_bytes(package(office, ended(office)).content)
    sound = CliRunner().invoke(app, ["verify-archive", str(file), "--json"])
    assert (sound.exit_code, json.loads(sound.output)["faults"]) == (0, [])
    file.write_bytes(changed(file.read_bytes(), "index.html", b"x"))
    assert CliRunner().invoke(app, ["verify-archive", str(file)]).exit_code == 1
    file.write_bytes(b"PK no package")
    assert CliRunner().invoke(app, ["verify-archive", str(file)]).exit_code == 2
    with pytest.raises(NoPackage):
        archive_proof.prove(io.BytesIO(b""))


def test_who_may_not(office: Office) -> None:
    """Nobody while it runs; its applicant and strangers not at all; administrators may."""
    running = apply(office.visitor("clerk"))
    assert package(office, running, "admin").status_code == 403
    case = ended(office)
    assert "归档包" in office.visitor("bureau").get(f"/instances/{case}").text
    clerk = office.visitor("clerk").get(f"/instances/{case}")
    assert f"/instances/{case}/archive" not in clerk.text
    refused = package(office, case, "clerk")
    assert refused.status_code == 403
    assert "经办人员" in refused.text
    assert package(office, case, "other_clerk").status_code == 403
    assert package(office, case, "admin").status_code == 200
