"""为什么我不能: each condition, which of them holds, and whom to ask."""

from __future__ import annotations

from starlette.responses import Response

from server.services import deployed, people, reasons
from server.services.authorization import Person
from server.services.reasons import Answer
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages

pages = Pages()


@pages.get("/why")
def why(visit: Visit) -> Response:
    """The answer about a task, a case or a process; admins may ask about anybody."""
    person = reasons.person_asked_about(visit.session, visit.person, visit.query("person"))
    admin = visit.person.has("admin")
    used = deployed.active(visit.session, visit.person.tenant_id)
    entries = used.manifest.processes.values() if used.manifest else ()
    return render.page(
        visit, "people/why.html", asked=person, answer=_answer(visit, person), admin=admin,
        people=[one.record for one in people.listing(visit.session, visit.person)] if admin else [],
        processes=[(entry.id, entry.name) for entry in entries if not entry.called],
        task=visit.query("task"), case=visit.query("case"), process=visit.query("process"),
    )  # fmt: skip


def _answer(visit: Visit, person: Person) -> Answer | None:
    if task := _last(visit.query("task")):
        return reasons.of_task(visit.session, visit.person, person, task)
    if case := _last(visit.query("case")):
        return reasons.of_case(visit.session, visit.person, person, case)
    if process := visit.query("process"):
        return reasons.of_start(visit.session, person, process, visit.now)
    return None


def _last(text: str) -> str:
    """An id, or the address of a page that ends with it."""
    return text.strip().rstrip("/").rpartition("/")[2]
