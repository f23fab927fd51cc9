"""The demonstration gives every task that waits somebody who may do it, in every jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from server.bundles import archive
from server.cli import demo, house
from server.services import deployments, identity
from server.services.attachments import FileStore
from server.services.errors import ServiceError
from server.store.database import Database
from server.store.runtime import Task
from tests.originals import Originals

NOON = datetime(2026, 11, 18, 12, tzinfo=timezone(timedelta(hours=8)))
_t = Task.metadata.tables["task"].c
WAITING = sa.select(_t.process_key, _t.element, _t.candidates).where(
    _t.status == "open", _t.assignee_id.is_(None)
)


@pytest.fixture(params=house.jurisdictions())
def office(request: pytest.FixtureRequest, originals: Originals, tmp_path: Path) -> Iterator[demo.Office]:
    """The demonstration of a jurisdiction, with its people and no case."""
    bundle = archive.read_folder(house.ROOT, request.param)
    with originals.copied("sqlite", tmp_path) as url, closing(Database(url)) as database:
        event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
        with database.write() as session:
            person, files = house.operator(session, bundle.id), bundle.files
            deployments.deploy(session, person, bundle.id, files, NOON, name=bundle.id, source="test")
        plan = demo.Office(database, FileStore(tmp_path / "files"), bundle, NOON)
        with database.write() as session:
            plan.enter(session, password_hash="")
        yield plan


def test_no_task_of_the_demonstration_waits_for_nobody(office: demo.Office) -> None:
    """Whoever walks through it finds nothing that stands still because nobody has the post, and no story has
    stopped because a day that it tells does not fit."""
    stopped = []
    for play in office.plays(40):
        try:
            office.play(play)
        except ServiceError as error:
            stopped.append(f"{play.scenario.path}: {error}")
    assert stopped == []
    with office.database.read() as session:
        accounts = [entry["account"] for entry in office.plan["person"]]
        people = [identity.person_by_account(session, office.bundle.id, account) for account in accounts]
        waiting = session.execute(WAITING).all()
    keys = {key for person in people for key in person.principals}
    assert len(waiting) > 10
    assert [row for row in waiting if keys.isdisjoint(row.candidates)] == []
