"""Deploying on pages: steps, a day to come, a second person, people for groups, going back, the log."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from lxml import html

from server.bundles.archive import Bundle, write_zip
from server.services import bundle_review, identity, two_person
from tests.services import lab as small
from tests.web.office import PASSWORD, TENANT, Office, Visitor

LAB = small.bundle()
CHANGED = small.bundle(small.PROCESSES | {"lab.due": small.LONGER})


@pytest.fixture
def office(own_office: Office) -> Office:
    """The lab, beside Hongshan: small, so that its scenarios and checks take no time."""
    with own_office.database.write() as session:
        for account in ("root", "second"):
            identity.add_person(
                session, TENANT, f"{account}_of_all", account, "", "data", ["admin"],
                identity.hash_password(PASSWORD), datetime.now(UTC), identity=account,
            )  # fmt: skip
    return own_office


def sent(page: httpx.Response, address: str, **more: str) -> dict[str, str]:
    """What a browser would send for the form of an address."""
    form = html.fromstring(page.text).xpath("//form[@action=$to]", to=address)[0]
    return {**dict(form.form_values()), **more}


def received(visitor: Visitor, files: dict[str, bytes]) -> str:
    """A file of the lab, received; gives the address of the steps."""
    data = write_zip(Bundle(files))
    answer = visitor.post("/deployments", visitor.get("/deployments"), files={"bundle": ("lab.zip", data)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def deploy(visitor: Visitor, steps: str, **more: str) -> httpx.Response:
    page = visitor.get(f"{steps}?play=1")
    return visitor.post(steps, page, **sent(page, steps, **{"note": "第一条", "ticked": "1", **more}))


def test_a_jurisdiction_never_seen_before(office: Office) -> None:
    """Received, looked at, people named, deployed, changed for a later day, taken back, gone back."""
    bundle_review._trials.clear()  # as after a start: scenarios that were played are remembered
    root = office.visitor("root_of_all")
    steps = received(root, LAB)
    page = root.get(steps)
    assert "尚无在用的部署" in page.text
    assert "运行全部情景" in page.text
    assert "2 个岗位没有人员" in page.text
    assert root.post(steps, page, **sent(page, steps, note="x", ticked="1")).status_code == 409
    groups = steps.replace("/deploy", "/groups")
    page = root.get(groups)
    assert root.post(groups, page, group="clerks", person=f"{TENANT}/clerk 周明").status_code == 303
    assert root.post(groups, page, group="heads", other="clerks").status_code == 303
    assert root.post(groups, page, group="admin", person=f"{TENANT}/clerk").status_code == 404
    assert root.post(groups, page, group="clerks", person=f"{TENANT}/nobody").status_code == 404
    assert "所需岗位均有人员" in root.get(steps).text
    assert deploy(root, steps, note=" ").status_code == 422
    done = deploy(root, steps)
    assert done.headers["location"].startswith("/deployments/")
    assert "新办件使用此部署" in root.get(done.headers["location"]).text
    later = deploy(root, received(root, CHANGED), effective="2027-12-01")
    waiting = later.headers["location"]
    page = root.get(waiting)
    assert "2027-12-01" in page.text
    assert "待生效" in root.get("/deployments").text
    taken = f"{waiting}/withdraw"
    assert root.post(taken, page, **sent(page, taken, reason="早了")).status_code == 303
    assert root.post(taken, page, reason="再次").status_code == 409
    assert "已撤回" in root.get(waiting).text
    log = root.get("/deployments/log").text
    for told in ("装入辖区", "指定岗位", "部署", "等待生效", "早了"):
        assert told in log


def test_two_persons_release(office: Office) -> None:
    """The proposer sees no button to agree; the second one agrees, or refuses with a reason."""
    root, second = office.visitor("root_of_all"), office.visitor("second_of_all")
    deploy(root, received(root, LAB))
    with office.database.write() as session:
        two_person.require(session, "lab", required=True)
        person = identity.person_by_account(session, TENANT, "second_of_all")
        identity.follow(session, person, "lab", datetime.now(UTC))
    page = second.get("/jurisdictions")
    assert second.post("/jurisdictions", page, tenant="lab").status_code == 303
    proposed = deploy(root, received(root, CHANGED)).headers["location"]
    assert proposed.startswith("/deployments/releases/")
    mine = root.get(proposed)
    assert "待第二人审核" in mine.text
    assert "/approve" not in mine.text
    assert root.post(f"{proposed}/approve", mine, active="").status_code == 422
    draft = re.search(r'href="(/design/[0-9a-z]{26})"', mine.text)
    assert draft
    assert "等待第二人审核" in root.get(draft[1]).text
    theirs = second.get(proposed)
    refuse = f"{proposed}/reject"
    assert second.post(refuse, theirs, **sent(theirs, refuse, reason=" ")).status_code == 422
    assert second.post(refuse, theirs, **sent(theirs, refuse, reason="请再斟酌")).status_code == 303
    assert "请再斟酌" in root.get(proposed).text
    again = deploy(root, f"{draft[1]}/deploy").headers["location"]
    theirs = second.get(again)
    agree = f"{again}/approve"
    assert second.post(agree, theirs, **sent(theirs, agree, active="old")).status_code == 409
    assert second.post(agree, theirs, **sent(theirs, agree)).status_code == 303
    told = root.get(again).text
    assert "已生效" in told
    assert "同意人：second" in root.get("/deployments").text


def test_somebody_deployed_meanwhile(office: Office) -> None:
    """The preview comes again, and what they changed can be taken over."""
    root = office.visitor("root_of_all")
    deploy(root, received(root, LAB))
    mine = received(root, {**LAB, "forms/f_mine.form": small.form("lab.f_mine", "a")})
    page = root.get(f"{mine}?play=1")
    deploy(root, received(root, CHANGED))
    answer = root.post(mine, page, **sent(page, mine, note="我的", ticked="1"))
    assert answer.status_code == 409
    assert "在此期间已启用" in answer.text
    assert "bpmn/due.bpmn" in answer.text
    taken = mine.replace("/deploy", "/take-over")
    assert root.post(taken, answer).headers["location"] == mine
    page = root.get(mine)
    assert "将使其中的下列修改失效" not in page.text
    assert "forms/f_mine.form" in page.text
    assert "bpmn/due.bpmn" not in page.text
    assert deploy(root, mine).status_code == 303


def test_who_may_not(office: Office) -> None:
    """Clerks see none of it; owners who are no admins give no groups."""
    clerk = office.visitor("clerk")
    page: Any = clerk.get("/tasks")
    for address in ("/deployments", "/deployments/log", "/deployments/groups", "/design/x/deploy"):
        assert clerk.get(address).status_code == 403
    for address in ("/design/x/deploy", "/design/x/groups", "/deployments/releases/x/approve"):
        assert clerk.post(address, page).status_code == 403
    admin = office.visitor("admin")
    assert admin.get("/design/x/deploy").status_code == 404
    assert admin.get("/deployments/releases/x").status_code == 404
    assert admin.get("/deployments/groups").status_code == 200
