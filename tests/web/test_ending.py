"""终止: a case is ended without an outcome by those who may, who say why."""

from __future__ import annotations

import httpx
import pytest

from tests.web.office import Office, Visitor, apply

REASON = "单位撤销，项目不再建设"


def case_of(office: Office, name: str) -> str:
    """A running case of the clerk; gives its address."""
    instance_id = apply(office.visitor("clerk"), name=name)
    return f"/instances/{instance_id}"


def end(visitor: Visitor, case: str, reason: str = REASON) -> httpx.Response:
    """Open the page, give a reason, send it."""
    return visitor.post(f"{case}/end", visitor.get(f"{case}/end"), reason=reason, seen=seen(visitor, case))


def seen(visitor: Visitor, case: str) -> str:
    """How far the record went when the page was made."""
    return visitor.get(f"{case}/end").text.partition('name="seen" value="')[2].partition('"')[0]


@pytest.mark.parametrize("account", ["clerk", "admin"])
def test_its_starter_and_admins_end_a_case(office: Office, account: str) -> None:
    """The case page leads to it; the reason stands in the record under the person's name; nothing waits any
    more."""
    case, visitor = case_of(office, f"终止 {account}"), office.visitor(account)
    assert f'href="{case}/end"' in visitor.get(case).text
    assert end(visitor, case).headers["location"] == f"{case}/history"
    record = visitor.get(f"{case}/history").text
    assert REASON in record
    assert "办结：已终止" in record
    assert {"clerk": "周明", "admin": "管理员"}[account] in record
    page = visitor.get(case).text
    assert "已终止" in page
    assert f'href="{case}/end"' not in page
    assert visitor.get(f"{case}/end").status_code == 403


def test_nobody_else_may(office: Office) -> None:
    """Neither those who work on it nor those of other units: no button, and a refusal that says who may."""
    case = case_of(office, "他人终止")
    starter = office.visitor("clerk")
    told = seen(starter, case)
    for account in ("bureau", "other_clerk"):
        visitor = office.visitor(account)
        assert f'href="{case}/end"' not in visitor.get(case).text
        page = visitor.get(f"{case}/end")
        assert page.status_code == 403
        assert "发起人" in page.text
        answer = visitor.post(f"{case}/end", page, reason=REASON, seen=told)
        assert answer.status_code == 403
    assert "已终止" not in starter.get(case).text


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_reason_is_needed(office: Office, reason: str) -> None:
    """Without one the page asks again, and the case goes on."""
    case, visitor = case_of(office, "无理由终止"), office.visitor("clerk")
    answer = end(visitor, case, reason)
    assert answer.status_code == 422
    assert 'href="#f-reason"' in answer.text
    assert "已终止" not in visitor.get(case).text


def test_two_people_at_once(office: Office) -> None:
    """Who comes second is told who was faster, and the record holds one reason."""
    case, clerk, admin = case_of(office, "同时终止"), office.visitor("clerk"), office.visitor("admin")
    page, told = admin.get(f"{case}/end"), seen(admin, case)
    assert end(clerk, case).status_code == 303
    late = admin.post(f"{case}/end", page, reason="重复申报", seen=told)
    assert late.status_code == 409
    assert "周明" in late.text
    record = admin.get(f"{case}/history").text
    assert REASON in record
    assert "重复申报" not in record


def test_a_case_that_has_moved_on_is_looked_at_again(office: Office) -> None:
    """What has happened since the page was opened may be a reason not to end it."""
    case, clerk = case_of(office, "已有进展"), office.visitor("clerk")
    page, told = clerk.get(f"{case}/end"), seen(clerk, case)
    bureau = office.visitor("bureau")
    worklist = bureau.get("/tasks")
    waiting = [
        word for word in worklist.text.split('"') if word.startswith("/tasks/") and word.endswith("/claim")
    ]
    row = next(address for address in waiting if case in bureau.get(address.removesuffix("/claim")).text)
    assert bureau.post(row, worklist).status_code == 303
    assert clerk.post(f"{case}/end", page, reason=REASON, seen=told).status_code == 409
    assert end(clerk, case).status_code == 303


def test_a_case_that_was_refused_at_once_says_why(office: Office) -> None:
    """No step was done: its page tells what the diagram says of that end, with the articles."""
    clerk = office.visitor("clerk")
    page = clerk.get(f"/instances/{apply(clerk, name='孤立系统', isolated='true')}").text
    panel = page.partition('id="ending"')[2].partition("</section>")[0]
    assert "<h2>不予支持</h2>" in panel
    assert "情形写入入库意见" in panel
    assert "第6条" in panel
    assert "还没有办理" not in page
    running = clerk.get(f"/instances/{apply(clerk, name='在办')}").text
    assert 'id="ending"' not in running
