"""Acts on many ticked tasks: claimed, put back, given away, or done with one form; each tells its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from server.engine.forms import Pair
from server.services import batches, reassigning
from server.services.batches import Alike, Picked, Result
from server.services.colleagues import Colleague
from server.services.errors import InvalidSubmission, NotFound, NotPermitted, Refused, ServiceError, StaleTask
from server.web import filling, render
from server.web.context import Visit
from server.web.filling import Filled
from server.web.language import mark as _
from server.web.pages.hands import revision
from server.web.routing import Pages
from server.web.upcoming import upcoming

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one task, in words: `why` it was refused, "" where it was done, and what `follows`."""

    task: Picked
    why: str
    follows: str = ""


@pages.post("/tasks/batch")
def act(visit: Visit) -> Response:
    """What was asked for the ticked tasks: done at once, or a page that asks for more."""
    ids = visit.posted.all("task")[: batches.MOST]
    verb = visit.sent("verb")
    if not ids:
        return _results(visit, (), visit.words.gettext(_("Tick the tasks first.")))
    if verb == "claim":
        return _results(visit, batches.claim(visit.session, visit.person, ids, visit.now))
    if verb == "release":
        return _results(visit, batches.release(visit.session, visit.person, ids, visit.now))
    if verb == "reassign":
        return _reassign_page(visit, batches.pick(visit.session, visit.person, ids), ())
    if verb == "complete":
        return _form_page(visit, batches.alike(visit.session, visit.person, ids, visit.now))
    raise NotFound("page", verb)


@pages.post("/tasks/batch/reassign")
def reassign(visit: Visit) -> Response:
    """转办 each to one person."""
    picked = _picked(visit)
    errors: list[tuple[str, str]] = []
    if not visit.sent("to"):
        errors.append(("to", visit.words.gettext(_("Choose a person."))))
    if not visit.sent("reason").strip():
        errors.append(("reason", visit.words.gettext(_("Say why the task goes to somebody else."))))
    if errors:
        return _reassign_page(visit, picked, tuple(errors), 422)
    done = batches.reassign(
        visit.session, visit.person, picked, visit.sent("to"), visit.sent("reason"), visit.now
    )
    return _results(visit, done)


@pages.post("/tasks/batch/check")
def check(visit: Visit) -> Response:
    """核对: what sending the one form would do to each."""
    answers = _answers(visit)
    group = batches.alike(visit.session, visit.person, _ids(visit), visit.now)
    if visit.sent("_back"):
        return _form_page(visit, group, answers)
    results = batches.check(visit.session, visit.person, group, answers, visit.now)
    wrong = [r.problem for r in results if isinstance(r.problem, InvalidSubmission)]
    if len(wrong) == len(results):
        return _form_page(visit, group, answers, wrong[0])
    told = tuple(_told(visit, result) for result in results)
    views = filling.in_words(visit, group.task.form, {**group.variables, **_values(results, answers)})
    return render.page(
        visit, "worklist/batch_check.html", group=group, told=told, answers=_plain(answers), views=views
    )


@pages.post("/tasks/batch/complete")
def complete(visit: Visit) -> Response:
    """办理 each with the same answers."""
    return _results(
        visit,
        batches.complete(visit.session, visit.person, _picked(visit), _answers(visit), visit.now),
    )


# --------------------------------------------------------------------------- parts
def _ids(visit: Visit) -> list[str]:
    return list(dict.fromkeys(visit.posted.all("_task")))[: batches.MOST]


def _picked(visit: Visit) -> list[Picked]:
    """The tasks of a page, as it showed them: with the revisions of then."""
    found = batches.pick(visit.session, visit.person, _ids(visit))
    return [replace(one, revision=revision(visit, f"_revision:{one.id}")) for one in found]


def _answers(visit: Visit) -> list[Pair]:
    """What the form itself sent."""
    ours = ("_task", "_revision:", "_back")
    return [
        (name, value) for name, value in visit.posted.texts if name != "csrf" and not name.startswith(ours)
    ]


def _plain(answers: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answers if isinstance(value, str)]


def _values(results: Sequence[Result], answers: Sequence[Pair]) -> dict[str, object]:
    """What is about to be sent, as the check page reads it."""
    return {name: value for name, value in _plain(answers) if not name.startswith("_")}


def _form_page(
    visit: Visit, group: Alike, answers: Sequence[Pair] = (), wrong: InvalidSubmission | None = None
) -> Response:
    form, owner = group.task.form, f"task:{group.task.id}"
    if wrong is None:
        filled = filling.from_draft(visit, form, answers, group.variables, owner)
    else:
        judge = not wrong.submission.unseen
        filled = filling.from_submission(visit, form, wrong.submission, group.variables, owner, judge=judge)
    return _shown(visit, group, filled, 422 if wrong is not None and filled.errors else 200)


def _shown(visit: Visit, group: Alike, filled: Filled, status: int) -> Response:
    return render.page(
        visit, "worklist/batch_form.html", status=status, group=group, views=filled.views,
        shown=filled.shown, errors=filled.errors,
    )  # fmt: skip


def _reassign_page(visit: Visit, picked: Sequence[Picked], errors: Errors, status: int = 200) -> Response:
    people: dict[str, Colleague] = {}
    for one in picked:
        try:
            found = reassigning.look(visit.session, visit.person, one.id, visit.now).people
        except (NotPermitted, NotFound):
            continue  # it says so itself when the others go
        people |= {colleague.id: colleague for colleague in found}
    return render.page(
        visit, "worklist/batch_reassign.html", status=status, picked=picked, people=list(people.values()),
        errors=errors, chosen=visit.sent("to"), text=visit.sent("reason")[: reassigning.LONGEST],
        longest=reassigning.LONGEST,
    )  # fmt: skip


def _results(visit: Visit, results: Sequence[Result], note: str = "") -> Response:
    told = tuple(_told(visit, result) for result in results)
    return render.page(visit, "worklist/batch_done.html", told=told, note=note)


def _told(visit: Visit, result: Result) -> Told:
    if result.problem is not None:
        return Told(result.task, _why(visit, result.problem))
    if result.advance is None:
        return Told(result.task, "")
    found = upcoming(visit, result.advance)
    return Told(result.task, "", "、".join(name for name, _who in found.tasks) or found.ended)


def _why(visit: Visit, problem: ServiceError) -> str:
    tell = visit.words.tell
    if isinstance(problem, NotPermitted):
        return tell(problem.reason, problem.params)
    if isinstance(problem, InvalidSubmission):
        return " ".join(filling.sentence(visit, error) for error in problem.submission.errors) or tell(
            _("This case asks for more than the shared form: do it by itself."), {}
        )
    if isinstance(problem, Refused):
        return tell(problem.finding.message, problem.finding.params)
    if isinstance(problem, StaleTask):
        return tell(_("{who} has acted on this task meanwhile."), {"who": problem.by or "—"})
    return tell(_("This task is no longer open."), {})
