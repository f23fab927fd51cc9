"""Releases: sound ones only, on their day, once, with a second person where that is asked for, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.services import (
    authoring,
    authoring_files,
    bundle_log,
    bundle_review,
    deployed,
    deployments,
    identity,
    release_effects,
    release_views,
    releases,
    two_person,
)
from server.services.authorization import Person
from server.services.errors import DeploymentRejected, NotFound, NotPermitted, ReleaseStale
from server.services.releases import Wish
from tests.services import lab as small
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together

DUE = "bpmn/due.bpmn"
DAY = timedelta(days=1)


@pytest.fixture
def owner(lab: Lab) -> Person:
    """A second process owner, beside the admin."""
    with lab.database.write() as session:
        identity.add_person(
            session, TENANT, "owner", "Olga", "", "office", ["process_owner"], "", small.MORNING
        )
        lab.people["owner"] = identity.person_by_account(session, TENANT, "owner")
    return lab.people["owner"]


def drafted(lab: Lab, who: str = "admin", data: bytes = small.LONGER) -> str:
    """A draft with another diagram, its scenarios played."""
    person = lab.people[who]
    with lab.database.write() as session:
        draft = authoring.open_deployment(session, person, "", "Two steps", lab.now)
        authoring_files.save(session, person, draft, DUE, data, 1, lab.now)
        bundle_review.trial(authoring.files(session, person, draft), lab.now)
    return draft


def wish(lab: Lab, note: str = "Article 1", at: datetime | None = None, **more: Any) -> Wish:
    with lab.database.read() as session:
        seen = release_effects.active(session, TENANT)
    return Wish(note, at, **{"seen_active": seen, "seen_revision": 2, "ticked": True, **more})


def release(lab: Lab, draft: str, wanted: Wish, who: str = "admin") -> release_views.Release:
    with lab.database.write() as session:
        return releases.of_draft(session, lab.people[who], draft, wanted, lab.now)


def go_to(lab: Lab, number: int, who: str = "admin", at: datetime | None = None) -> release_views.Release:
    (row,) = lab.rows("select id from deployment where number = :n and tenant_id = 'lab'", n=number)
    with lab.database.write() as session:
        return releases.of_deployment(session, lab.people[who], row["id"], wish(lab, at=at), lab.now)


def in_use(lab: Lab) -> int:
    (row,) = lab.rows(
        "select number from deployment d join jurisdiction j"
        " on j.tenant_id = d.tenant_id and j.deployment_id = d.id"
    )
    return int(row["number"])


def kinds(lab: Lab) -> list[str]:
    with lab.database.read() as session:
        return [entry.kind for entry in bundle_log.entries(session, lab.people["admin"])][::-1]


def steps(lab: Lab) -> list[str]:
    """What waits after the first task of a case that begins now."""
    instance = lab.start(process="lab.due")
    lab.do("ann", instance, "work")
    return lab.open(instance)


def test_a_draft_is_deployed_and_gone_back_from(lab: Lab) -> None:
    """Cases that began before stay as they were; the history has author and note; the draft is closed."""
    old = lab.start(process="lab.due")
    draft = drafted(lab)
    done = release(lab, draft, wish(lab))
    assert (done.status, done.number, in_use(lab)) == ("done", 2, 2)
    assert steps(lab) == ["more"]
    lab.do("ann", old, "work")
    assert lab.open(old) == []
    with lab.database.read() as session:
        newest = deployments.listing(session, lab.people["admin"])[0]
        assert authoring.listing(session, lab.people["admin"]) == []
        assert deployed.active(session, TENANT).files[DUE] == small.LONGER
    assert (newest.note, newest.deployed_by, newest.source) == ("Article 1", "admin", "Two steps")
    assert go_to(lab, 1).status == "done"
    assert (in_use(lab), steps(lab)) == (1, [])
    assert kinds(lab) == ["deployed", "deployment_activated"] * 2 + ["deployment_activated"]
    with lab.database.read() as session:
        assert list(bundle_log.verify(session)) == [5]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"note": " "}, NotPermitted),
        ({"seen_revision": 1}, ReleaseStale),
        ({"seen_active": "another"}, ReleaseStale),
        ({"at": small.MORNING + 2000 * DAY}, NotPermitted),
        ({"ticked": False}, NotPermitted),
    ],
)
def test_what_was_not_looked_at_is_not_released(lab: Lab, change: dict[str, Any], refusal: type) -> None:
    """The draft moved on, another deployment came, no note, a day too far, warnings unread."""
    draft = drafted(lab)
    before = lab.rows("select * from deployment"), lab.rows("select * from bundle_release")
    with pytest.raises(refusal):
        release(lab, draft, wish(lab, **change))
    assert (lab.rows("select * from deployment"), lab.rows("select * from bundle_release")) == before
    assert release(lab, draft, wish(lab)).status == "done"


def test_errors_and_failing_scenarios_block(lab: Lab) -> None:
    """And files whose scenarios nobody has played."""
    strangers = small.diagram(
        "lab.due", small.START + small.task("work", "strangers") + small.END, "start>work work>end"
    )
    with pytest.raises(DeploymentRejected) as rejected:
        release(lab, drafted(lab, data=strangers), wish(lab))
    assert {f.code for f in rejected.value.findings} == {"candidate-group-exists"}
    draft, admin = drafted(lab), lab.people["admin"]
    story = b"process: lab.due\ntitle: Ends at once\nstart:\n  by: clerks\nsteps: []\nend: end\n"
    bundle_review._trials.clear()
    with lab.database.write() as session:
        authoring_files.save(session, admin, draft, "scenarios/due.yaml", story, 0, lab.now)
    with pytest.raises(ReleaseStale):
        release(lab, draft, wish(lab, seen_revision=3))
    with lab.database.read() as session:
        bundle_review.trial(authoring.files(session, admin, draft), lab.now)
    with pytest.raises(DeploymentRejected) as rejected:
        release(lab, draft, wish(lab, seen_revision=3))
    assert {f.code for f in rejected.value.findings} <= {"scenario-fails", "scenario-unreadable"}
    assert in_use(lab) == 1


def test_two_who_deploy_at_once(lab: Lab, owner: Person) -> None:
    """The second sees that the first was faster, and looks again."""
    mine, theirs = drafted(lab), drafted(lab, "owner", small.LONGER.replace(b'name="more"', b'name="Mehr"'))
    seen = wish(lab)
    raised = together(lambda: release(lab, mine, seen), lambda: release(lab, theirs, seen, "owner"))
    assert [type(problem) for problem in raised] == [ReleaseStale]
    assert in_use(lab) == 2


def test_a_release_waits_for_its_day(lab: Lab) -> None:
    """New cases before it use the old version, those after it the new one; it happens once."""
    tomorrow = lab.now + DAY
    waiting = release(lab, drafted(lab), wish(lab, at=tomorrow))
    assert (waiting.status, waiting.number, in_use(lab)) == ("waiting", 2, 1)
    assert steps(lab) == []
    runner = lab.runner()
    assert runner.catch_up() == 0
    lab.now = tomorrow
    with lab.database.read() as session:
        (wakeup,) = release_effects.due(session, lab.now)
    assert [runner.ring(wakeup), runner.ring(wakeup), runner.catch_up() > 0] == [True, False, False]
    assert (in_use(lab), steps(lab)) == (2, ["more"])
    (activation,) = lab.rows("select * from activation where release_id is not null")
    assert (activation["by"], activation["note"], activation["release_id"]) == (
        "admin", "Article 1", waiting.id,
    )  # fmt: skip
    assert kinds(lab)[-3:] == ["deployed", "release_waits", "deployment_activated"]


def test_a_day_that_passed_while_nothing_ran(lab: Lab) -> None:
    """Two of them: in the order of their days, before duties begin."""
    first = release(lab, drafted(lab), wish(lab, at=lab.now + DAY))
    go_to_later = go_to(lab, 2, at=lab.now + 3 * DAY)
    lab.now += 10 * DAY
    assert lab.runner().take_effects() == 2
    assert in_use(lab) == 2
    with lab.database.read() as session:
        found = {r.id: r.status for r in release_views.listing(session, lab.people["admin"])}
    assert found == {first.id: "done", go_to_later.id: "done"}


def test_a_release_is_taken_back_before_its_day(lab: Lab, owner: Person) -> None:
    """By who asked for it, or an admin; then its day does nothing."""
    waiting = release(lab, drafted(lab), wish(lab, at=lab.now + DAY))
    with pytest.raises(NotPermitted), lab.database.write() as session:
        releases.withdraw(session, owner, waiting.id, "", lab.now)
    with lab.database.write() as session:
        releases.withdraw(session, lab.people["admin"], waiting.id, "too early", lab.now)
    lab.now += 2 * DAY
    assert lab.runner().catch_up() == 0
    assert in_use(lab) == 1
    with pytest.raises(ReleaseStale), lab.database.write() as session:
        releases.withdraw(session, lab.people["admin"], waiting.id, "", lab.now)
    assert kinds(lab)[-1] == "release_withdrawn"


def test_a_release_that_cannot_take_effect_waits_for_people(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again five times, and says why."""
    waiting = release(lab, drafted(lab), wish(lab, at=lab.now + DAY))

    def broken(*_: Any) -> None:
        raise RuntimeError("no longer loads")

    with monkeypatch.context() as patched:
        patched.setattr(deployed, "of", broken)
        for _ in range(5):
            lab.now += DAY
            lab.runner().catch_up()
    with lab.database.read() as session:
        found = release_views.view(session, lab.people["admin"], waiting.id)
    assert (found.status, "no longer loads" in found.failure, in_use(lab)) == ("failed", True, 1)
    assert go_to(lab, 2).status == "done"


