"""归档: the package of an ended case, as a file that is made while it is sent."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from server.services import archiving, instance_views, issuing, opinions
from server.services.archiving import FilesMissing, Gathered, Member, member
from server.web import render, vocabulary
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.documents import paper_of, verification_qr
from server.web.pages.opinions import Line, verdict
from server.web.render import STATIC
from server.web.routing import Pages

pages = Pages()
_NAMED = 10
"""How many missing files are named."""


@pages.post("/instances/{id}/archive")
def archive(visit: Visit) -> Response:
    """Note in the record that the package is taken, and send it."""
    try:
        gathered = archiving.gather(visit.session, visit.house.files, visit.person, visit.path("id"))
    except FilesMissing as missing:
        raise HTTPException(409, _missing(visit, missing.names)) from missing
    styles = {"style.css": "print.css", "document.css": "print-document.css"}
    looks = (member(name, (STATIC / of).read_bytes(), kind="style") for name, of in styles.items())
    made = (*_issued(visit), *looks)
    index = member("index.html", _index(visit, gathered, made), kind="page")
    members = archiving.close(visit.session, visit.person, gathered, (index, *made), visit.now)
    name = re.sub(r'[\\/:*?"<>|\s]+', " ", f"{gathered.number} {gathered.title}").strip()[:100]
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.zip', safe='')}"}
    return StreamingResponse(
        archiving.stream(members, visit.now), media_type="application/zip", headers=headers
    )


def _missing(visit: Visit, names: tuple[str, ...]) -> str:
    """Which files are gone, and where they can be had."""
    text = _(
        "The package cannot be made, and nothing was recorded: {n} of its files are missing or broken on the"
        " server ({names}). Tell an administrator: the backup of the data folder has them."
    )
    return visit.words.tell(text, {"n": len(names), "names": "、".join(names[:_NAMED])})


def _index(visit: Visit, gathered: Gathered, made: tuple[Member, ...]) -> bytes:
    """The page with which somebody begins to read."""
    session, person, case_id = visit.session, visit.person, gathered.instance_id
    sheet = opinions.sheet(session, person, case_id, visit.now)
    record = [e for e in instance_views.record(session, person, case_id) if e.kind != "steps_taken"]
    steps = [(step.name, [Line(one, verdict(visit, one)) for one in step.opinions]) for step in sheet.steps]
    page = render.whole(
        visit, "instances/archive.html", sheet=sheet, gathered=gathered, papers=made,
        steps=steps,
        decisions=instance_views.decisions(session, person, case_id), names=vocabulary.of_visit(visit),
        record=list(reversed(vocabulary.told(visit, record))),
    )  # fmt: skip
    return bytes(page.body)


def _issued(visit: Visit) -> list[Member]:
    """The documents that were given out, as pages."""
    found = []
    for document_id, issued in issuing.of_case(visit.session, visit.person.tenant_id, visit.path("id")):
        paper = paper_of(issued, str(visit.request.url.replace(path="/verify", query="")))
        page = render.whole(visit, "instances/archived_document.html", paper=paper, qr=verification_qr(paper))
        path = f"documents/{document_id}-{issued.serial}.html"
        found.append(member(path, bytes(page.body), kind="document", name=issued.title, code=issued.code))
    return found
