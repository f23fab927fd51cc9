"""Columns of lists of cases of one process: what its registers hold, or what a person chose of its
answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.forms.model import Kind
from server.engine.model import Kind as NodeKind
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.columns import loads
from server.store.conflicts import Entering
from server.store.history import HistoryEvent
from server.store.searching import ChosenColumns

_events = HistoryEvent.metadata.tables["history_event"]
_chosen = ChosenColumns.metadata.tables["chosen_columns"]
_KEEP = Entering(_chosen, renewed=("columns",))
_NO_COLUMN = frozenset({Kind.FILES, Kind.LIST, Kind.TABLE, Kind.TEXT_AREA})
_TELL_VALUES = ("instance_started", "task_completed", "message_delivered", "work_done", "decision_evaluated")
DEFAULT = 4
MOST = 8


def offered(used: Deployed, process_key: str) -> tuple[str, ...]:
    """The variables that a list of cases of a process can show: the columns of its registers, which the
    manifest names, then the answers of its forms that fit into a cell. Raises NotFound."""
    definition = used.process(process_key)
    found = list(_of_registers(used, process_key))
    for node in definition.nodes.values():
        if node.kind in (NodeKind.USER_TASK, NodeKind.START_EVENT):
            form = used.model.forms.get(node.assignment.form)
            found += [f.key for f in form.fields if f.kind not in _NO_COLUMN and f.key] if form else []
    return tuple(dict.fromkeys(found))


def shown(session: Session, person: Person, used: Deployed, process_key: str) -> tuple[str, ...]:
    """The columns a person sees: those they chose, else the first of the registers'."""
    c = _chosen.c
    query = sa.select(c.columns).where(
        c.tenant_id == person.tenant_id, c.user_id == person.id, c.process_key == process_key
    )
    own = session.execute(query).scalar_one_or_none()
    known = offered(used, process_key)
    if own is None:
        return tuple(dict.fromkeys(_of_registers(used, process_key)))[:DEFAULT]
    return tuple(name for name in own if name in known)


def choose(
    session: Session, person: Person, used: Deployed, process_key: str, names: Iterable[str]
) -> tuple[str, ...]:
    """Keep which columns a person wants to see of a process, at most `MOST`; names that it does not have are
    left out."""
    known = set(offered(used, process_key))
    kept = [name for name in dict.fromkeys(names) if name in known][:MOST]
    keys = {"tenant_id": person.tenant_id, "user_id": person.id, "process_key": process_key}
    _KEEP.enter(session, {**keys, "columns": kept})
    return tuple(kept)


def values(
    session: Session, used: Deployed, ids: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What cases say under some names, by case: the last answer or result of their records."""
    if not ids or not names:
        return {}
    e, asked = _events.c, {name.partition(".")[0] for name in names}
    written = re.compile("|".join(re.escape(f'"{name}"') for name in asked))
    result_of = cache(partial(_result_of, used))  # the same few elements in every case
    query = (
        sa.select(e.instance_id, e.kind, e.element, sa.type_coerce(e.payload, sa.Text))
        .where(e.tenant_id == used.tenant_id, e.instance_id.in_(ids), e.kind.in_(_TELL_VALUES))
        .order_by(e.instance_id, e.seq)
    )
    known: dict[str, dict[str, Any]] = {}
    for instance_id, kind, element, text in session.execute(query).all():
        # Most entries tell of other things: only those that name one of these are read.
        if written.search(text) or result_of(kind, element) in asked:
            known.setdefault(instance_id, {}).update(said(used, kind, element, loads(text)))
    return {one: {name: reached(found, name) for name in names} for one, found in known.items()}


def said(used: Deployed, kind: str, element: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that an entry of a record set: answers, or the result of a decision under the name that
    the diagram gives it."""
    if kind != "decision_evaluated":
        return dict(payload.get("values") or {})
    node, outputs = used.node(element), payload["outputs"]
    own = dict(outputs) if isinstance(outputs, Mapping) else {}
    call = node.decision if node else None
    if call is not None and call.result_variable:
        one = call.map_result == "singleEntry" and len(own) == 1
        own[call.result_variable] = next(iter(own.values())) if one else outputs
    return own


def _result_of(used: Deployed, kind: str, element: str) -> str:
    """The name that the diagram gives the result of a decision."""
    node = used.node(element) if kind == "decision_evaluated" else None
    return node.decision.result_variable if node and node.decision else ""


def reached(variables: Mapping[str, Any], path: str) -> Any:
    """A variable, or what a path with points reaches within one."""
    found: Any = variables
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def require(used: Deployed, process_key: str) -> None:
    """NotFound unless the deployment has the process."""
    if process_key not in used.model.processes:
        raise NotFound("process", process_key)


def _of_registers(used: Deployed, process_key: str) -> list[str]:
    registers = used.manifest.registers.values() if used.manifest else ()
    return [name for register in registers if process_key in register.processes for name in register.columns]
