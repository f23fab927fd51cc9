"""The audit chain: sound as it was written, and every later change shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from server.services import history
from server.services.history import ChainFault
from server.store.columns import dumps, loads
from tests.services.conftest import TENANT, Office


def verified(office: Office, instance: str | None = None) -> list[ChainFault | int]:
    """What the verification says."""
    with office.database.read() as session:
        return list(history.verify(session, TENANT, instance))


def tamper(office: Office, statement: str, **values: Any) -> None:
    """Change the database behind the system's back."""
    with office.database.write() as session:
        assert session.execute(sa.text(statement), values).rowcount == 1  # type: ignore[attr-defined]


@pytest.fixture
def case(office: Office) -> str:
    """A case with decisions and two people's work."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    return instance


def entries(office: Office, instance: str, kind: str = "%") -> list[dict[str, Any]]:
    return office.rows(
        "select * from history_event where instance_id = :i and kind like :k order by seq", i=instance, k=kind
    )


def test_a_case_as_it_was_written_verifies(office: Office, case: str) -> None:
    """Every entry counts, the first is chained to nothing, and the head stands in the case's own row."""
    written = entries(office, case)
    assert verified(office) == [len(written)]
    assert written[0]["prev_hash"] == ""
    assert [row["seq"] for row in written] == list(range(1, len(written) + 1))
    head = office.rows("select history_head from process_instance where id = :i", i=case)[0]["history_head"]
    assert head == written[-1]["hash"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_name", "别人"), ("actor_post", "局长"), ("actor_id", "wulan"), ("kind", "task_returned"),
        ("element", "elsewhere"), ("at", "2026-03-01 01:00:00"), ("payload", "{}"), ("task_id", "x"),
    ],
)  # fmt: skip
def test_a_changed_entry_is_found(office: Office, case: str, column: str, value: str) -> None:
    """Whichever column was touched; the fault names the entry."""
    seq = entries(office, case, "task_completed")[0]["seq"]
    query = f"update history_event set {column} = :v where instance_id = :i and seq = :s"
    tamper(office, query, v=value, i=case, s=seq)
    assert verified(office) == [ChainFault(TENANT, case, seq, "entry changed")]


def test_a_number_in_a_payload_is_found(office: Office, case: str) -> None:
    """One cent in what was filled in."""
    row = entries(office, case, "instance_started")[0]
    payload = loads(row["payload"])
    payload["values"]["total"] = loads("599999.99")
    query = "update history_event set payload = :p where instance_id = :i and seq = :s"
    tamper(office, query, p=dumps(payload).decode(), i=case, s=row["seq"])
    assert verified(office, case) == [ChainFault(TENANT, case, row["seq"], "entry changed")]


def test_a_removed_entry_is_found(office: Office, case: str) -> None:
    """In the middle: the numbers have a gap."""
    tamper(office, "delete from history_event where instance_id = :i and seq = 3", i=case)
    assert verified(office) == [ChainFault(TENANT, case, 3, "entry missing")]


def test_a_removed_tail_is_found(office: Office, case: str) -> None:
    """The last entry: what is left is a chain of its own, but not up to the head in the case's row."""
    last = entries(office, case)[-1]["seq"]
    tamper(office, "delete from history_event where instance_id = :i and seq = :s", i=case, s=last)
    assert verified(office) == [ChainFault(TENANT, case, last, "last entries missing")]


def test_an_entry_rewritten_with_its_hashes_is_found(office: Office, case: str) -> None:
    """Somebody who recomputes the last entry's hash would have to change the case's row as well."""
    row = entries(office, case)[-1]
    with office.database.read() as session:
        kept = session.execute(
            history._events.select().where(
                history._events.c.instance_id == case, history._events.c.seq == row["seq"]
            )
        ).mappings()
        entry = dict(kept.one()) | {"actor_name": "别人"}
    forged = history.entry_hash(entry["prev_hash"], entry)
    query = "update history_event set actor_name = '别人', hash = :h where instance_id = :i and seq = :s"
    tamper(office, query, h=forged, i=case, s=row["seq"])
    assert verified(office) == [ChainFault(TENANT, case, row["seq"] + 1, "last entries missing")]


@pytest.mark.parametrize(
    "change",
    [
        "update decision_evaluation set outputs = '\"small\"'",
        "update decision_evaluation set inputs = '{}'",
        "update decision_evaluation set matched = '[]'",
        "delete from decision_evaluation",
    ],
)
def test_a_changed_decision_is_found(office: Office, case: str, change: str) -> None:
    """The full record of a decision lies beside the chain, which holds its digest."""
    seq = entries(office, case, "decision_evaluated")[1]["seq"]
    tamper(office, f"{change} where instance_id = :i and seq = :s", i=case, s=seq)
    assert verified(office) == [ChainFault(TENANT, case, seq, "decision changed")]


def test_an_added_decision_is_found(office: Office, case: str) -> None:
    """A decision that no entry of the chain knows."""
    seq = entries(office, case, "task_completed")[0]["seq"]
    columns = (
        "deployment_id, decision_id, name, element, hit_policy, inputs, outputs, matched, missed, findings"
    )
    source = entries(office, case, "decision_evaluated")[0]["seq"]
    tamper(
        office,
        f"insert into decision_evaluation (tenant_id, instance_id, seq, position, at, {columns})"
        f" select tenant_id, instance_id, :s, position, at, {columns} from decision_evaluation"
        " where instance_id = :i and seq = :o",
        i=case, s=seq, o=source,
    )  # fmt: skip
    assert verified(office) == [ChainFault(TENANT, case, seq, "decision added")]


def test_one_broken_case_does_not_hide_the_others(office: Office, case: str) -> None:
    """Each case has a chain of its own."""
    other = office.start(project_name="别的项目")
    tamper(office, "update history_event set actor_name = 'x' where instance_id = :i and seq = 2", i=case)
    found = {getattr(f, "instance_id", "sound"): f for f in verified(office)}
    assert set(found) == {case, "sound"}
    assert found["sound"] == len(entries(office, other))


def test_the_timeline_is_newest_first_and_keeps_names_of_the_day(office: Office, case: str) -> None:
    """Who acted is told with the post held on that day, whatever happens to the person later."""
    tamper(office, "update person set name = '改名', post = '调离' where account = 'chenwei'")
    with office.database.read() as session:
        told = history.timeline(session, TENANT, case)
        newest = history.timeline(session, TENANT, case, last=2)
    assert [entry.seq for entry in told] == sorted((entry.seq for entry in told), reverse=True)
    assert newest == told[:2]
    completed = next(entry for entry in told if entry.kind == "task_completed")
    assert (completed.actor_name, completed.actor_post) == ("陈伟", "项目审批股股长")


def test_a_check_while_people_work_reports_no_false_fault(office: Office, case: str) -> None:
    """The verification sees one state of the database, though a case moves on while it reads."""
    office.now += timedelta(minutes=1)
    later = office.start(project_name="别的项目")
    with office.database.read() as session:
        found = history.verify(session, TENANT)
        assert isinstance(next(found), int)
        office.do("chenwei", later, "check_materials", materials_verdict="complete")
        assert [type(result) for result in found] == [int]
