"""重新办理: an ended case is taken up again in a new one, once, by those who may, with its application and
its files; both records say so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from server.bundles.archive import read_folder
from server.bundles.manifest import read_manifest
from server.cli import demo, house
from server.engine.forms import Submission
from server.services import (
    archiving,
    attachments,
    drafts,
    history,
    instance_views,
    instances,
    searching,
    starts,
)
from server.services.attachments import store
from server.services.authorization import Person
from server.services.errors import InvalidSubmission, NotPermitted, StaleTask
from server.services.instances import Started
from server.store.papers import IssuedPaper
from tests.services.conftest import Office
from tests.services.lab import END, GIVEN, START, TENANT, Lab, bundle, diagram, form, manifest, task
from tests.services.test_single_use import UNIQUE
from tests.services.test_together import together

REASON = "原审批内容有误，需重新办理"
LEADER = Person(TENANT, "boss", "boss", "Boss", "", "office", "Office", frozenset({"leader"}))


def done(lab: Lab, process: str = "lab.due", **answers: Any) -> str:
    """A case that has ended with its end event."""
    instance = lab.start(process=process, **answers)
    lab.do("ann", instance, "work", note="一次")
    return instance


def again(office: Office, person: Person, instance: str, reason: str = REASON, **answers: Any) -> Started:
    """Take a case up again; what is not answered anew is as it was filed."""
    with office.database.write() as session:
        matter = starts.taking_up(session, person, instance)
        assert matter.before is not None
        given = {**matter.before.filed, **answers, "reopening_reason": reason}
        return instances.begin(session, person, matter, office.now, given)


def told(office: Office, instance: str, kind: str) -> dict[str, Any]:
    """The entry of a kind in the record of a case."""
    with office.database.read() as session:
        entries = history.timeline(session, office.people[next(iter(office.people))].tenant_id, instance)
    return next(entry.payload for entry in entries if entry.kind == kind)


def test_both_cases_know_of_each_other(lab: Lab) -> None:
    """A new number, the same subject, the old application; each record names the other and holds the reason,
    each chain is whole, and either number finds both."""
    old = done(lab)
    begun = again(lab, lab.people["ann"], old, pause="P2D")
    assert (lab.open(begun.instance_id), lab.open(old)) == (["work"], [])
    with lab.database.read() as session:
        before = instance_views.view(session, lab.people["ann"], old, lab.now)
        after = instance_views.view(session, lab.people["ann"], begun.instance_id, lab.now)
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
        for number in (before.business_key, after.business_key):
            wanted = searching.Wanted(text=number)
            found = searching.page(session, lab.people["ann"], wanted, lab.now)
            assert {row.id for row in found.rows} == {old, begun.instance_id}
        assert (
            len(searching.page(session, lab.people["ann"], searching.Wanted(text=REASON), lab.now).rows) == 2
        )
    assert before.reopened_as == (begun.instance_id, begun.business_key)
    assert after.reopens == (old, before.business_key)
    assert (before.reopens, after.reopened_as, before.status) == (None, None, "ended")
    assert (after.title, after.project_code) == (before.title, before.project_code)
    assert (after.variables["pause"], after.variables["due"]) == ("P2D", GIVEN["due"])
    assert told(lab, old, "instance_reopened")["reason"] == REASON
    started = told(lab, begun.instance_id, "instance_started")
    assert (started["reopens"]["number"], started["reason"]) == (before.business_key, REASON)


def test_a_case_is_taken_up_once_and_then_its_successor(lab: Lab) -> None:
    """Also where it was ended without an outcome; whoever comes second is told who was first."""
    old = lab.start(process="lab.due")
    with lab.database.write() as session:
        instances.cancel(session, lab.people["ann"], old, "单位撤并", lab.now)
    first = again(lab, lab.people["ann"], old)
    with pytest.raises(StaleTask) as late:
        again(lab, lab.people["admin"], old)
    assert late.value.by == "Ann"
    with lab.database.read() as session, pytest.raises(NotPermitted) as named:
        starts.view(session, lab.people["ann"], starts.taking_up(session, lab.people["ann"], old), lab.now)
    assert named.value.params == {"number": first.business_key}
    lab.do("ann", first.instance_id, "work", note="二次")
    second = again(lab, lab.people["ann"], first.instance_id)
    assert told(lab, second.instance_id, "instance_started")["reopens"]["id"] == first.instance_id


def test_of_two_at_once_one_takes_it_up(lab: Lab) -> None:
    """The other keeps what they typed, in three cases."""
    for number in range(3):
        old = done(lab, project_name=f"项目{number}")
        pairs = [("reopening_reason", "另一理由"), *GIVEN.items()]
        with lab.database.write() as session:
            for name in ("ann", "admin"):
                matter = starts.taking_up(session, lab.people[name], old)
                starts.save(session, lab.people[name], matter, pairs, lab.now)

        def take_up(name: str, old: str = old) -> None:
            with lab.database.write() as session:
                matter = starts.taking_up(session, lab.people[name], old)
                instances.begin(session, lab.people[name], matter, lab.now)

        raised = together(lambda: take_up("ann"), lambda: take_up("admin"))
        assert [type(error) for error in raised] == [StaleTask]
        rows = lab.rows("select started_by from process_instance where reopens = :i", i=old)
        (winner,) = [row["started_by"] for row in rows]
        loser = {"ann": "admin", "admin": "ann"}[winner]
        assert raised[0].by == lab.people[winner].name  # type: ignore[attr-defined]
        with lab.database.read() as session:
            kept = drafts.kept(session, lab.people[loser], f"reopen:{old}")
            assert kept is not None
            assert ("reopening_reason", "另一理由") in kept.pairs
            assert drafts.kept(session, lab.people[winner], f"reopen:{old}") is None
            assert all(isinstance(found, int) for found in history.verify(session, TENANT))


ASKING: dict[str, dict[str, Any]] = {
    "leader": {},
    "admin": {"groups": frozenset({"admin"}), "unit_id": "elsewhere"},
    "starter": {"id": "ann", "groups": frozenset({"clerks"}), "unit_id": "elsewhere"},
    "leader elsewhere": {"unit_id": "elsewhere"},
    "colleague": {"groups": frozenset({"clerks"})},
    "starter without the post": {"id": "ann", "groups": frozenset({"heads"})},
}


def test_who_may(lab: Lab) -> None:
    """Whoever began it and still has the post, the leader of its unit, an admin; nobody else, and the refusal
    says whom to ask."""
    old = done(lab)
    with lab.database.read() as session:
        matter = starts.taking_up(session, lab.people["admin"], old)
        used = matter.used(session, lab.people["admin"])
    verdicts = {
        name: starts.may_begin(replace(LEADER, **change), used, matter, lab.now)
        for name, change in ASKING.items()
    }
    assert [name for name, verdict in verdicts.items() if verdict] == ["leader", "admin", "starter"]
    assert all("leader of its unit" in verdict.reason for verdict in verdicts.values() if not verdict)


def test_it_must_have_ended_and_needs_a_reason(lab: Lab) -> None:
    """In a case that runs there are other ways, which the refusal names."""
    running = lab.start(process="lab.due")
    with pytest.raises(NotPermitted, match="take back what you sent"):
        again(lab, lab.people["ann"], running)
    old = done(lab)
    with pytest.raises(NotPermitted, match="Say why"):
        again(lab, lab.people["ann"], old, reason=" \n")
    assert lab.rows("select id from process_instance where reopens is not null") == []


def test_the_manifest_says_who(lab: Lab) -> None:
    """It may say no, or name the groups, for all or for one process; then nobody else may."""
    old = done(lab)

    def who(rules: str) -> list[str]:
        files = bundle()
        files["jurisdiction.toml"] += rules.encode()
        lab.deploy(files)
        with lab.database.read() as session:
            matter = starts.taking_up(session, lab.people["admin"], old)
            used = matter.used(session, lab.people["admin"])
        return [n for n, person in lab.people.items() if starts.may_begin(person, used, matter, lab.now)]

    assert who("") == ["ann", "admin"]
    assert who("\n[reopening]\nallowed = false\n") == []
    assert who('\n[reopening]\nby = ["heads"]\n') == ["head"]


def test_a_process_has_a_rule_of_its_own() -> None:
    """It goes before that of the jurisdiction."""
    whole = b"\n[reopening]\nallowed = false\n"
    content = manifest("lab.due", "lab.chased").replace(
        b'name = "lab.due"\n', b'name = "lab.due"\nreopening = { by = ["heads"] }\n'
    )
    found = read_manifest(content + whole)
    assert found.reopening_of("lab.due").by == ("heads",)
    assert not found.reopening_of("lab.chased").allowed


def test_the_diagram_and_the_rules_are_those_of_today(lab: Lab) -> None:
    """What the form asks since, must be answered; the case goes by the version in use."""
    old = done(lab)
    stricter = form("lab.f_start", *GIVEN, "new").replace(
        b'"label": "new"', b'"label": "new", "validate": {"required": true}'
    )
    longer = diagram("lab.due", START + task("other", "heads") + '<bpmn:endEvent id="end" name="end"/>',
                     "start>other other>end")  # fmt: skip
    files = {**bundle(), "forms/f_start.form": stricter, "bpmn/due.bpmn": longer}
    lab.deploy(files)
    with pytest.raises(InvalidSubmission) as wrong:
        again(lab, lab.people["ann"], old)
    sent: Submission = wrong.value.submission
    assert [error.name for error in sent.errors] == ["new"]
    begun = again(lab, lab.people["ann"], old, new="答")
    assert lab.open(begun.instance_id) == ["other"]


def test_a_leader_takes_up_what_somebody_else_began(lab: Lab) -> None:
    """It stays in its unit; whoever began it may see the new case and is told."""
    old = done(lab)
    admin = replace(lab.people["admin"], unit_id="elsewhere", unit_name="Elsewhere")
    begun = again(lab, admin, old)
    (row,) = lab.rows("select unit_id, started_by from process_instance where id = :i", i=begun.instance_id)
    assert row == {"unit_id": "office", "started_by": "admin"}
    with lab.database.read() as session:
        seen = instance_views.view(session, lab.people["ann"], begun.instance_id, lab.now)
    assert seen.variables["project_unit"] == "Office"
    notices = lab.rows("select user_id, payload from notice where kind = 'case_reopened'")
    assert [row["user_id"] for row in notices] == ["ann"]


def test_a_rehearsal_stays_one(lab: Lab) -> None:
    """It goes on where the clock of the ended one stands, with a rehearsal's number, for its leader."""
    ann = lab.people["ann"]
    with lab.database.write() as session:
        given = {"project_name": "试", "rehearsal_day": "2026-03-05", **GIVEN}
        old = instances.start(session, ann, "lab.due", lab.now, given, rehearsed=True).instance_id
        instances.cancel(session, ann, old, "重来", lab.now)
    begun = again(lab, ann, old)
    (row,) = lab.rows(
        "select rehearsal_at, project_id, business_key from process_instance where id = :i",
        i=begun.instance_id,
    )
    (was,) = lab.rows("select project_id from process_instance where id = :i", i=old)
    assert str(row["rehearsal_at"]).startswith("2026-03-05")
    assert row["project_id"] == was["project_id"]
    assert row["business_key"].startswith("试-")
    assert lab.rows("select id from notice") == []


