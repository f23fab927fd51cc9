"""An office with Hongshan deployed and its demo people, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import archive
from server.cli import demo, house
from server.services import attachments, deployments, identity, instances, tasks
from server.services.attachments import FileStore
from server.services.authorization import Person
from server.store.database import Database
from tests.originals import Originals

if TYPE_CHECKING:
    from tests.services.lab import Lab

MORNING = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=8)))
TENANT = "hongshan"
ENTRY = {
    "activity": "new", "is_state_secret": False, "total": "600000.00", "can_be_met_by_upgrade": False,
    "can_be_shared": False, "isolated": False, "needs_unclear": False, "earlier_low_use": False,
    "still_usable": False,
}  # fmt: skip
PRE_REVIEW = {"feasibility": "可行", "integration": "整合", "sharing": "接入", "cloud_network_use": "政务云"}


@dataclass
class Office:
    """A deployed jurisdiction with people, and short words for what they do."""

    database: Database
    files: FileStore
    now: datetime = MORNING
    people: dict[str, Person] = field(default_factory=dict)

    def start(self, person: str = "zhoumin", process: str = "hongshan.library_entry", **answers: Any) -> str:
        """Start a library entry that is complete; gives the instance's id."""
        with self.database.write() as session:
            given = {**ENTRY, "project_name": "智慧校园", **answers}
            for name in ("entry_application", "feasibility_report_two_in_one"):
                if name not in answers:
                    given[name] = [self.attach(session, person, f"start:{process}", name)]
            return instances.start(session, self.people[person], process, self.now, given).instance_id

    def attach(self, session: Session, person: str, owner: str, field: str) -> str:
        """Store a small file for a draft; gives its id."""
        stored = attachments.store(
            session, self.files, self.people[person], owner, field, "文件.pdf", b"%PDF", self.now, limit=100
        )
        assert not stored.problem
        return stored.id

    def pre_review(self, instance_id: str, result: str = "pass") -> tasks.Done:
        """The centre's opinion, with its document."""
        task_id = self.task(instance_id, "pre_review")["id"]
        with self.database.write() as session:
            document = self.attach(session, "wulan", f"task:{task_id}", "pre_review_opinion")
        answers = {**PRE_REVIEW, "result": result, "pre_review_opinion": [document]}
        return self.do("wulan", instance_id, "pre_review", **answers)

    def task(self, instance_id: str, element: str) -> dict[str, Any]:
        """The open task of an element."""
        rows = self.rows(
            "select * from task where instance_id = :i and element = :e and status = 'open'",
            i=instance_id,
            e=element,
        )
        assert rows, f"{element} is not open"
        return rows[0]

    def open(self, instance_id: str) -> list[str]:
        """The elements that wait."""
        rows = self.rows("select element from task where instance_id = :i and status = 'open'", i=instance_id)
        return sorted(row["element"] for row in rows)

    def do(self, person: str, instance_id: str, element: str, **answers: Any) -> tasks.Done:
        """Claim and complete a task."""
        task_id = self.task(instance_id, element)["id"]
        with self.database.write() as session:
            actor = self.people[person]
            tasks.claim(session, actor, task_id, self.now)
            revision = tasks.view(session, actor, task_id, self.now).revision
            return tasks.complete(session, actor, task_id, revision, self.now, answers)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Rows as they lie in the database."""
        with self.database.read() as session:
            return [dict(row) for row in session.execute(sa.text(query), values).mappings()]


@pytest.fixture(scope="session")
def bundle() -> archive.Bundle:
    """Hongshan as the repository holds it."""
    return archive.read_folder(house.ROOT, TENANT)


@pytest.fixture
def office_url(database_kind: str, originals: Originals, tmp_path: Path) -> Iterator[str]:
    """Address of a database of each kind with Hongshan deployed, its people entered, no case yet."""
    with originals.copied(database_kind, tmp_path, settle) as url:
        yield url


@pytest.fixture
def office(office_url: str, tmp_path: Path) -> Iterator[Office]:
    """Hongshan deployed, the demo people entered, no case yet."""
    opened = open_office(office_url, tmp_path / "files")
    yield opened
    opened.database.close()


def open_office(url: str, files: Path) -> Office:
    """The office that lies in a database."""
    database = Database(url)
    with database.read() as session:
        accounts = identity.demo_accounts(session)
        people = {a.account: identity.person_by_account(session, TENANT, a.account) for a in accounts}
    return Office(database, FileStore(files), people=people)


def settle(url: str) -> None:
    """Deploy Hongshan and enter the demo people; every password is `demo`."""
    database, bundle = Database(url), archive.read_folder(house.ROOT, TENANT)
    with database.write() as session:
        operator = house.operator(session, TENANT)
        deployments.deploy(session, operator, TENANT, bundle.files, MORNING, name="Hongshan", source="test")
    plan = demo.Office(database, FileStore(Path()), bundle, MORNING)
    with database.write() as session:
        plan.enter(session, password_hash=identity.hash_password("demo"))
    database.close()


@pytest.fixture
def lab(database_kind: str, originals: Originals, tmp_path: Path) -> Iterator[Lab]:
    """The tiny jurisdiction of `lab.py`."""
    from tests.services import lab

    with originals.copied(database_kind, tmp_path, lab.settle) as url:
        opened = lab.open_settled(url, tmp_path / "files")
        yield opened
        opened.database.close()
