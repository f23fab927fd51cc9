"""A tiny jurisdiction for what Hongshan's diagrams do not show: timers, parallel tasks, incidents."""

from __future__ import annotations

import json
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
from tests.engine.bpmn.diagrams import bpmn, properties
from tests.services.conftest import MORNING, Office

TENANT = "lab"
PEOPLE = {"ann": ["clerks"], "bob": ["clerks"], "head": ["heads"], "admin": ["admin", "clerks"]}
GIVEN = {"pause": "P1D", "due": "2026-03-11T23:59:59+08:00", "noon": "2026-03-02T12:00:00+08:00"}
START = '<bpmn:startEvent id="start" name="start" camunda:formRef="lab.f_start"/>'
END = '<bpmn:endEvent id="end" name="end"/>'


def task(identity: str, group: str = "clerks", due: str = "") -> str:
    """A user task of a group, with a form and an article."""
    attributes = f'camunda:candidateGroups="{group}" camunda:formRef="lab.f_note"'
    if due:
        attributes += f' camunda:dueDate="{due}"'
    inner = properties(regulation="lab#1")
    return f'<bpmn:userTask id="{identity}" name="{identity}" {attributes}>{inner}</bpmn:userTask>'


def timer(identity: str, on: str = "") -> str:
    """A timer of the length that the start form gives: a boundary event that does not interrupt if `on` names
    its activity, else a catch event."""
    inner = (
        f'<bpmn:timerEventDefinition id="{identity}_t"><bpmn:timeDuration>pause</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition>"
    )
    kind, where = "intermediateCatchEvent", ""
    if on:
        kind, where = "boundaryEvent", f'attachedToRef="{on}" cancelActivity="false"'
    return f'<bpmn:{kind} id="{identity}" name="{identity}" {where}>{inner}</bpmn:{kind}>'


def gateway(identity: str, kind: str = "parallelGateway") -> str:
    """A gateway."""
    return f'<bpmn:{kind} id="{identity}"/>'


def diagram(key: str, body: str, flows: str) -> bytes:
    """A process with a name."""
    drawn = bpmn(body, flows, process=key)
    return drawn.replace(b"<bpmn:process ", f'<bpmn:process name="{key}" '.encode(), 1)


CHASED = diagram(
    "lab.chased",
    START + task("work") + END + timer("late", on="work") + task("chase", "heads")
    + '<bpmn:endEvent id="chased" name="chased"/>',
    "start>work work>end late>chase chase>chased",
)  # fmt: skip
WAITING = diagram(
    "lab.waiting",
    START + timer("pause_first") + task("work") + END,
    "start>pause_first pause_first>work work>end",
)
PARALLEL = diagram(
    "lab.parallel",
    START + gateway("split") + task("left") + task("right") + gateway("join") + task("after") + END,
    "start>split split>left split>right left>join right>join join>after after>end",
)
STUCK = diagram(
    "lab.stuck",
    START + task("work") + gateway("is_noon", "exclusiveGateway") + task("after") + END,
    "start>work work>is_noon is_noon>after[now >= date and time(noon)] after>end",
)
DUE = diagram("lab.due", START + task("work", due="${due}") + END, "start>work work>end")
LONGER = diagram(
    "lab.due", START + task("work") + task("more", "heads") + END, "start>work work>more more>end"
)
PROCESSES = {
    "lab.chased": CHASED, "lab.waiting": WAITING, "lab.parallel": PARALLEL, "lab.stuck": STUCK,
    "lab.due": DUE,
}  # fmt: skip


def form(identity: str, *keys: str) -> bytes:
    """A form of text fields."""
    fields = [{"type": "textfield", "id": f"field_{key}", "key": key, "label": key} for key in keys]
    return json.dumps({"type": "default", "id": identity, "schemaVersion": 18, "components": fields}).encode()


def manifest(*keys: str) -> bytes:
    """A manifest that lets clerks start these processes."""
    entries = "".join(
        f'[[process]]\nid = "{key}"\nname = "{key}"\nnumber = "{key}-{{year}}-{{n}}"\n'
        'started_by = ["clerks"]\ntitle = "project_name"\n'
        for key in keys
    )
    groups = "".join(f'[[group]]\nid = "{group}"\nname = "{group}"\n' for group in ("clerks", "heads"))
    law = '[[regulation]]\nid = "lab"\ntitle = "Lab"\narticles = [{ id = "1", title = "Work" }]\n'
    return f'format = 1\nid = "lab"\nname = "Lab"\n{groups}{entries}{law}'.encode()


def bundle(processes: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """The files of the jurisdiction."""
    chosen = PROCESSES if processes is None else processes
    files = {f"bpmn/{key.partition('.')[2]}.bpmn": content for key, content in chosen.items()}
    forms = {
        "forms/f_start.form": form("lab.f_start", *GIVEN),
        "forms/f_note.form": form("lab.f_note", "note"),
    }
    return {"jurisdiction.toml": manifest(*chosen), **files, **forms}


@dataclass
class Lab(Office):
    """An office of the lab, and its clock."""

    now: datetime = MORNING
    sent: list[dict[str, Any]] = field(default_factory=list)

    def start(self, person: str = "ann", process: str = "lab.chased", **answers: Any) -> str:
        """Start a process; gives the instance's id."""
        with self.database.write() as session:
            given = {"project_name": "试验", **GIVEN, **answers}
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
    settle(url)
    return open_settled(url, files)


def settle(url: str) -> None:
    """Enter the people of the lab in a migrated database, and deploy its processes."""
    database = Database(url)
    with database.write() as session:
        add_jurisdiction(session, TENANT, "Lab", MORNING)
        add_unit(session, TENANT, "office", "Office")
        for account, groups in PEOPLE.items():
            add_person(session, TENANT, account, account.title(), "", "office", groups, "", MORNING)
    Lab(database, FileStore(Path())).deploy(bundle())
    database.close()


def open_settled(url: str, files: Path) -> Lab:
    """The lab in a database where it was settled."""
    database = Database(url)
    with database.read() as session:
        people = {name: identity.person_by_account(session, TENANT, name) for name in PEOPLE}
    return Lab(database, FileStore(files), people=people)


def finish(session: Session, person: Person, task_id: str, now: datetime) -> tasks.Done:
    """Claim and complete a task that has no form."""
    tasks.claim(session, person, task_id, now)
    revision = tasks.view(session, person, task_id, now).revision
    return tasks.complete(session, person, task_id, revision, now, {})
