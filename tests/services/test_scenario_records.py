"""A scenario recorded from a rehearsal proves at once what was played; trials are only rehearsed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from server.bundles.scenario_files import read_scenario
from server.services import deployments, instances, rehearsing, scenario_records, tasks, trials
from server.services.errors import DeploymentRejected, NotFound, NotPermitted
from tests.services import lab as small
from tests.services.conftest import ENTRY, Office
from tests.services.lab import GIVEN, TENANT, Lab
from tests.services.test_rehearsal import move, rehearse


def recorded(lab: Office, person: str, instance: str, title: str = "试") -> scenario_records.Recorded:
    with lab.database.read() as session:
        return scenario_records.record(session, lab.people[person], instance, title)


def test_time_that_passed_and_tasks_are_told(lab: Lab) -> None:
    case = rehearse(lab, process="lab.chased", day="2026-03-02")
    assert move(lab, "ann", case, datetime.fromisoformat("2026-03-03T09:00:01+08:00")) == 1
    lab.do("ann", case, "work")
    found = recorded(lab, "ann", case, "催办之后办理")
    assert found.failures == ()
    scenario = read_scenario(found.text.encode(), found.path)
    assert [step.kind for step in scenario.steps] == ["wait", "task", "expect"]
    assert scenario.steps[1].by == "clerks"
    assert scenario.steps[2].expect == {"open": ["chase"]}
    assert scenario.regulations == ("lab#1",)


def test_what_no_longer_agrees_is_told(lab: Lab) -> None:
    """The check is a real one: with a wrong end it would fail."""
    case = rehearse(lab, process="lab.due", day="2026-03-02")
    lab.do("ann", case, "work")
    found = recorded(lab, "ann", case)
    assert found.failures == ()
    assert "end: end" in found.text
    from server.bundles import scenarios
    from server.services import deployed

    with lab.database.read() as session:
        model = deployed.active(session, TENANT).model
    wrong = found.text.replace("end: end", "end: elsewhere")
    assert not scenarios.play(read_scenario(wrong.encode(), found.path), model).holds


def test_a_real_case_is_not_recorded(lab: Lab) -> None:
    case = lab.start(process="lab.due")
    with pytest.raises(NotPermitted):
        recorded(lab, "ann", case)


def test_a_library_entry_is_recorded_with_its_decisions_and_files(office: Office) -> None:
    """As the unit and the bureau played it; money keeps its two places."""
    zhoumin = office.people["zhoumin"]
    with office.database.write() as session:
        given = {**ENTRY, "project_name": "智慧校园", "rehearsal_day": "2026-03-02"}
        for name in ("entry_application", "feasibility_report_two_in_one"):
            given[name] = [office.attach(session, "zhoumin", "rehearse:hongshan.library_entry", name)]
        started = instances.start(
            session, zhoumin, "hongshan.library_entry", office.now, given, rehearsed=True
        )
    case = started.instance_id
    task = office.task(case, "check_materials")["id"]
    with office.database.write() as session:
        rehearsing.play(session, zhoumin, task, "g:data_bureau", office.now)
        revision = tasks.view(session, zhoumin, task, office.now).revision
        tasks.complete(session, zhoumin, task, revision, office.now, {"materials_verdict": "complete"})
    found = recorded(office, "zhoumin", case)
    assert found.failures == (), [failure.text() for failure in found.failures]
    assert "total: 600000.00" in found.text
    assert "entry_application: [entry_application.pdf]" in found.text.replace("\n      - ", " [").replace(
        "entry_application.pdf\n", "entry_application.pdf]\n"
    )
    scenario = read_scenario(found.text.encode(), found.path)
    assert "hongshan_tier" in [step.subject for step in scenario.steps]
    assert next(step for step in scenario.steps if step.subject == "check_materials").by == "data_bureau"


def in_use(lab: Lab) -> tuple[object, object]:
    """The versions of definitions, and what new cases use."""
    return lab.rows("select * from process_definition"), lab.rows("select deployment_id from jurisdiction")


def test_a_draft_is_rehearsed_without_being_in_use(lab: Lab) -> None:
    """Its trial is in no list, gives no version, and real cases go on by what is in use."""
    admin = lab.people["admin"]
    files = small.bundle(small.PROCESSES | {"lab.due": small.LONGER})
    before = in_use(lab)
    with lab.database.write() as session:
        trial = trials.prepare(session, admin, files, "草稿", lab.now)
        assert trials.prepare(session, admin, files, "草稿", lab.now + timedelta(days=1)) == trial
        given = {"project_name": "试验", **GIVEN, "rehearsal_day": "2026-03-02"}
        case = instances.start(
            session, admin, "lab.due", lab.now, given, rehearsed=True, trial=trial
        ).instance_id
    lab.do("admin", case, "work")
    assert lab.open(case) == ["more"]
    assert recorded(lab, "admin", case).failures == ()
    assert (
        lab.rows("select * from process_definition"),
        lab.rows("select deployment_id from jurisdiction"),
    ) == before
    with lab.database.read() as session:
        assert [row.number for row in deployments.listing(session, admin)] == [1]
        assert not deployments.was_deployed(session, TENANT, files)
        with pytest.raises(NotPermitted):
            trials.of(session, lab.people["ann"], trial)
        with pytest.raises(NotFound):
            trials.of(session, admin, lab.rows("select deployment_id from jurisdiction")[0]["deployment_id"])
    real = lab.start(process="lab.due")
    lab.do("ann", real, "work")
    assert lab.open(real) == []
    assert lab.deploy(files).number == 2


def test_what_the_engine_cannot_run_is_not_tried(lab: Lab) -> None:
    script = '<bpmn:scriptTask id="run" name="run" scriptFormat="python"><bpmn:script/></bpmn:scriptTask>'
    wrong = small.diagram("lab.due", small.START + script + small.END, "start>run run>end")
    with pytest.raises(DeploymentRejected), lab.database.write() as session:
        trials.prepare(session, lab.people["admin"], small.bundle({"lab.due": wrong}), "草稿", lab.now)
