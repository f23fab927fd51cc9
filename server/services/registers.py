"""Registers (台账): the row of a case is written in the command that moves it, and kept as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.bundles.papers import RUNNING, Register
from server.engine import process
from server.services import deployed
from server.services.case import Case
from server.services.deployed import Deployed
from server.store.conflicts import Entering
from server.store.papers import RegisterRow
from server.store.runtime import InstanceState, ProcessInstance, Project

_rows = RegisterRow.metadata.tables["register_row"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_projects = Project.metadata.tables["project"]
_KEYS = ("tenant_id", "register_id", "instance_id")
_ENTER = Entering(_rows, [column.name for column in _rows.c if column.name not in _KEYS])
_SAME = (
    "process_key", "business_key", "title", "project_id", "unit_id", "started_at", "ended_at", "status",
    "outcome", "outcome_name",
)  # fmt: skip
_BATCH = 500
_PROJECT = sa.select(_projects.c.code, _projects.c.name).where(
    _projects.c.tenant_id == bindparam("of_tenant"), _projects.c.id == bindparam("of_project")
)
_LEAVE = _rows.delete().where(*(_rows.c[name] == bindparam(f"of_{name}") for name in _KEYS))


def enter(case: Case, variables: Mapping[str, Any]) -> None:
    """Write a case into the registers where it belongs now, and take it out of those that it has left.

    While it runs, these are the registers of its own deployment; when it ends, those of the one in use, so
    that a register that was added meanwhile has it too. Nothing of a rehearsal is ever entered."""
    if case.row.get("rehearsal_at") is not None or case.deployed.manifest is None:
        return
    tenant, ended = case.person.tenant_id, case.row["status"] not in RUNNING
    used = deployed.active(case.session, tenant) if ended else case.deployed
    for register in _of(used.manifest, case.key):
        if register.takes(case.key, case.row["status"], case.row["outcome"]):
            _ENTER.enter(case.session, _row(register, case.row, variables, _project(case)))
        elif register.state == "open":
            keys = {"of_tenant_id": tenant, "of_register_id": register.id, "of_instance_id": case.id}
            case.session.execute(_LEAVE, keys)


def _project(case: Case) -> tuple[str, ...]:
    """Code and name of its project: read with the case where it was held for writing, not where it begins."""
    if "project_code" not in case.row:
        known = {"of_tenant": case.person.tenant_id, "of_project": case.row["project_id"]}
        return tuple(case.session.execute(_PROJECT, known).one_or_none() or ())
    return tuple(text for text in (case.row["project_code"], case.row["project_name"]) if text)


def renew(session: Session, used: Deployed, before: Manifest | None) -> None:
    """Write those registers anew, from all cases, that a deployment brings or describes otherwise than the
    one `before` it: a register holds what its description says, also of cases that ended earlier."""
    known = before.registers if before else {}
    for register in used.manifest.registers.values() if used.manifest else ():
        if _contents(register) == _contents(known.get(register.id)):
            continue
        mine = (_rows.c.tenant_id == used.tenant_id, _rows.c.register_id == register.id)
        session.execute(_rows.delete().where(*mine))
        after = ""
        while batch := list(_cases(session, used.tenant_id, register, after)):
            rows = [_row(register, row, _variables(session, row), project) for row, project in batch]
            if rows:
                session.execute(_rows.insert(), rows)
            after = batch[-1][0]["id"]


def _of(manifest: Manifest | None, process_key: str) -> Iterator[Register]:
    for register in manifest.registers.values() if manifest else ():
        if process_key in register.processes:
            yield register


def _contents(register: Register | None) -> tuple[Any, ...]:
    """What of a register's description changes its rows."""
    if register is None:
        return ()
    return (register.processes, register.outcomes, register.state, register.columns)


def _row(
    register: Register, case: Mapping[str, Any], variables: Mapping[str, Any], project: tuple[str, ...]
) -> dict[str, Any]:
    values = {name: value for name in register.columns if (value := _reach(variables, name)) is not None}
    texts = (
        case["business_key"],
        case["title"],
        *project,
        *(v for v in values.values() if isinstance(v, str)),
    )
    return {
        **{name: case[name] for name in _SAME},
        "tenant_id": case["tenant_id"], "register_id": register.id, "instance_id": case["id"],
        "at": case["started_at"] if register.state == "open" else case["ended_at"],
        "values": values, "search": "\n".join(dict.fromkeys(texts)).lower(),
    }  # fmt: skip


def _reach(variables: Mapping[str, Any], path: str) -> Any:
    """A variable, or what a path with points reaches within one."""
    found: Any = variables
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _cases(
    session: Session, tenant_id: str, register: Register, after: str
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The next cases of a register, in the order of their beginning, with code and name of their projects."""
    i, p = _instances.c, _projects.c
    statuses = (*RUNNING, "ended") if register.state == "open" else ("ended",)
    query = (
        sa.select(*i, _states.c.state, p.code, p.name)
        .join(_states, (_states.c.tenant_id == i.tenant_id) & (_states.c.instance_id == i.id))
        .join(_projects, (p.tenant_id == i.tenant_id) & (p.id == i.project_id), isouter=True)
        .where(i.tenant_id == tenant_id, i.id > after, i.process_key.in_(register.processes))
        .where(i.status.in_(statuses), i.rehearsal_at.is_(None))
        .order_by(i.id)
        .limit(_BATCH)
    )
    if register.outcomes:
        query = query.where(i.outcome.in_(register.outcomes) | i.status.in_(RUNNING))
    for row in session.execute(query).mappings():
        yield dict(row), tuple(text for text in (row["code"], row["name"]) if text)


def _variables(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    used = deployed.of(session, row["tenant_id"], row["deployment_id"])
    return process.variables_of(used.model, row["process_key"], bytes(row["state"]))
