"""Several jurisdictions in one installation: who goes where, whose file is loaded, what new cases use."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from sqlmodel import Session

from server.services import (
    authoring,
    bundle_review,
    deployed,
    identity,
    instances,
    legal_status,
    release_effects,
    releases,
    switching,
)
from server.services.authorization import Person
from server.services.errors import DeploymentRejected, NotFound, NotPermitted
from server.services.release_views import Release
from server.services.releases import Wish
from tests.services import lab as small
from tests.services.conftest import MORNING
from tests.services.lab import GIVEN, TENANT, Lab

PASSWORD = "a long password"


def elsewhere(files: dict[str, bytes], tenant: str = "field") -> bytes:
    """The lab's bundle as that of another jurisdiction, zipped."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            renamed = content.replace(b'"lab', f'"{tenant}'.encode()).replace(b"lab#", f"{tenant}#".encode())
            archive.writestr(path, renamed)
    return packed.getvalue()


def installed(lab: Lab, *groups: str) -> Person:
    """Somebody of the whole installation, in the lab."""
    with lab.database.write() as session:
        identity.add_person(
            session, TENANT, "root", "Root", "", "office", list(groups), identity.hash_password(PASSWORD),
            MORNING, identity="root",
        )  # fmt: skip
    with lab.database.read() as session:
        return identity.person_by_account(session, TENANT, "root")


def load(lab: Lab, person: Person, data: bytes) -> Release:
    """Receive a file and deploy what it holds."""
    with lab.database.write() as session:
        got = switching.receive(session, person, data, "field.zip", lab.now)
        there = identity.person_by_account(session, got.tenant_id, person.account)
        bundle_review.trial(authoring.files(session, there, got.draft_id), lab.now)
        seen = release_effects.active(session, got.tenant_id)
        wish = Wish("Load", None, seen, 1, ticked=True)
        return releases.of_draft(session, there, got.draft_id, wish, lab.now)


def go_back(session: Session, lab: Lab, person: Person, deployment_id: str, note: str) -> Release:
    seen = release_effects.active(session, TENANT)
    return releases.of_deployment(session, person, deployment_id, Wish(note, None, seen), lab.now)


def signed_in(session: Session, account: str, lab: Lab) -> str:
    token = identity.sign_in(session, TENANT, account, PASSWORD, "::1", lab.now, 8)
    assert token
    return token


def test_a_new_jurisdiction_comes_with_an_admin_of_the_installation(lab: Lab) -> None:
    """They are entered there, with the same posts, and go there without signing in again; and back."""
    root = installed(lab, "admin")
    done = load(lab, root, elsewhere(small.bundle()))
    assert (done.status, done.number) == ("done", 1)
    assert [row["tenant_id"] for row in lab.rows("select * from deployment")] == [TENANT, "field"]
    with lab.database.write() as session:
        token = signed_in(session, "root", lab)
        for tenant in ("field", TENANT):
            here = identity.person_of(session, token, lab.now)
            assert {post.tenant_id for post in identity.posts(session, here)} == {"field", TENANT}
            identity.switch(session, here, token, tenant)
            there = identity.person_of(session, token, lab.now)
            assert (there.tenant_id, there.groups) == (tenant, frozenset({"admin"}))
            assert there.tenant_name == "Lab"
        assert [name for name, _ in identity.jurisdictions(session)] == ["field", TENANT]
        assert identity.in_several(session) == {"root"}


def test_nobody_goes_where_they_have_no_post(lab: Lab) -> None:
    """The same account elsewhere is no proof of being the same person."""
    load(lab, installed(lab, "admin"), elsewhere(small.bundle()))
    with lab.database.write() as session:
        identity.add_person(
            session, "field", "ann", "Another Ann", "", "office", ["admin"],
            identity.hash_password(PASSWORD), MORNING,
        )  # fmt: skip
        assert [post.tenant_id for post in identity.posts(session, lab.people["ann"])] == [TENANT]
        with pytest.raises(NotPermitted, match="no post"):
            identity.switch(session, lab.people["ann"], "token", "field")


