"""Registers: a row for each case that belongs there, written with the case, seen by those who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.bundles.archive import Bundle
from server.cli import house
from server.services import deployments, instances, register_views
from server.services.errors import NotFound
from server.services.register_views import Entry, Filters
from tests.services.conftest import TENANT, Office

REGISTERS = """
[[register]]
id = "t_library"
name = "入库台账"
processes = ["hongshan.library_entry"]
outcomes = ["in_library"]
columns = ["class", "total"]

[[register]]
id = "t_all"
name = "全部入库申请"
processes = ["hongshan.library_entry"]
state = "open"
outcomes = ["in_library"]
columns = ["total"]
"""
CHANGED = REGISTERS.replace('"class", "total"]', '"class", "tier"]')


def describe(office: Office, bundle: Bundle, text: str = REGISTERS) -> None:
    """Deploy Hongshan with these registers."""
    files = {**bundle.files, "jurisdiction.toml": bundle.files["jurisdiction.toml"] + text.encode()}
    with office.database.write() as session:
        who = house.operator(session, TENANT)
        deployments.deploy(session, who, TENANT, files, office.now, name="Hongshan", source="test")


def read(office: Office, person: str = "chenwei", register: str = "t_library", **wanted: Any) -> list[Entry]:
    """A register as a person sees it."""
    sort, after = wanted.pop("sort", "newest"), wanted.pop("after", None)
    with office.database.read() as session:
        page = register_views.page(
            session, office.people[person], register, Filters(**wanted), sort, after=after
        )
    return list(page.entries)


def into_the_library(office: Office, name: str = "智慧校园", total: str = "600000.00") -> str:
    """A case that ends with its project in the library."""
    instance = office.start(project_name=name, total=total)
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    office.do("chenwei", instance, "decide_review", review_needed=False, opinion_text="无需评审")
    return instance


def test_a_case_is_entered_when_it_ends_and_as_it_was(office: Office, bundle: Bundle) -> None:
    describe(office, bundle)
    instance = office.start()
    assert read(office) == []
    (running,) = read(office, register="t_all")
    assert (running.status, running.outcome_name) == ("running", None)
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    office.do("chenwei", instance, "decide_review", review_needed=False, opinion_text="无需评审")
    (entry,) = read(office)
    assert (entry.instance_id, entry.number) == (instance, "红数入库〔2026〕1号")
    assert entry.values == {"class": "construction", "total": Decimal("600000.00")}
    assert (entry.project_code, entry.project_name) == ("XM-2026-0001", "智慧校园")
    assert (entry.status, entry.ended_at, entry.visible) == ("ended", office.now, True)
    assert entry.outcome_name
    (ended,) = read(office, register="t_all")
    assert (ended.instance_id, ended.status) == (instance, "ended")


def test_another_outcome_takes_a_running_case_out(office: Office, bundle: Bundle) -> None:
    """The need that sharing would meet is refused: no row is left in either register."""
    describe(office, bundle)
    office.start(can_be_shared=True)
    assert read(office) == read(office, register="t_all") == []


def test_a_cancelled_case_stands_nowhere(office: Office, bundle: Bundle) -> None:
    describe(office, bundle)
    instance = office.start()
    assert len(read(office, register="t_all")) == 1
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], instance, "重复申报", office.now)
    assert read(office, register="t_all") == []


def test_a_register_that_comes_later_or_changes_has_the_earlier_cases(office: Office, bundle: Bundle) -> None:
    instance = into_the_library(office)
    office.now += timedelta(minutes=1)
    running = office.start(project_name="另一项目")
    describe(office, bundle)
    (entry,) = read(office)
    assert entry.instance_id == instance
    assert entry.values["total"] == Decimal("600000.00")
    assert [e.instance_id for e in read(office, register="t_all", sort="number")] == [instance, running]
    describe(office, bundle, CHANGED)
    assert read(office)[0].values == {"class": "construction", "tier": "large"}


def test_filters_and_orders(office: Office, bundle: Bundle) -> None:
    describe(office, bundle)
    first = into_the_library(office, "甲平台")
    office.now += timedelta(days=1)
    second = into_the_library(office, "乙100%系统", "700000.00")
    office.now += timedelta(days=1)
    third = into_the_library(office, "丙网络")
    day = date(2026, 3, 3)

    def ids(**wanted: Any) -> list[str]:
        return [entry.instance_id for entry in read(office, **wanted)]

    assert ids() == [third, second, first]
    assert ids(sort="oldest") == ids(sort="number") == [first, second, third]
    titles = [entry.title for entry in read(office, sort="title")]
    assert sorted(titles) == ["丙网络", "乙100%系统", "甲平台"]
    assert ids(text="系统") == ids(text="100%") == ids(number="〔2026〕2号") == [second]
    assert ids(text="%") == [second]
    assert ids(text="xm-2026-0003") == ids(project="XM-2026-0003") == ids(project="丙") == [third]
    assert ids(first=day, last=day) == [second]
    assert ids(first=day) == [third, second]
    assert ids(last=date(2026, 3, 2)) == [first]
    assert ids(last=date.max) == [third, second, first]
    assert ids(outcome="in_library") == [third, second, first]
    assert ids(outcome="refused") == ids(unit="elsewhere") == []


@pytest.mark.parametrize("sort", register_views.SORTS)
def test_pages_follow_each_other_without_gap_or_repeat(office: Office, bundle: Bundle, sort: str) -> None:
    describe(office, bundle)
    for number in range(5):
        office.start(project_name="同名" if number % 2 else f"项目{number}")
    seen: list[str] = []
    after = None
    with office.database.read() as session:
        person = office.people["chenwei"]
        while True:
            page = register_views.page(session, person, "t_all", Filters(), sort, after=after, limit=2)
            seen += [entry.instance_id for entry in page.entries]
            assert page.total == 5
            if (after := page.next) is None:
                break
        everything = [e.instance_id for e in register_views.rows(session, person, "t_all", Filters(), sort)]
    assert seen == everything
    assert len(set(seen)) == 5


def test_people_see_as_far_as_their_posts_reach(office: Office, bundle: Bundle) -> None:
    """The bureau sees every row; the project's unit its own; another unit nothing; an expert what they took
    part in; an auditor all, and may open each case."""
    describe(office, bundle)
    instance = office.start()
    zhoumin = office.people["zhoumin"]
    office.people["other"] = replace(zhoumin, id="x", unit_id="elsewhere")
    office.people["expert"] = replace(zhoumin, id="y", unit_id="elsewhere", groups=frozenset({"expert"}))
    office.people["former"] = replace(
        zhoumin, id="z", unit_id="elsewhere", groups=frozenset({"no_such_post"})
    )
    office.people["owner"] = replace(
        zhoumin, id="o", unit_id="elsewhere", groups=frozenset({"process_owner"})
    )
    office.people["auditor"] = replace(zhoumin, id="a", unit_id="", groups=frozenset({"auditor"}))
    office.people["finance"] = replace(
        zhoumin, id="f", unit_id="finance", groups=frozenset({"finance_bureau"})
    )
    visible = {
        name: [entry.visible for entry in read(office, name, "t_all")]
        for name in ("zhoumin", "chenwei", "auditor", "finance", "other", "expert", "former", "owner")
    }
    assert visible == {
        "zhoumin": [True], "chenwei": [True], "auditor": [True], "finance": [False], "other": [],
        "expert": [], "former": [], "owner": [],
    }  # fmt: skip
    with office.database.write() as session:
        session.execute(
            register_views._participants.insert().values(
                tenant_id=TENANT, principal="u:y", instance_id=instance
            )
        )
    assert [entry.visible for entry in read(office, "expert", "t_all")] == [True]
    with office.database.read() as session:
        counts = {
            name: [n for r, n in register_views.catalogue(session, office.people[name]) if r.id == "t_all"]
            for name in ("chenwei", "other")
        }
        assert counts == {"chenwei": [1], "other": [0]}


def test_rows_of_a_project(office: Office, bundle: Bundle) -> None:
    describe(office, bundle)
    instance = into_the_library(office)
    office.start(project_name="另一项目")
    project = read(office)[0].project_id
    assert project is not None
    with office.database.read() as session:
        found = register_views.of_project(session, office.people["chenwei"], project)
    ours = {register.id: entry.instance_id for register, entry in found if register.id.startswith("t_")}
    assert ours == {"t_all": instance, "t_library": instance}


def test_a_register_that_nobody_described(office: Office) -> None:
    with pytest.raises(NotFound):
        read(office, register="t_library")
