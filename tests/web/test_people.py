"""The pages about people: a list is looked at before it is entered, rights and reasons are told."""

from __future__ import annotations

import re

import pytest

from server.store.database import Database
from tests.web.office import Office, Visitor, apply

LIST = "账号,姓名,单位,用户组\nclerk,周明,,project_unit\nnewone,新人,区教育局,project_unit\nbad!,,,\n"


def look(visitor: Visitor, text: str = LIST) -> object:
    """Send a list to be looked at."""
    page = visitor.get("/people/import")
    return visitor.post("/people/import", page, files={"list": ("人员.csv", text.encode(), "text/csv")})


def count(database: Database) -> int:
    """How many people there are."""
    with database.read() as session:
        found = session.connection().exec_driver_sql("select count(*) from person")
        return int(found.scalar_one())


def test_a_list_is_looked_at_and_then_entered(own_office: Office) -> None:
    """Nothing is written by the preview; the answer to the agreement shows the first password once, and the
    list of people and the trail tell of it."""
    visitor = own_office.visitor("admin")
    before = count(own_office.database)
    preview = look(visitor)
    assert preview.status_code == 200
    for word in ("新人", "有误", "账号只能由字母", "缺少部门，请填写。", "确认导入", "用户组：项目单位"):
        assert word in preview.text
    assert "project_unit" not in re.sub(r'value="[^"]*"', "", preview.text)
    assert count(own_office.database) == before
    rows, digest = (
        re.search(rf'name="{name}" value="([^"]*)"', preview.text)[1].replace("&#34;", '"')
        for name in ("rows", "digest")
    )
    done = visitor.post("/people/import/confirm", preview, rows=rows, digest=digest)
    assert done.status_code == 200, done.text
    password = re.search(r"<code>([a-z2-9-]{23})</code>", done.text)[1]
    assert "未导入1行" in done.text
    assert count(own_office.database) == before + 1
    assert "新人" in visitor.get("/people?text=newone").text
    assert password not in visitor.get("/people/newone").text
    trail = visitor.get("/rights?person=newone").text
    assert "录入人员：新人" in trail
    assert "授予用户组" in trail
    again = visitor.post("/people/import/confirm", preview, rows=rows, digest=digest)
    assert again.status_code == 409
    assert "已有变动" in again.text


@pytest.mark.parametrize(
    ("text", "told"), [("a,b\n", "没有包含"), ("", "没有包含"), ("账号,账号,姓名\n", "重复")]
)
def test_a_file_that_is_no_list_is_told(office: Office, text: str, told: str) -> None:
    """The page says what is wrong with it."""
    answer = look(office.visitor("admin"), text)
    assert answer.status_code == 422
    assert told in answer.text


def test_what_comes_back_is_read_again(office: Office) -> None:
    """Nobody enters people by changing the hidden list: it is judged like the file."""
    visitor = office.visitor("admin")
    page = visitor.get("/people/import")
    for rows in ("", "[]x", '[[1, {"password": "x"}]]', '[[1, {"account": 5}]]', "[" * 100_000):
        answer = visitor.post("/people/import/confirm", page, rows=rows, digest="x")
        assert answer.status_code == 422, rows[:40]


def test_the_templates_are_lists(office: Office) -> None:
    """Both can be downloaded and looked at as they are."""
    visitor = office.visitor("admin")
    for kind in ("csv", "xlsx"):
        file = visitor.get(f"/people/import/template.{kind}")
        page = visitor.get("/people/import")
        answer = visitor.post("/people/import", page, files={"list": (f"x.{kind}", file.content, "x/y")})
        assert answer.status_code == 200
        assert "zhangsan" in answer.text


def test_the_groups_of_every_jurisdiction_have_names(office: Office) -> None:
    """In the language of the page, in the list, as a choice and on the page of somebody who has one."""
    admin = office.visitor("admin")
    listed = admin.get("/people").text
    for name in ("部门负责人", "管理员", "审计员", "流程负责人"):
        assert f">{name}</option>" in listed
    assert ">leader<" not in listed
    assert re.search(r'value="leader"[^>]*> 部门负责人', listed)
    assert "另有管理员、流程负责人，只能在服务器上授予或收回。" in admin.get("/people/admin").text


