"""Tasks that change hands, through the pages, without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from lxml import html

from server.services import absences
from tests.web.office import Office, Visitor, apply, fill, form_answers
from tests.web.test_flow import claim, revision


def claimed(office: Office, name: str, by: str = "bureau") -> tuple[str, str]:
    """A case whose first task somebody of the bureau holds; gives case and task."""
    case = apply(office.visitor("clerk"), name=name)
    visitor = office.visitor(by)
    task = task_of(visitor, name)
    claim(visitor, task)
    return case, task


def task_of(visitor: Visitor, title: str) -> str:
    """The task of a case on the visitor's worklist, by the case's title."""
    tree = html.fromstring(visitor.get("/tasks").text)
    row = next(r for r in tree.xpath("//tr[@data-row]") if title in r.text_content())
    return str(row.xpath(".//a/@href")[0]).rpartition("/")[2]


def give(visitor: Visitor, task: str, verb: str, to: str, why: str) -> int:
    """Open the page of a verb, choose a person, say why, send it; gives the status."""
    page = visitor.get(f"/tasks/{task}/{verb}")
    name = "reason" if verb == "reassign" else "note"
    answers = {"revision": revision(page.text), "to": to, name: why}
    return visitor.post(f"/tasks/{task}/{verb}", page, **answers).status_code


def test_reassigning(office: Office) -> None:
    """From the task over the list of those who may to the record; the colleague has it."""
    case, task = claimed(office, "转办甲")
    bureau, second = office.visitor("bureau"), office.visitor("second")
    assert f'href="/tasks/{task}/reassign"' in bureau.get(f"/tasks/{task}").text
    page = bureau.get(f"/tasks/{task}/reassign")
    assert "刘洋（项目审批科）" in page.text
    assert "赵磊" not in page.text
    silent = bureau.post(f"/tasks/{task}/reassign", page, revision="1", to="second", reason=" ")
    assert silent.status_code == 422
    assert 'href="#f-reason"' in silent.text
    assert '<option value="second" selected' in silent.text
    assert give(bureau, task, "reassign", "second", "出差三天") == 303
    assert task_of(second, "转办甲") == task
    record = second.get(f"/instances/{case}/history").text
    assert "转办：" in record
    assert "出差三天" in record
    assert "李娜 → 刘洋" in re.sub(r"\s+", " ", record)


@pytest.mark.parametrize(("who", "says"), [("second", "只有承办人李娜"), ("centre", "只有承办人李娜")])
def test_who_may_not_reassign(office: Office, who: str, says: str) -> None:
    """Neither a colleague nor another body: the refusal names who may."""
    _case, task = claimed(office, f"转办 {who}")
    visitor = office.visitor(who)
    page = visitor.get(f"/tasks/{task}/reassign")
    assert page.status_code == 403
    assert says in page.text
    answer = visitor.post(f"/tasks/{task}/reassign", page, revision="1", to=who, reason="x")
    assert answer.status_code == 403


def test_somebody_was_faster(office: Office) -> None:
    """409 with what was typed, to be looked at and sent again."""
    _case, task = claimed(office, "转办乙")
    bureau, admin = office.visitor("bureau"), office.visitor("admin")
    old = admin.get(f"/tasks/{task}/reassign")
    assert give(bureau, task, "reassign", "second", "出差") == 303
    answers = {"revision": revision(old.text), "to": "bureau", "reason": "回来了，继续办"}
    late = admin.post(f"/tasks/{task}/reassign", old, **answers)
    assert late.status_code == 409
    assert "回来了，继续办" in late.text
    assert "刘洋已办理过此任务" in late.text
    answers["revision"] = revision(late.text)
    assert admin.post(f"/tasks/{task}/reassign", late, **answers).status_code == 303


def test_delegating(office: Office) -> None:
    """Another fills the form and gives it back; the owner checks and sends it under their own name."""
    case, task = claimed(office, "委派甲")
    bureau, centre = office.visitor("bureau"), office.visitor("centre")
    assert give(bureau, task, "delegate", "centre", "请核对材料") == 303
    mine = bureau.get(f"/tasks/{task}")
    assert "赵磊正在代您填写" in mine.text
    page = centre.get(f"/tasks/{task}")
    assert "李娜委派您填写" in page.text
    assert "受委派" in centre.get("/tasks").text
    assert fill(centre, page, materials_verdict="complete").headers["location"] == f"/tasks/{task}/check"
    check = centre.get(f"/tasks/{task}/check")
    assert f"/tasks/{task}/complete" not in check.text
    refused = centre.post(f"/tasks/{task}/complete", check, revision=revision(check.text))
    assert refused.status_code == 403
    assert "请交回" in refused.text
    back = centre.post(f"/tasks/{task}/resolve", check, revision=revision(check.text), note="材料齐全")
    assert back.status_code == 303
    assert "受委派人已填写并交回" in bureau.get(f"/tasks/{task}").text
    check = bureau.get(f"/tasks/{task}/check")
    assert bureau.post(f"/tasks/{task}/complete", check, revision=revision(check.text)).status_code == 303
    record = bureau.get(f"/instances/{case}/history").text
    for words in ("委派：", "请核对材料", "交回：", "材料齐全"):
        assert words in record


def test_taking_back_what_was_delegated(office: Office) -> None:
    """The owner may at any time; a stranger may not."""
    _case, task = claimed(office, "委派乙")
    bureau, second = office.visitor("bureau"), office.visitor("second")
    assert give(bureau, task, "delegate", "centre", "x") == 303
    page = bureau.get(f"/tasks/{task}")
    told = {"revision": revision(page.text)}
    assert second.post(f"/tasks/{task}/recall", second.get("/tasks"), **told).status_code == 403
    assert bureau.post(f"/tasks/{task}/recall", page, **told).status_code == 303
    assert 'id="task-form"' in bureau.get(f"/tasks/{task}").text
    assert bureau.post(f"/tasks/{task}/recall", page, **told).status_code == 409


def test_standing_in(office: Office) -> None:
    """Entered by oneself for today; the substitute acts, both names stand in the record and on the sheet."""
    case, task = claimed(office, "代理甲")
    bureau, centre = office.visitor("bureau"), office.visitor("centre")
    page = bureau.get("/substitutions")
    today = re.search(r'name="first_day" min="([^"]+)"', page.text)
    assert today
    asked = {"to": "centre", "first_day": today[1], "last_day": today[1], "reason": "休假"}
    wrong = bureau.post("/substitutions", page, **{**asked, "last_day": "2020-01-01"})
    assert wrong.status_code == 422
    assert "截止日期早于开始日期" in wrong.text
    assert bureau.post("/substitutions", page, **{**asked, "absent": "second"}).status_code == 403
    assert bureau.post("/substitutions", page, **asked).status_code == 303
    worklist = centre.get("/tasks").text
    assert '<span class="tag care">代 李娜</span>' in worklist
    assert "代理甲" in centre.get("/tasks?for=bureau").text
    form = centre.get(f"/tasks/{task}")
    assert "代 李娜" in form.text
    assert centre.get(f"/instances/{case}").status_code == 200
    assert fill(centre, form, materials_verdict="complete").status_code == 303
    check = centre.get(f"/tasks/{task}/check")
    assert re.search(r"赵磊</strong>（技术审核）\s*代 <strong>李娜", check.text)
    assert centre.post(f"/tasks/{task}/complete", check, revision=revision(check.text)).status_code == 303
    for place in ("", "/history", "/print"):
        text = re.sub(r"\s+", " ", centre.get(f"/instances/{case}{place}").text)
        assert "赵磊（技术审核） 代 李娜" in text, place
    listed = bureau.get("/substitutions")
    end = re.search(r'action="(/substitutions/\w+/end)"', listed.text)
    assert end
    assert centre.post(end[1], centre.get("/tasks")).status_code == 403
    assert bureau.post(end[1], listed).status_code == 303
    assert '<span class="tag care">代' not in centre.get("/tasks").text
    assert "代理李娜，" in office.visitor("admin").get("/rights?person=centre").text


def test_handing_over(office: Office) -> None:
    """Looked at first, then done, item by item; admins only."""
    _case, task = claimed(office, "移交甲", by="second")
    admin = office.visitor("admin")
    assert office.visitor("bureau").get("/admin/hand-over").status_code == 403
    page = admin.get("/admin/hand-over?from=second&to=bureau")
    assert "移交甲" in page.text
    row = page.text.partition(f'name="to:{task}"')[2]
    assert '<option value="bureau" selected' in row.partition("</select>")[0]
    tree = html.fromstring(page.text)
    sent = dict(tree.xpath("//form[@method='post' and @action='/admin/hand-over']")[0].form_values())
    sent.pop("csrf")
    tasks = tree.xpath("//input[@name='task']/@value")
    silent = admin.post("/admin/hand-over", page, **{**sent, "task": tasks})
    assert silent.status_code == 422
    done = admin.post("/admin/hand-over", page, **{**sent, "task": tasks, "reason": "调离"})
    assert done.status_code == 200
    assert "→ 李娜" in done.text
    assert task_of(office.visitor("bureau"), "移交甲") == task


def test_a_batch(office: Office) -> None:
    """Ticked, filled once, checked, sent: each says what became of it."""
    ids = [claimed(office, f"批量{n}")[1] for n in "甲乙丙"]
    bureau = office.visitor("bureau")
    worklist = bureau.get("/tasks")
    assert "一并办理" in worklist.text
    form = bureau.post("/tasks/batch", worklist, task=ids, verb="complete")
    assert form.status_code == 200
    kept = [(n, v) for n, v in form_answers(form) if n not in ("csrf", "materials_verdict")]
    carried: dict[str, list[str]] = {}
    for name, value in kept:
        carried.setdefault(name, []).append(value)
    empty = bureau.post("/tasks/batch/check", form, **carried)
    assert empty.status_code == 422
    assert "请选择" in empty.text
    check = bureau.post("/tasks/batch/check", form, **carried, materials_verdict="complete")
    assert "将提交：3/3" in re.sub(r"\s", "", check.text)
    bureau.post(f"/tasks/{ids[1]}/release", bureau.get("/tasks"))
    done = bureau.post("/tasks/batch/complete", check, **carried, materials_verdict="complete")
    assert "已办：2/3" in re.sub(r"\s", "", done.text) or "已办：2/2" in re.sub(r"\s", "", done.text)
    assert bureau.post("/tasks/batch", worklist, verb="claim").status_code == 200
    both = bureau.post("/tasks/batch", worklist, task=ids[1:2], verb="claim")
    assert "已办：1/1" in re.sub(r"\s", "", both.text)
    away = bureau.post("/tasks/batch", worklist, task=ids[1:2], verb="reassign")
    shown = re.findall(r'name="_revision:\w+" value="(\d+)"', away.text)
    told = {"_task": ids[1], f"_revision:{ids[1]}": shown[0]}
    assert bureau.post("/tasks/batch/reassign", away, **told, to="", reason="").status_code == 422
    given = bureau.post("/tasks/batch/reassign", away, **told, to="second", reason="分担")
    assert "已办：1/1" in re.sub(r"\s", "", given.text)
    assert task_of(office.visitor("second"), "批量乙") == ids[1]


def test_the_day_of_a_substitution_is_the_offices() -> None:
    """Midnight in Shanghai, not in London."""
    from datetime import UTC, datetime

    evening = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
    assert absences.day(evening).isoformat() == "2026-03-02"
    assert absences.day(evening + timedelta(minutes=1)).isoformat() == "2026-03-03"