def asked_for(lab: Lab, *, manifest: bool) -> None:
    """Two persons are asked for: by the installation or by the manifest in use."""
    if not manifest:
        with lab.database.write() as session:
            two_person.require(session, TENANT, required=True)
        return
    files = small.bundle()
    files["jurisdiction.toml"] = b"two_person_release = true\n" + files["jurisdiction.toml"]
    lab.deploy(files)


@pytest.mark.parametrize("manifest", [False, True])
def test_a_second_person_agrees(lab: Lab, owner: Person, manifest: bool) -> None:
    """Not the proposer; the draft is frozen meanwhile; both names stand in the history."""
    asked_for(lab, manifest=manifest)
    admin, before = lab.people["admin"], in_use(lab)
    draft = drafted(lab)
    proposed = release(lab, draft, wish(lab))
    assert (proposed.status, proposed.number, in_use(lab)) == ("proposed", None, before)
    with lab.database.write() as session:
        for act in refused(lab, draft, proposed.id):
            with pytest.raises(NotPermitted):
                act(session)
        done = releases.approve(session, owner, proposed.id, wish(lab), lab.now)
    assert (done.status, done.requested_by_name, done.decided_by_name) == ("done", "Admin", "Olga")
    assert in_use(lab) == before + 1
    (row,) = lab.rows("select deployed_by from deployment where number = :n", n=before + 1)
    assert row["deployed_by"] == "admin"
    assert {"release_proposed", "release_approved"} <= set(kinds(lab))
    back = go_to(lab, before)
    assert back.status == "proposed"
    with lab.database.write() as session:
        releases.reject(session, owner, back.id, "keep the new one", lab.now)
        assert release_views.view(session, admin, back.id).reason == "keep the new one"
    assert in_use(lab) == before + 1


