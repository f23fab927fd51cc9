"""What one case fixes, later cases of the project read instead of asking."""

from __future__ import annotations

from decimal import Decimal

from server.engine.forms import RenderContext, render_tree
from server.services import starts
from server.services.starts import Matter
from tests.services.conftest import Office


def facts(office: Office) -> dict[str, object]:
    """The facts of the one project."""
    with office.database.read() as session:
        (project,) = starts.projects.of_unit(session, office.people["zhoumin"])
    return project.facts


def enter(office: Office) -> str:
    """Take a project into the library."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    office.do("chenwei", instance, "decide_review", review_needed=False, opinion_text="无需评审")
    return instance


def test_library_entry_becomes_a_fact_of_the_project(office: Office) -> None:
    """Class, tier and total are known from now on; before the case ends nothing is."""
    instance = office.start()
    assert facts(office) == {}
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    office.do("chenwei", instance, "decide_review", review_needed=False, opinion_text="无需评审")
    found = facts(office)
    assert found["in_library"] is True
    assert (found["class"], found["tier"], found["total"]) == ("construction", "large", Decimal("600000.00"))


def test_a_refused_project_fixes_nothing(office: Office) -> None:
    """A need that sharing would meet is refused, and no fact is left behind."""
    office.start(can_be_shared=True)
    assert facts(office) == {}


def test_the_approval_form_locks_what_is_known(office: Office) -> None:
    """in_library is shown and cannot be answered otherwise; the annual plan can be."""
    enter(office)
    zhoumin = office.people["zhoumin"]
    with office.database.write() as session:
        (project,) = starts.projects.of_unit(session, zhoumin)
        key = "hongshan.project_approval"
        answer = starts.save(
            session,
            zhoumin,
            Matter(key),
            [("project_id", project.id), ("in_library", "false"), ("in_annual_plan", "perhaps")],
            office.now,
        )
        view = starts.view(session, zhoumin, Matter(key), office.now)
    assert view.form is not None
    assert "in_library" not in {error.name for error in answer.errors}
    assert "in_annual_plan" in {error.name for error in answer.errors}
    nodes = render_tree(view.form, {}, RenderContext(view.variables))
    flat = list(nodes)
    for node in flat:
        flat.extend(node.children)
    locked = {node.name: node.readonly for node in flat}
    assert locked["in_library"] is True
    assert locked["in_annual_plan"] is False