def test_what_exists_once_goes_over_to_the_new_case(lab: Lab) -> None:
    """A value of the application that nobody else may have is no obstacle, and stays taken for others."""
    unique = UNIQUE.replace(b"lab.f_note", b"lab.f_start")
    lab.deploy({**bundle(), "forms/f_start.form": unique})

    def start(note: str) -> str:
        with lab.database.write() as session:
            given = {"project_name": "试验", "note": note}
            return instances.start(session, lab.people["ann"], "lab.parallel", lab.now, given).instance_id

    old = start("一号")
    with lab.database.write() as session:
        instances.cancel(session, lab.people["ann"], old, "重来", lab.now)
    begun = again(lab, lab.people["ann"], old).instance_id
    (row,) = lab.rows("select instance_id from single_use where value = '一号'")
    assert row["instance_id"] == begun
    with pytest.raises(InvalidSubmission):
        start("一号")


def test_files_come_along(office: Office) -> None:
    """The new case has rows of its own for the same bytes, given by whom they were; the old case keeps its
    own. A file that was not named any more stays behind, and one of another case is not taken."""
    zhoumin, old = office.people["zhoumin"], office.start()
    other = office.start("hejun", project_name="另一项目")
    with office.database.write() as session:
        instances.cancel(session, zhoumin, old, "材料有误", office.now)
    with office.database.write() as session:  # a secret file stays one
        session.connection().exec_driver_sql(
            "update attachment set readers = 'expert' where field = 'feasibility_report_two_in_one'"
        )
    before = office.rows("select * from attachment where instance_id = :i order by id", i=old)
    with office.database.write() as session:
        matter = starts.taking_up(session, zhoumin, old)
        assert matter.before is not None
        new = store(session, office.files, zhoumin, matter.draft, "entry_application", "新.pdf", b"%PDF-2",
                    office.now, limit=100)  # fmt: skip
        given = {**matter.before.filed, "entry_application": [new.id], "reopening_reason": REASON}
        foreign = office.rows("select id from attachment where instance_id = :i", i=other)[0]["id"]
    wrong = {**given, "entry_application": [foreign]}
    with office.database.write() as session, pytest.raises(InvalidSubmission):
        instances.begin(session, zhoumin, matter, office.now, wrong)
    with office.database.write() as session:
        begun = instances.begin(session, zhoumin, matter, office.now, given).instance_id
    with office.database.read() as session:
        names = {file.field: file for file in attachments.of_instance(session, zhoumin, begun)}
    assert names["entry_application"].name == "新.pdf"
    report, was = names["feasibility_report_two_in_one"], {row["field"]: row for row in before}
    same = was["feasibility_report_two_in_one"]
    kept = ("sha256", "uploaded_by", "readers")
    assert [getattr(report, name) for name in kept] == [same[name] for name in kept]
    assert report.id != same["id"]
    assert office.rows("select * from attachment where instance_id = :i order by id", i=old) == before
    values = told(office, begun, "instance_started")["values"]
    named = values["feasibility_report_two_in_one"]
    assert [(file["id"], file["name"]) for file in named] == [(report.id, f"不公开材料-{report.id[-4:]}.pdf")]
    assert len(told(office, begun, "materials_attached")["files"]) == 2


