"""What a durable step costs: read the state, complete a task, save, write it back and commit, after ever more
rounds of returns; the same around SpiffWorkflow's own JSON; and a service's whole command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bench import engine
from bench.measure import Result, cpu_ms
from bench.place import OFFICER, Office, Place
from server.services import tasks
from server.store.columns import new_id
from server.store.runtime import InstanceState, ProcessInstance

TENANT = "bench"
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]


def measure(where: Place) -> Iterator[Result]:
    """Ours at every length of history, then stock at those it reaches, in the same table by the same
    statements."""
    model = engine.our_model()
    first = 0.0
    for rounds in engine.ROUNDS:
        cpu = _committed(where, *engine.our_operation(model, rounds), repeat=200)
        first = first or cpu
        yield Result(f"load, complete, save, commit after {rounds} rounds, {where.kind}", cpu, 5,
                     extra={"of the first": cpu / first})  # fmt: skip
    for rounds in engine.STOCK_ROUNDS:
        cpu = _committed(where, *engine.stock_operation(rounds), repeat=40 if rounds == 0 else 10)
        yield Result(f"the same, stock JSON, after {rounds} rounds, {where.kind}", cpu, 5)


def command(where: Place, office: Office, repeat: int = 40) -> Iterator[Result]:
    """`tasks.complete` with all it writes: task, worklists, participants, record, state."""
    person = office.person(OFFICER)
    waiting = [office.start() for _ in range(repeat * 3 + 10)]
    for task in waiting:
        with where.database.write() as session:
            tasks.claim(session, person, task, datetime.now(UTC))
    turn = iter(waiting)

    def complete() -> None:
        with where.database.write() as session:
            answers = {"materials_verdict": "complete"}
            tasks.complete(session, person, next(turn), 1, datetime.now(UTC), answers)

    for _ in range(10):
        complete()
    cpu = cpu_ms(complete, repeat=repeat, others=where.others)
    yield Result(f"command: complete a task, {where.kind}", cpu)


def _committed(where: Place, operation: Callable[[], object], size: int, *, repeat: int) -> float:
    """CPU of a step around which the state is read and written. The state that is read is always the same,
    so that the length of the history stays."""
    source = _enter(where, size)
    target = _enter(where, size)
    read = _states.select().where(_states.c.tenant_id == TENANT, _states.c.instance_id == source)
    write = _states.update().where(_states.c.tenant_id == TENANT, _states.c.instance_id == target)
    advance = (
        _instances.update()
        .where(_instances.c.tenant_id == TENANT, _instances.c.id == target)
        .values(revision=_instances.c.revision + 1)
    )

    def step() -> None:
        with where.database.write() as session:
            session.execute(read).one()
            saved: Any = operation()
            state = saved.encode() if isinstance(saved, str) else saved.state
            session.execute(advance)
            session.execute(write, {"state": state})

    step()
    return cpu_ms(step, repeat=repeat, others=where.others)


def _enter(where: Place, size: int) -> str:
    now = datetime.now(UTC)
    instance = new_id(now)
    row = {
        "tenant_id": TENANT, "id": instance, "deployment_id": "d", "process_key": engine.PROCESS,
        "business_key": instance, "title": "某局政务信息化项目", "project_id": None, "unit_id": "u1",
        "status": "running", "revision": 1, "started_by": "u", "started_at": now, "due_at": None,
        "history_seq": 1, "history_head": "",
    }  # fmt: skip
    with where.database.write() as session:
        session.execute(_instances.insert(), row)
        state = {"tenant_id": TENANT, "instance_id": instance, "state": bytes(size)}
        session.execute(_states.insert(), state)
    return instance
