"""常用语: the phrases that are offered beside opinions, kept by whoever uses them."""

from __future__ import annotations

from starlette.responses import Response

from server.services import phrases
from server.services.errors import NotFound
from server.services.phrases import PhraseMoved
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@pages.get("/phrases")
def listing(visit: Visit) -> Response:
    """One's own phrases and those of the office."""
    return _page(visit)


@pages.post("/phrases")
def add(visit: Visit) -> Response:
    """Keep one more."""
    office = visit.sent("office") == "1"
    if not visit.sent("text").strip():
        named = "office-text" if office else "text"
        return _page(visit, ((named, visit.words.gettext(_("Write the phrase."))),), status=422)
    phrases.add(visit.session, visit.person, visit.sent("text"), visit.now, office=office)
    return render.redirect(visit, "/phrases")


@pages.post("/phrases/{id}")
def change(visit: Visit) -> Response:
    """Write one anew, move it up or remove it. Of two who change one, the slower keeps what was typed."""
    session, person, phrase_id = visit.session, visit.person, visit.path("id")
    try:
        if visit.sent("remove"):
            phrases.remove(session, person, phrase_id)
        elif visit.sent("up"):
            phrases.raise_up(session, person, phrase_id)
        else:
            phrases.change(session, person, phrase_id, visit.sent("text"), visit.sent("seen"), visit.now)
    except (PhraseMoved, NotFound) as moved:
        return _moved(visit, moved)
    return render.redirect(visit, "/phrases")


def _moved(visit: Visit, error: PhraseMoved | NotFound) -> Response:
    """What became of the phrase meanwhile; what was typed stands in the field for a new one."""
    typed = visit.sent("text")[: phrases.LONGEST]
    if isinstance(error, NotFound) and not typed:
        raise error
    text = error.text if isinstance(error, PhraseMoved) else ""
    told = (
        _("Somebody changed the phrase meanwhile; it now reads: {text}")
        if text
        else _("Somebody removed the phrase meanwhile.")
    )
    sentence = visit.words.tell(told, {"text": text})
    return _page(visit, (("text", sentence),), status=409, typed=typed)


def _page(visit: Visit, errors: Errors = (), status: int = 200, typed: str = "") -> Response:
    found = phrases.offered(visit.session, visit.person)
    return render.page(
        visit, "phrases/list.html", status=status, errors=errors, typed=typed, longest=phrases.LONGEST,
        own=[phrase for phrase in found if phrase.own],
        office=[phrase for phrase in found if not phrase.own],
        keeps_office=bool(phrases.may_change(visit.person, "")),
    )  # fmt: skip
