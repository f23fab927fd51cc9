"""Earlier saves of a draft's files: kept as often as is useful, looked at, gone back to, and bounded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.services import authoring, authoring_files, authoring_saves, authoring_uploads
from server.services.authoring_saves import KEPT, SITTING
from server.services.authorization import Person
from server.services.errors import DraftConflict, NotFound, NotPermitted
from tests.services.lab import Lab
from tests.services.test_authoring import DUE, do, look, opened, owner, saved

__all__ = ["owner"]
OUTLINE = "bpmn/due.outline.txt"


def told(lab: Lab, draft: str, path: str = DUE) -> list[tuple[int, str, bool]]:
    found = look(lab, authoring_saves.listing, lab.people["admin"], draft, path)
    return [(save.revision, save.by, save.current) for save in found]


def test_each_sitting_leaves_one_save_and_each_person_one_of_their_own(lab: Lab, owner: Person) -> None:
    admin, draft = lab.people["admin"], opened(lab)
    first = look(lab, authoring_files.read, admin, draft, DUE).content
    revision = 1
    for number in range(3):
        lab.now += timedelta(minutes=1)
        revision = saved(lab, draft, first + b"<!-- %d -->" % number, revision, admin)
    by = admin.name
    assert told(lab, draft) == [(4, by, True), (1, by, False)]
    lab.now += timedelta(seconds=1)
    revision = saved(lab, draft, first + b"<!-- Olga -->", revision, owner)
    revision = saved(lab, draft, first + b"<!-- back -->", revision, admin)
    assert told(lab, draft) == [(6, by, True), (5, owner.name, False), (4, by, False), (1, by, False)]
    lab.now += SITTING
    revision = saved(lab, draft, first + b"<!-- later -->", revision, admin)
    assert [save[0] for save in told(lab, draft)] == [7, 5, 4, 1]
    lab.now += SITTING
    saved(lab, draft, first + b"<!-- later still -->", revision, admin)
    assert [save[0] for save in told(lab, draft)] == [8, 7, 5, 4, 1]
    assert look(lab, authoring_saves.content, admin, draft, DUE, 5) == first + b"<!-- Olga -->"
    assert lab.rows(f"select path from bundle_draft_file where path = '{OUTLINE}'") == [{"path": OUTLINE}]


def test_going_back_can_be_undone(lab: Lab, owner: Person) -> None:
    admin, draft = lab.people["admin"], opened(lab)
    first = look(lab, authoring_files.read, admin, draft, DUE).content
    assert saved(lab, draft, first + b"<!-- 2 -->", 1, admin) == 2
    with pytest.raises(DraftConflict):
        do(lab, authoring_files.go_back, owner, draft, DUE, 1, 1)
    assert do(lab, authoring_files.go_back, owner, draft, DUE, 1, 2) == 3
    assert look(lab, authoring_files.read, admin, draft, DUE).content == first
    assert do(lab, authoring_files.go_back, admin, draft, DUE, 2, 3) == 4
    assert look(lab, authoring_files.read, admin, draft, DUE).content == first + b"<!-- 2 -->"
    with pytest.raises(NotFound):
        do(lab, authoring_files.go_back, admin, draft, DUE, 17, 4)
    with pytest.raises(NotPermitted):
        look(lab, authoring_saves.listing, lab.people["ann"], draft, DUE)
    with pytest.raises(NotFound):
        look(lab, authoring_saves.listing, admin, draft, "bpmn/never.bpmn")


def test_what_was_removed_or_replaced_by_an_upload_can_be_brought_back(lab: Lab) -> None:
    admin, draft = lab.people["admin"], opened(lab)
    first = look(lab, authoring_files.read, admin, draft, DUE).content
    typed, other = first + b"<!-- typed -->", first + b"<!-- uploaded -->"
    saved(lab, draft, typed, 1, admin)
    do(lab, authoring_uploads.put, admin, draft, {"due.bpmn": other}, 2)
    assert look(lab, authoring_saves.content, admin, draft, DUE, 2) == typed
    do(lab, authoring_files.remove, admin, draft, DUE, 3)
    assert [save[0] for save in told(lab, draft)] == [3, 2, 1]
    assert do(lab, authoring_files.go_back, admin, draft, DUE, 3, 0) == 5
    assert look(lab, authoring_files.read, admin, draft, DUE).content == other
    listed = {view.path: view.standing for view in look(lab, authoring_files.listing, admin, draft)}
    assert (listed[DUE], listed[OUTLINE]) == ("changed", "new")


def test_the_oldest_go_and_their_contents_with_them(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authoring_saves, "KEPT", 3)
    admin, draft = lab.people["admin"], opened(lab)
    first = look(lab, authoring_files.read, admin, draft, DUE).content
    before = len(lab.rows("select digest from resource"))
    for revision in range(1, 7):
        lab.now += SITTING
        saved(lab, draft, first + b"<!-- %d -->" % revision, revision, admin)
    assert [save[0] for save in told(lab, draft)] == [7, 6, 5, 4]
    assert len(lab.rows("select digest from resource")) == before + 4 + len(["the outline"])
    do(lab, authoring.discard, admin, draft)
    assert lab.rows("select path from bundle_draft_file") == []
    assert len(lab.rows("select digest from resource")) == before
    assert KEPT == 40
