"""The common phrases that stand beside opinions, and putting one into a posted form where no script does."""

from __future__ import annotations

from server.engine.forms import Pair
from server.services import phrases
from server.web.context import Visit
from server.web.language import mark as _

_USUAL = (
    _("Agreed."),
    _("Agreed in principle; please decide."),
    _("The material is incomplete; please complete it."),
)


def offered(visit: Visit) -> list[tuple[str, str]]:
    """Id and text of each: the visitor's own, the office's, and where there are none the usual ones."""
    person = visit.person_or_none
    found = phrases.offered(visit.session, person) if person is not None else ()
    kept = [(phrase.id, phrase.text) for phrase in found]
    return kept or [(str(n), visit.words.gettext(text)) for n, text in enumerate(_USUAL)]


def put_in(visit: Visit, pairs: list[Pair]) -> None:
    """Put the phrase whose button was pressed behind what stands in its field."""
    name, _blank, phrase_id = visit.sent("_insert").rpartition(" ")
    phrase = next((text for id_, text in offered(visit) if id_ == phrase_id), "") if name else ""
    for at, (key, value) in enumerate(pairs):
        if phrase and key == name and isinstance(value, str):
            pairs[at] = (key, f"{value.rstrip()}\n{phrase}" if value.strip() else phrase)
