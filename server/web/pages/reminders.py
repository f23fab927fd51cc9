"""催办: reminding those for whom a task waits."""

from __future__ import annotations

from starlette.responses import Response

from server.services import reminding
from server.services.errors import NotPermitted, StaleTask
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.instances import cases_listed
from server.web.routing import Pages

pages = Pages()
BULK = 50


@pages.get("/tasks/{id}/remind")
def remind_page(visit: Visit) -> Response:
    """For whom it waits, and when somebody reminded of it last."""
    return _page(visit, "")


@pages.post("/tasks/{id}/remind")
def remind(visit: Visit) -> Response:
    """Remind. Of two who do so on one day, the second is told who was first, and keeps the note."""
    try:
        done = reminding.remind(visit.session, visit.person, visit.path("id"), visit.sent("note"), visit.now)
    except StaleTask as error:
        visit.session.rollback()
        if error.status != "reminded" or visit.wants_json:
            raise
        return _page(visit, _too_late(visit, error))
    return render.redirect(visit, f"/instances/{done.instance_id}/history")


@pages.post("/instances/remind")
def remind_selected(visit: Visit) -> Response:
    """Remind of all that waits in the ticked cases, each step by itself: what failed is named, the others
    stay reminded of."""
    note, count, failures = visit.sent("note")[: reminding.LONGEST], 0, []
    for case_id in sorted(set(visit.posted.all("case")[:BULK])):
        for task in reminding.of_case(visit.session, visit.person, case_id, visit.now):
            about = f"{task.business_key} {task.name}"
            try:
                reminding.remind(visit.session, visit.person, task.id, note, visit.now)
                count += 1
            except NotPermitted as error:
                failures.append((about, visit.words.tell(error.reason, error.params)))
            except StaleTask as error:
                failures.append((about, _too_late(visit, error)))
    if not count and not failures:
        nothing = _("Tick cases in which something waits for others.")
        failures.append(("", visit.words.gettext(nothing)))
    told = visit.words.tell(_("Reminded: {n}."), {"n": count}) if count else ""
    reasons = tuple(f"{about}：{why}" if about else why for about, why in failures)
    return cases_listed(visit, "/instances", everyone=False, note=told, failures=reasons)


def _too_late(visit: Visit, error: StaleTask) -> str:
    who = {"who": error.by or "—"}
    if error.status == "reminded":
        return visit.words.tell(_("{who} reminded of it today already. Try again tomorrow."), who)
    return visit.words.tell(_("{who} was faster; nothing was done there."), who)


def _page(visit: Visit, refused: str) -> Response:
    task = reminding.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "letters/remind.html", status=409 if refused else 200, task=task, refused=refused,
        note=visit.sent("note")[: reminding.LONGEST], today=task.today,
    )  # fmt: skip