def test_the_form_is_filled_as_it_was_last(lab: Lab) -> None:
    """With what a later step corrected on the same form; looking keeps no draft."""
    mended = task("mend").replace("lab.f_note", "lab.f_start")
    drawn = diagram("lab.due", START + mended + END, "start>mend mend>end")
    lab.deploy({**bundle(), "bpmn/due.bpmn": drawn})
    old = lab.start(process="lab.due", pause="P1D")
    lab.do("ann", old, "mend", **{**GIVEN, "pause": "P9D"})
    with lab.database.read() as session:
        ann = lab.people["ann"]
        page = starts.view(session, ann, starts.taking_up(session, ann, old), lab.now)
    assert page.before is not None
    assert page.before.filed == {**GIVEN, "pause": "P9D"}
    assert (page.draft, page.needs_project, page.projects) == (None, False, ())
    assert page.variables["project_name"] == "试验"


def test_what_stays_valid_is_named(lab: Lab) -> None:
    """The facts that the ended case fixed for its project and the documents that were given out of it; its
    package for the archive names its successor."""
    files = bundle()
    facts = b'name = "lab.due"\nfacts = ["pause"]\noutcome_facts = ["end"]\n'
    files["jurisdiction.toml"] = files["jurisdiction.toml"].replace(b'name = "lab.due"\n', facts)
    lab.deploy(files)
    old, ann = done(lab), lab.people["ann"]
    paper = {
        "tenant_id": TENANT, "instance_id": old, "document_id": "letter", "serial": 1, "code": "A" * 16,
        "title": "批复", "number": "1号", "day": "2026-03-02", "digest": "", "record_head": "", "paper": "{}",
        "issued_by": "ann", "issued_name": "Ann", "issued_at": lab.now,
    }  # fmt: skip
    with lab.database.write() as session:
        session.execute(IssuedPaper.metadata.tables["issued_paper"].insert().values(paper))
        page = starts.view(session, ann, starts.taking_up(session, ann, old), lab.now)
    assert page.stands is not None
    assert page.stands.papers == (("批复", "1号"),)
    assert page.stands.facts == (("end", True), ("pause", "P1D"))
    begun = again(lab, ann, old)
    with lab.database.read() as session:
        gathered = archiving.gather(session, lab.files, lab.people["admin"], old)
    content = next(member.content for member in gathered.data if member.path == "case.json")
    assert isinstance(content, bytes)
    assert json.loads(content)["reopened_as"] == begun.instance_id


def test_the_demo_has_a_case_taken_up_again(office: Office) -> None:
    """The refused entry of the plan has ended; the unit filed it again, with its files, and it waits to be
    checked."""
    shown = demo.Office(office.database, office.files, read_folder(house.ROOT, "hongshan"), office.now)
    (entry,) = (entry for entry in shown.plan["case"] if "again" in entry)
    begun = shown.play(shown._planned(entry, "智慧灌区监测平台"))
    assert office.open(begun) == ["check_materials"]
    with office.database.read() as session:
        case = instance_views.view(session, office.people["auditor"], begun, office.now)
        assert case.reopens is not None
        before = instance_views.view(session, office.people["auditor"], case.reopens[0], office.now)
        assert (before.status, before.outcome) == ("ended", "refused")
        assert before.reopened_as == (begun, case.business_key)
        assert len(instance_views.materials(session, office.people["auditor"], begun)) == 2
    assert told(office, case.reopens[0], "instance_reopened")["reason"] == entry["again"]
