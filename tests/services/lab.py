"""A tiny jurisdiction for what Hongshan's diagrams do not show: timers, parallel tasks, incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from server.cli import house
from server.jobs.runner import Runner
from server.services import deployments, identity, instances, tasks
from server.services.attachments import FileStore
from server.services.authorization import Person
from server.services.identity import add_jurisdiction, add_person, add_unit
from server.store.database import Database
from tests.engine.bpmn.diagrams import END, START, bpmn, task
from tests.services.conftest import MORNING, Office

TENANT = "lab"
PEOPLE = {"ann": ["clerks"], "bob": ["clerks"], "head": ["heads"], "admin": ["admin", "clerks"]}
_CLERKS, _HEADS = 'camunda:candidateGroups="clerks"', 'camunda:candidateGroups="heads"'


def timer(identity: str, kind: str, value: str, on: str = "") -> str:
    """A timer event: a boundary event that does not interrupt when `on` names its activity, else a catch
    event."""
    inner = (
        f'<bpmn:timerEventDefinition id="{identity}_t"><bpmn:{kind}>{value}</bpmn:{kind}>'
        "</bpmn:timerEventDefinition>"
    )
    if on:
        where = f'attachedToRef="{on}" cancelActivity="false"'
        return f'<bpmn:boundaryEvent id="{identity}" {where}>{inner}</bpmn:boundaryEvent>'
    return f'<bpmn:intermediateCatchEvent id="{identity}">{inner}</bpmn:intermediateCatchEvent>'


def gateway(identity: str, kind: str = "parallelGateway") -> str:
    """A gateway."""
    return f'<bpmn:{kind} id="{identity}"/>'


CHASED = bpmn(
    START + task("work", _CLERKS) + END + timer("late", "timeDuration", "P1D", on="work")
    + task("chase", _HEADS) + '<bpmn:endEvent id="chased"/>',
    "start>work work>end late>chase chase>chased", process="lab.chased",
)  # fmt: skip
WAITING = bpmn(
    START + timer("pause", "timeDuration", "PT1H") + task("work", _CLERKS) + END,
    "start>pause pause>work work>end", process="lab.waiting",
)  # fmt: skip
PARALLEL = bpmn(
    START + gateway("split") + task("left", _CLERKS) + task("right", _CLERKS) + gateway("join")
    + task("after", _CLERKS) + END,
    "start>split split>left split>right left>join right>join join>after after>end", process="lab.parallel",
)  # fmt: skip
STUCK = bpmn(
    START + task("work", _CLERKS) + gateway("noon", "exclusiveGateway") + task("after", _CLERKS) + END,
    'start>work work>noon noon>after[now >= date and time("2026-03-02T12:00:00+08:00")] after>end',
    process="lab.stuck",
)  # fmt: skip
DUE = bpmn(
    START + task("work", f'{_CLERKS} camunda:dueDate="2026-03-11T23:59:59+08:00"') + END,
    "start>work work>end", process="lab.due",
)  # fmt: skip
PROCESSES = {
    "lab.chased": CHASED, "lab.waiting": WAITING, "lab.parallel": PARALLEL, "lab.stuck": STUCK,
    "lab.due": DUE,
}  # fmt: skip


def manifest(*keys: str) -> bytes:
    """A manifest that lets clerks start these processes."""
    entries = "".join(
        f'[[process]]\nid = "{key}"\nname = "{key}"\nnumber = "{key}-{{year}}-{{n}}"\n'
        'started_by = ["clerks"]\ntitle = "project_name"\n'
        for key in keys
    )
    groups = "".join(f'[[group]]\nid = "{group}"\nname = "{group}"\n' for group in ("clerks", "heads"))
    return f'format = 1\nid = "lab"\nname = "Lab"\n{groups}{entries}'.encode()


def bundle(processes: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """The files of the jurisdiction."""
    chosen = PROCESSES if processes is None else processes
    files = {f"bpmn/{key.partition('.')[2]}.bpmn": content for key, content in chosen.items()}
    return {"jurisdiction.toml": manifest(*chosen), **files}


@dataclass
class Lab(Office):
    """An office of the lab, and its clock."""

    now: datetime = MORNING
    sent: list[dict[str, Any]] = field(default_factory=list)

    def start(self, person: str = "ann", process: str = "lab.chased", **answers: Any) -> str:
        """Start a process; gives the instance's id."""
        with self.database.write() as session:
            given = {"project_name": "试验", **answers}
            return instances.start(session, self.people[person], process, self.now, given).instance_id

    def runner(self) -> Runner:
        """What rings here: its clock is the lab's, what it sends is kept in `sent`."""
        return Runner(self.database, self.sent.append, lambda: self.now)

    def deploy(self, files: dict[str, bytes], person: Person | None = None) -> deployments.Outcome:
        """Deploy other files."""
        with self.database.write() as session:
            who = person or house.operator(session, TENANT)
            return deployments.deploy(session, who, TENANT, files, self.now, name="Lab", source="test")


def open_lab(url: str, files: Path) -> Lab:
    """Settle the lab in a migrated database."""
    database = Database(url)
    lab = Lab(database, FileStore(files))
    with database.write() as session:
        add_jurisdiction(session, TENANT, "Lab", MORNING)
        add_unit(session, TENANT, "office", "Office")
        for account, groups in PEOPLE.items():
            add_person(session, TENANT, account, account.title(), "", "office", groups, "", MORNING)
    lab.deploy(bundle())
    with database.read() as session:
        lab.people = {name: identity.person_by_account(session, TENANT, name) for name in PEOPLE}
    return lab


def finish(session: Session, person: Person, task_id: str, now: datetime) -> tasks.Done:
    """Claim and complete a task that has no form."""
    tasks.claim(session, person, task_id, now)
    revision = tasks.view(session, person, task_id, now).revision
    return tasks.complete(session, person, task_id, revision, now, {})