def test_a_person_is_entered_changed_and_put_out_of_office(office: Office) -> None:
    """One by one, with the reason where it cannot be."""
    visitor = office.visitor("admin")
    page = visitor.get("/people")
    assert visitor.post("/people", page, account="clerk", name="X", unit="data").status_code == 422
    done = visitor.post("/people", page, account="eva", name="伊娃", unit="data", group="data_bureau")
    assert re.search(r"<code>[a-z2-9-]{23}</code>", done.text)
    page = visitor.get("/people/eva")
    sent = {"name": "伊娃", "unit": "health", "post": "科员"}
    assert visitor.post("/people/eva", page, **sent).status_code == 303
    shown = visitor.get("/people/eva").text
    for word in ("已离岗", "区卫生健康委", "离岗，已退出全部登录", "收回用户组"):
        assert word in shown
    assert visitor.post("/people/eva/password", page).status_code == 200
    assert visitor.get("/people/nobody").status_code == 404


def test_departments_are_entered_and_renamed(office: Office) -> None:
    """A code is there once; a name may change."""
    visitor = office.visitor("admin")
    page = visitor.get("/departments")
    assert visitor.post("/departments", page, code="new_one", name="新设局").status_code == 303
    assert visitor.post("/departments", page, code="new_one", name="新设局").status_code == 422
    assert visitor.post("/departments", page, code="new_one", name="更名局", rename="1").status_code == 303
    assert "更名局" in visitor.get("/departments").text


def test_one_sees_and_ends_ones_own_sessions(office: Office) -> None:
    """Two browsers: from one the other is signed out; a session of somebody else is not found."""
    first, second = office.visitor("second"), office.visitor("second")
    page = first.get("/account/sessions")
    (other,) = re.findall(r'name="session" value="(\w+)"', page.text)
    stranger = office.visitor("bureau")
    assert stranger.post("/account/sessions", stranger.get("/ui"), session=other).status_code == 404
    assert second.get("/tasks").status_code == 200
    assert first.post("/account/sessions", page, session=other).status_code == 303
    assert second.get("/tasks").status_code == 303
    assert first.get("/tasks").status_code == 200
    office.visitor("second")
    assert first.post("/account/sessions", page).status_code == 303
    assert 'name="session"' not in first.get("/account/sessions").text


def test_an_admin_ends_the_sessions_of_others(office: Office) -> None:
    """And the trail says so; others may not."""
    other, admin = office.visitor("centre"), office.visitor("admin")
    page = admin.get("/people/centre")
    assert other.post("/people/admin/sessions", other.get("/ui")).status_code == 403
    assert admin.post("/people/centre/sessions", page).status_code == 303
    assert other.get("/tasks").status_code == 303
    assert "被管理员退出登录" in admin.get("/rights?person=centre").text


def test_why_one_may_not_begin_a_process(office: Office) -> None:
    """Each condition, which one fails, whom to ask; only admins ask about others."""
    clerk, centre, admin = (office.visitor(name) for name in ("clerk", "centre", "admin"))
    address = "/why?process=hongshan.library_entry"
    assert "各项条件均满足" in clerk.get(address).text
    told = centre.get(address).text
    assert "具有发起岗位" in told
    assert "周明" in told
    assert "各项条件均满足" in admin.get(f"{address}&person=clerk").text
    assert clerk.get(f"{address}&person=centre").status_code == 403
    assert "为何我不能办理" in centre.get("/start/hongshan.library_entry").text


def test_the_trail_is_for_auditors_and_admins(office: Office) -> None:
    """Nobody else reads it."""
    assert office.visitor("clerk").get("/rights").status_code == 403
    assert "逐条链接校验" in office.visitor("admin").get("/rights").text


def test_the_worklist_marks_what_one_is_recused_from(office: Office) -> None:
    """With the reason, and nothing to claim it by; a colleague's list has both the box and the button."""
    case, bureau = apply(office.visitor("clerk"), name="须回避的项目"), office.visitor("bureau")
    page = bureau.get(f"/instances/{case}/recusals")
    assert bureau.post(f"/instances/{case}/recusals", page, reason="申请人是配偶").status_code == 303
    declared = bureau.get(f"/instances/{case}/recusals").text
    assert '申请人是配偶 <span class="muted small">李娜 · ' in declared
    mine, other = (_row(office.visitor(name), "须回避的项目") for name in ("bureau", "second"))
    assert "须回避" in mine
    assert "申请人是配偶" in mine
    assert ("/claim" in mine, "checkbox" in mine) == (False, False)
    assert ("申请人是配偶" in other, "/claim" in other, "checkbox" in other) == (False, True, True)


def _row(visitor: Visitor, title: str) -> str:
    """The line of the worklist that holds a text."""
    rows = visitor.get("/tasks").text.split("<tr data-row")
    return next(row.partition("</tr>")[0] for row in rows if title in row)
