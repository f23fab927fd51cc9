"""部门: the departments of the jurisdiction."""

from __future__ import annotations

from starlette.responses import Response

from server.services import departments
from server.services.errors import NotPermitted
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/departments", Permission.ADMIN)
def listing(visit: Visit) -> Response:
    """The departments and how many people they have."""
    return _page(visit, ())


@pages.post("/departments", Permission.ADMIN)
def change(visit: Visit) -> Response:
    """Enter a department, or give one another name."""
    code, name = visit.sent("code").strip(), visit.sent("name")
    change_ = departments.rename if visit.sent("rename") == "1" else departments.add
    try:
        change_(visit.session, visit.person, code, name, visit.now)
    except NotPermitted as refused:
        return _page(visit, (("code", visit.words.tell(refused.reason, refused.params)),))
    return render.redirect(visit, "/departments")


def _page(visit: Visit, errors: tuple[tuple[str, str], ...]) -> Response:
    return render.page(
        visit, "people/departments.html", status=422 if errors else 200, errors=errors,
        units=departments.listing(visit.session, visit.person), longest=departments.LONGEST,
        code=visit.sent("code"), name=visit.sent("name"),
    )  # fmt: skip
