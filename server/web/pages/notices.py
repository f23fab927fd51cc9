"""The bell: what one has been told, and what one wants to hear about."""

from __future__ import annotations

from starlette.responses import Response

from server.services import notices, wishes
from server.services.errors import NotFound
from server.services.notice_kinds import CHANNELS, HOOK, KINDS, MAIL, chosen
from server.services.notices import Told
from server.web import notice_texts, render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.get("/notices")
def show(visit: Visit) -> Response:
    """What waits to be read; with `all` what was read, too."""
    everything = visit.query("all") == "1"
    found = notices.listing(visit.session, visit.person, everything=everything, before=visit.query("before"))
    kept = "all=1&" if everything else ""
    following = f"/notices?{kept}before={found[-1].id}" if len(found) == notices.PAGE_SIZE else ""
    return render.page(
        visit, "letters/notices.html", rows=[(told, _sentence(visit, told)) for told in found],
        everything=everything, next=following, newest=found[0].id if found else "",
    )  # fmt: skip


@pages.post("/notices/{id}/read")
def read(visit: Visit) -> Response:
    """Read one, and go to its matter."""
    told = notices.read(visit.session, visit.person, visit.path("id"), visit.now)
    if told is None:
        raise NotFound("notice", visit.path("id"))
    return render.redirect(visit, told.address if visit.sent("go") else "/notices")


@pages.post("/notices/read")
def read_all(visit: Visit) -> Response:
    """Read all that the page showed."""
    notices.read_all(visit.session, visit.person, visit.sent("up_to")[:26], visit.now)
    return render.redirect(visit, "/notices")


@pages.get("/notices/wishes")
def wishes_page(visit: Visit) -> Response:
    """What one hears about, and where."""
    return _wishes(visit, wishes.of(visit.session, visit.person), "")


@pages.post("/notices/wishes")
def choose(visit: Visit) -> Response:
    """Choose."""
    given = _given(visit, wishes.of(visit.session, visit.person))
    offered = visit.house.channels
    reach = wishes.may_reach(given.mail_address, offered.mail_domains)
    if offered.mail and not reach:
        return _wishes(visit, given, visit.words.tell(reach.reason, reach.params), 422)
    wishes.keep(visit.session, visit.person, given)
    return render.redirect(visit, "/notices/wishes?saved=1")


def _given(visit: Visit, before: wishes.Wishes) -> wishes.Wishes:
    """What the form says. Of a channel that is not offered it says nothing, so what was chosen stays."""
    ticked, offers = set(visit.posted.all("tell")), visit.house.channels.offers

    def wanted(kind: str, channel: str) -> bool:
        return f"{kind}.{channel}" in ticked if offers(channel) else channel in chosen(before.wishes, kind)

    mail, hook = visit.sent("mail_address").strip()[:200], visit.sent("hook_account").strip()[:100]
    return wishes.Wishes(
        mail_address=mail if offers(MAIL) else before.mail_address,
        hook_account=hook if offers(HOOK) else before.hook_account,
        wishes={kind: [channel for channel in CHANNELS if wanted(kind, channel)] for kind in KINDS},
        digest=visit.sent("digest") == "1" if offers(MAIL) else before.digest,
    )


def _wishes(visit: Visit, given: wishes.Wishes, problem: str, status: int = 200) -> Response:
    gettext = visit.words.gettext
    offered = visit.house.channels
    channels = [(c, gettext(notice_texts.CHANNELS[c])) for c in CHANNELS if offered.offers(c)]
    rows = [(kind, gettext(name), chosen(given.wishes, kind)) for kind, name in notice_texts.NAMES.items()]
    return render.page(
        visit, "letters/wishes.html", status=status, given=given, rows=rows, channels=channels,
        errors=[("mail_address", problem)] if problem else (), offered=offered,
        note=gettext(_("Your choice is kept.")) if visit.query("saved") else "",
    )  # fmt: skip


def _sentence(visit: Visit, told: Told) -> str:
    return notice_texts.sentence(visit.words, told.kind, told.payload)
