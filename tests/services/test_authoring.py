"""Drafts: opened, edited by several people, never overwritten unseen, and byte for byte what was put in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from server.bundles import archive, checks
from server.bundles.archive import Bundle
from server.services import (
    authoring,
    authoring_files,
    authoring_locks,
    authoring_uploads,
    bundle_log,
    identity,
)
from server.services.authorization import Person
from server.services.errors import (
    DeploymentRejected,
    DraftConflict,
    FileLocked,
    FileRefused,
    NotFound,
    NotPermitted,
)
from tests.services import lab as small
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together

DUE = "bpmn/due.bpmn"


@pytest.fixture
def owner(lab: Lab) -> Person:
    """A second process owner, beside the admin."""
    with lab.database.write() as session:
        identity.add_person(
            session, TENANT, "owner", "Olga", "", "office", ["process_owner"], "", small.MORNING
        )
        return identity.person_by_account(session, TENANT, "owner")


def opened(lab: Lab, person: str = "admin") -> str:
    with lab.database.write() as session:
        return authoring.open_deployment(session, lab.people[person], "", "Article 1", lab.now)


def do(lab: Lab, act: Any, *args: Any, **more: Any) -> Any:
    """A use case in a unit of work of its own."""
    with lab.database.write() as session:
        return act(session, *args, lab.now, **more)


def look(lab: Lab, act: Any, *args: Any) -> Any:
    with lab.database.read() as session:
        return act(session, *args)


def saved(lab: Lab, draft: str, data: bytes, revision: int, who: Person, path: str = DUE) -> int:
    """Saved as an editor does."""
    return int(do(lab, authoring_files.save, who, draft, path, data, revision, sitting=True))


def test_a_draft_begins_as_the_deployment_is(lab: Lab) -> None:
    """The same bytes, and contents kept once."""
    before = lab.rows("select count(*) as n from resource")
    draft = opened(lab)
    admin = lab.people["admin"]
    assert look(lab, authoring.files, admin, draft) == dict(sorted(small.bundle().items()))
    assert lab.rows("select count(*) as n from resource") == before
    view = look(lab, authoring.view, admin, draft)
    assert (view.name, view.based_number, view.based_is_active, view.status) == ("Article 1", 1, True, "open")
    standings = {file.standing for file in look(lab, authoring_files.listing, admin, draft)}
    assert standings == {"same"}


def test_a_file_is_saved_and_the_outline_follows(lab: Lab) -> None:
    """The revision rises; the old content, which nobody holds, is forgotten."""
    admin, draft = lab.people["admin"], opened(lab)
    count = "select count(*) as n from resource"
    held = lab.rows(count)[0]["n"]
    first = saved(lab, draft, small.LONGER, 1, admin)
    assert lab.rows(count)[0]["n"] == held + 2
    again = saved(lab, draft, small.LONGER.replace(b'name="more"', b'name="Mehr"'), first, admin)
    assert (first, again) == (2, 3)
    assert lab.rows(count)[0]["n"] == held + 2
    files = look(lab, authoring.files, admin, draft)
    assert b"Mehr" in files[DUE]
    assert "Mehr" in files["bpmn/due.outline.txt"].decode()
    assert saved(lab, draft, files[DUE], again, admin) == again
    assert {f.path: f.standing for f in look(lab, authoring_files.listing, admin, draft)}[DUE] == "changed"


def test_two_who_save_at_once(lab: Lab, owner: Person) -> None:
    """One wins; the other is told who and when, and nothing of the winner's is lost."""
    draft, admin = opened(lab), lab.people["admin"]
    mine, theirs = small.LONGER, small.LONGER.replace(b'name="more"', b'name="Mehr"')
    raised = together(lambda: saved(lab, draft, mine, 1, admin), lambda: saved(lab, draft, theirs, 1, owner))
    assert len(raised) == 1
    conflict = raised[0]
    assert isinstance(conflict, DraftConflict)
    kept = look(lab, authoring.files, admin, draft)[DUE]
    assert (kept, conflict.by, conflict.revision) in [(mine, "Admin", 2), (theirs, "Olga", 2)]
    assert conflict.at == lab.now


