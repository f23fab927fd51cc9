"""Forms on pages: what was posted becomes answers, answers become what a template shows, errors become
sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from starlette.responses import HTMLResponse, Response

from server.engine.forms import (
    FieldError,
    FieldView,
    Form,
    Pair,
    RenderContext,
    Submission,
    Upload,
    render_tree,
    shown_names,
)
from server.services import attachments, submissions
from server.web import ready_phrases, typed
from server.web.context import Visit
from server.web.language import mark as _
from server.web.words import Words


@dataclass(frozen=True, slots=True)
class Filled:
    """A form with answers, ready for a template: the nodes, the names shown, the errors as (name,
    sentence)."""

    views: tuple[FieldView, ...] = ()
    shown: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


def posted_answers(visit: Visit, owner_key: str) -> list[Pair]:
    """The posted answers. Files are stored for the draft `owner_key` first; one that is refused says why."""
    detached = visit.sent("_detach").partition(" ")[::2]
    pairs = [pair for pair in typed.texts(visit) if pair != detached]
    ready_phrases.put_in(visit, pairs)
    settings = visit.house.settings
    for file in visit.posted.files:
        stored = attachments.store(
            visit.session,
            visit.house.files,
            visit.person,
            owner_key,
            file.field,
            file.name,
            file.content,
            visit.now,
            limit=settings.max_upload_bytes,
            scan=file.scan,
        )
        pairs.append((file.field, stored))
    return pairs


def is_only_edit(visit: Visit, submission: Submission) -> bool:
    """Whether a button within the form was pressed rather than its end."""
    return submission.edited or bool(visit.sent("_detach") or visit.sent("_insert"))


def from_draft(
    visit: Visit, form: Form | None, pairs: Sequence[Pair], variables: Mapping[str, Any], owner_key: str
) -> Filled:
    """The form as a draft left it, without holding anything against it yet."""
    if form is None:
        return Filled()
    if not pairs:
        return _filled(visit, form, {}, variables, owner_key, ())
    kept = submissions.fill(visit.session, visit.person, form, pairs, variables, owner_key, visit.now)
    return _filled(visit, form, kept.raw, variables, owner_key, ())


def from_answers(
    visit: Visit, form: Form | None, answers: Mapping[str, Any], variables: Mapping[str, Any], owner_key: str
) -> Filled:
    """The form with answers that were given elsewhere, without holding anything against them."""
    return _filled(visit, form, answers, variables, owner_key, ()) if form is not None else Filled()


def from_submission(
    visit: Visit, form: Form | None, submission: Submission, variables: Mapping[str, Any], owner_key: str,
    *, judge: bool = True,
) -> Filled:  # fmt: skip
    """The form as it was just sent, with what is wrong unless only its rows were changed."""
    if form is None:
        return Filled()
    errors = submission.errors if judge else ()
    return _filled(visit, form, submission.raw, variables, owner_key, errors)


def after_change(
    visit: Visit,
    form: Form | None,
    submission: Submission,
    pairs: Sequence[Pair],
    variables: Mapping[str, Any],
    owner_key: str,
) -> Filled:
    """The form after an answer on which others depend: only files that were refused are held against it."""
    refused = {name for name, value in pairs if isinstance(value, Upload) and value.problem}
    seen = replace(submission, errors=tuple(error for error in submission.errors if error.name in refused))
    return from_submission(visit, form, seen, variables, owner_key)


def draft_saved(visit: Visit) -> Response:
    """The few words beside the buttons."""
    hour = Words(visit.words).hour(visit.now)
    return HTMLResponse(visit.words.tell(_("Draft saved {hour}"), {"hour": hour}))


def in_words(visit: Visit, form: Form | None, values: Mapping[str, Any]) -> tuple[FieldView, ...]:
    """Answers for reading only."""
    if form is None:
        return ()
    context = RenderContext(variables=values, autos={}, language=visit.language, readonly=True)
    return render_tree(form, values, context)


def _filled(
    visit: Visit, form: Form, raw: Mapping[str, Any], variables: Mapping[str, Any], owner_key: str,
    errors: Sequence[FieldError],
) -> Filled:  # fmt: skip
    sentences = tuple((error.name, sentence(visit, error)) for error in errors)
    by_name = {
        name: tuple(text for _, text in group)
        for name, group in groupby(sorted(sentences, key=lambda pair: pair[0]), key=lambda pair: pair[0])
    }
    context = RenderContext(
        variables=variables,
        autos=submissions.autos(visit.person, visit.now),
        files=attachments.of_owner(visit.session, visit.person, owner_key),
        errors=by_name,
        language=visit.language,
    )
    views = render_tree(form, raw, context)
    return Filled(views, shown_names(views), sentences)


def sentence(visit: Visit, error: FieldError) -> str:
    """An error of a field in the reader's words; a citation becomes an article."""
    params = dict(error.params)
    if "article" in params:
        words = Words(visit.words)
        params["article"] = "、".join(words.citation(one) for one in str(params["article"]).split())
    return visit.words.tell(error.message, params)


def choice_in_words(views: Sequence[FieldView], name: str) -> str:
    """The value of a field as people read it, wherever it stands in the form."""
    for view in views:
        if view.name == name:
            return view.display
        found = choice_in_words(view.children, name)
        if found:
            return found
    return ""


def only_choices(views: Sequence[FieldView]) -> list[FieldView]:
    """The fields in which a person chose one of several answers."""
    found: list[FieldView] = []
    for view in views:
        found.extend([view] if view.kind == "radio" and view.asked else only_choices(view.children))
    return found
