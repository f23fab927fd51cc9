"""Drafts and attachments: nothing typed is lost, nobody sees another's draft, a file is what it was."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.engine.forms import Upload
from server.services import attachments, drafts, history, starts
from server.services.errors import InvalidSubmission, NotFound, NotPermitted
from server.services.starts import Matter
from tests.services.conftest import ENTRY, TENANT, Office

START = "start:hongshan.library_entry"


def upload(
    office: Office, name: str, content: bytes = b"%PDF", person: str = "zhoumin", limit: int = 100
) -> Upload:
    """Upload one file for a draft of the start form."""
    who = office.people[person]
    with office.database.write() as session:
        return attachments.store(
            session, office.files, who, START, "entry_application", name, content, office.now, limit=limit
        )


def opened(office: Office, person: str, attachment_id: str) -> attachments.Opened:
    with office.database.read() as session:
        return attachments.open_file(session, office.files, office.people[person], attachment_id)


def kept_files(office: Office) -> list[Path]:
    return [path for path in office.files.root.rglob("*") if path.is_file()]


# --- Files ---


def test_a_file_is_kept_under_its_digest(office: Office) -> None:
    """And given out again byte for byte, with its name and a type of our own choice."""
    content = bytes(range(256))
    stored = upload(office, "申请文件.PDF", content, limit=256)
    file = opened(office, "zhoumin", stored.id)
    assert (file.name, file.media_type) == ("申请文件.PDF", "application/pdf")
    assert file.path.read_bytes() == content
    digest = hashlib.sha256(content).hexdigest()
    assert file.path == office.files.root / digest[:2] / digest[2:]
    assert office.rows("select sha256, size from attachment") == [{"sha256": digest, "size": 256}]


def test_the_same_content_is_kept_once(office: Office) -> None:
    """Two names, two owners, one file in the folder."""
    ids = {upload(office, "a.pdf").id, upload(office, "b.pdf", person="hejun").id}
    assert len(ids) == 2
    assert len(kept_files(office)) == 1


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("virus.exe", b"MZ", "kind"), ("page.html", b"<script>", "kind"), ("picture.svg", b"<svg", "kind"),
        ("noending", b"x", "kind"), (".pdf", b"x", "kind"), ("", b"x", "kind"), ("a.pdf.exe", b"x", "kind"),
        ("empty.pdf", b"", "empty"), ("large.pdf", b"x" * 101, "large"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_accepted_says_why(
    office: Office, name: str, content: bytes, problem: str
) -> None:
    """And leaves neither row nor file."""
    stored = upload(office, name, content)
    assert problem in stored.problem
    assert stored.id == ""
    assert kept_files(office) == []
    assert office.rows("select * from attachment") == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\x\\扫描件.pdf", "扫描件.pdf"),
        ("/a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("a\u202efdp.pdf", "afdp.pdf"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
        ('"quoted".pdf', '"quoted".pdf'),
        ("a\ud800.pdf", "a.pdf"),
    ],
)  # fmt: skip
def test_hostile_names_lose_what_is_hostile(office: Office, name: str, kept: str) -> None:
    """No folder, no character that cannot be seen, an ending that survives; stored on both databases."""
    stored = upload(office, name)
    assert (stored.problem, stored.name) == ("", kept)
    assert opened(office, "zhoumin", stored.id).name == kept
    assert all(path.is_relative_to(office.files.root) for path in kept_files(office))


def test_a_drafts_file_is_its_owners_alone(office: Office) -> None:
    """Not even an administrator opens what was not sent."""
    stored = upload(office, "a.pdf")
    for person in ("hejun", "chenwei", "admin", "auditor"):
        with pytest.raises(NotPermitted):
            opened(office, person, stored.id)
    with pytest.raises(NotFound):
        opened(office, "zhoumin", "unknown")


def test_a_cases_files_are_for_those_who_may_see_the_case(office: Office) -> None:
    """The bureau and the auditor, not the clerk of another unit."""
    instance = office.start()
    (first, _) = office.rows("select id from attachment where instance_id = :i order by id", i=instance)
    for person in ("zhoumin", "chenwei", "auditor", "admin"):
        assert opened(office, person, first["id"]).path.read_bytes() == b"%PDF"
    with pytest.raises(NotPermitted):
        opened(office, "hejun", first["id"])


def test_somebody_elses_file_cannot_be_named_in_a_form(office: Office) -> None:
    """Its id is known or guessed: the form does not know the file."""
    foreign = upload(office, "a.pdf", person="hejun")
    with pytest.raises(InvalidSubmission) as refused:
        office.start(entry_application=[foreign.id])
    assert {error.name for error in refused.value.submission.errors} == {"entry_application"}
    assert office.rows("select instance_id from attachment where id = :i", i=foreign.id) == [
        {"instance_id": ""}
    ]


def test_sending_takes_only_what_was_named_and_is_ones_own(office: Office) -> None:
    """A colleague's upload for the same form, and a file that was removed again, stay out of the case."""
    removed, colleague = upload(office, "geheim.pdf"), upload(office, "b.pdf", person="hejun")
    instance = office.start("zhoumin")
    names = office.rows("select name from attachment where instance_id = :i", i=instance)
    assert [row["name"] for row in names] == ["文件.pdf", "文件.pdf"]
    with pytest.raises(NotPermitted):
        opened(office, "chenwei", removed.id)
    with office.database.read() as session:
        assert colleague.id in attachments.of_owner(session, office.people["hejun"], START)


