"""材料清单: what a case needs of materials, how each stands, and letting one be missing (容缺)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.engine.forms import FieldView, Form, RenderContext, render_tree
from server.services import attachments, instance_views, starts, waivers
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.errors import NotFound, StaleTask
from server.services.file_versions import holds_task
from server.store.history import Attachment
from server.store.runtime import Task

State = Literal["given", "replaced", "missing", "waived"]
LONGEST = 500
"""Characters of a reason."""
_t = Task.metadata.tables["task"].c


@dataclass(frozen=True, slots=True)
class Item:
    """A material: its field, what people call it, the step that asks for it, and how it stands. `files` are
    the current versions; `reason`, `by` and `at` say why it need not be given."""

    field: str
    label: str
    step: str
    state: State
    files: tuple[Attachment, ...]
    reason: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """The materials of a case in the order of its steps, and whether this person may let some be missing."""

    items: tuple[Item, ...]
    waive: Verdict

    @property
    def missing(self) -> int:
        """How many are needed and not there."""
        return sum(item.state == "missing" for item in self.items)


def look(session: Session, person: Person, instance_id: str) -> Checklist:
    """The list as it stands. Raises NotFound, NotPermitted."""
    row, used = instance_views.see(session, person, instance_id)
    return Checklist(tuple(_items(session, person, row, used)), _may_waive(session, person, row))


def waive(session: Session, person: Person, instance_id: str, field: str, reason: str, now: datetime) -> None:
    """Let a material be missing. StaleTask when it was waived or given meanwhile."""
    case = _held(session, person, instance_id, now)
    item = _item(session, person, instance_id, field)
    if item.state != "missing":
        raise StaleTask("", "moved", by=item.by or None, at=item.at, instance_id=instance_id)
    if not reason.strip():
        denied("Say why the material need not be given.").require()
    told = {"field": field, "reason": reason.strip()[:LONGEST]}
    session.execute(
        waivers.waivers.insert().values(
            tenant_id=person.tenant_id, instance_id=instance_id, waived_by=person.id,
            waived_name=person.name, waived_at=case.now, **told,
        )
    )  # fmt: skip
    case.record.add("material_waived", label=item.label, **told)
    finish(case)


def ask_again(session: Session, person: Person, instance_id: str, field: str, now: datetime) -> None:
    """Ask for a waived material after all. StaleTask when somebody did so meanwhile."""
    case = _held(session, person, instance_id, now)
    item = _item(session, person, instance_id, field)
    w = waivers.waivers.c
    gone = session.execute(
        waivers.waivers.delete().where(
            w.tenant_id == person.tenant_id, w.instance_id == instance_id, w.field == field
        )
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleTask("", "moved", instance_id=instance_id)
    case.record.add("material_asked_again", field=field, label=item.label)
    finish(case)


def _held(session: Session, person: Person, instance_id: str, now: datetime) -> Case:
    row, _used = instance_views.see(session, person, instance_id)
    case = hold(session, person, instance_id, now)
    _may_waive(session, person, {**row, "status": case.row["status"]}).require()
    return case


def _may_waive(session: Session, person: Person, row: Mapping[str, Any]) -> Verdict:
    """Whoever holds an open task of the case and did not start it decides that something need not be
    given."""
    if row["status"] not in ("running", "incident"):
        return denied("The case has ended; its materials stay as they are.")
    if person.id == row["started_by"]:
        return denied("Whoever started a case cannot free it of materials. Ask the office that checks them.")
    if holds_task(session, person, row["id"]):
        return ALLOWED
    return denied("Only somebody who holds a task of the case may let materials be missing.")


def _item(session: Session, person: Person, instance_id: str, field: str) -> Item:
    row, used = instance_views.see(session, person, instance_id)
    found = next((item for item in _items(session, person, row, used) if item.field == field), None)
    if found is None:
        raise NotFound("document", field)
    return found


def _items(session: Session, person: Person, row: Mapping[str, Any], used: Deployed) -> Iterator[Item]:
    """Every material that was asked for and is needed, given or waived, once."""
    variables = process.variables_of(used.model, row["process_key"], row["state"])
    waived = waivers.of_case(session, person.tenant_id, row["id"])
    given: dict[str, list[Attachment]] = {}
    for file in attachments.of_instance(session, person, row["id"]):
        given.setdefault(file.field, []).append(file)
    for view, step in _asked(session, person, row, used, variables):
        files = tuple(given.pop(view.name, ()))
        waiver = waived.get(view.name)
        if files or waiver or view.required:
            yield _stand(view, step, files, waiver)


def _stand(
    view: FieldView, step: str, files: tuple[Attachment, ...], waiver: Mapping[str, Any] | None
) -> Item:
    label = view.label or view.name
    if files:
        replaced = any(file.version > 1 for file in files)
        return Item(view.name, label, step, "replaced" if replaced else "given", files)
    if waiver is None:
        return Item(view.name, label, step, "missing", ())
    return Item(
        view.name, label, step, "waived", (), waiver["reason"], waiver["waived_name"], waiver["waived_at"]
    )


def _asked(
    session: Session, person: Person, row: Mapping[str, Any], used: Deployed, variables: Mapping[str, Any]
) -> Iterator[tuple[FieldView, str]]:
    """The fields for files that the start form and the tasks so far have shown, with the name of the step."""
    definition = used.process(row["process_key"])
    forms: list[tuple[Form | None, str]] = [(starts.start_form(used, definition), definition.name)]
    query = sa.select(_t.form_id, _t.name).where(
        _t.tenant_id == person.tenant_id, _t.instance_id == row["id"], _t.status.in_(("open", "completed"))
    )
    forms += [(used.model.forms.get(form), name) for form, name in session.execute(query.order_by(_t.id))]
    seen: set[str] = set()
    for form, step in forms:
        context = RenderContext(variables=variables, autos={}, language=person.locale)
        for view in _files(render_tree(form, {}, context) if form else ()):
            if view.name not in seen:
                seen.add(view.name)
                yield view, step


def _files(views: Sequence[FieldView]) -> Iterator[FieldView]:
    for view in views:
        if view.kind == "filepicker" and view.name and view.asked:
            yield view
        yield from _files(view.children)
