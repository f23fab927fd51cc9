"""加签 and 减签 through the pages, without JavaScript: before and after a task, and in a joint sign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from server.services import attachments, identity
from server.services.attachments import FileStore
from tests.services import conftest as services
from tests.web.office import PASSWORD, TENANT, Office, Visitor, apply, fill
from tests.web.test_flow import revision
from tests.web.test_hands import claimed, task_of

EXPERTS = {"baoyin": "包音", "gaoshan": "高山", "tianhe": "田禾"}


def ask(visitor: Visitor, task: str, when: str, *whom: str, why: str = "请把关资金来源") -> httpx.Response:
    page = visitor.get(f"/tasks/{task}/signers")
    given = dict(zip(("who", "who_2", "who_3"), whom, strict=False))
    return visitor.post(
        f"/tasks/{task}/signers", page, revision=revision(page.text), when=when, reason=why, **given
    )


def sign(visitor: Visitor, title: str, verdict: str = "pass", opinion: str = "资金来源清楚") -> None:
    """Fill the form of the signature that waits, check it and send it."""
    task = task_of(visitor, title)
    page = visitor.get(f"/tasks/{task}")
    assert fill(visitor, page, verdict=verdict, opinion_text=opinion).status_code == 303
    check = visitor.get(f"/tasks/{task}/check")
    assert "同意" in check.text
    sent = visitor.post(f"/tasks/{task}/complete", check, revision=revision(check.text))
    assert sent.status_code == 303
    assert visitor.get(f"/tasks/{task}/done").status_code == 200


def send(visitor: Visitor, task: str) -> httpx.Response:
    page = visitor.get(f"/tasks/{task}")
    assert fill(visitor, page, materials_verdict="complete").status_code == 303
    check = visitor.get(f"/tasks/{task}/check")
    return visitor.post(f"/tasks/{task}/complete", check, revision=revision(page_revision(check)))


def page_revision(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    return page.text


def test_a_signature_before_and_one_after(office: Office) -> None:
    case, task = claimed(office, "加签甲")
    bureau, centre, second = office.visitor("bureau"), office.visitor("centre"), office.visitor("second")
    assert f'href="/tasks/{task}/signers"' in bureau.get(f"/tasks/{task}").text
    silent = bureau.post(
        f"/tasks/{task}/signers", bureau.get(f"/tasks/{task}/signers"), revision="1", who="centre"
    )
    assert silent.status_code == 422
    assert 'href="#f-reason"' in silent.text
    assert 'href="#f-when"' in silent.text
    assert '<option value="centre" selected' in silent.text
    assert ask(bureau, task, "before", "centre").status_code == 303
    assert ask(bureau, task, "after", "second", why="请复核").status_code == 303

    typed = fill(bureau, bureau.get(f"/tasks/{task}"), materials_verdict="complete", _save="1")
    assert typed.status_code == 303
    signed = centre.get(f"/tasks/{task_of(centre, '加签甲')}").text
    assert "待签内容" in signed
    assert "经办人目前填写的内容，尚未提交。" in signed
    assert "齐全合规" in signed[signed.index("待签内容") : signed.index("task-form")]

    mine = bureau.get(f"/tasks/{task}").text
    assert "赵磊 · 在办理前 · 未签" in " ".join(mine.split())
    fill(bureau, bureau.get(f"/tasks/{task}"), materials_verdict="complete")
    waits = bureau.get(f"/tasks/{task}/check")
    assert waits.status_code == 409
    assert "须待赵磊加签后办理" in waits.text
    theirs = centre.get(f"/tasks/{task_of(centre, '加签甲')}").text
    assert "李娜请您在办理前签署：请把关资金来源" in theirs
    assert "（前加签）" in theirs
    sign(centre, "加签甲")
    assert "资金来源清楚" in bureau.get(f"/tasks/{task}").text

    assert send(bureau, task).status_code == 303
    signed = second.get(f"/tasks/{task_of(second, '加签甲')}").text
    assert "齐全合规" in signed[signed.index("待签内容") : signed.index("task-form")]
    assert "尚未提交" not in signed
    sign(second, "加签甲", "fail", "缺公示证明")
    again = task_of(bureau, "加签甲")
    assert again != task
    assert "缺公示证明" in bureau.get(f"/tasks/{again}").text
    assert send(bureau, again).status_code == 303
    sign(second, "加签甲", opinion="已补公示证明")
    record = bureau.get(f"/instances/{case}/history").text
    for words in ("前加签：赵磊（技术审核）", "后加签：刘洋（项目审批科）", "请把关资金来源", "缺公示证明"):
        assert words in record
    assert "前置审核" in bureau.get(f"/instances/{case}").text
    for words in ("（前加签）", "（后加签）", "资金来源清楚", "不同意"):
        assert words in bureau.get(f"/instances/{case}/print").text


def test_what_was_asked_is_called_off(office: Office) -> None:
    case, task = claimed(office, "加签乙")
    bureau, centre = office.visitor("bureau"), office.visitor("centre")
    ask(bureau, task, "before", "centre", "admin")
    page = bureau.get(f"/tasks/{task}/signers")
    off = f"/tasks/{task}/signers/off"
    assert bureau.post(off, page, revision=revision(page.text), who="centre").status_code == 422
    answers = {"revision": revision(page.text), "who": "centre", "reason": "出差"}
    assert bureau.post(off, page, **answers).status_code == 303
    assert "加签乙" not in centre.get("/tasks").text
    late = bureau.post(off, page, **{**answers, "who": "admin"})
    assert late.status_code == 409
    signature = task_of(office.visitor("admin"), "加签乙")
    seen = bureau.get(f"/tasks/{signature}")
    assert "李娜已请管理员在办理前签署" in seen.text
    answers = {"revision": "0", "of": "signature", "reason": "电话已确认"}
    off = bureau.post(f"/tasks/{signature}/signers/off", seen, **answers)
    assert off.headers["location"] == f"/instances/{case}"
    record = bureau.get(f"/instances/{case}/history").text
    assert "减签：赵磊" in record
    assert "减签：管理员" in record
    assert send(bureau, task).status_code == 303


def test_what_was_signed_meanwhile_is_not_called_off(office: Office) -> None:
    """Whoever calls it off from an older page is told who signed; signature and reason stand."""
    _case, task = claimed(office, "加签丙")
    bureau, centre = office.visitor("bureau"), office.visitor("centre")
    ask(bureau, task, "before", "centre")
    signature = task_of(centre, "加签丙")
    page, seen = bureau.get(f"/tasks/{task}/signers"), bureau.get(f"/tasks/{signature}")
    sign(centre, "加签丙")
    why = "不再需要会签"
    late = bureau.post(
        f"/tasks/{task}/signers/off", page, revision=revision(page.text), who="centre", reason=why
    )
    by_itself = bureau.post(f"/tasks/{signature}/signers/off", seen, revision="0", of="signature", reason=why)
    for answer in (late, by_itself):
        assert answer.status_code == 409, answer.text
        assert "赵磊" in answer.text
        assert why in answer.text
    assert "资金来源清楚" in bureau.get(f"/tasks/{task}").text
    assert send(bureau, task).status_code == 303


def test_who_signs_before_opens_what_the_draft_holds(office: Office) -> None:
    """The files of the form as it is so far are the signer's to open while they are asked, and nobody
    else's."""
    case, task = claimed(office, "加签丁")
    bureau, centre, second = office.visitor("bureau"), office.visitor("centre"), office.visitor("second")
    with office.database.write() as session:
        holder = identity.person_by_account(session, TENANT, "bureau")
        kept = attachments.store(
            session, FileStore(office.app.state.house.files.root), holder, f"task:{task}", "note", "草稿.pdf",
            b"%PDF-1.4 draft", datetime.now(UTC), limit=1_000,
        )  # fmt: skip
    file = f"/attachments/{kept.id}"
    assert bureau.get(file).content == b"%PDF-1.4 draft"
    assert centre.get(file).status_code == 403
    ask(bureau, task, "before", "centre")
    assert centre.get(file).content == b"%PDF-1.4 draft"
    refused = second.get(file)
    assert refused.status_code == 403
    assert "草稿" in refused.text
    sign(centre, "加签丁")
    assert centre.get(file).content == b"%PDF-1.4 draft", "what was signed can be looked at again"
    assert send(bureau, task).status_code == 303
    assert case


