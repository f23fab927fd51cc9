"""待办 and 已办: what waits for a person, and what they have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from server.services import deployed, release_views, tasks, worklist
from server.services.errors import NotFound, NotPermitted, StaleTask
from server.services.worklist import Filters, TaskRow
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.paging import Key, key_of, text_of
from server.web.routing import Pages

pages = Pages()
BULK = 50


@pages.get("/tasks")
def show(visit: Visit) -> Response:
    """What must I do next? Mine by urgency, then what I may claim."""
    return _list(visit)


@pages.post("/tasks/claim")
def claim_selected(visit: Visit) -> Response:
    """签收 the ticked tasks; those that failed are named, the others stay claimed."""
    return _list(visit, *_claim(visit, visit.posted.all("task")[:BULK]))


@pages.get("/tasks/done")
def done(visit: Visit) -> Response:
    """已办 and 办结: what I did, newest first."""
    ended = visit.query("ended") == "1"
    rows = worklist.done(
        visit.session, visit.person, ended=ended, before=key_of(visit.query("before")), limit=50
    )
    following = ""
    if len(rows) == 50:
        last = Key(rows[-1]["completed_at"], rows[-1]["id"])
        following = f"/tasks/done?{urlencode({'ended': '1' if ended else '', 'before': text_of(last)})}"
    return render.page(visit, "worklist/done.html", rows=rows, ended=ended, next=following)


def _claim(visit: Visit, ids: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    failures: list[str] = []
    claimed = 0
    for task_id in ids:
        try:
            tasks.claim(visit.session, visit.person, task_id, visit.now)
            claimed += 1
        except NotPermitted as error:
            failures.append(visit.words.tell(error.reason, error.params))
        except (StaleTask, NotFound) as error:
            who = getattr(error, "by", None) or "—"
            failures.append(visit.words.tell(_("A task was claimed by {who} before you."), {"who": who}))
    if not ids:
        return "", (visit.words.gettext(_("Tick the tasks you want to claim.")),)
    note = visit.words.tell(_("Claimed: {n}."), {"n": claimed}) if claimed else ""
    return note, tuple(failures)


def _list(visit: Visit, note: str = "", failures: tuple[str, ...] = ()) -> Response:
    filters = Filters(
        process_key=visit.query("process"), mine=visit.query("mine") == "1", group=visit.query("group"),
        text=visit.query("q"), rehearsals=visit.query("rehearsal") == "1",
        acting_for=visit.query("for"),
    )  # fmt: skip
    page = worklist.page(visit.session, visit.person, filters, visit.now, after=key_of(visit.query("after")))
    used = deployed.active(visit.session, visit.person.tenant_id)
    return render.page(
        visit,
        "worklist/list.html",
        block="worklist",
        page=page,
        filters=filters,
        note=note,
        failures=failures,
        sections=_sections(visit, page.rows),
        filtered=filters != Filters(rehearsals=filters.rehearsals),
        rehearsals=worklist.rehearsals(visit.session, visit.person),
        releases=release_views.calling(visit.session, visit.person),
        next=_next(visit, page.next),
        processes=[(key, definition.name) for key, definition in used.model.processes.items()],
        groups=sorted((group, used.group_name(group)) for group in visit.person.groups),
    )


def _sections(visit: Visit, rows: Sequence[TaskRow]) -> list[tuple[str, str, list[TaskRow]]]:
    """Mine by light, the most urgent first; then what waits to be claimed."""
    gettext = visit.words.gettext
    titles = (
        ("red", _("Overdue")), ("yellow", _("Nearly due")), ("green", _("On time")),
        ("stopped", _("Clock stopped")),
    )  # fmt: skip
    mine = [
        (light, gettext(title), [r for r in rows if r.mine and r.light == light]) for light, title in titles
    ]
    return [*mine, ("free", gettext(_("To be claimed")), [r for r in rows if not r.mine])]


def _next(visit: Visit, key: Key | None) -> str:
    if key is None:
        return ""
    kept: dict[str, Any] = {
        name: value for name, value in visit.request.query_params.items() if name != "after"
    }
    return f"/tasks?{urlencode({**kept, 'after': text_of(key)})}"
