"""人员: who is in office here, in which department, with which posts, and how they can sign in."""

from __future__ import annotations

from starlette.responses import Response

from server.services import departments, outside_accounts, people, recusals, rights_log, sessions
from server.services.errors import NotPermitted
from server.services.people import Record
from server.web import render
from server.web.context import Visit
from server.web.pages.rights import HOUSE_NAMES, sentences
from server.web.routing import Pages, Permission

pages = Pages()
SHOWN = 500


@pages.get("/people", Permission.ADMIN)
def listing(visit: Visit) -> Response:
    """The people of the jurisdiction, with a form for somebody new."""
    return _listing(visit)


@pages.post("/people", Permission.ADMIN)
def enter(visit: Visit) -> Response:
    """Enter somebody; this answer is the only one that ever shows their first password."""
    record = Record(
        visit.sent("account").strip(), visit.sent("name").strip(), visit.sent("post").strip(),
        visit.sent("unit"), frozenset(visit.posted.all("group")),
    )  # fmt: skip
    try:
        password = people.enter(visit.session, visit.person, record, visit.now)
    except NotPermitted as refused:
        told = visit.words.tell(refused.reason, refused.params)
        return _listing(visit, errors=(("account", told),), sent=record)
    return render.page(visit, "people/entered.html", passwords=((record, password),), changed=0, left_out=0)


@pages.get("/people/{account}", Permission.ADMIN)
def person(visit: Visit) -> Response:
    """Everything about one person."""
    return _person(visit)


@pages.post("/people/{account}", Permission.ADMIN)
def change(visit: Visit) -> Response:
    """Change a person's record."""
    account = visit.path("account")
    before = people.view(visit.session, visit.person, account).record
    record = people.with_groups(
        Record(
            account, visit.sent("name").strip(), visit.sent("post").strip(), visit.sent("unit"),
            before.groups, visit.sent("active") == "1",
        ),
        visit.posted.all("group"),
    )  # fmt: skip
    try:
        people.change(visit.session, visit.person, record, visit.now)
    except NotPermitted as refused:
        return _person(visit, (("name", visit.words.tell(refused.reason, refused.params)),))
    return render.redirect(visit, f"/people/{account}")


@pages.post("/people/{account}/password", Permission.ADMIN)
def renew_password(visit: Visit) -> Response:
    """Give a new first password, shown this once."""
    account = visit.path("account")
    password = people.renew_password(visit.session, visit.person, account, visit.now)
    record = people.view(visit.session, visit.person, account).record
    return render.page(visit, "people/entered.html", passwords=((record, password),), changed=0, left_out=0)


@pages.post("/people/{account}/sessions", Permission.ADMIN)
def end_session(visit: Visit) -> Response:
    """End a session of somebody, or all."""
    account = visit.path("account")
    known = people.view(visit.session, visit.person, account).record
    sessions.end(visit.session, visit.person, known.account, visit.sent("session"), visit.now)
    return render.redirect(visit, f"/people/{account}")


def _named(visit: Visit, known: people.House) -> dict[str, str]:
    """The groups by id, those of every jurisdiction in the person's language."""
    house = {group: visit.words.gettext(name) for group, name in HOUSE_NAMES.items()}
    return {group: house.get(group, name) for group, name in known.groups.items()}


def _listing(visit: Visit, errors: tuple[tuple[str, str], ...] = (), sent: Record | None = None) -> Response:
    filters = {name: visit.query(name) for name in ("text", "unit", "group")}
    known = people.house(visit.session, visit.person)
    found = people.listing(
        visit.session, visit.person, text=filters["text"], unit_id=filters["unit"], group=filters["group"]
    )
    return render.page(
        visit, "people/list.html", status=422 if errors else 200, found=found[:SHOWN], count=len(found),
        filters=filters, units=departments.listing(visit.session, visit.person), groups=_named(visit, known),
        errors=errors, sent=sent or Record("", ""), at_machine=people.AT_MACHINE,
        choices=[(unit.id, unit.name) for unit in departments.listing(visit.session, visit.person)],
    )  # fmt: skip


def _person(visit: Visit, errors: tuple[tuple[str, str], ...] = ()) -> Response:
    account = visit.path("account")
    found = people.view(visit.session, visit.person, account)
    known = people.house(visit.session, visit.person)
    trail = rights_log.entries(visit.session, visit.person, user_id=account, limit=30)
    return render.page(
        visit, "people/person.html", status=422 if errors else 200, found=found, errors=errors,
        units=known.units, groups=_named(visit, known), at_machine=people.AT_MACHINE,
        sessions=sessions.of_person(visit.session, visit.person, account, visit.now),
        recusals=recusals.of_person(visit.session, visit.person, account),
        trail=sentences(visit, trail), issuer=visit.house.settings.oidc_issuer,
        links=outside_accounts.of_person(visit.session, visit.person, account),
    )  # fmt: skip
