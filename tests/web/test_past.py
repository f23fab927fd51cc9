"""The pages of projects from before: looked at first, told what is wrong, refused to others."""

from __future__ import annotations

import re

import pytest

from server.services import table_files
from server.web.pages import past
from tests.web.office import Office, Visitor, apply, csrf_of

LIST = (
    "项目名称,建设单位,依据文件,依据日期,已获批复,批复/调整后总投资,备注\n"
    "旧<平台>,区教育局,红政数批〔2023〕18号,2023-05-06,是,1860000,甲\n"
    "旧系统,无此局,文件,2023-05-06,是,,\n"
)


def look(visitor: Visitor, text: str = LIST) -> object:
    """Send a list to be looked at."""
    page = visitor.get("/projects/import")
    return visitor.post("/projects/import", page, files={"list": ("项目.csv", text.encode(), "text/csv")})


def sent_again(preview: object) -> dict[str, str]:
    """What the button of a preview sends."""
    found = {
        name: re.search(rf'name="{name}" value="([^"]*)"', preview.text)[1] for name in ("rows", "digest")
    }
    return {
        name: value.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
        for name, value in found.items()
    }


def test_a_list_is_looked_at_and_then_entered(own_office: Office) -> None:
    """The preview says row by row what is wrong; entered, the project tells where each fact came from."""
    visitor = own_office.visitor("admin")
    preview = look(visitor)
    assert preview.status_code == 200
    for word in (
        "有误",
        "没有建设单位“无此局”",
        "未读取：备注",
        "1,860,000.00",
        "旧&lt;平台&gt;",
        "确认补录",
    ):
        assert word in preview.text, word
    assert "旧&lt;平台&gt;" not in visitor.get("/projects").text
    done = visitor.post("/projects/import/confirm", preview, **sent_again(preview))
    assert done.status_code == 200, done.text
    assert "新增 1 个项目" in done.text
    assert "未导入 1 行" in done.text
    (project,) = re.findall(r'href="/projects/(\w{26})"', visitor.get("/projects").text)
    page = visitor.get(f"/projects/{project}").text
    for word in ("补录：红政数批〔2023〕18号", "补录项目", "管理员（系统管理）", "1,860,000.00"):
        assert word in page, word
    trail = visitor.get("/projects/past").text
    assert "逐条链接校验" in trail
    assert visitor.get("/projects/past.xlsx").content.startswith(b"PK")
    again = visitor.post("/projects/import/confirm", preview, **sent_again(preview))
    assert again.status_code == 409
    assert "预览后项目已有变动" in again.text


def test_one_project_by_a_page(own_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong stands beside each field and what was typed stays; corrected only with a reason; a page
    that is old comes back with what was typed; the workbook has it all, in however many steps it is read."""
    visitor = own_office.visitor("admin")
    page = visitor.get("/projects/new")
    wrong = visitor.post("/projects/new", page, past_document="件", past_day="明天", approved_total="五十万")
    assert wrong.status_code == 422
    for word in ("“明天”不是日期", "五十万"):
        assert word in wrong.text, word
    bare = visitor.post("/projects/new", page, past_document="件", past_day="2999-01-01", in_use="true")
    for word in ("缺少项目名称", "依据日期晚于今天"):
        assert word in bare.text, word
    sent = {
        "past_name": "旧平台",
        "past_unit": "education",
        "past_document": "批复",
        "past_day": "2023-05-06",
    }
    made = visitor.post("/projects/new", page, **sent, approved="true", approval_no="批1号")
    assert made.status_code == 303
    address = made.headers["location"] + "/facts"
    page = visitor.get(address)
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page.text)
    assert re.search(r'<option value="true" selected>是', page.text)
    paper = {"past_document": "批复", "past_day": "2023-05-06", "seen": seen}
    refused = visitor.post(address, page, **paper, approved="true", approval_no="批2号")
    assert refused.status_code == 422
    assert "批复文号已录入为批1号，更正须说明理由" in refused.text
    told = {"approved": "true", "approval_no": "批2号", "past_reason": "文号录错"}
    assert visitor.post(address, page, **paper, **told).status_code == 303
    stale = visitor.post(address, page, **paper, approved="true", approval_no="批3号", past_reason="又错")
    assert stale.status_code == 409
    for word in ("已有变动", 'value="批3号"', "又错"):
        assert word in stale.text, word
    sent_by_a_program = {"csrf": csrf_of(page), **paper, "approved": "true"}
    machine = visitor.request("POST", address, data=sent_by_a_program, headers={"Accept": "application/json"})
    assert machine.status_code == 409
    assert "已有变动" in machine.json()["message"]
    shown = visitor.get(made.headers["location"]).text
    assert "<s>批1号</s> → 批2号" in shown
    assert "更正理由：文号录错" in shown
    assert (
        visitor.post("/projects/new", visitor.get("/projects/new"), **sent).status_code == 422
    )  # a second press
    monkeypatch.setattr(past, "_STEP", 1)
    book = table_files.read(visitor.get("/projects/past.xlsx").content, rows=100, longest=1000)
    changes = [row[2:5] for row in book if "批复文号" in row]
    assert changes == [["批复文号", "批1号", "批2号"], ["批复文号", "", "批1号"]]


def test_a_project_leads_to_its_facts(office: Office) -> None:
    """A project that began here may have facts from before too; one that is not there has none."""
    apply(office.visitor("clerk"), "新项目")
    admin = office.visitor("admin")
    (project,) = re.findall(r'href="/projects/(\w{26})"', admin.get("/projects?q=新项目").text)
    assert "补录…" in admin.get(f"/projects/{project}").text
    assert admin.get(f"/projects/{project}/facts").status_code == 200
    assert admin.get("/projects/none/facts").status_code == 404


def test_what_comes_back_is_read_again(office: Office) -> None:
    """Nobody enters projects by changing the hidden list: it is judged like the file."""
    visitor = office.visitor("admin")
    page = visitor.get("/projects/import")
    for rows in ("", "[]x", '[[1, {"fact:password": "x"}]]', '[[1, {"name": 5}]]', "[" * 100_000):
        answer = visitor.post("/projects/import/confirm", page, rows=rows, digest="x")
        assert answer.status_code == 422, rows[:40]
    assert "没有包含" in look(visitor, "a,b\n").text
    assert "重复" in look(visitor, "项目名称,依据文件,依据日期,依据文件\n").text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_templates_are_lists(office: Office, kind: str) -> None:
    """What is offered for download can be read again."""
    visitor = office.visitor("admin")
    file = visitor.get(f"/projects/import/template.{kind}")
    page = visitor.get("/projects/import")
    answer = visitor.post("/projects/import", page, files={"list": (f"x.{kind}", file.content, "x/y")})
    assert answer.status_code == 200
    assert "清单" in answer.text
    assert "未读取" not in answer.text


def test_others_are_refused(office: Office) -> None:
    """Neither seen nor sent, and no button leads there; auditors read the trail."""
    clerk = office.visitor("clerk")
    apply(clerk, "别人的项目")
    (project, *_) = re.findall(r'href="/projects/(\w{26})"', clerk.get("/projects").text)
    for address in ("new", "import", "past", "past.xlsx", "import/template.csv", f"{project}/facts"):
        assert clerk.get(f"/projects/{address}").status_code == 403, address
    page = clerk.get("/projects")
    for address in ("new", "import", "import/confirm", f"{project}/facts"):
        assert clerk.post(f"/projects/{address}", page).status_code == 403, address
    assert "补录" not in page.text
    assert "补录" not in clerk.get(f"/projects/{project}").text
