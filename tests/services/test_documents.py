"""Printed documents: offered when the outcome fits, filled from the case, its steps and its words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from server.bundles.archive import Bundle
from server.services import documents, instances, tasks
from server.services.documents import Printed
from server.services.errors import NotFound, NotPermitted
from tests.services.conftest import Office
from tests.services.test_registers import describe, into_the_library

DOCUMENTS = """
[[document]]
id = "t_opinion"
name = "入库意见"
processes = ["hongshan.library_entry"]
outcomes = ["in_library"]
title = "关于{{ project_name }}入库的意见"
addressee = "{{ project_unit }}："
text = '''
{{ case.number }}，{{ case.started_on }}收悉，{{ class }}/{{ words.tier }}，总投资{{ total }}元。
{{#if total > 500000}}金额较大。{{/if}}

{{#if total > 5000000}}金额很大。{{/if}}
{{ step.decide_review.officer }}于{{ step.decide_review.date }}：{{ step.decide_review.opinion }}
共{{ count(steps) }}步{{#loop steps}}，{{ officer }}{{/loop}}；{{ approved_total }}{{ today }}
'''
fields = ["class", "total"]
regulation = "hongshan#8p1 hongshan#12.1"

[[document]]
id = "t_receipt"
name = "收件回执"
processes = ["hongshan.library_entry"]
state = "open"
outcomes = ["in_library"]
when = "total >= 600000"
signed = "区政数局"
text = "已收到{{ project_name }}。"
"""


def say(name: str, value: Any) -> str:
    """Names and values as they arrive, so that the test sees which is which."""
    return f"<{name}={value}>" if name else f"<{value}>"


def printed(office: Office, instance: str, document: str = "t_opinion", person: str = "zhoumin") -> Printed:
    with office.database.read() as session:
        return documents.printed(session, office.people[person], instance, document, office.now, say)


def offered(office: Office, instance: str) -> list[str]:
    with office.database.read() as session:
        found = documents.offered(session, office.people["zhoumin"], instance, office.now)
    assert found.main in (None, *found.papers[:1])
    return [document.id for document in found.papers if document.id.startswith("t_")]


def test_a_document_is_filled_from_the_case_and_its_steps(office: Office, bundle: Bundle) -> None:
    describe(office, bundle, DOCUMENTS)
    paper = printed(office, into_the_library(office))
    assert (paper.letterhead, paper.number) == ("赤峰市红山区人民政府", "红数入库〔2026〕1号")
    assert paper.title == "关于<project_name=智慧校园>入库的意见"
    assert paper.addressee == "<project_unit=区教育局>："
    assert paper.paragraphs == (
        "<number=红数入库〔2026〕1号>，<started_on=2026-03-02>收悉，<class=construction>/"
        "<tier=<tier=large>>，总投资<total=600000.00>元。",
        "金额较大。",
        "<officer=陈伟>于<date=2026-03-02>：<opinion=无需评审>",
        "共<3>步，<officer=陈伟>，<officer=乌兰>，<officer=陈伟>；<approved_total=None><today=2026-03-02>",
    )
    assert paper.fields == (("class", "construction"), ("total", Decimal("600000.00")))
    assert paper.signed == "赤峰市红山区人民政府"
    assert (paper.day, paper.regulation) == (date(2026, 3, 2), ("hongshan#8p1", "hongshan#12.1"))
    assert len(paper.digest) == 64
    assert not paper.rehearsed


def test_documents_are_offered_when_they_fit(office: Office, bundle: Bundle) -> None:
    """By outcome, by state, by condition, and never of a cancelled case."""
    describe(office, bundle, DOCUMENTS)
    running = office.start()
    assert offered(office, running) == ["t_receipt"]
    assert printed(office, running, "t_receipt").paragraphs == ("已收到<project_name=智慧校园>。",)
    assert printed(office, running, "t_receipt").signed == "区政数局"
    with pytest.raises(NotFound):
        printed(office, running)
    small = office.start(total="599999.99")
    assert offered(office, small) == []
    with pytest.raises(NotFound):
        printed(office, small, "t_receipt")
    refused = office.start(can_be_shared=True)
    assert offered(office, refused) == []
    done = into_the_library(office)
    assert offered(office, done) == ["t_opinion", "t_receipt"]
    with office.database.read() as session:
        main = documents.offered(session, office.people["zhoumin"], done, office.now).main
    assert main is not None
    assert main.id == bundle.manifest.processes["hongshan.library_entry"].print == "library_opinion"
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], running, "重复", office.now)
    assert offered(office, running) == []


def test_only_those_who_see_the_case_get_its_documents(office: Office, bundle: Bundle) -> None:
    describe(office, bundle, DOCUMENTS)
    instance = into_the_library(office)
    with pytest.raises(NotPermitted):
        printed(office, instance, person="hejun")


def test_a_running_case_keeps_the_documents_it_was_started_with(office: Office, bundle: Bundle) -> None:
    instance = into_the_library(office)
    describe(office, bundle, DOCUMENTS)
    assert offered(office, instance) == []


def test_a_return_is_told_on_paper_with_all_that_is_missing(office: Office) -> None:
    """Until it is supplied, and not before anything was found; what the check said is on it too."""
    person = office.people["zhoumin"]

    def notice(instance: str) -> Printed | None:
        with office.database.read() as session:
            had = {one.id for one in documents.offered(session, person, instance, office.now).papers}
        return printed(office, instance, "correction_notice") if "correction_notice" in had else None

    lacking = office.start(total="300000.00", entry_application=[])
    told = notice(lacking)
    assert told is not None
    missing = next(line for line in told.paragraphs if "缺少" in line)
    assert "entry_application" in missing
    assert "implementation_plan_three_in_one" in missing
    unsealed = office.start()
    assert notice(unsealed) is None
    office.do(
        "chenwei", unsealed, "check_materials", materials_verdict="returned", return_reason="报告未盖章"
    )
    told = notice(unsealed)
    assert told is not None
    assert not any("缺少" in line for line in told.paragraphs)
    assert any("报告未盖章" in line for line in told.paragraphs)
    assert told.addressee.endswith("：")
    assert told.regulation == ("hongshan#8p1",)  # of the articles of all processes that share the notice
    office.do("zhoumin", unsealed, "supplement")
    office.do("chenwei", unsealed, "check_materials", materials_verdict="complete")
    assert notice(unsealed) is None
    wulan, task = office.people["wulan"], office.task(unsealed, "pre_review")["id"]
    with office.database.write() as session:
        tasks.claim(session, wulan, task, office.now)
        tasks.return_to(session, wulan, task, 1, "supplement", "网络拓扑不清", office.now)
    told = notice(unsealed)
    assert told is not None
    assert any("网络拓扑不清" in line for line in told.paragraphs)
    office.do("zhoumin", unsealed, "supplement")
    assert notice(unsealed) is None  # what was corrected is not asked for any more
