"""Cases and new versions: where they stand, what migrating would do, and doing it whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.services import case_versions, deployed, history, migrating
from server.services.errors import NotFound, NotPermitted, Refused, StaleTask
from server.services.history import ChainFault
from tests.services import lab as small
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together

RENAMED = small.diagram(
    "lab.chased",
    small.START + small.task("review", "heads") + small.task("more") + small.END
    + small.timer("late", on="review") + small.task("chase", "heads")
    + '<bpmn:endEvent id="chased" name="chased"/>',
    "start>review review>more more>end late>chase chase>chased",
)  # fmt: skip
GROWN = small.diagram(
    "lab.parallel",
    small.START + small.gateway("split") + small.task("left") + small.task("right") + small.gateway("join")
    + small.task("after") + small.task("last") + small.END,
    "start>split split>left split>right left>join right>join join>after after>last last>end",
)  # fmt: skip
FLAT = small.diagram(
    "lab.parallel",
    small.START + small.task("left") + small.task("right") + small.task("after") + small.END,
    "start>left left>right right>after after>end",
)


def target(lab: Lab, key: str, content: bytes) -> str:
    return lab.deploy(small.bundle(small.PROCESSES | {key: content})).deployment_id


def plan(lab: Lab, key: str, there: str, **mapping: str) -> list[migrating.Plan]:
    with lab.database.read() as session:
        return migrating.plan(session, lab.people["admin"], key, 1, there, {key: mapping}, lab.now)


def migrate(lab: Lab, instance: str, there: str, key: str, person: str = "admin", **mapping: str) -> None:
    with lab.database.write() as session:
        migrating.migrate(
            session, lab.people[person], instance, there, {key: mapping}, "Notice 3 of 2026", lab.now
        )


def test_a_case_goes_on_in_the_new_version(lab: Lab) -> None:
    """Task, worklist and timer follow the new diagram, the record says so and still verifies."""
    instance = lab.start()
    before = lab.task(instance, "work")
    there = target(lab, "lab.chased", RENAMED)
    (found,) = plan(lab, "lab.chased", there)
    assert not found.possible
    with lab.database.read() as session:
        first = lab.rows("select deployment_id from process_instance")[0]["deployment_id"]
        (asked,) = migrating.unplaced(session, lab.people["admin"], [found], first, there)
    assert (asked.element, [name for name, _ in asked.candidates]) == ("work", ["review", "more", "chase"])
    (found,) = plan(lab, "lab.chased", there, work="review")
    assert found.possible
    assert [(m.element, m.target) for m in found.moves] == [("work", "review")]
    assert lab.open(instance) == ["work"]  # a plan changes nothing

    migrate(lab, instance, there, "lab.chased", work="review")
    after = lab.task(instance, "review")
    assert (after["id"], after["revision"]) == (before["id"], before["revision"] + 1)
    assert lab.rows("select principal from worklist") == [{"principal": "g:heads"}]
    assert [row["element"] for row in lab.rows("select element from timer")] == ["late"]
    lab.do("head", instance, "review")
    lab.do("ann", instance, "more")
    assert lab.rows("select status from process_instance") == [{"status": "ended"}]
    with lab.database.read() as session:
        assert [fault for fault in history.verify(session, TENANT) if isinstance(fault, ChainFault)] == []
        kinds = [entry.kind for entry in history.timeline(session, TENANT, instance)]
    assert "instance_migrated" in kinds


def test_who_had_claimed_the_task_keeps_it_while_it_waits_for_the_same_people(lab: Lab) -> None:
    instance = lab.start(process="lab.parallel")
    there = target(lab, "lab.parallel", GROWN)
    mine = lab.task(instance, "left")
    with lab.database.write() as session:
        from server.services import tasks

        if mine["assignee_id"] is None:
            tasks.claim(session, lab.people["bob"], mine["id"], lab.now)
    holder = lab.task(instance, "left")["assignee_id"]
    migrate(lab, instance, there, "lab.parallel")
    assert lab.task(instance, "left")["assignee_id"] == holder


def test_what_would_go_wrong_is_refused_and_nothing_changes(lab: Lab) -> None:
    """Two branches under way would run one after the other: refused with its reason, also by hand."""
    instance = lab.start(process="lab.parallel")
    there = target(lab, "lab.parallel", FLAT)
    (found,) = plan(lab, "lab.parallel", there)
    assert not found.possible
    assert found.findings[0].element
    rows = lab.rows("select * from process_instance"), lab.rows("select * from task")
    with pytest.raises(Refused) as refused:
        migrate(lab, instance, there, "lab.parallel")
    assert refused.value.finding.help()
    assert (lab.rows("select * from process_instance"), lab.rows("select * from task")) == rows


def test_only_process_owners_migrate_and_say_why(lab: Lab) -> None:
    instance = lab.start(process="lab.parallel")
    there = target(lab, "lab.parallel", GROWN)
    with pytest.raises(NotPermitted):
        migrate(lab, instance, there, "lab.parallel", person="ann")
    with pytest.raises(NotPermitted), lab.database.write() as session:
        migrating.migrate(session, lab.people["admin"], instance, there, {}, " ", lab.now)
    migrate(lab, instance, there, "lab.parallel")
    with pytest.raises(NotPermitted):
        migrate(lab, instance, there, "lab.parallel")  # it is there already


def test_whoever_had_the_page_open_meanwhile_is_told(lab: Lab) -> None:
    """The task they send is another one now."""
    from server.services import tasks

    instance = lab.start(process="lab.parallel")
    with lab.database.write() as session:
        ann, task = lab.people["ann"], lab.task(instance, "left")["id"]
        tasks.claim(session, ann, task, lab.now)
        revision = tasks.view(session, ann, task, lab.now).revision
    migrate(lab, instance, target(lab, "lab.parallel", GROWN), "lab.parallel")
    with pytest.raises(StaleTask), lab.database.write() as session:
        tasks.complete(session, ann, task, revision, lab.now, {})


def test_migrating_and_completing_at_once_leave_one_whole_case(lab: Lab) -> None:
    for _ in range(10):
        instance = lab.start(process="lab.parallel")
        there = target(lab, "lab.parallel", GROWN)
        together(
            lambda i=instance, t=there: migrate(lab, i, t, "lab.parallel"),
            lambda i=instance: lab.do("ann", i, "left"),
        )
        for person, element in (("ann", "left"), ("bob", "right"), ("ann", "after"), ("ann", "last")):
            if element in lab.open(instance):
                lab.do(person, instance, element)
        assert lab.open(instance) == []
        lab.deploy(small.bundle())
    with lab.database.read() as session:
        assert [fault for fault in history.verify(session, TENANT) if isinstance(fault, ChainFault)] == []


def test_versions_tell_how_many_cases_run_on_them_and_where_they_stand(lab: Lab) -> None:
    """Rehearsals and ended cases do not count; the usual time is the median of what was finished."""
    done = lab.start(process="lab.parallel")
    lab.now += timedelta(days=2)
    for element in ("left", "right", "after"):
        lab.do("ann", done, element)
    waiting = lab.start(process="lab.parallel")
    lab.do("ann", waiting, "left")
    there = target(lab, "lab.parallel", GROWN)
    lab.start(process="lab.parallel")
    lab.now += timedelta(days=3)
    with lab.database.read() as session:
        admin = lab.people["admin"]
        new, old = case_versions.versions(session, admin, "lab.parallel")
        standing = {s.element: s for s in case_versions.standing(session, admin, "lab.parallel", 1, lab.now)}
        with pytest.raises(NotPermitted):
            case_versions.versions(session, lab.people["ann"], "lab.parallel")
    assert (new.number, new.running, new.current, new.deployment_id) == (2, 1, True, there)
    assert (old.number, old.running, old.current) == (1, 1, False)
    assert {name: place.count for name, place in standing.items() if place.count} == {
        "right": 1,
        "join": 1,  # where the other branch waits for it
    }
    assert standing["right"].longest == timedelta(days=3)
    assert standing["left"].usual == timedelta(days=1)  # the median of two days and none
    assert case_versions.hottest(standing.values())["right"] == 4


def test_the_case_says_on_which_deployment_its_decisions_were_taken(lab: Lab) -> None:
    """After migrating it uses the new files; what is past keeps its own."""
    instance = lab.start(process="lab.parallel")
    there = target(lab, "lab.parallel", GROWN)
    migrate(lab, instance, there, "lab.parallel")
    with lab.database.read() as session:
        used = deployed.of(
            session, TENANT, lab.rows("select deployment_id from process_instance")[0]["deployment_id"]
        )
    assert "last" in used.process("lab.parallel").nodes


def test_of_several_cases_each_goes_over_or_stays(lab: Lab) -> None:
    """One stands where the new version cannot take it: it stays, the other goes, both whole."""
    apart, met = lab.start(process="lab.parallel"), lab.start(process="lab.parallel")
    for element in ("left", "right"):
        lab.do("ann", met, element)
    there = target(lab, "lab.parallel", FLAT)
    with lab.database.write() as session:
        admin = lab.people["admin"]
        done = migrating.migrate_each(session, admin, [apart, met, "nowhere"], there, {}, "Notice 4", lab.now)
    assert [type(report.problem) for report in done] == [Refused, type(None), NotFound]
    rows = {
        row["id"]: row["deployment_id"] for row in lab.rows("select id, deployment_id from process_instance")
    }
    assert rows[met] == there != rows[apart]
    lab.do("ann", met, "after")
    assert lab.open(met) == []
    assert lab.open(apart) == ["left", "right"]
