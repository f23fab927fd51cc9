"""Personal access tokens: one's own, made and shown once, and for admins those of everybody."""

from __future__ import annotations

from starlette.responses import Response

from server.services import tokens
from server.services.errors import NotPermitted
from server.services.tokens import Wanted
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
PURPOSES = (
    ("read", _("Look: cases, tasks, decisions, and try decisions out")),
    ("deploy", _("Deploy diagrams, decisions and forms")),
    ("start", _("Start cases and send messages")),
    ("tasks", _("Claim and complete tasks")),
    ("work", _("Do the work of service tasks (external tasks)")),
)
DAYS = (7, 30, 90, 365)


@pages.get("/tokens")
def listing(visit: Visit) -> Response:
    """The person's tokens, and the form for a new one."""
    return _page(visit)


@pages.post("/tokens")
def create(visit: Visit) -> Response:
    """Make a token. This answer is the only one that ever shows it."""
    days = visit.sent("days")
    wanted = Wanted(
        visit.sent("name"),
        tuple(scope for scope, _label in PURPOSES if visit.sent(f"for-{scope}") == "1"),
        int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
        tuple(visit.sent("topics").split()),
    )
    try:
        secret = tokens.create(visit.session, visit.person, wanted, visit.now)
    except NotPermitted as refused:
        told = visit.words.tell(refused.reason, refused.params)
        return _page(visit, errors=(("name", told),), status=422)
    return _page(visit, secret=secret)


@pages.post("/tokens/{id}/revoke")
def revoke(visit: Visit) -> Response:
    """Let one's own token work no more."""
    tokens.revoke(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, "/tokens")


@pages.get("/admin/tokens", Permission.ADMIN)
def everybody(visit: Visit) -> Response:
    """The tokens of everybody in the jurisdiction, with what they are for and when they were used."""
    found = tokens.of_everybody(visit.session, visit.person)
    return render.page(visit, "account/all_tokens.html", tokens=found, purposes=dict(PURPOSES))


@pages.post("/admin/tokens/{id}/revoke", Permission.ADMIN)
def revoke_any(visit: Visit) -> Response:
    """Let somebody's token work no more."""
    tokens.revoke(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, "/admin/tokens")


def _page(
    visit: Visit, *, secret: str = "", errors: tuple[tuple[str, str], ...] = (), status: int = 200
) -> Response:
    sent = {} if secret else {name: visit.sent(name) for name in ("name", "topics", "days", *_BOXES)}
    return render.page(
        visit,
        "account/tokens.html",
        status=status,
        tokens=tokens.mine(visit.session, visit.person),
        purposes=PURPOSES,
        days=DAYS,
        secret=secret,
        errors=errors,
        sent=sent,
    )


_BOXES = tuple(f"for-{scope}" for scope, _label in PURPOSES)