def test_a_removed_file_is_not_saved_by_accident(lab: Lab, owner: Person) -> None:
    """Its remover is named; it can be begun anew."""
    draft, admin = opened(lab), lab.people["admin"]
    do(lab, authoring_files.remove, owner, draft, DUE, 1)
    with pytest.raises(DraftConflict) as conflict:
        saved(lab, draft, small.LONGER, 1, admin)
    assert (conflict.value.by, conflict.value.revision) == ("Olga", 0)
    assert {f.path: f.standing for f in look(lab, authoring_files.listing, admin, draft)}[DUE] == "removed"
    assert saved(lab, draft, small.LONGER, 0, admin) == 3
    with pytest.raises(DraftConflict):
        saved(lab, draft, small.DUE, 0, owner)


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        (DUE, b"<bpmn:definitions>", "xml"),
        (DUE, b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "xml"),
        ("forms/f_note.form", b"{", "form.unreadable"),
        ("jurisdiction.toml", b"id = ", "file-unreadable"),
        ("scenarios/one.yaml", b"a: [", "file-unreadable"),
        ("bpmn/../x.bpmn", small.DUE, "bundle-unknown-entry"),
        ("bpmn/Due.bpmn", small.DUE, "bundle-twice"),
        ("bpmn/large.bpmn", b"<a>" + b" " * archive.MAX_FILE + b"</a>", "xml"),
    ],
)
def test_what_cannot_be_read_is_not_kept(lab: Lab, path: str, data: bytes, code: str) -> None:
    """And the findings say why."""
    draft, admin = opened(lab), lab.people["admin"]
    files = look(lab, authoring.files, admin, draft)
    with pytest.raises(FileRefused) as refused:
        saved(lab, draft, data, 1 if path in files else 0, admin, path)
    assert refused.value.findings[0].code.startswith(code)
    assert look(lab, authoring.files, admin, draft) == files


