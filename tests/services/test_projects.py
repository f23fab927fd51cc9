"""Projects on their page: who sees which, where facts came from, what may begin for them in which unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from server.bundles.archive import Bundle
from server.services import project_views, projects, starts
from server.services.errors import NotFound, NotPermitted
from server.services.project_views import ProjectPage
from server.services.projects import Choice
from server.services.starts import Matter
from tests.services.conftest import TENANT, Office
from tests.services.test_registers import describe, into_the_library


def only(office: Office, person: str = "zhoumin") -> str:
    """The id of the one project that a person finds."""
    with office.database.read() as session:
        (row,) = project_views.search(session, office.people[person])
    return row.id


def page(office: Office, project: str, person: str = "zhoumin") -> ProjectPage:
    with office.database.read() as session:
        return project_views.page(session, office.people[person], project, office.now)


def test_a_project_shows_its_life(office: Office, bundle: Bundle) -> None:
    """Facts with the case and the day that fixed them, cases by stage, tasks that wait, registers."""
    describe(office, bundle)
    first = into_the_library(office)
    project = only(office)
    office.now += timedelta(days=1)
    running = office.start(project_id=project)
    found = page(office, project)
    assert (found.row.name, found.row.cases, found.row.running) == ("智慧校园", 2, 1)
    facts = {fact.name: fact for fact in found.facts}
    assert facts["total"].value == Decimal("600000.00")
    (source,) = facts["total"].sources
    assert (source.instance_id, source.number) == (first, "红数入库〔2026〕1号")
    assert source.at == office.now - timedelta(days=1)
    ((stage, english, cases),) = found.stages
    assert (stage, english) == ("规划、入库和计划管理", "Planning, library and annual plan")
    assert [(case.id, case.status) for case in cases] == [(first, "ended"), (running, "running")]
    assert [(task.number, task.mine) for task in found.tasks] == [("红数入库〔2026〕2号", False)]
    assert page(office, project, "chenwei").tasks[0].mine
    assert {register.id for register, _ in found.entries} >= {"t_library", "t_all"}
    assert "hongshan.library_entry" in {startable.key for startable, _ in found.startable}
    assert {s.key: n for s, n in found.startable}["hongshan.library_entry"] == 2
    assert found.hidden == 0


def test_a_fact_that_changes_keeps_what_it_was(office: Office) -> None:
    first = into_the_library(office)
    project = only(office)
    office.now += timedelta(days=30)
    row = {"tenant_id": TENANT, "project_id": project, "id": office.start(project_id=project)}
    with office.database.write() as session:
        projects.fix_facts(session, row, {"total": Decimal("700000.00")}, office.now)
    (total,) = (fact for fact in page(office, project).facts if fact.name == "total")
    assert total.value == Decimal("700000.00")
    assert [source.value for source in total.sources] == [Decimal("700000.00"), Decimal("600000.00")]
    assert [source.instance_id for source in total.sources] == [row["id"], first]


def test_who_finds_which_project(office: Office) -> None:
    """The unit its own, bodies of the installation all, others those they took part in."""
    office.start()
    project = only(office)
    zhoumin = office.people["zhoumin"]
    office.people["auditor"] = replace(zhoumin, id="a", unit_id="", groups=frozenset({"auditor"}))
    office.people["expert"] = replace(zhoumin, id="e", unit_id="experts", groups=frozenset({"expert"}))
    with office.database.read() as session:
        found = {
            name: len(project_views.search(session, office.people[name]))
            for name in ("zhoumin", "chenwei", "auditor", "hejun", "expert")
        }
        assert found == {"zhoumin": 1, "chenwei": 1, "auditor": 1, "hejun": 0, "expert": 0}
        assert project_views.search(session, zhoumin, "智慧校园") != []
        assert project_views.search(session, zhoumin, "XM-2026-0001") != []
        assert project_views.search(session, zhoumin, "%") == []
        assert project_views.search(session, zhoumin, before=project) == []
    for name in ("hejun", "expert"):
        with pytest.raises(NotPermitted):
            page(office, project, name)
    with pytest.raises(NotFound):
        page(office, "none")
    assert page(office, project, "wulan").hidden == 1
    assert page(office, project, "wulan").stages == ()


def test_a_body_of_the_installation_begins_for_any_project_in_its_unit(
    office: Office, bundle: Bundle
) -> None:
    """The bureau begins a case about the school's project: it belongs to the education bureau, so that the
    clerks there are the project's unit; another unit's clerk may not."""
    text = bundle.files["jurisdiction.toml"].decode()
    entry = 'id = "hongshan.library_entry"'
    changed = text.replace('started_by = ["project_unit"]', 'started_by = ["project_unit", "data_bureau"]', 1)
    assert changed.index('data_bureau"]') > text.index(entry)
    describe(office, Bundle({**bundle.files, "jurisdiction.toml": changed.encode()}), "")
    office.start()
    project = only(office)
    chenwei, hejun = office.people["chenwei"], office.people["hejun"]
    with office.database.read() as session:
        view = starts.view(session, chenwei, Matter("hongshan.library_entry"), office.now, project=project)
        assert (view.choice.id, [p.id for p in view.projects]) == (project, [project])
        assert view.variables["project_unit"] == "区教育局"
        assert starts.view(session, hejun, Matter("hongshan.library_entry"), office.now).projects == ()
    begun = office.start("chenwei", project_id=project)
    (row,) = office.rows("select unit_id, started_by from process_instance where id = :i", i=begun)
    assert row == {"unit_id": "education", "started_by": chenwei.id}
    with pytest.raises(NotPermitted):
        office.start("hejun", project_id=project)


def test_a_link_from_a_project_leaves_another_projects_draft_alone(office: Office) -> None:
    office.start()
    project, key, zhoumin = only(office), "hongshan.library_entry", office.people["zhoumin"]
    with office.database.write() as session:
        starts.save(session, zhoumin, Matter(key), [("project_name", "新项目"), ("total", "1")], office.now)
    with office.database.read() as session:
        opened = starts.view(session, zhoumin, Matter(key), office.now, project=project)
        assert (opened.choice, opened.draft, opened.replaces_draft) == (Choice(project), None, True)
        kept = starts.view(session, zhoumin, Matter(key), office.now)
        assert (kept.choice.name, kept.replaces_draft) == ("新项目", False)
