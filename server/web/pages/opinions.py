"""意见汇总: every opinion of a case on one sheet, on the screen, on paper and as PDF."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from server.services import opinions
from server.services.opinions import Opinion
from server.web import filling, render
from server.web.context import Visit
from server.web.print_outs import as_pdf
from server.web.routing import Pages

pages = Pages()


@dataclass(frozen=True, slots=True)
class Line:
    """An opinion with its verdict in words."""

    said: Opinion
    verdict: str


@pages.get("/instances/{id}/opinions")
def sheet(visit: Visit) -> Response:
    """The sheet, for the screen and the browser's print."""
    return _page(visit, for_pdf=False)


@pages.get("/instances/{id}/opinions.pdf")
def sheet_pdf(visit: Visit) -> Response:
    """The sheet as PDF."""
    return as_pdf(_page(visit, for_pdf=True), visit.path("id"))


def _page(visit: Visit, *, for_pdf: bool) -> Response:
    found = opinions.sheet(visit.session, visit.person, visit.path("id"), visit.now)
    steps = [(step.name, [Line(one, verdict(visit, one)) for one in step.opinions]) for step in found.steps]
    return render.whole(visit, "instances/opinions.html", sheet=found, steps=steps, for_pdf=for_pdf)


def verdict(visit: Visit, opinion: Opinion) -> str:
    """What was chosen, in the words of the form: every choice that the step gave."""
    given = set(opinion.values)
    views = filling.only_choices(filling.in_words(visit, opinion.form, opinion.values))
    return "；".join(f"{view.label}：{view.display}" for view in views if view.display and view.name in given)
