"""Opinions asked for, copies, reminders, follows and the bell, as people use them without scripts."""

from __future__ import annotations

import re

import pytest

from tests.web.office import Office, Visitor, apply, csrf_of, first_task

BELL = re.compile(r'class="bell"[^>]*>[^<]*(?:<span class="count">(\d+)</span>)?')


def bell(visitor: Visitor) -> int:
    """The number beside the bell."""
    found = BELL.search(visitor.get("/tasks").text)
    assert found
    return int(found[1] or 0)


@pytest.fixture
def held(own_office: Office) -> tuple[Office, str, str]:
    """An office in which the bureau holds the first review of the clerk's case: its case and task."""
    case = apply(own_office.visitor("clerk"))
    bureau = own_office.visitor("bureau")
    task = first_task(bureau)
    bureau.post(f"/tasks/{task}/claim", bureau.get(f"/tasks/{task}"))
    return own_office, case, task


def test_an_opinion_is_asked_and_given_beside_the_case(held: tuple[Office, str, str]) -> None:
    """Who is asked sees the case and the bell; the answer stands beside the task and in the record."""
    office, case, task = held
    centre, bureau = office.visitor("centre"), office.visitor("bureau")
    assert f'href="/tasks/{task}/ask"' in bureau.get(f"/tasks/{task}").text
    page = bureau.get(f"/tasks/{task}/ask")
    assert "赵磊" in page.text
    empty = bureau.post(f"/tasks/{task}/ask", page, text="")
    assert empty.status_code == 422
    assert 'href="#f-text"' in empty.text
    before = bell(centre)
    assert bureau.post(f"/tasks/{task}/ask", page, text="网络是否够用？", to="u:centre").status_code == 303
    assert "未答复" in bureau.get(f"/tasks/{task}").text
    assert bell(centre) == before + 1
    assert centre.get("/notices").text.count("<tr data-row>") == before + 1
    assert "网络是否够用？" in centre.get("/notices").text
    questions = centre.get("/questions")
    address = re.search(r"/questions/\w+/answer", questions.text)
    assert address
    assert centre.post(address[0], questions, text=" ").status_code == 422
    assert centre.post(address[0], questions, text="够用，建议扩容").status_code == 303
    shown = bureau.get(f"/tasks/{task}").text
    assert "够用，建议扩容" in shown
    assert "未答复" not in shown
    record = bureau.get(f"/instances/{case}/history").text
    assert "征询意见：赵磊" in record
    assert "答复李娜的征询" in record
    late = centre.post(address[0], questions, text="再说一遍")
    assert late.status_code == 409


def test_who_does_not_hold_the_task_asks_nobody(held: tuple[Office, str, str]) -> None:
    """Neither the starter nor somebody of another unit; a question of others cannot be answered."""
    office, _case, task = held
    for account in ("clerk", "other_clerk"):
        visitor = office.visitor(account)
        page = visitor.get("/tasks")
        assert visitor.get(f"/tasks/{task}/ask").status_code == 403
        assert visitor.post(f"/tasks/{task}/ask", page, text="?", to="u:centre").status_code == 403
    bureau = office.visitor("bureau")
    bureau.post(f"/tasks/{task}/ask", bureau.get(f"/tasks/{task}/ask"), text="?", to="u:centre")
    centre, second = office.visitor("centre"), office.visitor("second")
    address = re.search(r"/questions/\w+/answer", centre.get("/questions").text)
    assert address
    assert second.post(address[0], second.get("/tasks"), text="我来答").status_code == 404


def test_a_copy_lets_somebody_read_who_could_not(held: tuple[Office, str, str]) -> None:
    """They see the case from then on, mark it as read with a remark, and the sender sees that."""
    office, case, _task = held
    clerk, other = office.visitor("clerk"), office.visitor("other_clerk")
    assert other.get(f"/instances/{case}").status_code == 403
    page = clerk.get(f"/instances/{case}/copies")
    assert clerk.post(f"/instances/{case}/copies", page, note="").status_code == 422
    answers = {"to": "u:other_clerk", "note": "请阅", "circulation": "1"}
    assert clerk.post(f"/instances/{case}/copies", page, **answers).status_code == 303
    assert "未阅" in clerk.get(f"/instances/{case}/copies").text
    assert clerk.post(f"/instances/{case}/copies", page, **answers).status_code == 403
    assert bell(other) == 1
    assert other.get(f"/instances/{case}").status_code == 200
    assert other.get(f"/instances/{case}/copies").status_code == 403, "a reader widens no circle"
    copies = other.get("/copies")
    address = re.search(r"/copies/\w+/read", copies.text)
    assert address
    assert other.post(address[0], copies, remark="知悉").status_code == 303
    receipts = clerk.get("/copies?sent=1").text
    assert "知悉" in receipts
    assert "未阅" not in receipts
    record = clerk.get(f"/instances/{case}/history").text
    assert "传阅：王芳" in record
    assert "知悉" in record
    assert other.post(address[0], copies, remark="再阅").status_code == 409


