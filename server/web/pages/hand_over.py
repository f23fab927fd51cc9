"""移交: all open tasks of one person to others."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from server.services import colleagues, handing_over
from server.services.errors import NotFound
from server.services.handing_over import GROUP, Item, Outcome, Wish
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.hands import revision
from server.web.routing import Pages, Permission

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@pages.get("/admin/hand-over", Permission.ADMIN)
def preview(visit: Visit) -> Response:
    """Whose tasks, to whom, and what would move."""
    leaver, to = visit.query("from"), visit.query("to")
    if not leaver:
        return _page(visit, "", "", (), ())
    return _page(visit, leaver, to, _items(visit, leaver, to), ())


@pages.post("/admin/hand-over", Permission.ADMIN)
def hand_over(visit: Visit) -> Response:
    """Do it: as it was shown, item by item."""
    leaver = visit.sent("from")
    wishes = tuple(
        Wish(task_id, revision(visit, f"revision:{task_id}"), visit.sent(f"to:{task_id}"))
        for task_id in dict.fromkeys(visit.posted.all("task")[: handing_over.MOST])
    )
    errors: list[tuple[str, str]] = []
    if not visit.sent("reason").strip():
        errors.append(("reason", visit.words.gettext(_("Say why the tasks go to others."))))
    if not any(wish.to for wish in wishes):
        errors.append(("", visit.words.gettext(_("Choose for at least one task to whom it goes."))))
    if errors:
        chosen = {wish.task_id: wish.to for wish in wishes}
        items = [replace(i, proposed=chosen.get(i.id, i.proposed)) for i in _items(visit, leaver, "")]
        return _page(visit, leaver, "", items, tuple(errors), 422)
    done = handing_over.hand_over(
        visit.session, visit.person, leaver, wishes, visit.sent("reason"), visit.now
    )
    return _page(visit, leaver, "", _items(visit, leaver, ""), (), done=done)


def _items(visit: Visit, leaver: str, to: str) -> list[Item]:
    return handing_over.preview(visit.session, visit.person, leaver, to, visit.now)


def _page(
    visit: Visit, leaver: str, to: str, items: object, errors: Errors, status: int = 200,
    done: list[Outcome] | None = None,
) -> Response:  # fmt: skip
    people = colleagues.everybody(visit.session, visit.person.tenant_id, visit.now)
    name = ""
    if leaver:
        try:
            name = colleagues.known(visit.session, visit.person.tenant_id, leaver).name
        except NotFound:
            leaver = ""
    return render.page(
        visit, "admin/hand_over.html", status=status, people=people, leaver=leaver, leaver_name=name, to=to,
        items=items, errors=errors, done=done, group=GROUP, reason=visit.sent("reason")[:500],
    )  # fmt: skip
