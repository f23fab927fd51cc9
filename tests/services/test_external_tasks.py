"""Work for programs in a jurisdiction, on both databases: who gets it, once, and what the record says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from server.engine.process import WorkError
from server.services import (
    admin,
    external_tasks,
    fetching,
    handed_out,
    history,
    instance_views,
    instances,
    rehearsed_work,
    scenario_records,
    tokens,
)
from server.services.authorization import Person
from server.services.errors import NotFound, NotPermitted, WorkNotHeld
from server.services.external_tasks import Failure, Outcome
from server.services.fetching import Topic, Wish
from server.services.handed_out import Work
from server.services.tokens import Wanted
from tests.engine.bpmn.diagrams import properties
from tests.services.lab import END, START, TENANT, Lab, bundle, diagram, task

WORKED = diagram(
    "lab.worked",
    START
    + '<bpmn:serviceTask id="charge" name="Charge" camunda:type="external" camunda:topic="charge">'
    + properties(regulation="lab#1", workedBy="clerks")
    + '</bpmn:serviceTask><bpmn:boundaryEvent id="refused" name="refused" attachedToRef="charge">'
    '<bpmn:errorEventDefinition id="ed" errorRef="no"/></bpmn:boundaryEvent>' + task("look") + END
    + '<bpmn:endEvent id="looked" name="looked"/>',
    "start>charge charge>end refused>look look>looked",
).replace(b"<bpmn:process ", b'<bpmn:error id="no" errorCode="NO" name="No"/><bpmn:process ', 1)  # fmt: skip
MINUTE = timedelta(minutes=1)


@pytest.fixture
def worked(lab: Lab) -> Lab:
    """The lab with work for the clerks' programs."""
    lab.deploy(bundle({"lab.worked": WORKED}))
    return lab


def fetch(lab: Lab, worker: str = "w", person: str = "ann", limit: int = 10, **topic: Any) -> list[Work]:
    """Fetch work as a person's program."""
    wish = Wish(worker, (Topic("charge", MINUTE, **topic),), limit)
    with lab.database.write() as session:
        return fetching.fetch(session, [lab.people[person]], wish, lab.now)


def complete(lab: Lab, work: Work, worker: str = "w", person: str = "ann", **variables: Any) -> None:
    """Say that it is done."""
    with lab.database.write() as session:
        outcome = Outcome(worker, variables)
        external_tasks.complete(session, [lab.people[person]], work.id, outcome, lab.now)


def fail(lab: Lab, work: Work, retries: int) -> None:
    """Say that it failed."""
    failed = Failure("w", "no network", "details", retries, MINUTE)
    with lab.database.write() as session:
        external_tasks.fail(session, [lab.people["ann"]], work.id, failed, lab.now)


def test_work_is_fetched_done_and_recorded(worked: Lab) -> None:
    case = worked.start("ann", "lab.worked")
    (work,) = fetch(worked, properties=True, variables=("pause",))
    assert (work.topic, work.instance_id, dict(work.variables)) == ("charge", case, {"pause": "P1D"})
    assert work.properties["workedBy"] == "clerks"
    with worked.database.read() as session:
        view = instance_views.view(session, worked.people["ann"], case, worked.now)
    assert [(w.topic, w.worker, w.held) for w in view.work] == [("charge", "w", True)]
    complete(worked, work, paid=True)
    with worked.database.read() as session:
        view = instance_views.view(session, worked.people["ann"], case, worked.now)
        record = history.timeline(session, TENANT, case)
        assert list(history.verify(session, TENANT)) == [len(record)]
    assert (view.status, view.variables["paid"], view.work) == ("ended", True, ())
    kinds = [entry.kind for entry in reversed(record)]
    assert kinds.index("work_handed_out") < kinds.index("work_done") < kinds.index("instance_ended")
    with pytest.raises(NotFound):
        complete(worked, work)


def test_programs_of_others_neither_see_nor_do_it(worked: Lab) -> None:
    worked.start("ann", "lab.worked")
    assert fetch(worked, person="head") == []
    with worked.database.read() as session, pytest.raises(NotPermitted, match="programs of"):
        fetching.require_topic(session, worked.people["head"], "charge")
    (work,) = fetch(worked)
    for act in (
        lambda s, who: external_tasks.complete(s, who, work.id, Outcome("w"), worked.now),
        lambda s, who: external_tasks.unlock(s, who, work.id),
        lambda s, who: handed_out.one(s, who, work.id),
    ):
        with worked.database.write() as session, pytest.raises(NotFound):
            act(session, [worked.people["head"]])
    with pytest.raises(WorkNotHeld):
        complete(worked, work, worker="other")
    complete(worked, work, person="bob")  # the same post: it is the worker's name that holds


def test_each_task_is_fetched_once_though_many_ask(worked: Lab) -> None:
    cases = {worked.start("ann", "lab.worked") for _ in range(6)}
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(fetch, worked, f"w{n}", limit=2) for n in range(8)]
        found = [work for each in asked for work in each.result()]
    assert len(found) == 6
    assert {work.instance_id for work in found} == cases


