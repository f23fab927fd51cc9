"""Deploying: versions rise where something changed, running cases stay, a bad bundle leaves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.services import deployed, deployments
from server.services.errors import DeploymentRejected, NotFound, NotPermitted
from tests.services import lab as small
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together


def versions(lab: Lab) -> dict[str, int]:
    """Of the active deployment."""
    rows = lab.rows(
        "select key, version from process_definition p"
        " join jurisdiction j on j.deployment_id = p.deployment_id"
    )
    return {row["key"]: row["version"] for row in rows}


def changed(name: str = "lab.due") -> dict[str, bytes]:
    """The bundle with another name for the task of one process."""
    processes = dict(small.PROCESSES)
    processes[name] = processes[name].replace(b'name="work"', b'name="Anders"', 1)
    return small.bundle(processes)


def count(lab: Lab, table: str) -> int:
    return int(lab.rows(f"select count(*) as n from {table}")[0]["n"])


def test_only_what_changed_gets_a_new_version(lab: Lab) -> None:
    """And unchanged files are kept once."""
    assert set(versions(lab).values()) == {1}
    resources = count(lab, "resource")
    outcome = lab.deploy(changed())
    assert (outcome.number, outcome.changed) == (2, ("lab.due",))
    assert set(outcome.unchanged) == small.PROCESSES.keys() - {"lab.due"}
    assert versions(lab) == {key: 2 if key == "lab.due" else 1 for key in small.PROCESSES}
    assert count(lab, "resource") == resources + 1


def test_the_same_content_changes_nothing(lab: Lab) -> None:
    """Deployed at every start of the server: no new number, no new row."""
    rows = lab.rows("select * from deployment"), lab.rows("select * from process_definition")
    lab.now += timedelta(days=1)
    outcome = lab.deploy(small.bundle())
    assert (outcome.number, outcome.changed) == (1, ())
    assert (lab.rows("select * from deployment"), lab.rows("select * from process_definition")) == rows


def test_a_jurisdiction_that_has_no_process_yet(lab: Lab) -> None:
    """It can be deployed: one begins with tables and forms."""
    lab.deploy(small.bundle({}))
    assert versions(lab) == {}


def test_a_process_that_comes_back_goes_on_counting(lab: Lab) -> None:
    """Left out and put back, an older content again: every other content has another version."""
    without = {key: content for key, content in small.PROCESSES.items() if key != "lab.due"}
    lab.deploy(changed())
    lab.deploy(small.bundle(without))
    assert "lab.due" not in versions(lab)
    assert lab.deploy(small.bundle()).changed == ("lab.due",)
    assert versions(lab)["lab.due"] == 3


def test_running_cases_stay_on_their_deployment(lab: Lab) -> None:
    """The old case goes on as it was drawn when it began; a new one follows the new diagram."""
    old = lab.start(process="lab.due")
    lab.deploy(small.bundle(small.PROCESSES | {"lab.due": small.LONGER}))
    new = lab.start(process="lab.due")
    for instance in (old, new):
        lab.do("ann", instance, "work")
    assert lab.open(old) == []
    assert lab.open(new) == ["more"]


def test_a_process_that_was_left_out_can_still_be_finished(lab: Lab) -> None:
    """But not be started any more."""
    old = lab.start(process="lab.due")
    lab.deploy(small.bundle({"lab.waiting": small.WAITING}))
    with pytest.raises(NotFound):
        lab.start(process="lab.due")
    lab.do("ann", old, "work")
    assert lab.open(old) == []


SCRIPT = '<bpmn:scriptTask id="run" name="run" scriptFormat="python"><bpmn:script/></bpmn:scriptTask>'


@pytest.mark.parametrize(
    ("body", "flows", "code"),
    [
        (small.START + small.END, "start>nowhere", "flow-leads-nowhere"),
        (small.START + SCRIPT + small.END, "start>run run>end", "script-task"),
        (small.START + small.task("work", "strangers") + small.END, "start>work work>end",
         "candidate-group-exists"),
    ],
)  # fmt: skip
def test_a_rejected_bundle_keeps_nothing(lab: Lab, body: str, flows: str, code: str) -> None:
    """The findings name the file; the active deployment and the tables are as before."""
    tables = ("deployment", "deployment_file", "resource", "process_definition")
    before = [count(lab, table) for table in tables], versions(lab)
    wrong = {"lab.wrong": small.diagram("lab.wrong", body, flows)}
    with pytest.raises(DeploymentRejected) as rejected:
        lab.deploy(small.bundle(small.PROCESSES | wrong))
    assert code in {finding.code for finding in rejected.value.findings}
    assert {finding.file for finding in rejected.value.findings} == {"bpmn/wrong.bpmn"}
    assert ([count(lab, table) for table in tables], versions(lab)) == before


def test_only_process_owners_deploy(lab: Lab) -> None:
    """A clerk may not; nor read the list."""
    with pytest.raises(NotPermitted):
        lab.deploy(changed(), lab.people["ann"])
    with lab.database.read() as session:
        with pytest.raises(NotPermitted):
            deployments.listing(session, lab.people["ann"])
        (only,) = deployments.listing(session, lab.people["admin"])
    assert (only.number, only.name, only.deployed_by) == (1, "Lab", "operator")


def test_two_who_deploy_at_once_get_two_numbers(lab: Lab) -> None:
    """And the later one is active."""
    raised = together(lambda: lab.deploy(changed("lab.due")), lambda: lab.deploy(changed("lab.waiting")))
    assert raised == []
    rows = lab.rows("select id, number from deployment order by number")
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert lab.rows("select deployment_id from jurisdiction")[0]["deployment_id"] == rows[-1]["id"]


def test_a_deployment_is_read_again_after_a_restart(lab: Lab) -> None:
    """What the memory holds is only a copy of what the store keeps."""
    lab.start(process="lab.due")
    with lab.database.read() as session:
        before = deployed.active(session, TENANT)
        deployed._cache.clear()
        deployed._models.clear()
        again = deployed.active(session, TENANT)
    assert again.files == before.files
    assert again.model.digest == before.model.digest
    assert again is not before


def test_a_jurisdiction_without_deployment_says_so(lab: Lab) -> None:
    """Nothing to start there, and no crash."""
    with lab.database.read() as session:
        with pytest.raises(NotFound):
            deployed.active(session, "elsewhere")
        with pytest.raises(NotFound):
            deployed.of(session, TENANT, "unknown")