def refused(lab: Lab, draft: str, release_id: str) -> list[Callable[[Any], Any]]:
    """What the proposer, and a clerk, may not do with a proposal; nor anybody alone."""
    admin, ann = lab.people["admin"], lab.people["ann"]
    other: Mapping[str, bytes] = small.bundle({"lab.due": small.LONGER})
    return [
        lambda s: releases.approve(s, admin, release_id, wish(lab), lab.now),
        lambda s: releases.reject(s, admin, release_id, "no", lab.now),
        lambda s: releases.approve(s, ann, release_id, wish(lab), lab.now),
        lambda s: authoring_files.save(s, admin, draft, DUE, small.DUE, 2, lab.now),
        lambda s: deployments.deploy(s, admin, TENANT, other, lab.now, name="Lab", source="rest"),
    ]


def test_a_rejected_draft_can_be_edited_again(lab: Lab, owner: Person) -> None:
    """With the reason; a rejection without one is not taken."""
    asked_for(lab, manifest=False)
    draft = drafted(lab)
    proposed = release(lab, draft, wish(lab))
    with lab.database.write() as session:
        with pytest.raises(NotPermitted):
            releases.reject(session, owner, proposed.id, " ", lab.now)
        releases.reject(session, owner, proposed.id, "The form lacks a field", lab.now)
    with lab.database.write() as session:
        saved = authoring_files.save(session, owner, draft, DUE, small.DUE, 2, lab.now)
        assert saved == 3
        with pytest.raises(ReleaseStale):
            releases.approve(session, owner, proposed.id, wish(lab), lab.now)