def test_the_starter_reminds_of_several_cases_at_once(held: tuple[Office, str, str]) -> None:
    """On the list of their own cases; each step reports for itself, and what waits for nobody else too."""
    office, case, _task = held
    clerk, bureau = office.visitor("clerk"), office.visitor("bureau")
    before = bell(bureau)
    page = clerk.get("/instances")
    assert f'name="case" value="{case}"' in page.text
    done = clerk.post("/instances/remind", page, case=case, note="企业在等")
    assert done.status_code == 200
    assert "已催办 1 项" in done.text
    assert bell(bureau) == before + 1
    again = clerk.post("/instances/remind", page, case=case, note="再催一次")
    assert "今天已催办过" in again.text
    assert "再催一次" in again.text
    for given in ({}, {"case": "no-such"}):
        none = clerk.request("POST", "/instances/remind", data={"csrf": csrf_of(page), **given})
        assert "请勾选" in none.text
    other = office.visitor("centre")
    refused = other.post("/instances/remind", other.get("/tasks"), case=case, note="")
    assert "请勾选" in refused.text
    assert bell(bureau) == before + 1
    assert clerk.get(f"/instances/{case}/history").text.count("企业在等") == 1


def test_the_starter_reminds_once_a_day(held: tuple[Office, str, str]) -> None:
    """From the case page; the holder's bell rings, the worklist shows it, the second reminder keeps its
    note."""
    office, case, task = held
    clerk, admin, bureau = office.visitor("clerk"), office.visitor("admin"), office.visitor("bureau")
    assert f'href="/tasks/{task}/remind"' in clerk.get(f"/instances/{case}").text
    page = clerk.get(f"/tasks/{task}/remind")
    assert "李娜" in page.text
    before = bell(bureau)
    assert clerk.post(f"/tasks/{task}/remind", page, note="企业在等").status_code == 303
    assert bell(bureau) == before + 1
    assert "今天已催办" in clerk.get(f"/instances/{case}").text
    assert "已催办" in bureau.get("/tasks").text
    late = admin.post(f"/tasks/{task}/remind", admin.get("/tasks"), note="我也催一下")
    assert late.status_code == 409
    assert "周明" in late.text
    assert "我也催一下" in late.text
    other = office.visitor("other_clerk")
    refused = other.post(f"/tasks/{task}/remind", other.get("/tasks"), note="")
    assert refused.status_code == 403
    assert "发起人" in refused.text


def test_who_follows_a_case_is_told_when_it_moves(held: tuple[Office, str, str]) -> None:
    """Somebody who may see it; the list of what is followed holds it until they unfollow."""
    office, case, task = held
    admin, other = office.visitor("admin"), office.visitor("other_clerk")
    page = admin.get(f"/instances/{case}")
    assert admin.post(f"/instances/{case}/follow", page).status_code == 303
    assert admin.post(f"/instances/{case}/follow", page).status_code == 303
    assert admin.get("/followed").text.count("<tr data-row>") == 1
    assert other.post(f"/instances/{case}/follow", other.get("/tasks")).status_code == 403
    clerk = office.visitor("clerk")
    ending = clerk.get(f"/instances/{case}/end")
    seen = ending.text.partition('name="seen" value="')[2].partition('"')[0]
    assert clerk.post(f"/instances/{case}/end", ending, reason="撤销", seen=seen).status_code == 303
    assert "办件已结束" in admin.get("/notices").text
    admin.post(f"/instances/{case}/unfollow", page)
    assert "您还没有关注办件" in admin.get("/followed").text
    assert task


def test_the_bell_counts_what_its_list_holds(held: tuple[Office, str, str]) -> None:
    """Reading one leads to its matter; reading all leaves nothing, but what came since the page was made."""
    office, case, task = held
    clerk, bureau = office.visitor("clerk"), office.visitor("bureau")
    clerk.post(f"/tasks/{task}/remind", clerk.get(f"/tasks/{task}/remind"), note="一")
    clerk.post(
        f"/instances/{case}/copies", clerk.get(f"/instances/{case}/copies"), to="g:data_bureau", note="二"
    )
    page = bureau.get("/notices")
    assert bell(bureau) == page.text.count("<tr data-row>") == 2
    first = re.search(r"/notices/\w{20,}/read", page.text)
    assert first
    assert bureau.post(first[0], page, go="1").headers["location"] == "/copies"
    assert bell(bureau) == 1
    newest = re.search(r'name="up_to" value="(\w+)"', bureau.get("/notices").text)
    assert newest
    bureau.post("/notices/read", page, up_to=newest[1])
    assert bell(bureau) == 0
    assert bureau.get("/notices?all=1").text.count("<tr data-row>") == 2


def test_one_hears_of_what_one_wishes(held: tuple[Office, str, str]) -> None:
    """Who does not want to be reminded in the page is not; without channels no address is asked for."""
    office, _case, task = held
    clerk, bureau = office.visitor("clerk"), office.visitor("bureau")
    page = bureau.get("/notices/wishes")
    assert 'value="task_reminded.page" aria-label="他人催办: 系统内" checked' in page.text
    assert "mail_address" not in page.text
    assert bureau.post("/notices/wishes", page, tell="case_copied.page").status_code == 303
    clerk.post(f"/tasks/{task}/remind", clerk.get(f"/tasks/{task}/remind"), note="")
    assert bell(bureau) == 0
