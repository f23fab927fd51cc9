"""Finding cases by text: every piece of a Chinese text, only of the own jurisdiction and of what one may
see."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from server.services import indexing, instances, searching, tasks
from server.services.errors import StaleTask
from server.services.searching import FoundPage, Wanted
from server.store.searching import hits, tokens
from tests.services.conftest import ENTRY, TENANT, Office

NAMES = ("智慧校园2026年一期", "应急指挥平台", "校园安防（ABC-12）改造", "Ｓｍａｒｔ停车")


def _find(office: Office, text: str, person: str = "chenwei", **more: Any) -> FoundPage:
    with office.database.read() as session:
        return searching.page(session, office.people[person], Wanted(text, **more), office.now)


def _titles(office: Office, text: str, person: str = "chenwei", **more: Any) -> list[str]:
    return [row.title for row in _find(office, text, person, **more).rows]


@pytest.fixture
def four(office: Office) -> Office:
    """An office with four cases, the last of which is the newest."""
    for name in NAMES:
        office.start(project_name=name)
    return office


def test_every_piece_of_a_chinese_name_finds_it(four: Office) -> None:
    """One character, two, seven; across figures and letters; of any width; the newest first."""
    for piece in ("智", "校园", "慧校园", "园2026年", "2026年一期", "年一期", "期"):
        assert NAMES[0] in _titles(four, piece), piece
    assert _titles(four, "校园") == [NAMES[2], NAMES[0]]
    assert _titles(four, "校园 改造") == [NAMES[2]]
    assert _titles(four, "abc-12") == _titles(four, "ａｂｃ") == _titles(four, "防ABC") == [NAMES[2]]
    assert _titles(four, "smart停") == [NAMES[3]]


def test_what_is_not_there_is_not_found(four: Office) -> None:
    """Characters in another order, ends of figures, nothing but signs, words of the query's own language."""
    signs = ("（）", "「", '"', "'", ":*", "NOT 校园", "p9head", "t9hongshan", "hong")
    for text in ("校智", "校慧", "园校", "026", "校园 平台", *signs):
        assert _titles(four, text) == [], text


def test_the_number_comes_first(four: Office) -> None:
    """Then heads, then contents."""
    number = four.rows("select business_key from process_instance where title = :t", t=NAMES[0])[0][
        "business_key"
    ]
    office = four
    office.start(project_name=f"关于{number}的延续")
    found = _find(office, number)
    assert found.rows[0].business_key == number
    assert {row.title for row in found.rows} == {NAMES[0], f"关于{number}的延续"}


def test_what_people_write_is_found_with_its_place(four: Office) -> None:
    """An opinion in the record of a case; the page shows where."""
    instance = four.rows("select id from process_instance where title = :t", t=NAMES[1])[0]["id"]
    four.do("chenwei", instance, "check_materials", materials_verdict="complete")
    four.pre_review(instance)
    found = _find(four, "政务云")
    assert [row.title for row in found.rows] == [NAMES[1]]
    assert found.rows[0].excerpt[1] == "政务云"
    assert _titles(four, "政务云 应急指挥") == [NAMES[1]], "terms in different parts of a case"


def test_the_person_sees_only_their_own(four: Office) -> None:
    """Text or not: a clerk of another unit finds nothing, the auditor everything."""
    assert len(_titles(four, "校园", "zhoumin")) == 2
    assert _titles(four, "校园", "hejun") == []
    assert _titles(four, "", "hejun") == []
    assert len(_titles(four, "", "auditor")) == 4
    with four.database.read() as session:
        elsewhere = sa.select(sa.func.count()).select_from(hits(session, "hongshanx", "校园"))
        assert session.execute(elsewhere).scalar_one() == 0


def test_filters_and_text_together(four: Office) -> None:
    """State, unit, who began it, days."""
    assert len(_titles(four, "校园", process="hongshan.library_entry", state="running")) == 2
    assert _titles(four, "校园", state="ended") == []
    assert len(_titles(four, "", "zhoumin", mine="started")) == 4
    assert _titles(four, "", "chenwei", mine="started") == []
    day = four.now.date()
    assert len(_titles(four, "", begun_first=day, begun_last=day)) == 4
    assert _titles(four, "校园", ended_first=day) == []