def test_the_same_human_does_not_agree_with_themselves(lab: Lab) -> None:
    """Under another account either."""
    asked_for(lab, manifest=False)
    with lab.database.write() as session:
        for account in ("one", "two"):
            identity.add_person(
                session, TENANT, account, account, "", "office", ["admin"], "", lab.now, identity="same"
            )
            lab.people[account] = identity.person_by_account(session, TENANT, account)
    proposed = release(lab, drafted(lab, "one"), wish(lab), "one")
    with pytest.raises(NotPermitted), lab.database.write() as session:
        releases.approve(session, lab.people["two"], proposed.id, wish(lab), lab.now)


def test_a_proposal_that_somebody_overtook(lab: Lab, owner: Person) -> None:
    """Whoever agrees has looked at what is in use now."""
    asked_for(lab, manifest=False)
    seen = wish(lab)
    proposed = release(lab, drafted(lab), wish(lab, at=lab.now + DAY))
    with lab.database.write() as session:
        deployments.deploy(
            session, lab.people["admin"], TENANT, small.bundle({"lab.due": small.DUE}), lab.now, name="Lab",
            source="machine", at_machine=True,
        )  # fmt: skip
    with pytest.raises(ReleaseStale), lab.database.write() as session:
        releases.approve(session, owner, proposed.id, seen, lab.now)
    with lab.database.write() as session:
        assert releases.approve(session, owner, proposed.id, wish(lab), lab.now).status == "waiting"
    assert in_use(lab) == 2
    lab.now += DAY
    assert lab.runner().take_effects() == 1
    assert in_use(lab) == 3


def test_releases_of_another_jurisdiction_are_not_there(lab: Lab) -> None:
    """Nor for clerks."""
    done = release(lab, drafted(lab), wish(lab))
    with lab.database.write() as session:
        identity.add_jurisdiction(session, "field", "Field", lab.now)
        identity.add_unit(session, "field", "office", "Office")
        identity.add_person(session, "field", "far", "Far", "", "office", ["admin"], "", lab.now)
        far = identity.person_by_account(session, "field", "far")
        with pytest.raises(NotFound):
            release_views.view(session, far, done.id)
        assert release_views.listing(session, far) == []
        with pytest.raises(NotPermitted):
            release_views.listing(session, lab.people["ann"])