def test_the_record_holds_the_digest_of_what_was_attached(office: Office) -> None:
    """So that a file cannot be exchanged without the chain showing it."""
    instance = office.start()
    with office.database.read() as session:
        entry = next(e for e in history.timeline(session, TENANT, instance) if e.kind == "materials_attached")
    digest = hashlib.sha256(b"%PDF").hexdigest()
    assert entry.payload["files"] == [{"name": "文件.pdf", "sha256": digest}] * 2


# --- Drafts ---


def test_a_draft_comes_back_as_it_was_typed(office: Office) -> None:
    """Order, repeated names, strange characters and uploads included; the last save wins."""
    pairs: list[Any] = [
        ("a", "1"),
        ("b", "第一行\n第二行 \x00<script>"),
        ("a", "2"),
        ("empty", ""),
        ("🙂", "𠮷"),
    ]
    stored = upload(office, "a.pdf")
    zhoumin = office.people["zhoumin"]
    for typed in ([("a", "old")], [*pairs, ("entry_application", stored)]):
        with office.database.write() as session:
            drafts.keep(session, zhoumin, "task:1", typed, office.now)
    office.now += timedelta(days=300)
    with office.database.read() as session:
        kept = drafts.kept(session, zhoumin, "task:1")
        assert kept is not None
        assert kept.pairs == (*pairs, ("entry_application", stored))
        assert kept.saved_at == office.now - timedelta(days=300)
        assert drafts.kept(session, office.people["chenwei"], "task:1") is None
        assert drafts.kept(session, zhoumin, "task:2") is None
    with office.database.write() as session:
        drafts.drop(session, zhoumin, "task:1")
    with office.database.read() as session:
        assert drafts.kept(session, zhoumin, "task:1") is None


def test_a_start_is_kept_and_sent_from_its_draft(office: Office) -> None:
    """Typed on Monday, sent on Tuesday; then the draft is gone and the catalogue says so."""
    from server.services import instances

    zhoumin = office.people["zhoumin"]
    files = [("entry_application", upload(office, "a.pdf").id),
             ("feasibility_report_two_in_one", upload(office, "b.pdf").id)]  # fmt: skip
    typed = [(name, {True: "true", False: "false"}.get(value, value)) for name, value in ENTRY.items()]  # type: ignore[call-overload]
    pairs = [("project_name", "智慧校园"), *typed, *files]
    with office.database.write() as session:
        submission = starts.save(session, zhoumin, Matter("hongshan.library_entry"), pairs, office.now)
        assert submission.accepted, submission.errors
    with office.database.read() as session:
        entry = next(
            s for s in starts.catalogue(session, zhoumin, office.now) if s.key == "hongshan.library_entry"
        )
        preview = starts.preview(session, zhoumin, Matter("hongshan.library_entry"), office.now)
    assert entry.has_draft
    assert [task.name for task in preview.advance.opened] == ["核对材料"]
    assert office.rows("select * from process_instance") == []
    office.now += timedelta(days=1)
    with office.database.write() as session:
        started = instances.start(session, zhoumin, "hongshan.library_entry", office.now)
    assert office.open(started.instance_id) == ["check_materials"]
    assert office.rows("select * from draft") == []
    assert {row["instance_id"] for row in office.rows("select * from attachment")} == {started.instance_id}