def test_pages_follow_each_other(four: Office) -> None:
    """Each case once, in the order of the whole, with a text and without."""
    for text in ("", "校园"):
        whole, after, seen = _titles(four, text), "", []
        while True:
            with four.database.read() as session:
                page = searching.page(
                    session, four.people["chenwei"], Wanted(text), four.now, after=after, limit=1
                )
            seen += [row.title for row in page.rows]
            assert page.total == len(whole)
            after = page.next
            if not after:
                break
        assert seen == whole
        with four.database.read() as session:
            every = searching.every(session, four.people["chenwei"], Wanted(text), four.now)
            assert [row.title for row in every] == whole


def test_a_command_that_fails_leaves_nothing_to_find(four: Office) -> None:
    """The text is written in the command's own unit of work."""
    before = four.rows("select count(*) as n from search_entry")[0]["n"]
    with pytest.raises(RuntimeError), four.database.write() as session:  # noqa: PT012 - the unit of work
        instances.start(session, four.people["zhoumin"], "hongshan.library_entry", four.now, {
            "project_name": "不存在", **_application(four, session)})  # fmt: skip
        raise RuntimeError
    assert four.rows("select count(*) as n from search_entry")[0]["n"] == before
    assert _titles(four, "不存在") == []


def _application(
    office: Office, session: Session, person: str = "zhoumin", owner: str = "start:hongshan.library_entry"
) -> dict[str, Any]:
    given: dict[str, Any] = dict(ENTRY)
    for name in ("entry_application", "feasibility_report_two_in_one"):
        given[name] = [office.attach(session, person, owner, name)]
    return given


def test_two_people_at_once_leave_one_text(four: Office) -> None:
    """Who was too late has written nothing."""
    instance = four.rows("select id from process_instance where title = :t", t=NAMES[1])[0]["id"]
    four.do("chenwei", instance, "check_materials", materials_verdict="complete")
    task = four.task(instance, "pre_review")
    four.pre_review(instance)
    with pytest.raises(StaleTask), four.database.write() as session:
        tasks.complete(session, four.people["wulan"], task["id"], 1, four.now, {"feasibility": "另说"})
    assert _titles(four, "另说") == []


def test_reindexing_writes_the_same_again(four: Office) -> None:
    """From the record alone; rehearsals are never found."""
    owner = "rehearse:hongshan.library_entry"
    with four.database.write() as session:
        instances.start(
            session, four.people["owner"], "hongshan.library_entry", four.now,
            {"project_name": "演练项目", **_application(four, session, "owner", owner)}, rehearsed=True,
        )  # fmt: skip
    what = "select tenant_id, instance_id, seq, part, text from search_entry order by instance_id, seq, part"
    before = four.rows(what)
    assert before
    assert _titles(four, "演练项目", "owner") == []
    with four.database.write() as session:
        session.execute(sa.text("update search_entry set text = 'x' where part = 'body'"))
        after = ""
        while after := indexing.reindex(session, TENANT, after):
            pass
    assert four.rows(what) == before
    assert set(_titles(four, "校园")) == {NAMES[2], NAMES[0]}


@given(text=st.text(alphabet="规程审批智慧校园2026aB-（ \n", min_size=1, max_size=12), data=st.data())
def test_tokens_of_a_piece_stand_in_a_row(text: str, data: st.DataObject) -> None:
    """Any piece of a run of Chinese has tokens that the whole has, in a row."""
    whole = tokens(text)
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : data.draw(st.integers(start + 1, len(text)))]
    if not all("\u4e00" <= letter <= "\u9fff" for letter in piece) or len(piece) < 2:
        return
    sought = tokens(piece, whole=False)
    assert any(whole[at : at + len(sought)] == sought for at in range(len(whole)))
