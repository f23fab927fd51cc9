"""检查: what each finding means, with a wrong and a right example; every finding leads to its page here."""

from __future__ import annotations

import re

from starlette.responses import Response

from server.bundles import refusal_list
from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS
from server.services.errors import NotFound
from server.web import render
from server.web.check_pages import check_page, example
from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()
_PLACE = re.compile(r"\{(\w+)\}")


def address(code: str) -> str:
    """Where the page of a check or of a refusal stands."""
    return f"/checks/{code}"


@pages.get("/checks", Permission.ANYONE)
def index(visit: Visit) -> Response:
    """All checks by name, and all refusals of the engine by chapter."""
    own = [page for code in CHECKS if (page := check_page(code, visit.language))]
    answered = [page for code in ANSWERED_BY_THE_ENGINE if (page := check_page(code, visit.language))]
    chapters = [
        (visit.words.gettext(title), sorted({entry.code for entry in entries}))
        for title, entries in refusal_list.chapters()
    ]
    by_the_engine = [page for page in answered if page.code not in CHECKS]
    return render.page(visit, "checks/list.html", own=own, by_the_engine=by_the_engine, chapters=chapters)


@pages.get("/checks/{code}", Permission.ANYONE)
def check(visit: Visit) -> Response:
    """One check, or one refusal of the engine: what it means and what to do."""
    code = visit.request.path_params["code"]
    page = check_page(code, visit.language)
    entries = refusal_list.by_code().get(code, ())
    if page is None and not entries:
        raise NotFound("check", code)
    topic = next((name for name, codes in ANSWERED_BY_THE_ENGINE.items() if code in codes), "")
    return render.page(
        visit,
        "checks/check.html",
        code=code,
        page=page,
        entries=[(entry.level, _told(visit, entry.meaning), _told(visit, entry.remedy)) for entry in entries],
        topic=check_page(topic, visit.language) if topic and topic != code else None,
        example=example(code),
    )


def _told(visit: Visit, template: str) -> str:
    """A sentence whose places are not filled: they stand as words in angle quotes."""
    told = visit.words.gettext(template)
    return _PLACE.sub(r"‹\1›", told).replace("{{", "{").replace("}}", "}")