@pytest.mark.parametrize("who", ["second", "centre"])
def test_who_may_not_ask(office: Office, who: str) -> None:
    _case, task = claimed(office, f"加签 {who}")
    visitor = office.visitor(who)
    page = visitor.get(f"/tasks/{task}/signers")
    assert page.status_code == 403
    assert "只有承办人李娜" in page.text
    given = {"revision": "1", "when": "before", "who": who, "reason": "x"}
    assert visitor.post(f"/tasks/{task}/signers", page, **given).status_code == 403
    assert visitor.post(f"/tasks/{task}/signers/off", page, **given).status_code == 403
    assert visitor.get(f"/tasks/{task}/joint").status_code == 404


def test_the_slower_of_two_keeps_what_they_typed(office: Office) -> None:
    _case, task = claimed(office, "加签丙")
    bureau, admin = office.visitor("bureau"), office.visitor("admin")
    old = admin.get(f"/tasks/{task}/signers")
    assert ask(bureau, task, "before", "centre").status_code == 303
    given = {"revision": revision(old.text), "when": "after", "who": "second", "reason": "请再看一遍"}
    late = admin.post(f"/tasks/{task}/signers", old, **given)
    assert late.status_code == 409
    assert "请再看一遍" in late.text
    assert '<option value="second" selected' in late.text
    given["revision"] = revision(late.text)
    assert admin.post(f"/tasks/{task}/signers", late, **given).status_code == 303
    twice = admin.get(f"/tasks/{task}/signers")
    given |= {"revision": revision(twice.text), "who": "centre"}
    refused = admin.post(f"/tasks/{task}/signers", twice, **given)
    assert refused.status_code == 409
    assert "已请赵磊加签" in refused.text


