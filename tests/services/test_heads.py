"""部门负责人: who reads cases as the head of a body or a unit, who does not, and that it is reading only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.bundles.archive import read_folder
from server.bundles.manifest import read_manifest
from server.services import (
    absences,
    attachments,
    board_lists,
    heads,
    instance_views,
    register_views,
    searching,
    substitutions,
    supervision,
    tasks,
)
from server.services.authorization import Person
from server.services.board_lists import Wanted
from server.services.errors import NotPermitted
from server.store.database import Database
from server.store.tables import metadata
from tests.services.conftest import Office

ROOT = Path(__file__).resolve().parents[2]


def _reads(database: Database, person: Person, case: str) -> bool:
    """Whether the page of a case opens; what finds and what lists cases must say the same."""
    with database.read() as session:
        try:
            instance_views.see(session, person, case)
            opens = True
        except NotPermitted:
            opens = False
        found = searching.every(session, person, searching.Wanted(), Office.now)
        assert (case in {row.id for row in found}) == opens
        assert (case in register_views.may_open(session, person, [case])) == opens
    return opens


def _like(person: Person, unit: str, *groups: str) -> Person:
    return replace(person, id="somebody", account="somebody", unit_id=unit, groups=frozenset(groups))


def test_heads_read_the_cases_of_their_body_and_unit(office: Office) -> None:
    """The bureau's head what the bureau had to do with; a unit's head what its unit began. The post below the
    body alone, or the head of another unit, opens nothing."""
    case = office.start()
    head = office.people["sunlei"]
    assert _reads(office.database, head, case)
    assert _reads(office.database, _like(head, "education", "leader"), case)
    assert not _reads(office.database, _like(head, "water", "leader"), case)
    assert not _reads(office.database, _like(head, "data", "bureau_head"), case)
    assert not _reads(office.database, _like(head, "education", "archive_office"), case)
    with office.database.read() as session:
        lines = list(board_lists.every(session, head, Wanted(), office.now))
        assert lines
        assert all(line.visible for line in lines)
        with pytest.raises(NotPermitted, match="another unit"):
            instance_views.see(session, _like(head, "water", "leader"), case)


def test_heads_only_read(office: Office) -> None:
    """They hold no task by it, and see no file that the manifest keeps for others; rehearsals in a unit are
    not its head's to read."""
    case, head = office.start(), office.people["sunlei"]
    unit_head = _like(head, "education", "leader")
    task = office.task(case, "check_materials")["id"]
    for person in (head, unit_head):
        with office.database.read() as session:
            view = tasks.view(session, person, task, office.now)
            assert not view.claim
            assert not view.act
        with office.database.write() as session, pytest.raises(NotPermitted):
            tasks.claim(session, person, task, office.now)
    file = metadata.tables["attachment"]
    with office.database.write() as session:
        secret = session.execute(sa.select(file.c.id).where(file.c.instance_id == case)).scalars().first()
        session.execute(file.update().where(file.c.id == secret).values(readers="secrecy_crypto_office"))
    with office.database.read() as session:
        shown = [one.id for one in instance_views.materials(session, head, case)]
        assert "" in shown
        assert secret not in shown
        assert attachments.may_open(session, head, next(filter(None, shown)))
        with pytest.raises(NotPermitted, match="may see this file"):
            attachments.may_open(session, head, secret)
    cases = metadata.tables["process_instance"]
    with office.database.write() as session:
        session.execute(cases.update().where(cases.c.id == case).values(rehearsal_at=office.now))
    with office.database.read() as session:
        assert not heads.may_read(session, unit_head, case)


@pytest.mark.parametrize(
    ("scope", "reads"),
    [
        ({}, {"body", "unit"}),
        ({"processes": ("hongshan.library_entry",)}, {"body", "unit"}),
        ({"processes": ("hongshan.project_approval",)}, set()),
        ({"groups": ("bureau_head",)}, {"body"}),
    ],
)
def test_who_acts_for_a_head_reads_what_the_head_reads(
    office: Office, scope: dict[str, Any], reads: set[str]
) -> None:
    """In the days and for what the substitution names; the unit only where it names no posts. They act in
    nothing by it, and when it is over they read nothing."""
    case, head, other = office.start(), office.people["sunlei"], office.people["baoyin"]
    assert {"leader", "bureau_head"} <= head.groups
    today = office.now.date()
    wanted = substitutions.Wanted("sunlei", "baoyin", today, today, "出差", **scope)
    with office.database.write() as session:
        substitutions.enter(session, head, wanted, office.now)
    with office.database.read() as session:
        away = absences.with_absent(session, other, office.now)
        after = absences.with_absent(session, other, office.now + timedelta(days=1))
    (absent,) = away.stands_for
    in_unit = replace(away, stands_for=(replace(absent, unit_id="education", posts=frozenset()),))
    assert _reads(office.database, away, case) is ("body" in reads)
    assert _reads(office.database, in_unit, case) is ("unit" in reads)
    assert not _reads(office.database, after, case)
    assert not _reads(office.database, replace(away, stands_for=(replace(absent, leads=False),)), case)
    with office.database.write() as session, pytest.raises(NotPermitted):
        tasks.claim(session, away, office.task(case, "check_materials")["id"], office.now)


def test_a_body_of_units_is_led_in_ones_own_unit_only() -> None:
    """Yunfu's responsible offices stand below their own unit: they supervise nothing of others."""
    manifest = read_manifest(read_folder(ROOT, "yunfu").files["jurisdiction.toml"])
    office = Person("yunfu", "a", "a", "甲", "", "health", "", frozenset({"unit_office"}))
    assert heads.led(office, manifest) == ("g:unit@health",)
    assert supervision.reach(office, manifest).bodies == ("g:unit@health",)
    assert heads.led(replace(office, groups=frozenset({"unit"})), manifest) == ()
    assert heads.led(office, None) == ()
