"""常用语 on pages: kept on a page of their own, put into opinions without scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import html

from server.services import attachments, identity, instance_views, tasks
from server.services.attachments import FileStore
from tests.web.office import TENANT, Office, Visitor, apply, csrf_of, fill


def opinion_task(office: Office) -> tuple[Visitor, str]:
    """A task with an opinion, held by the bureau; gives who holds it and its address."""
    case = apply(office.visitor("clerk"))
    step(office, case, "bureau", materials_verdict="complete")
    words = dict.fromkeys(("feasibility", "integration", "sharing", "cloud_network_use"), "可行")
    step(office, case, "centre", **words, result="pass", pre_review_opinion="file")
    return office.visitor("bureau"), f"/tasks/{claimed(office, case, 'bureau')}"


def claimed(office: Office, case: str, account: str) -> str:
    """The open task of a case, claimed."""
    with office.database.write() as session:
        person, now = identity.person_by_account(session, TENANT, account), datetime.now(UTC)
        (task,) = instance_views.view(session, person, case, now).open_tasks
        tasks.claim(session, person, task.id, now)
        return task.id


def step(office: Office, case: str, account: str, **answers: Any) -> None:
    """Do the open task of a case; an answer "file" gives a file."""
    task = claimed(office, case, account)
    files = FileStore(Path(str(office.database.engine.url.database)).parent / "attachments")
    with office.database.write() as session:
        person, now = identity.person_by_account(session, TENANT, account), datetime.now(UTC)
        for name in [name for name, value in answers.items() if value == "file"]:
            owner = f"task:{task}"
            kept = attachments.store(session, files, person, owner, name, "意见.pdf", b"%PDF", now, limit=99)
            answers[name] = [kept.id]
        tasks.complete(session, person, task, 1, now, answers)


def test_a_phrase_is_put_in_without_scripts_and_what_was_typed_stays(office: Office) -> None:
    """The button posts the form back; its field holds both, and nothing is held against the rest."""
    visitor, address = opinion_task(office)
    visitor.post("/phrases", visitor.get("/phrases"), text="请按审定方案实施。")
    page = visitor.get(address)
    (button,) = html.fromstring(page.text).xpath("//button[@data-phrase='请按审定方案实施。']")
    field = button.get("value").partition(" ")[0]
    answer = fill(visitor, page, **{field: "资料齐全，", "_insert": button.get("value")})
    assert answer.status_code == 200
    (area,) = html.fromstring(answer.text).xpath(f"//textarea[@name='{field}']")
    assert area.text.strip() == "资料齐全，\n请按审定方案实施。"
    assert "data-land" not in answer.text
    again = html.fromstring(visitor.get(address).text).xpath(f"//textarea[@name='{field}']")
    assert "请按审定方案实施。" in again[0].text


def test_pressing_enter_goes_on_instead_of_putting_a_phrase_in(office: Office) -> None:
    """The first button of the form in the order of the page is the one that Enter presses."""
    visitor, address = opinion_task(office)
    form = html.fromstring(visitor.get(address).text).get_element_by_id("task-form")
    assert form.xpath("(.//button)[1]")[0].get("name") is None


def test_the_page_of_phrases(office: Office) -> None:
    """Own phrases are changed, moved and removed; the office's only by its administrators."""
    clerk, admin = office.visitor("second"), office.visitor("admin")
    for text in ("同意。", "拟同意。"):
        assert clerk.post("/phrases", clerk.get("/phrases"), text=text).status_code == 303
    assert clerk.post("/phrases", clerk.get("/phrases"), text=" ").status_code == 422
    assert clerk.post("/phrases", clerk.get("/phrases"), text="公用", office="1").status_code == 403
    assert admin.post("/phrases", admin.get("/phrases"), text="请阅示。", office="1").status_code == 303
    page = clerk.get("/phrases")
    assert "请阅示。" in page.text
    actions = html.fromstring(page.text).xpath("//form[starts-with(@action, '/phrases/')]/@action")
    assert clerk.post(actions[1], page, up="1").status_code == 303
    page = clerk.get("/phrases")
    texts = html.fromstring(page.text).xpath(
        "//form[starts-with(@action, '/phrases/')]//input[@name='text']/@value"
    )
    assert texts == ["拟同意。", "同意。"]
    stale = clerk.post(actions[0], page, text="同意办理。", seen="别的")
    assert stale.status_code == 409
    assert "同意办理。" in stale.text
    assert admin.post(actions[0], admin.get("/phrases"), remove="1").status_code == 403
    assert clerk.post(actions[0], page, remove="1").status_code == 303
    assert csrf_of(clerk.get("/phrases"))
