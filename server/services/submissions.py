"""Answers to a form: what a person sent, from a page or as JSON, read against what the case knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlmodel import Session

from server.engine.forms import Form, Kind, Pair, Submission, read, read_json
from server.services import attachments, calendars, identity, waivers
from server.services.authorization import Person
from server.services.errors import InvalidSubmission

Answers: TypeAlias = Sequence[Pair] | Mapping[str, Any]
"""Names and values of a posted page in their order, or a JSON object."""


def autos(person: Person, now: datetime) -> dict[str, Any]:
    """Values the server fills into a form instead of the person (form property `auto`)."""
    local = calendars.local(now)
    return {
        "officer": person.name,
        "officer_unit": person.unit_name,
        "today": local.date().isoformat(),
        "now": local.isoformat(timespec="seconds"),
    }


def seen(
    session: Session, person: Person, form: Form | None, variables: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What a form sees: the case's variables and, where its property `members` names groups, the people in
    them (`members.expert`: a list of value and label), to choose from.
    """
    groups = form.properties.get("members", "").split() if form else ()
    if not groups:
        return variables
    found = {group: identity.members(session, person.tenant_id, group) for group in groups}
    return {
        **variables,
        "members": {
            group: [{"value": p.account, "label": f"{p.name}（{p.unit_name} {p.post}）"} for p in people]
            for group, people in found.items()
        },
    }


def fill(
    session: Session,
    person: Person,
    form: Form | None,
    answers: Answers,
    variables: Mapping[str, Any],
    owner_key: str,
    now: datetime,
) -> Submission:
    """Read the answers and say what is wrong with them. Only files stored for this draft (`owner_key`), or
    those the case already holds, can be referred to. A task without a form takes no answers."""
    if form is None:
        return Submission(values={})
    has_files = any(field.kind is Kind.FILES for field in form.fields)
    files = attachments.of_owner(session, person, owner_key) if has_files else {}
    given, variables = autos(person, now), seen(session, person, form, variables)
    if isinstance(answers, Mapping):
        found = read_json(form, answers, variables, given, files, person.locale)
    else:
        found = read(form, answers, variables, given, files, person.locale)
    return waivers.excuse(session, person, form, owner_key, found) if has_files else found


def accept(submission: Submission) -> Submission:
    """The submission if it may be used; otherwise InvalidSubmission with what is wrong."""
    if not submission.accepted:
        raise InvalidSubmission(submission)
    return submission
