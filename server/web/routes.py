"""All pages, in the order of the menu."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from server.web.context import House
from server.web.pages import (
    account,
    admin,
    archive,
    attachments,
    batches,
    board,
    case_versions,
    checks,
    clocks,
    consulting,
    copies,
    decisions,
    definitions,
    departments,
    deployments,
    design,
    differences,
    documents,
    ending,
    follows,
    groups,
    hand_over,
    hands,
    health,
    instances,
    materials,
    messages,
    opinions,
    modelers,
    notices,
    outside,
    patterns,
    people,
    people_import,
    phrases,
    programs,
    projects,
    reasons,
    recusals,
    registers,
    rehearsals,
    releases,
    reminders,
    rights,
    schedule,
    second_factor,
    sessions,
    signing_in,
    search,
    signers,
    start,
    substitutions,
    supervision,
    tasks,
    tokens,
    trials,
    verify,
    worklist,
)
from server.web.render import STATIC
from server.web.routing import Page, not_found, route

# The worklist's own addresses (/tasks/done) come before those of single tasks (/tasks/{id}).
PAGES: tuple[Page, ...] = (
    *account.pages.declared,
    *signing_in.pages.declared,
    *outside.pages.declared,
    *second_factor.pages.declared,
    *sessions.pages.declared,
    *people_import.pages.declared,
    *people.pages.declared,
    *departments.pages.declared,
    *rights.pages.declared,
    *reasons.pages.declared,
    *recusals.pages.declared,
    *tokens.pages.declared,
    *programs.pages.declared,
    *worklist.pages.declared,
    *batches.pages.declared,
    *tasks.pages.declared,
    *hands.pages.declared,
    *signers.pages.declared,
    *substitutions.pages.declared,
    *hand_over.pages.declared,
    *instances.pages.declared,
    *ending.pages.declared,
    *clocks.pages.declared,
    *supervision.pages.declared,
    *notices.pages.declared,
    *consulting.pages.declared,
    *copies.pages.declared,
    *follows.pages.declared,
    *reminders.pages.declared,
    *messages.pages.declared,
    *start.pages.declared,
    *rehearsals.pages.declared,
    *documents.pages.declared,
    *materials.pages.declared,
    *archive.pages.declared,
    *verify.pages.declared,
    *search.pages.declared,
    *projects.pages.declared,
    *registers.pages.declared,
    *attachments.pages.declared,
    *opinions.pages.declared,
    *board.pages.declared,
    *phrases.pages.declared,
    *design.pages.declared,
    *modelers.pages.declared,
    *groups.pages.declared,
    *releases.pages.declared,
    *deployments.pages.declared,
    *trials.pages.declared,
    *case_versions.pages.declared,
    *definitions.pages.declared,
    *differences.pages.declared,
    *decisions.pages.declared,
    *admin.pages.declared,
    *schedule.pages.declared,
    *checks.pages.declared,
    *patterns.pages.declared,
    *health.pages.declared,
)


def mount(app: FastAPI, house: House) -> None:
    """Add the pages, their static files and the pages of what goes wrong."""
    app.router.routes.extend(route(page, house) for page in PAGES)
    files = GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=1_000, compresslevel=6)
    app.mount("/static", files, name="static")
    for status in (404, 405):
        app.add_exception_handler(status, not_found(house))
    app.add_exception_handler(HTTPException, not_found(house))
