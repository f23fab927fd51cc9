"""The pages of tokens: made and shown once, taken back, listed for admins; and where programs find pages."""

from __future__ import annotations

import re

from tests.api.machine import Machine
from tests.web.office import Office


def test_a_token_is_made_shown_once_used_and_revoked(office: Office) -> None:
    clerk = office.visitor("clerk")
    page = clerk.get("/tokens")
    made = clerk.post("/tokens", page, **{"name": "打印 worker", "for-read": "1", "days": "30"})
    assert made.status_code == 200
    secret = re.search(r"guicheng_[\w-]{43}", made.text)
    assert secret
    assert secret[0] not in clerk.get("/tokens").text
    machine = Machine(office.app, Authorization=f"Bearer {secret[0]}")
    assert machine.get("/task").status_code == 200
    assert machine.get("/deployment").status_code == 403
    listed = clerk.get("/tokens")
    assert "打印 worker" in listed.text
    assert "127.0.0.1" in listed.text
    revoke = re.search(r'action="(/tokens/\w+/revoke)"', listed.text)
    assert revoke
    assert clerk.post(revoke[1], listed).status_code == 303
    assert machine.get("/task").status_code == 401
    assert "已撤销" in clerk.get("/tokens").text
    assert clerk.post(revoke[1], listed).status_code == 404


def test_a_token_that_asks_too_much_is_refused(office: Office) -> None:
    clerk = office.visitor("clerk")
    page = clerk.get("/tokens")
    assert "for-deploy" not in page.text
    for answers in (
        {"name": "x", "days": "30"},
        {"name": "x", "for-deploy": "1", "days": "30"},
        {"name": " ", "for-read": "1", "days": "30"},
        {"name": "x", "for-read": "1", "days": "999"},
    ):
        assert clerk.post("/tokens", page, **answers).status_code == 422


def test_admins_see_and_revoke_the_tokens_of_everybody(office: Office) -> None:
    bureau, admin = office.visitor("bureau"), office.visitor("admin")
    bureau.post(
        "/tokens", bureau.get("/tokens"), **{"name": "theirs", "for-work": "1", "days": "7", "topics": "a b"}
    )
    listed = admin.get("/admin/tokens")
    row = re.search(r'theirs.*?action="(/admin/tokens/\w+/revoke)"', listed.text, re.DOTALL)
    assert row
    assert "李娜" in listed.text
    assert bureau.get("/admin/tokens").status_code == 403
    assert admin.post(row[1], listed).status_code == 303


def test_programs_find_our_pages(office: Office) -> None:
    told = office.visitor().get("/.well-known/camunda-automation-platform/webapps")
    assert told.headers["content-type"] == "application/json"
    addresses = told.json()
    admin, clerk = office.visitor("admin"), office.visitor("clerk")
    cockpit = addresses["cockpitUrl"].removeprefix("http://127.0.0.1:8000")
    assert not cockpit.rstrip("/").endswith("cockpit")
    leads = {
        f"{cockpit}repository?deploymentsQuery=%5B%5D": "/deployments",
        "/camunda/app/cockpit/default/": "/deployments",
        addresses["tasklistUrl"].removeprefix("http://127.0.0.1:8000"): "/tasks",
    }
    for address, target in leads.items():
        answer = admin.get(address.rstrip("/"))
        assert (answer.status_code, answer.headers["location"]) == (303, target)
    assert clerk.get(f"{cockpit}process-instance/none").status_code == 404
    assert admin.get(f"{cockpit}process-instance/none").headers["location"] == "/sandbox/cases/none"
    assert admin.get("/sandbox/cases/none").status_code == 404