def test_too_many_files(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of a bundle hold while it is written."""
    draft, admin = opened(lab), lab.people["admin"]
    monkeypatch.setattr(archive, "MAX_FILES", len(small.bundle()))
    with pytest.raises(FileRefused) as refused:
        do(lab, authoring_files.add, admin, draft, "form", "new", "New")
    assert refused.value.findings[0].code == "bundle-too-many"


@pytest.mark.parametrize(
    ("kind", "path"),
    [("diagram", "bpmn/begun.bpmn"), ("table", "dmn/begun.dmn"), ("form", "forms/f_begun.form"),
     ("scenario", "scenarios/begun.yaml")],
)  # fmt: skip
def test_a_file_is_begun(lab: Lab, kind: str, path: str) -> None:
    """Named after its id; what the engine refuses is never in it, whatever the title."""
    draft, admin = opened(lab), lab.people["admin"]
    assert do(lab, authoring_files.add, admin, draft, kind, "begun", 'A "new" <one>') == path
    with pytest.raises(DraftConflict):
        do(lab, authoring_files.add, admin, draft, kind, "begun", "")
    with pytest.raises(FileRefused):
        do(lab, authoring_files.add, admin, draft, kind, "../etc", "")
    bundle = look(lab, authoring.bundle, admin, draft)
    wrong = [f for f in checks.check(bundle) if f.level == "error" and f.family == "executability"]
    assert [f.text() for f in wrong if kind != "table"] == []


def test_a_file_is_renamed(lab: Lab) -> None:
    """Its outline goes along; the manifest stays where it is."""
    draft, admin = opened(lab), lab.people["admin"]
    saved(lab, draft, small.LONGER, 1, admin)
    do(lab, authoring_files.rename, admin, draft, DUE, "bpmn/late.bpmn", 2)
    paths = look(lab, authoring.files, admin, draft).keys()
    assert {"bpmn/late.bpmn", "bpmn/late.outline.txt"} <= paths
    assert not {DUE, "bpmn/due.outline.txt"} & paths
    with pytest.raises(FileRefused):
        do(lab, authoring_files.remove, admin, draft, "jurisdiction.toml", 1)
    with pytest.raises(DraftConflict):
        do(lab, authoring_files.rename, admin, draft, "forms/f_note.form", "forms/f_start.form", 1)


def test_locks_say_who_edits_what(lab: Lab, owner: Person) -> None:
    """They lapse after five minutes without being kept; one who breaks one says why."""
    draft, admin = opened(lab), lab.people["admin"]
    do(lab, authoring_locks.take, admin, draft, DUE)
    with pytest.raises(FileLocked) as locked:
        do(lab, authoring_locks.take, owner, draft, DUE)
    assert (locked.value.holder, locked.value.until) == ("Admin", lab.now + timedelta(minutes=5))
    with pytest.raises(FileLocked):
        saved(lab, draft, small.LONGER, 1, owner)
    lab.now += timedelta(minutes=4)
    do(lab, authoring_locks.keep, admin, draft, DUE)
    lab.now += timedelta(minutes=4)
    with pytest.raises(FileLocked):
        do(lab, authoring_locks.take, owner, draft, DUE)
    lab.now += timedelta(minutes=1)
    assert look(lab, authoring_locks.standing, admin, draft, lab.now) == {}
    do(lab, authoring_locks.take, owner, draft, DUE)
    assert saved(lab, draft, small.LONGER, 1, owner) == 2


def test_a_broken_lock_tells_its_holder_why(lab: Lab, owner: Person) -> None:
    """And the log of the jurisdiction."""
    draft, admin = opened(lab), lab.people["admin"]
    do(lab, authoring_locks.take, admin, draft, DUE)
    do(lab, authoring_locks.take, owner, draft, DUE, reason="Admin has gone home")
    with pytest.raises(FileLocked) as locked:
        do(lab, authoring_locks.keep, admin, draft, DUE)
    assert (locked.value.holder, locked.value.reason) == ("Olga", "Admin has gone home")
    with lab.database.write() as session:
        authoring_locks.release(session, admin, draft, DUE)
        assert authoring_locks.standing(session, admin, draft, lab.now)[DUE].holder == "owner"
        told = authoring_locks.standing(session, admin, draft, lab.now)[DUE].until
        authoring_locks.take(session, owner, draft, DUE, lab.now + timedelta(seconds=1))  # loaded anew
        authoring_locks.release(session, owner, draft, DUE, told)  # the old page says farewell
        assert authoring_locks.standing(session, admin, draft, lab.now)[DUE].holder == "owner"
        authoring_locks.release(session, owner, draft, DUE, told + timedelta(seconds=1))
        assert authoring_locks.standing(session, admin, draft, lab.now) == {}
    (entry,) = (entry for entry in look(lab, bundle_log.entries, admin) if entry.kind == "lock_broken")
    assert (entry.kind, entry.actor_name, entry.payload["reason"]) == (
        "lock_broken", "Olga", "Admin has gone home",
    )  # fmt: skip


def test_a_discarded_draft_leaves_nothing_but_its_name(lab: Lab) -> None:
    """Contents that only it held are forgotten; the chain of the log is sound."""
    before = lab.rows("select digest from resource order by digest")
    draft, admin = opened(lab), lab.people["admin"]
    saved(lab, draft, small.LONGER, 1, admin)
    do(lab, authoring.discard, admin, draft)
    assert lab.rows("select digest from resource order by digest") == before
    assert look(lab, authoring.listing, admin) == []
    with pytest.raises(NotFound):
        do(lab, authoring.discard, admin, draft)
    with lab.database.write() as session:
        (sound,) = bundle_log.verify(session)
        assert isinstance(sound, int)
        session.execute(sa.text("update bundle_event set actor_name = 'Nobody'"))
        (fault,) = bundle_log.verify(session)
        assert not isinstance(fault, int)


def test_clerks_have_no_drafts(lab: Lab) -> None:
    """They see none, open none, save none."""
    draft, ann = opened(lab), lab.people["ann"]
    for act in (
        lambda: look(lab, authoring.listing, ann),
        lambda: opened(lab, "ann"),
        lambda: look(lab, authoring.files, ann, draft),
        lambda: saved(lab, draft, b"", 1, ann),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_drafts_of_another_jurisdiction_are_not_there(lab: Lab) -> None:
    """By id either."""
    draft = opened(lab)
    with lab.database.write() as session:
        identity.add_jurisdiction(session, "field", "Field", lab.now)
        identity.add_unit(session, "field", "office", "Office")
        identity.add_person(session, "field", "far", "Far", "", "office", ["admin"], "", lab.now)
        far = identity.person_by_account(session, "field", "far")
    with pytest.raises(NotFound):
        look(lab, authoring.files, far, draft)
    with pytest.raises(NotFound):
        saved(lab, draft, small.LONGER, 1, far)
    with pytest.raises(NotPermitted), lab.database.write() as session:
        authoring.open_bundle(session, far, Bundle(small.bundle()), "", "x.zip", lab.now)


def zipped(files: Mapping[str, bytes]) -> bytes:
    return archive.write_zip(Bundle(dict(files)))


def test_a_zip_becomes_a_draft_and_a_draft_a_zip(lab: Lab) -> None:
    """The same bytes both ways."""
    admin, files = lab.people["admin"], small.bundle() | {DUE: small.LONGER}
    with lab.database.write() as session:
        draft = authoring.open_zip(session, admin, zipped(files), "", "lab.zip", lab.now)
    assert look(lab, authoring.pack, admin, draft) == zipped(files)
    with pytest.raises(DeploymentRejected), lab.database.write() as session:
        authoring.open_zip(session, admin, b"no zip", "", "lab.zip", lab.now)


def test_files_are_uploaded_by_their_names(lab: Lab, owner: Person) -> None:
    """Own ones replaced, new ones added; what was saved after the page was opened stays."""
    draft, admin = opened(lab), lab.people["admin"]
    sent = {"due.bpmn": small.LONGER, "f_more.form": small.form("lab.f_more", "a")}
    paths = do_put(lab, admin, draft, sent, 1)
    assert paths == (DUE, "forms/f_more.form")
    with pytest.raises(DraftConflict):
        do_put(lab, owner, draft, {"due.bpmn": small.DUE}, 1)
    assert look(lab, authoring.files, admin, draft)[DUE] == small.LONGER
    with pytest.raises(FileRefused):
        do_put(lab, admin, draft, {"due.exe": b"x"}, 9)
    changed = do(lab, authoring_uploads.put_zip, admin, draft, zipped(small.bundle()))
    assert changed == (DUE, "bpmn/due.outline.txt", "forms/f_more.form")


def do_put(lab: Lab, who: Person, draft: str, sent: dict[str, bytes], seen: int) -> tuple[str, ...]:
    with lab.database.write() as session:
        return authoring_uploads.put(session, who, draft, sent, seen, lab.now)


def test_line_ends_stay_as_they_were(lab: Lab) -> None:
    """Browsers make CRLF of all line ends of a text field."""
    draft, admin = opened(lab), lab.people["admin"]
    text = small.manifest(*small.PROCESSES) + b"# more\n"
    saved(lab, draft, text.replace(b"\n", b"\r\n"), 1, admin, "jurisdiction.toml")
    assert look(lab, authoring.files, admin, draft)["jurisdiction.toml"] == text
