"""Running cases and versions on pages: counts, a dry run, taking cases over, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.bundles.archive import read_folder
from server.services import deployments, identity
from server.services.errors import DeploymentRejected
from tests.web.office import ROOT, TENANT, Office, apply, fill, first_task
from tests.web.test_flow import claim, revision

KEY = "hongshan.library_entry"

RENAMED = tuple(
    (f'{what}pre_review{after}', f'{what}prior_review{after}')
    for what, after in (
        (' id="', '"'), ('sourceRef="', '"'), ('targetRef="', '"'), ('bpmnElement="', '"'),
        ("<bpmn:flowNodeRef>", "<"), ('value="', " "),
    )
)  # fmt: skip


def deploy(office: Office, *changes: tuple[str, str]) -> None:
    """Another version of the library entry; nobody has written its outline anew."""
    files = dict(read_folder(ROOT, TENANT).files)
    files = {path: content for path, content in files.items() if not path.endswith(".outline.txt")}
    diagram = files["bpmn/library_entry.bpmn"].decode()
    for old, new in changes:
        assert old in diagram
        diagram = diagram.replace(old, new)
    files["bpmn/library_entry.bpmn"] = diagram.encode()
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        try:
            deployments.deploy(session, admin, TENANT, files, datetime.now(UTC), name="second", source="test")
        except DeploymentRejected as refused:
            pytest.fail("\n".join(finding.text() for finding in refused.findings))


def at_pre_review(office: Office) -> str:
    """A case that waits for the centre."""
    case, bureau = apply(office.visitor("clerk")), office.visitor("bureau")
    task = first_task(bureau)
    claim(bureau, task)
    fill(bureau, bureau.get(f"/tasks/{task}"), materials_verdict="complete")
    check = bureau.get(f"/tasks/{task}/check")
    bureau.post(f"/tasks/{task}/complete", check, revision=revision(check.text))
    return case


def test_cases_are_counted_and_taken_to_another_version(own_office: Office) -> None:
    """The step has another id there: first nothing can go, then it is named, then it goes, with its
    reason."""
    case = at_pre_review(own_office)
    deploy(own_office, *RENAMED)
    admin = own_office.visitor("admin")
    page = admin.get(f"/definitions/{KEY}/cases")
    assert "前置审核" in page.text
    facts = admin.get(f"/definitions/{KEY}/cases.json?version=1").json()
    assert facts["counts"] == {"pre_review": 1}
    assert "<bpmn:definitions" in facts["xml"]
    migrate = f"/definitions/{KEY}/migrate"
    dry = admin.get(f"{migrate}?from=1&to=2")
    assert "不能迁移" in dry.text
    assert 'name="case"' not in dry.text
    field = f"map {KEY} pre_review"
    assert f'name="{field}"' in dry.text
    dry = admin.get(f"{migrate}?from=1&to=2&map+{KEY}+pre_review=prior_review")
    assert "1 件中 1 件可迁移" in dry.text
    given = {"from": "1", "to": "2", field: "prior_review"}
    assert admin.post(migrate, dry, **given, reason="办法修订").status_code == 422  # nothing is ticked
    assert admin.post(migrate, dry, **given, case=case, reason=" ").status_code == 422
    moved = admin.post(migrate, dry, **given, case=case, reason="办法修订")
    assert moved.status_code == 303
    assert admin.get(moved.headers["location"]).status_code == 200
    assert admin.get(f"/definitions/{KEY}/cases.json?version=2").json()["counts"] == {"prior_review": 1}
    history = admin.get(f"/instances/{case}/history").text
    assert "迁至流程的另一版本" in history
    assert "办法修订" in history
    for tab in ("", "/diagram", "/decisions", "/print"):
        assert admin.get(f"/instances/{case}{tab}").status_code == 200
    centre = own_office.visitor("centre")
    claim(centre, first_task(centre))


def test_one_that_cannot_go_says_why_and_stays(own_office: Office) -> None:
    case = at_pre_review(own_office)
    deploy(own_office, *RENAMED)
    admin = own_office.visitor("admin")
    page = admin.get(f"/definitions/{KEY}/cases")
    sent = admin.post(
        f"/definitions/{KEY}/migrate", page, **{"from": "1", "to": "2"}, case=case, reason="办法修订"
    )
    assert sent.status_code == 200
    assert "已迁移；其余仍在原版本" in sent.text
    assert admin.get(f"/definitions/{KEY}/cases.json?version=1").json()["counts"] == {"pre_review": 1}


def test_who_may_not_is_told_so(office: Office) -> None:
    clerk = office.visitor("clerk")
    assert clerk.get(f"/definitions/{KEY}/cases").status_code == 403
    assert clerk.get(f"/definitions/{KEY}/migrate?from=1&to=2").status_code == 403
    admin = office.visitor("admin")
    assert admin.get("/definitions/nothing/cases").status_code == 404
    assert admin.get(f"/definitions/{KEY}/migrate?from=1&to=9").status_code == 404
    assert admin.get(f"/definitions/{KEY}/migrate?from=1&to=1").status_code == 403
