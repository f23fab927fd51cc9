"""Projects from before the system: what documents fixed is entered with its source, judged first, corrected
only with a reason, never over what a case fixed, and opens the gates of later cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from server.bundles.archive import Bundle
from server.services import (
    past_entering,
    past_facts,
    past_files,
    past_import,
    past_log,
    project_views,
    starts,
)
from server.services.authorization import Person
from server.services.errors import NotPermitted
from server.services.past_facts import Document, PastRefused, PastStale, Told
from server.services.past_files import Row
from server.services.past_import import Plan, PlanStale
from tests.services.conftest import TENANT, Office
from tests.services.test_facts import enter as into_the_library
from tests.services.test_projects import only
from tests.services.test_registers import describe
from tests.services.test_together import together

PAPER = Document("红政数批〔2023〕18号", date(2023, 5, 6))
LIST = """项目清单（2026年存量）
项目编码,项目名称,建设单位,依据文件,依据日期,已获批复,批复/调整后总投资,批复文号,项目类别,备注
,城市大脑一期,区教育局,红政数批〔2023〕18号,2023年5月6日,是,"1,860,000.00",红政数批〔2023〕18号,建设类,
,城市大脑一期,education,合同 HT-2023-9,2023-08-01,,,,,甲乙双方
,雪亮工程,区卫生健康委,,2023/7/1,是,五十万,,建设,
,没有单位,哪个局,文件,2023-07-01,是,,,,
,雪亮工程,区卫生健康委,验收意见,2999-01-01,是,,红政数批〔2023〕18号,,
XM-1999-0001,,,文件,某天,是,,,,
"""


def admin(office: Office) -> Person:
    """An admin of the jurisdiction."""
    return replace(
        office.people["chenwei"], id="boss", account="boss", name="管理", groups=frozenset({"admin"})
    )


def rows_of(office: Office, text: str) -> tuple[Row, ...]:
    """A list as it is read."""
    with office.database.read() as session:
        facts = past_facts.offered(session, admin(office))
        return past_files.read(facts, text.encode("gb18030"), "项目.csv").rows


def planned(office: Office, rows: tuple[Row, ...]) -> Plan:
    """What a list would do."""
    with office.database.read() as session:
        return past_import.plan(session, admin(office), rows, office.now)


def carry_out(office: Office, rows: tuple[Row, ...], digest: str) -> Plan:
    """Do it."""
    with office.database.write() as session:
        return past_import.carry_out(session, admin(office), rows, digest, office.now)


def entered(office: Office, **values: Any) -> str:
    """A project of the education bureau that was entered with some facts; gives its id."""
    with office.database.write() as session:
        told = Told(PAPER, values)
        made = past_entering.enter_project(session, admin(office), "旧项目", "education", told, office.now)
    return made.id


def tell(office: Office, project: str, reason: str = "", seen: str = "", **values: Any) -> None:
    """Enter facts of a project that is known, as its page does."""
    with office.database.write() as session:
        seen = seen or past_facts.sheet(session, admin(office), project).stands.digest
        told = Told(PAPER, values, reason)
        past_entering.enter(session, admin(office), project, told, seen, office.now)


def facts_of(office: Office, project: str) -> dict[str, object]:
    """The facts as later cases read them."""
    with office.database.read() as session:
        return starts.projects.by_id(session, TENANT, project).facts


def trail(office: Office) -> list[past_log.Entry]:
    """The trail, oldest first, after it was verified."""
    with office.database.read() as session:
        assert all(isinstance(found, int) for found in past_log.verify(session, TENANT))
        return list(reversed(past_log.entries(session, TENANT)))


def test_a_list_is_told_cell_by_cell_before_anything_is_written(office: Office) -> None:
    """New, known, faulty: each fault names its column and what to write; what was not read is said."""
    with office.database.read() as session:
        facts = past_facts.offered(session, admin(office))
    listed = past_files.read(facts, LIST.encode(), "项目.csv")
    assert listed.unknown == ("备注",)
    found = planned(office, listed.rows)
    assert [(line.number, line.kind) for line in found.lines] == [
        (3, "new"), (4, "unchanged"), (5, "faulty"), (6, "faulty"), (7, "faulty"), (8, "faulty"),
    ]  # fmt: skip
    first = {change.name: change.after for change in found.lines[0].changes}
    assert first["approved"] is True
    assert first["approved_total"] == Decimal("1860000.00")
    assert first["class"] == "construction"
    told = {
        line.number: " ".join(text.format_map(params) for text, params in line.problems)
        for line in found.lines
    }
    for number, words in {
        5: ("document is missing", "批复/调整后总投资", "项目类别: 建设 is none of 建设类、"),
        6: ("there is no 哪个局",),
        7: ("lies ahead", "红政数批〔2023〕18号 is the number of another"),
        8: ("no project XM-1999-0001", "某天 is no day"),
    }.items():
        for word in words:
            assert word in told[number], (number, told[number])
    assert office.rows("select id from project") == []


def test_exactly_what_was_told_happens(office: Office) -> None:
    """Faulty rows are left out; the facts have document, day and person; the same list again does nothing."""
    rows = rows_of(office, LIST)
    carry_out(office, rows, planned(office, rows).digest)
    project = only(office, "zhoumin")
    assert facts_of(office, project)["approved_total"] == Decimal("1860000.00")
    (entry,) = trail(office)
    assert (entry.kind, entry.actor_name, entry.document, entry.day) == (
        "project_entered", "管理", "红政数批〔2023〕18号", date(2023, 5, 6),
    )  # fmt: skip
    with office.database.read() as session:
        page = project_views.page(session, admin(office), project, office.now)
    (total,) = (fact for fact in page.facts if fact.name == "approved_total")
    assert [(source.document, source.by) for source in total.sources] == [(entry.document, "管理")]
    again = planned(office, rows)
    assert (again.count("new"), again.count("changed"), again.count("unchanged")) == (0, 0, 2)


def test_what_was_entered_is_corrected_with_a_reason_only(office: Office) -> None:
    """What it was stays in the trail; taken back, it is as if nobody had told; a list does the same."""
    project = entered(office, approved=True, approval_no="批1号")
    with pytest.raises(PastRefused) as refused:
        tell(office, project, approval_no="批2号")
    assert [name for name, _problem in refused.value.problems] == ["approval_no", ":reason"]
    tell(office, project, reason="文号录错", approval_no="批2号")
    rows = rows_of(
        office,
        "项目编码,项目名称,依据文件,依据日期,更正理由,已获批复\nXM-2026-0001,,撤回决定,2025-01-02,误录,撤回\n",
    )
    found = planned(office, rows)
    carry_out(office, rows, found.digest)
    assert facts_of(office, project) == {"approval_no": "批2号"}
    told = [(e.kind, e.reason, [(c.name, c.before, c.after) for c in e.changes]) for e in trail(office)]
    assert told[1:] == [
        ("facts_corrected", "文号录错", [("approval_no", "批1号", "批2号")]),
        ("facts_corrected", "误录", [("approved", True, None)]),
    ]
    with pytest.raises(PastRefused):
        tell(office, project, approval_no="批2号")  # nothing new


def test_what_a_case_fixed_is_never_entered_over(office: Office) -> None:
    """Neither by page nor by list, whatever the reason; and a case fixes over what was entered."""
    into_the_library(office)
    project = only(office)
    with pytest.raises(PastRefused) as refused:
        tell(office, project, reason="改一改", total=Decimal("1.00"))
    ((name, (text, params)),) = refused.value.problems
    assert (name, params["number"]) == ("total", "红数入库〔2026〕1号")
    assert "only a case" in text
    rows = rows_of(
        office, "项目名称,建设单位,依据文件,依据日期,更正理由,总投资\n智慧校园,区教育局,件,2025-01-02,改,1\n"
    )
    assert planned(office, rows).lines[0].kind == "faulty"
    tell(office, project, in_use=True)
    row = {"tenant_id": TENANT, "project_id": project, "id": office.start(project_id=project)}
    with office.database.write() as session:
        starts.projects.fix_facts(session, row, {"in_use": False}, office.now)
    with office.database.read() as session:
        page = project_views.page(session, admin(office), project, office.now)
    (in_use,) = (fact for fact in page.facts if fact.name == "in_use")
    assert [(source.value, bool(source.instance_id)) for source in in_use.sources] == [
        (False, True),
        (True, False),
    ]
    with pytest.raises(PastRefused):
        tell(office, project, reason="改回", in_use=True)


def test_a_number_that_exists_once_is_nobody_elses(office: Office) -> None:
    """Two projects cannot have one approval number; corrected, it is free again."""
    first = entered(office, approval_no="批1号")
    with pytest.raises(PastRefused), office.database.write() as session:
        past_entering.enter_project(
            session, admin(office), "另一个", "education", Told(PAPER, {"approval_no": " 批1号 "}), office.now
        )
    tell(office, first, reason="录错", approval_no="批2号")
    with office.database.write() as session:
        past_entering.enter_project(
            session, admin(office), "另一个", "education", Told(PAPER, {"approval_no": "批1号"}), office.now
        )


def test_a_project_is_entered_once(office: Office) -> None:
    """A second press finds it; a project needs name, unit, document and a day that has been."""
    entered(office)
    with pytest.raises(PastRefused) as twice:
        entered(office)
    assert twice.value.problems[0][1][1] == {"code": "XM-2026-0001"}
    told = Told(Document("", None), {})
    with pytest.raises(PastRefused) as wanting, office.database.write() as session:
        past_entering.enter_project(session, admin(office), "甲", "nowhere", told, office.now)
    assert [name for name, _problem in wanting.value.problems] == [":unit", ":document", ":day"]


@pytest.mark.parametrize("verb", ["offered", "sheet", "enter", "enter_project", "plan", "trail"])
def test_others_may_not(office: Office, verb: str) -> None:
    """Neither the bureau nor the unit itself, unless the manifest names them."""
    project, who = entered(office), office.people["chenwei"]
    works = {
        "offered": lambda s: past_facts.offered(s, who),
        "sheet": lambda s: past_facts.sheet(s, who, project),
        "enter": lambda s: past_entering.enter(s, who, project, Told(PAPER, {}), "", office.now),
        "enter_project": lambda s: past_entering.enter_project(
            s, who, "甲", "data", Told(PAPER, {}), office.now
        ),
        "plan": lambda s: past_import.plan(s, who, (), office.now),
        "trail": lambda s: past_facts.trail(s, who),
    }
    with pytest.raises(NotPermitted), office.database.write() as session:
        works[verb](session)


def test_the_manifest_may_name_a_body(office: Office, bundle: Bundle) -> None:
    """Its people enter; others are told who does."""
    text = bundle.files["jurisdiction.toml"].decode()
    at = text.index("[[group]]")
    named = f'{text[:at]}[past_projects]\nby = ["data_bureau"]\n\n{text[at:]}'
    describe(office, Bundle({**bundle.files, "jurisdiction.toml": named.encode()}), "")
    with office.database.read() as session:
        assert past_facts.offered(session, office.people["chenwei"]).facts
        with pytest.raises(NotPermitted, match="groups") as refused:
            past_facts.offered(session, office.people["zhoumin"])
        assert past_facts.offered(session, admin(office)).facts
    assert refused.value.params == {"groups": "区政数局"}


def test_a_page_that_is_old_and_a_list_that_is_old_write_nothing(office: Office) -> None:
    """Somebody entered something meanwhile: look again."""
    project = entered(office)
    with office.database.read() as session:
        seen = past_facts.sheet(session, admin(office), project).stands.digest
    rows = rows_of(
        office, "项目名称,建设单位,依据文件,依据日期,已投入使用\n旧项目,区教育局,件,2025-01-02,是\n"
    )
    digest = planned(office, rows).digest
    tell(office, project, in_use=True)
    with pytest.raises(PastStale):
        tell(office, project, seen=seen, approved=True)
    with pytest.raises(PlanStale) as stale:
        carry_out(office, rows, digest)
    assert stale.value.plan.count("unchanged") == 1
    assert facts_of(office, project) == {"in_use": True}


def test_of_two_at_once_one_writes(office: Office) -> None:
    """By list or by page: the other looks again, nothing stands twice, and the chain is whole."""
    rows = rows_of(office, LIST)
    digest = planned(office, rows).digest
    raised = together(lambda: carry_out(office, rows, digest), lambda: carry_out(office, rows, digest))
    assert [type(error) for error in raised] == [PlanStale]
    project = only(office)
    with office.database.read() as session:
        seen = past_facts.sheet(session, admin(office), project).stands.digest
    raised = together(
        lambda: tell(office, project, seen=seen, in_use=True),
        lambda: tell(office, project, seen=seen, in_use=False),
    )
    assert [type(error) for error in raised] == [PastStale]
    assert [entry.kind for entry in trail(office)] == ["project_entered", "facts_entered"]


def test_a_changed_trail_is_found(office: Office) -> None:
    """Somebody with the database in hand changes what a document said."""
    entered(office, approved=True)
    with office.database.write() as session:
        session.connection().exec_driver_sql("update past_event set payload = replace(payload, '18', '19')")
    with office.database.read() as session:
        (fault,) = past_log.verify(session, TENANT)
    assert not isinstance(fault, int)
    assert (fault.seq, fault.fault) == (1, "entry changed")
