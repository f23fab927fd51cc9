"""The rows of work that a case hands to programs outside: one for each step that waits, written with it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.engine.model import Advance, ExternalTask
from server.services.case import Case
from server.store.columns import new_id
from server.store.machines import ExternalTask as Row

_work = Row.metadata.tables["external_task"]
ALWAYS = "g:admin"
"""The principal whose programs may do any work of their jurisdiction."""


def renew(case: Case, advance: Advance) -> None:
    """The rows of a case become what stands now: new work is offered, what has gone is withdrawn, and what
    was retried may be fetched once more."""
    if not case.deployed.hands_out:
        return
    w = _work.c
    mine = (w.tenant_id == case.row["tenant_id"], w.instance_id == case.id)
    rows = case.session.execute(sa.select(w.token, w.retries, w.element, w.topic).where(*mine)).all()
    standing = {(work.token, work.element, work.topic): work for work in advance.external}
    known = {(row.token, row.element, row.topic): row.retries for row in rows}
    if gone := [key[0] for key in known if key not in standing]:
        case.session.execute(_work.delete().where(*mine, w.token.in_(gone)))
    again = [key[0] for key, retries in known.items() if retries == 0 and _waits(standing.get(key))]
    if again:
        free = {"retries": 1, "worker_id": None, "locked_until": None}
        case.session.execute(_work.update().where(*mine, w.token.in_(again)).values(free))
    _offer(case, (work for key, work in standing.items() if key not in known))


def _waits(work: ExternalTask | None) -> bool:
    return work is not None and not work.failed


def _offer(case: Case, new: Iterable[ExternalTask]) -> None:
    rows = []
    for work in new:
        node = case.deployed.model.processes[work.process].nodes[work.element]
        keys = dict.fromkeys([*(case.principal(group) for group in node.worked_by), ALWAYS])
        rows.append(
            {
                "tenant_id": case.row["tenant_id"], "id": new_id(case.now), "instance_id": case.id,
                "token": work.token, "process_key": work.process, "element": work.element,
                "topic": work.topic, "priority": work.priority, "workers": f" {' '.join(keys)} ",
                "error_message": "", "error_details": "", "created_at": case.now,
            }
        )  # fmt: skip
        case.record.add("work_handed_out", work.element, name=node.name, topic=work.topic)
    if rows:
        case.session.execute(_work.insert(), rows)
