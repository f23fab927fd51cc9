"""职责分离与回避: who must not act on a task although their post would let them, because they have recused
themselves, it is their own application, or they did the step before.

What a verdict needs comes with the task's row (`columns`), so that it costs no statement and is read after
the case was locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case
from server.services.deployed import Deployed
from server.store.people import Recusal
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_recusals = Recusal.metadata.tables["recusal"]
_OWN, _TWICE = "own_application", "consecutive_steps"


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


REASONS: Mapping[str, str] = {
    _OWN: _("You started this case. Somebody else must decide in it."),
    _TWICE: _("You did the step before. Somebody else must do this one."),
}
CAUTIONS: Mapping[str, str] = {
    _OWN: _("You started this case yourself. If you decide in it, the record says so."),
    _TWICE: _("You did the step before yourself. If you do this one too, the record says so."),
}
RECUSED = _("You must not act on this case: {ground}")


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody may act on a task by the rules of separation, and what they are to think of first:
    names of rules that only warn."""

    verdict: Verdict = ALLOWED
    cautions: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The cautions as English templates."""
        return tuple(CAUTIONS[rule] for rule in self.cautions)


def columns() -> tuple[sa.ColumnElement[Any], ...]:
    """What a select over `task` adds: `recused`, the reason why the person `of_person` must not act on the
    case, NULL without; and `did_before`, whether they did the step that opened this one."""
    t, r, i = _tasks.c, _recusals.c, _instances.c
    project = sa.select(i.project_id).where(i.tenant_id == t.tenant_id, i.id == t.instance_id)
    recused = (
        sa.select(r.reason)
        .where(
            r.tenant_id == t.tenant_id, r.user_id == bindparam("of_person"), r.lifted_at.is_(None),
            sa.or_(
                r.subject_id == t.instance_id, r.subject_id == project.correlate(_tasks).scalar_subquery()
            ),
        )
        .limit(1)
        .correlate(_tasks)
        .scalar_subquery()
    )  # fmt: skip
    before = _tasks.alias("before_it")
    did = sa.exists().where(
        before.c.tenant_id == t.tenant_id, before.c.instance_id == t.instance_id,
        before.c.closed_seq == t.opened_seq, before.c.status == "completed",
        before.c.completed_by == bindparam("of_person"), before.c.element != t.element,
    )  # fmt: skip
    return recused.label("recused"), did.correlate(_tasks).label("did_before")


_OF_TASK = sa.select(_tasks.c.candidates, *columns()).where(
    _tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task")
)


def standing(
    person: Person, row: Mapping[str, Any], used: Deployed, process_key: str, starter: str
) -> Standing:
    """How a person stands to a task (`row` with `columns`) of a case of `process_key` that `starter` began.
    A rehearsal has no such rules: its leader plays everybody."""
    if row["rehearsal_at"] is not None:
        return Standing()
    if row["recused"]:
        return Standing(denied(RECUSED, ground=row["recused"]))
    if used.manifest is None or is_applicants(used, process_key, starter, row["candidates"]):
        return Standing()
    rules = used.manifest.separation_of(process_key)
    met = {_OWN: person.id == starter, _TWICE: bool(row["did_before"])}
    levels = {name: getattr(rules, name) for name, is_met in met.items() if is_met}
    for name, level in levels.items():
        if level == "refused":
            return Standing(denied(REASONS[name]))
    return Standing(cautions=tuple(name for name, level in levels.items() if level == "warned"))


def is_applicants(used: Deployed, process_key: str, starter: str, candidates: Sequence[str]) -> bool:
    """Whether a task is the applicant's own and decides nothing: it is given to the starter by name, or waits
    for those who may begin the process."""
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    starters = set(entry.started_by) if entry else set()
    groups = {key[2:].partition("@")[0] for key in candidates if key.startswith("g:")}
    return list(candidates) == [f"u:{starter}"] or bool(groups & starters)


def may_take(case: Case, person: Person, task: Mapping[str, Any]) -> Verdict:
    """Whether an open task of a case held for writing may be given to somebody: by these rules, whatever
    their post. One statement."""
    if case.rehearsed:
        return ALLOWED
    values = {"of_tenant": person.tenant_id, "of_task": task["id"], "of_person": person.id}
    row = {**case.session.execute(_OF_TASK, values).mappings().one(), "rehearsal_at": None}
    return standing(person, row, case.deployed, case.key, case.row["started_by"]).verdict
