"""Values that exist once, such as the number of an approval: a field with the property `unique`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.forms import FieldError, Form, Submission, messages
from server.services.authorization import Person
from server.services.case import Case
from server.services.errors import InvalidSubmission
from server.store.conflicts import Entering
from server.store.papers import SingleUse

_table = SingleUse.metadata.tables["single_use"]
_ENTER = Entering(_table)


def look(
    session: Session, person: Person, instance_id: str, form: Form | None, sent: Submission
) -> Submission:
    """The submission, with an error at each value that another case than this has."""
    wanted = _wanted(form, sent.values)
    held = holders(session, person.tenant_id, wanted) if wanted else {}
    wrong = tuple(_error(form, name, person) for name, owner in held.items() if owner != instance_id)
    return replace(sent, errors=(*sent.errors, *wrong)) if wrong else sent


def take_over(case: Case, instance_id: str, form: Form | None, sent: Submission) -> None:
    """Values that an ended case has become those of the one that takes it up again, where it names them."""
    wanted = _wanted(form, sent.values)
    if not wanted or case.rehearsed:
        return
    t = _table.c
    pairs = sa.tuple_(t.field, t.value).in_(sorted(wanted.items()))
    held = (t.tenant_id == case.person.tenant_id, t.instance_id == instance_id, pairs)
    case.session.execute(_table.update().where(*held).values(instance_id=case.id))


def keep(case: Case, form: Form | None, sent: Submission) -> None:
    """Keep the values for this case, in its own command. Raises InvalidSubmission where another case was
    quicker. A rehearsal keeps none."""
    wanted = _wanted(form, sent.values)
    if not wanted or case.rehearsed:
        return
    kept = {"tenant_id": case.person.tenant_id, "instance_id": case.id}
    _ENTER.enter(case.session, *({**kept, "field": name, "value": wanted[name]} for name in sorted(wanted)))
    looked = look(case.session, case.person, case.id, form, sent)
    if looked.errors:
        raise InvalidSubmission(looked)


def give_up(session: Session, tenant_id: str, owner: str, names: Sequence[str]) -> None:
    """What an owner had under these fields anybody may have again."""
    t = _table.c
    mine = (t.tenant_id == tenant_id, t.instance_id == owner, t.field.in_(names))
    session.execute(_table.delete().where(*mine))


def take(session: Session, tenant_id: str, owner: str, wanted: Mapping[str, str]) -> None:
    """Keep values by field for an owner, as far as nobody else has them."""
    kept = {"tenant_id": tenant_id, "instance_id": owner}
    _ENTER.enter(session, *({**kept, "field": name, "value": wanted[name]} for name in sorted(wanted)))


def _wanted(form: Form | None, values: Mapping[str, Any]) -> dict[str, str]:
    """The values in question by field; blanks around a number do not make it another."""
    fields = form.fields if form else ()
    given = {field.key: str(values.get(field.key) or "").strip() for field in fields if field.rules.unique}
    return {name: value for name, value in given.items() if value}


def holders(session: Session, tenant_id: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Who has some values, by field; nobody for most."""
    pairs = sa.tuple_(_table.c.field, _table.c.value).in_(sorted(wanted.items()))
    query = sa.select(_table.c.field, _table.c.instance_id).where(_table.c.tenant_id == tenant_id, pairs)
    return {row.field: row.instance_id for row in session.execute(query)}


def _error(form: Form | None, name: str, person: Person) -> FieldError:
    fields = form.fields if form else ()
    label = next(field.label.plain(person.locale) for field in fields if field.key == name)
    return FieldError(name, label, messages.TAKEN, {"label": label})