def test_whose_file_may_be_loaded(lab: Lab) -> None:
    """An admin of one jurisdiction brings no new one and touches no other; of the installation only admins
    bring one."""
    data = elsewhere(small.bundle())
    with pytest.raises(NotPermitted, match="whole installation"):
        load(lab, lab.people["admin"], data)
    owner = installed(lab, "process_owner")
    with pytest.raises(NotPermitted, match="whole installation"):
        load(lab, owner, data)
    with pytest.raises(NotPermitted, match="process owners"):
        load(lab, lab.people["ann"], elsewhere(small.bundle(), "lab"))
    with lab.database.write() as session:
        identity.add_jurisdiction(session, "field", "Field", MORNING)
    for person in (lab.people["admin"], owner):
        with pytest.raises(NotPermitted, match="no post"):
            load(lab, person, data)
    assert lab.rows("select * from deployment where tenant_id = 'field'") == []


def test_a_file_that_is_none_changes_nothing(lab: Lab) -> None:
    """No zip, no manifest, a diagram that cannot run: each with its findings."""
    broken = small.bundle() | {"bpmn/due.bpmn": b"<not bpmn"}
    for data in (b"no zip", elsewhere({"bpmn/x.bpmn": b""}), elsewhere(broken, "lab")):
        with pytest.raises(DeploymentRejected) as refused:
            load(lab, lab.people["admin"], data)
        assert refused.value.findings
    assert len(lab.rows("select * from deployment")) == 1


def test_one_can_go_back_and_forth(lab: Lab) -> None:
    """New cases follow, running ones stay; who switched when is kept; the view says what would be lost."""
    admin, ann = lab.people["admin"], lab.people["ann"]
    old = lab.rows("select id from deployment")[0]["id"]
    lab.now += timedelta(minutes=1)
    load(lab, admin, elsewhere(small.bundle({"lab.due": small.LONGER, "lab.waiting": small.WAITING}), "lab"))
    longer = lab.start(process="lab.due")
    with lab.database.read() as session:
        view = switching.view(session, admin, old)
        assert (view.active, view.running, view.missing) == (False, 0, ())
        standing = {one.key: one.standing for one in view.definitions}
        assert standing["lab.due"] == "changed"
        assert standing["lab.waiting"] == "same"
        assert standing["lab.chased"] == "only here"
    lab.now += timedelta(minutes=1)
    with lab.database.write() as session:
        assert go_back(session, lab, admin, old, "Zurück").status == "done"
        with pytest.raises(NotPermitted):
            go_back(session, lab, admin, old, "noch einmal")
    with lab.database.read() as session:
        assert deployed.active(session, TENANT).deployment_id == old
        assert [view.active for view in switching.listing(session, admin)] == [False, True]
        assert [view.running for view in switching.listing(session, admin)] == [1, 0]
        assert [entry["note"] for entry in switching.log(session, admin)] == ["Zurück", "Load", ""]
    lab.do("ann", longer, "work")
    assert lab.open(longer) == ["more"]
    short = lab.start(process="lab.due")
    lab.do("ann", short, "work")
    assert lab.open(short) == []
    for person in (ann, lab.people["head"]):
        with pytest.raises(NotPermitted), lab.database.write() as session:
            go_back(session, lab, person, old, "Zurück")
    with pytest.raises(NotFound), lab.database.write() as session:
        go_back(session, lab, admin, "nowhere", "Zurück")


def test_the_law_of_each_is_its_own(lab: Lab) -> None:
    """What expired in one place is in force in the other."""
    law = b'[[regulation]]\nid = "lab"\n'
    files = small.bundle()
    files["jurisdiction.toml"] = files["jurisdiction.toml"].replace(law, law + b'status = "draft"\n')
    root = installed(lab, "admin", "clerks")
    load(lab, root, elsewhere(files))
    given = {"project_name": "试验", **GIVEN}
    with lab.database.write() as session:
        there = next(post for post in identity.posts(session, root) if post.tenant_id == "field")
        assert legal_status.of_tenant(session, "field", lab.now) is legal_status.Standing.DRAFT
        assert legal_status.of_tenant(session, TENANT, lab.now) is legal_status.Standing.IN_FORCE
        with pytest.raises(NotPermitted, match="draft"):
            instances.start(session, there, "field.due", lab.now, given)
        instances.start(session, root, "lab.due", lab.now, given)