# --------------------------------------------------------------------------- together
@pytest.fixture
def panel(office: Office, tmp_path: Path) -> Iterator[str]:
    """A case that the bureau has sent to two experts; gives its id."""
    now = datetime.now(UTC)
    with office.database.write() as session:
        known = {a.account for a in identity.demo_accounts(session)}
        hashed = identity.hash_password(PASSWORD)
        people = session.execute(sa.text("select id from person")).scalars().all()
        for account, name in EXPERTS.items():
            if account not in {*known, *people}:
                identity.add_person(session, TENANT, account, name, "专家", "data", ["expert"], hashed, now)
    case = apply(office.visitor("clerk"), name="会签")
    with office.database.read() as session:
        who = {"chenwei": "bureau", "wulan": "centre"}
        people = {name: identity.person_by_account(session, TENANT, a) for name, a in who.items()}
    inside = services.Office(office.database, FileStore(tmp_path), now, people)
    inside.do("chenwei", case, "check_materials", materials_verdict="complete")
    inside.pre_review(case)
    experts = [
        {"account": account, "name": EXPERTS[account], "organisation": "某大学"}
        for account in ("baoyin", "gaoshan")
    ]
    inside.do(
        "chenwei", case, "decide_review",
        review_needed=True, review_by="experts", experts=experts, opinion_text="组织评审",
    )  # fmt: skip
    yield case
    with office.database.write() as session:
        session.execute(sa.text("delete from worklist where principal in ('u:baoyin', 'u:gaoshan')"))


def test_who_sent_it_adds_an_expert_and_takes_one_out(office: Office, panel: str) -> None:
    bureau, first = office.visitor("bureau"), task_of(office.visitor("baoyin"), "会签")
    overview = bureau.get(f"/instances/{panel}")
    assert "/joint" in overview.text
    page = bureau.get(f"/tasks/{first}/joint")
    assert "已签0人，共2人" in page.text
    assert "田禾" in page.text
    assert bureau.post(f"/tasks/{first}/joint", page, revision="0", who="tianhe").status_code == 422
    given = {"revision": revision(page.text), "who": "tianhe", "reason": "涉及医疗数据"}
    assert bureau.post(f"/tasks/{first}/joint", page, **given).status_code == 303
    late = bureau.post(f"/tasks/{first}/joint", page, **given)
    assert late.status_code == 409
    assert task_of(office.visitor("tianhe"), "会签")

    other = task_of(office.visitor("gaoshan"), "会签")
    page = bureau.get(f"/tasks/{other}/joint")
    assert "共3人" in page.text
    assert bureau.post(f"/tasks/{other}/joint/off", page, revision="0").status_code == 422
    gone = bureau.post(f"/tasks/{other}/joint/off", page, revision="0", reason="有利害关系")
    assert gone.status_code == 303
    after = bureau.get(gone.headers["location"])
    assert "已减签" in after.text
    assert "共2人" in after.text
    record = bureau.get(f"/instances/{panel}/history").text
    for words in ("增加会签：田禾（专家）", "涉及医疗数据", "减签：高山", "有利害关系"):
        assert words in record


def test_who_neither_signs_nor_sent_it_adds_nobody(office: Office, panel: str) -> None:
    first = task_of(office.visitor("baoyin"), "会签")
    for who in ("clerk", "centre", "tianhe"):
        visitor = office.visitor(who)
        page = visitor.get(f"/tasks/{first}/joint")
        assert page.status_code == 403
        given = {"revision": "0", "who": "tianhe", "reason": "x"}
        assert visitor.post(f"/tasks/{first}/joint", page, **given).status_code == 403
        assert visitor.post(f"/tasks/{first}/joint/off", page, **given).status_code == 403
    assert office.visitor("baoyin").get(f"/tasks/{first}/joint").status_code == 200
