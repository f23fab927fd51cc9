"""A library entry through the pages, without JavaScript: applied, checked, claimed, done, returned, stale."""

from __future__ import annotations

import re

from tests.web.office import Office, Visitor, apply, fill, first_task


def claim(visitor: Visitor, task: str) -> None:
    assert visitor.post(f"/tasks/{task}/claim", visitor.get(f"/tasks/{task}")).status_code == 303


def revision(text: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', text)
    assert found
    return found[1]


def test_a_case_goes_from_the_unit_to_the_bureau_to_the_centre(own_office: Office) -> None:
    clerk, bureau = own_office.visitor("clerk"), own_office.visitor("bureau")
    case = apply(clerk)
    task = first_task(bureau)
    assert "签收后即可填写" in bureau.get(f"/tasks/{task}").text
    claim(bureau, task)
    page = bureau.get(f"/tasks/{task}")
    wrong = fill(bureau, page)
    assert wrong.status_code == 422
    assert "请选择“核验结果”。" in wrong.text
    assert wrong.text.index("summary-of-errors") < wrong.text.index('id="task-form"')
    assert fill(bureau, page, materials_verdict="complete").status_code == 303
    check = bureau.get(f"/tasks/{task}/check")
    assert "前置审核" in check.text
    assert "蒙东云计算中心" in check.text
    assert "提交（齐全合规）" in check.text
    sent = bureau.post(f"/tasks/{task}/complete", check, revision=revision(check.text))
    assert sent.headers["location"] == f"/tasks/{task}/done"
    assert "已提交" in bureau.get(f"/tasks/{task}/done").text
    for tab in ("", "/diagram", "/history", "/materials", "/decisions", "/print"):
        assert clerk.get(f"/instances/{case}{tab}").status_code == 200
    assert "XM-" in clerk.get(f"/instances/{case}").text
    assert "600,000.00" in clerk.get(f"/instances/{case}").text
    assert (
        own_office.visitor("centre").get(f"/tasks/{first_task(own_office.visitor('centre'))}").status_code
        == 200
    )


def test_the_slower_of_two_keeps_what_they_typed(office: Office) -> None:
    apply(office.visitor("clerk"))
    bureau = office.visitor("bureau")
    task = first_task(bureau)
    claim(bureau, task)
    fill(bureau, bureau.get(f"/tasks/{task}"), materials_verdict="complete")
    check = bureau.get(f"/tasks/{task}/check")
    form = bureau.get(f"/tasks/{task}")
    assert bureau.post(f"/tasks/{task}/complete", check, revision=revision(check.text)).status_code == 303
    again = bureau.post(f"/tasks/{task}/complete", check, revision=revision(check.text))
    assert again.status_code == 409
    assert "已于" in again.text
    late = fill(bureau, form, materials_verdict="returned", correction="缺可行性研究报告")
    assert late.status_code == 409
    assert "您填写的内容已保留" in late.text
    assert "退回补正" in late.text


def test_another_unit_sees_neither_case_nor_task_nor_file(office: Office) -> None:
    case = apply(office.visitor("clerk"))
    other = office.visitor("other_clerk")
    for tab in (
        "",
        "/diagram",
        "/history",
        "/materials",
        "/decisions",
        "/print",
        "/print.pdf",
        "/diagram.json",
    ):
        answer = other.get(f"/instances/{case}{tab}")
        assert answer.status_code == 403, tab
        assert "其他单位" in answer.text
    task = first_task(office.visitor("bureau"))
    assert other.get(f"/tasks/{task}").status_code == 403
    assert other.post(f"/tasks/{task}/claim", other.get("/tasks")).status_code == 403
    files = office.visitor("clerk").get(f"/instances/{case}/materials").text
    for id_ in set(re.findall(r"/attachments/(\w+)", files)):
        assert other.get(f"/attachments/{id_}").status_code == 403
        mine = office.visitor("clerk").get(f"/attachments/{id_}")
        assert mine.content == b"%PDF-1.4 test"
        assert mine.headers["content-disposition"].startswith("attachment")


def test_a_draft_survives(office: Office) -> None:
    clerk = office.visitor("clerk")
    address = "/start/hongshan.library_entry"
    page = clerk.get(address)
    saved = fill(clerk, page, project_name="草稿里的项目", total="六十", _save="1")
    assert saved.headers["location"] == f"{address}?saved=1"
    again = clerk.get(address).text
    assert 'value="草稿里的项目"' in again
    assert 'value="六十"' in again
    assert "草稿里的项目" not in office.visitor("other_clerk").get(address).text


def test_claiming_several_names_the_ones_that_failed(office: Office) -> None:
    apply(office.visitor("clerk"))
    apply(office.visitor("clerk"), name="第二个项目")
    bureau, second = office.visitor("bureau"), office.visitor("second")
    page = bureau.get("/tasks")
    ids = re.findall(r'name="task" value="(\w+)"', page.text)
    assert len(ids) >= 2
    claim(second, ids[0])
    answer = bureau.post("/tasks/claim", page, task=ids[:2])
    assert answer.status_code == 200
    assert "已签收 1 项" in answer.text
    assert "已由他人签收" in answer.text or "已先由刘洋签收" in answer.text


def test_a_pdf_is_made(office: Office) -> None:
    clerk = office.visitor("clerk")
    answer = clerk.get(f"/instances/{apply(clerk)}/print.pdf")
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