def test_a_failure_is_tried_again_then_stands_still_until_an_admin_retries(worked: Lab) -> None:
    case = worked.start("ann", "lab.worked")
    (work,) = fetch(worked)
    fail(worked, work, retries=1)
    assert fetch(worked) == []
    worked.now += MINUTE
    (again,) = fetch(worked)
    assert (again.id, again.retries, again.error_message) == (work.id, 1, "no network")
    fail(worked, again, retries=0)
    worked.now += MINUTE
    assert fetch(worked) == []
    boss = worked.people["admin"]
    with worked.database.write() as session:
        (incident,) = admin.incidents(session, boss)
        assert incident.finding["code"] == "engine.work_failed"
        admin.retry(session, boss, incident.id, worked.now)
    (retried,) = fetch(worked)
    complete(worked, retried)
    with worked.database.read() as session:
        assert instance_views.view(session, boss, case, worked.now).status == "ended"
        assert admin.incidents(session, boss) == []


def test_an_error_of_the_matter_goes_to_the_person_who_looks(worked: Lab) -> None:
    case = worked.start("ann", "lab.worked")
    (work,) = fetch(worked)
    with worked.database.write() as session:
        error = WorkError("NO", "not today")
        external_tasks.report_error(session, [worked.people["ann"]], work.id, "w", error, worked.now)
    with worked.database.read() as session:
        view = instance_views.view(session, worked.people["ann"], case, worked.now)
    assert ([task.name for task in view.open_tasks], view.work) == (["look"], ())


def test_locks_are_extended_only_while_they_hold(worked: Lab) -> None:
    worked.start("ann", "lab.worked")
    (work,) = fetch(worked)
    ann = [worked.people["ann"]]
    with worked.database.write() as session:
        external_tasks.extend(session, ann, work.id, "w", 10 * MINUTE, worked.now)
    worked.now += 5 * MINUTE
    assert fetch(worked, "other") == []
    worked.now += 5 * MINUTE
    with worked.database.write() as session, pytest.raises(WorkNotHeld) as refused:
        external_tasks.extend(session, ann, work.id, "w", MINUTE, worked.now)
    assert refused.value.expired
    assert [other.id for other in fetch(worked, "other")] == [work.id]
    with worked.database.write() as session, pytest.raises(WorkNotHeld):
        external_tasks.lock(session, ann, work.id, "w", MINUTE, worked.now)


def test_a_case_that_is_ended_takes_its_work_back(worked: Lab) -> None:
    case = worked.start("ann", "lab.worked")
    with worked.database.write() as session:
        instances.cancel(session, worked.people["ann"], case, "mistake", worked.now)
    assert fetch(worked) == []


def test_rehearsals_are_never_handed_out(worked: Lab) -> None:
    with worked.database.write() as session:
        given = {"project_name": "试验", "pause": "P1D", "due": "x", "noon": "x"}
        boss = worked.people["admin"]
        rehearsed = instances.start(session, boss, "lab.worked", worked.now, given, rehearsed=True)
        (work,) = handed_out.of_case(session, TENANT, rehearsed.instance_id)
    assert fetch(worked, person="admin") == []
    place = (rehearsed.instance_id, work.token)
    with worked.database.write() as session:
        with pytest.raises(NotPermitted):
            rehearsed_work.done(session, worked.people["ann"], *place, {}, worked.now)
        rehearsed_work.refused(session, boss, *place, "NO", worked.now)
        view = instance_views.view(session, boss, rehearsed.instance_id, worked.now)
        story = scenario_records.record(session, boss, rehearsed.instance_id, "试")
    assert [task.name for task in view.open_tasks] == ["look"]
    assert "{external: charge, error: 'NO'}" in story.text
    assert story.failures == ()


def test_what_a_rehearsal_says_of_work_is_for_rehearsals_only(worked: Lab) -> None:
    case = worked.start("ann", "lab.worked")
    (work,) = fetch(worked)
    with worked.database.write() as session, pytest.raises(NotPermitted):
        rehearsed_work.done(session, worked.people["ann"], case, work.token, {}, worked.now)


def test_a_token_speaks_for_its_person_until_it_is_revoked(worked: Lab) -> None:
    ann, boss = worked.people["ann"], worked.people["admin"]
    with worked.database.write() as session:
        secret = tokens.create(session, ann, Wanted("printer", ("work",), 7, ("charge",)), worked.now)
        held = tokens.holder(session, secret, worked.now)
        assert held is not None
        assert (held.person.id, held.person.via, held.topics) == ("ann", "printer", {"charge"})
        assert tokens.holder(session, secret, worked.now + timedelta(days=7)) is None
        assert tokens.holder(session, secret + "x", worked.now) is None
        with pytest.raises(NotPermitted):
            tokens.create(session, held.person, Wanted("copy", ("work",), 7), worked.now)
        with pytest.raises(NotPermitted):
            tokens.create(session, ann, Wanted("deployer", ("deploy",), 7), worked.now)
        with pytest.raises(NotFound):
            tokens.revoke(session, worked.people["bob"], held.id, worked.now)
        tokens.revoke(session, boss, held.id, worked.now)
        assert tokens.holder(session, secret, worked.now) is None
        (told,) = tokens.of_everybody(session, boss)
    assert (told.state(worked.now), told.revoked_by) == ("revoked", "admin")


def test_the_record_says_by_which_program(worked: Lab) -> None:
    worked.start("ann", "lab.worked")
    (work,) = fetch(worked)
    program = Person(**{**{n: getattr(worked.people["ann"], n) for n in Person.__slots__}, "via": "printer"})
    with worked.database.write() as session:
        external_tasks.complete(session, [program], work.id, Outcome("w"), worked.now)
        (done,) = [e for e in history.timeline(session, TENANT, work.instance_id) if e.kind == "work_done"]
    assert (done.actor_id, done.payload["via"]) == ("ann", "printer")
