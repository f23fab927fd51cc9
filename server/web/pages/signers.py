"""加签 and 减签: who else signs, before or after a task, or together with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from starlette.responses import Response

from server.engine.signers import When
from server.services import joint_signing, signatures, signing
from server.services.errors import NotFound, NotPermitted, Refused, StaleTask
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.hands import revision
from server.web.routing import Pages

pages = Pages()
Errors = tuple[tuple[str, str], ...]
PLACES = ("who", "who_2", "who_3")
"""How many people can be asked in one go."""


@pages.get("/tasks/{id}/signers")
def beside(visit: Visit) -> Response:
    """Who signs before and after this task, and whom to ask."""
    return _beside(visit, ())


@pages.post("/tasks/{id}/signers")
def ask(visit: Visit) -> Response:
    """Ask people to sign."""
    errors = _errors(visit, "who")
    if visit.sent("when") not in ("before", "after"):
        errors = (("when", visit.words.gettext(_("Say whether they sign before or after you."))), *errors)
    if errors:
        return _beside(visit, errors, 422)
    when, whom = cast("When", visit.sent("when")), [visit.sent(name) for name in PLACES if visit.sent(name)]
    return _do(
        visit, _beside, "signers?asked=1",
        lambda: signing.ask(
            visit.session, visit.person, visit.path("id"), revision(visit), when, whom,
            visit.sent("reason"), visit.now,
        ),
    )  # fmt: skip


@pages.post("/tasks/{id}/signers/off")
def call_off(visit: Visit) -> Response:
    """Take back what was asked of somebody; `id` is the task, or that of the signature."""
    task_id, of_signature = visit.path("id"), visit.sent("of") == "signature"
    if not visit.sent("reason").strip() and not of_signature:
        return _beside(visit, (_no_reason(visit),), 422)

    def act() -> str:
        return signing.call_off(
            visit.session, visit.person, task_id, revision(visit), visit.sent("who"), visit.sent("reason"),
            visit.now,
        )  # fmt: skip

    if of_signature:
        return render.redirect(visit, f"/instances/{act()}")
    return _do(visit, _beside, "signers?off=1", act)


@pages.get("/tasks/{id}/joint")
def together(visit: Visit) -> Response:
    """Who signs together, and who can be added."""
    return _together(visit, ())


@pages.post("/tasks/{id}/joint")
def add(visit: Visit) -> Response:
    """Add a signer to those who sign together."""
    if errors := _errors(visit, "who"):
        return _together(visit, errors, 422)
    return _do(
        visit, _together, "joint?asked=1",
        lambda: joint_signing.add(
            visit.session, visit.person, visit.path("id"), revision(visit), visit.sent("who"),
            visit.sent("reason"), visit.now,
        ),
    )  # fmt: skip


@pages.post("/tasks/{id}/joint/off")
def take_out(visit: Visit) -> Response:
    """Take the signer of this task out; the page goes on with one that is still open."""
    if not visit.sent("reason").strip():
        return _together(visit, (_no_reason(visit),), 422)
    return _do(
        visit, _together, _with_the_others(visit),
        lambda: joint_signing.take_out(
            visit.session, visit.person, visit.path("id"), revision(visit), visit.sent("reason"), visit.now
        ),
    )  # fmt: skip


# --------------------------------------------------------------------------- parts
def _with_the_others(visit: Visit) -> str:
    """Where the page goes on once the signer of its task is taken out."""
    try:
        joint = joint_signing.look(visit.session, visit.person, visit.path("id"), visit.now)
    except NotFound:  # the task is done: taking its signer out says by whom
        return ""
    others = [one.id for one in joint.rounds if one.id != visit.path("id")]
    return f"/tasks/{others[0]}/joint?off=1" if others else f"/instances/{joint.instance_id}"


def _errors(visit: Visit, name: str) -> Errors:
    found: list[tuple[str, str]] = []
    if not visit.sent(name):
        found.append((name, visit.words.gettext(_("Choose who is to sign."))))
    if not visit.sent("reason").strip():
        found.append(_no_reason(visit))
    return tuple(found)


def _no_reason(visit: Visit) -> tuple[str, str]:
    return "reason", visit.words.gettext(_("Say why: it stands in the record of the case."))


def _do(
    visit: Visit, again: Callable[[Visit, Errors, int], Response], following: str, act: Callable[[], object]
) -> Response:
    """Act; where somebody was faster or the diagram refuses it, the page again with what was typed."""
    try:
        act()
    except (StaleTask, Refused) as problem:
        visit.session.rollback()
        try:
            return again(visit, (("", _told(visit, problem)),), 409)
        except (NotFound, NotPermitted):
            raise problem from None
    address = following if following.startswith("/") else f"/tasks/{visit.path('id')}/{following}"
    return render.redirect(visit, address)


def _told(visit: Visit, problem: StaleTask | Refused) -> str:
    if isinstance(problem, Refused):
        finding, tell = problem.finding, visit.words.tell
        return f"{tell(finding.message, finding.params)} {tell(finding.remedy, finding.params)}".strip()
    told = {"who": problem.by or "—"}
    return visit.words.tell(_("{who} has acted on this task since you opened the page. Look again."), told)


def _beside(visit: Visit, errors: Errors, status: int = 200) -> Response:
    found = signing.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "tasks/signers.html", status=status, found=found, errors=errors, **_typed(visit)
    )


def _together(visit: Visit, errors: Errors, status: int = 200) -> Response:
    found = joint_signing.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(visit, "tasks/joint.html", status=status, found=found, errors=errors, **_typed(visit))


def _typed(visit: Visit) -> dict[str, Any]:
    note = ""
    if visit.query("asked"):
        note = visit.words.gettext(_("They have been asked to sign."))
    elif visit.query("off"):
        note = visit.words.gettext(_("Nobody waits for this signature any more."))
    return {
        "note": note, "chosen": [visit.sent(name) for name in PLACES], "when": visit.sent("when"),
        "text": visit.sent("reason")[: signatures.LONGEST], "longest": signatures.LONGEST,
    }  # fmt: skip
