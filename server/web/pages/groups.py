"""Who holds the groups of a manifest, and naming people where nobody does."""

from __future__ import annotations

from starlette.responses import Response

from server.services import authoring, deployed, groups
from server.services.errors import NotFound
from server.web import render
from server.web.context import Visit
from server.web.pages.design import bundle_of
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/deployments/groups", Permission.ADMIN)
def in_use(visit: Visit) -> Response:
    """The groups of the deployment in use."""
    used = deployed.active(visit.session, visit.person.tenant_id)
    if used.manifest is None:
        raise NotFound("deployment", "")
    found = groups.listing(visit.session, visit.person, used.manifest, used.model)
    return _page(visit, found, "/deployments/groups", None)


@pages.post("/deployments/groups", Permission.ADMIN)
def name_in_use(visit: Visit) -> Response:
    """Give or take a group of the deployment in use."""
    used = deployed.active(visit.session, visit.person.tenant_id)
    _change(visit, set(used.manifest.groups) if used.manifest else set())
    return render.redirect(visit, f"/deployments/groups#{visit.sent('group')}")


@pages.get("/design/{draft_id}/groups", Permission.ADMIN)
def of_draft(visit: Visit) -> Response:
    """The groups of a draft: people are named before it is in use."""
    draft = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    bundle = bundle_of(visit)
    model = deployed.compiled(bundle.files)[0]
    found = groups.listing(visit.session, visit.person, bundle.manifest, model)
    return _page(visit, found, f"/design/{draft.id}/groups", draft)


@pages.post("/design/{draft_id}/groups", Permission.ADMIN)
def name_of_draft(visit: Visit) -> Response:
    """Give or take a group of a draft."""
    _change(visit, set(bundle_of(visit).manifest.groups))
    return render.redirect(visit, f"/design/{visit.path('draft_id')}/groups#{visit.sent('group')}")


def _change(visit: Visit, known: set[str]) -> None:
    session, person, group = visit.session, visit.person, visit.sent("group")
    if group not in known:
        raise NotFound("group", group)
    if visit.sent("take"):
        groups.unname(session, person, group, visit.sent("take"), visit.now)
    elif visit.sent("other"):
        groups.name_members_of(session, person, group, visit.sent("other"), visit.now)
    else:
        groups.name_member(session, person, group, visit.sent("person").partition(" ")[0], visit.now)


def _page(
    visit: Visit, found: tuple[groups.GroupView, ...], address: str, draft: authoring.DraftView | None
) -> Response:
    return render.page(
        visit, "deployments/groups.html", groups=found, address=address, draft=draft,
        candidates=groups.candidates(visit.session, visit.person),
    )  # fmt: skip
