"""What would change: decisions of real cases taken once more, as they saw the world then."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from server.services import authoring, authoring_files, replaying
from server.services.errors import NotPermitted
from tests.services.conftest import MORNING, Office

TIER = "dmn/tier.dmn"
OWNER = "owner"


def draft(office: Office, *replacements: tuple[bytes, bytes], path: str = TIER) -> str:
    """A draft with some texts of a file replaced."""
    with office.database.write() as session:
        person = office.people[OWNER]
        draft_id = authoring.open_deployment(session, person, "", "试", MORNING)
        held = authoring_files.read(session, person, draft_id, path)
        data = held.content
        for old, new in replacements:
            assert old in data
            data = data.replace(old, new)
        authoring_files.save(session, person, draft_id, path, data, held.revision, MORNING)
    return draft_id


def replay(office: Office, reference: str, latest: int = 1000) -> replaying.Replay:
    """The replay as the process owner sees it."""
    with office.database.read() as session:
        return replaying.replay(session, office.people[OWNER], reference, latest)


def test_a_figure_that_moves_turns_the_cases_between(office: Office) -> None:
    near = office.start(total="620000.00")
    office.start(total="700000.00")
    office.start(total="599999.99")
    same = replay(office, "active")
    assert (same.cases, same.other, same.cases_differ) == (3, 0, 0)
    assert same.decisions >= 9
    found = replay(office, draft(office, (b"600000", b"650000")))
    tiers = [one for one in found.differ if one.decision == "hongshan_tier"]
    assert [(one.instance_id, one.before, one.after) for one in tiers] == [(near, "large", "small")]
    assert tiers[0].rules_after[0].regulation == ("hongshan#8p1", "hongshan#12.1")
    assert (tiers[0].rules_before[0].id, tiers[0].rules_after[0].id) == ("large", "small")
    counted = found.counted["hongshan_tier"]
    assert (counted.taken, counted.other, counted.other_rule) == (3, 1, 0)
    assert found.cases_differ == 1
    assert replay(office, draft(office, (b"600000", b"650000")), latest=1).cases == 1


def test_a_decision_without_an_answer_counts_as_another_way(office: Office) -> None:
    office.start(total="620000.00")
    found = replay(office, draft(office, (b"&gt;= 600000", b"&gt; 620000")))
    (one,) = [one for one in found.differ if one.decision == "hongshan_tier"]
    assert one.after is None
    assert one.failed is not None


def test_the_same_result_by_another_rule_is_no_other_way(office: Office) -> None:
    office.start()
    found = replay(office, draft(office, (b'<rule id="large">', b'<rule id="bigger">')))
    assert found.other == 0
    assert found.counted["hongshan_tier"].other_rule == 1


def test_what_was_not_known_then_is_told(office: Office) -> None:
    """A new input cannot be answered for cases that were never asked."""
    office.start()
    column = (
        b'<input id="column_kind"><inputExpression id="e9"><text>kind</text></inputExpression></input>'
        b'<output id="result_tier"'
    )
    table = draft(office, (b'<output id="result_tier"', column))
    counted = replay(office, table).counted["hongshan_tier"]
    assert (counted.taken, counted.asks_more) == (0, 1)
    assert replay(office, table).missing == {"hongshan_tier": ("kind",)}


def test_rehearsals_do_not_count_and_others_may_not(office: Office) -> None:
    office.start()
    with office.database.write() as session:
        session.execute(sa.text("update process_instance set rehearsal_at = started_at"))
    assert replay(office, "active").decisions == 0
    with office.database.read() as session, pytest.raises(NotPermitted):
        replaying.replay(session, office.people["zhoumin"], "active")


def test_ten_thousand_decisions_in_seconds(office: Office) -> None:
    """Copies of one case's decisions; the time includes reading them."""
    instance = office.start()
    rows = office.rows("select * from decision_evaluation where instance_id = :i", i=instance)
    assert rows
    case = office.rows("select * from process_instance where id = :i", i=instance)[0]
    with office.database.write() as session:
        evaluations = sa.table("decision_evaluation", *(sa.column(name) for name in rows[0]))
        cases = sa.table("process_instance", *(sa.column(name) for name in case))
        copies = [f"{instance[:-4]}{n:04d}" for n in range(10_000 // len(rows) + 1)]
        copies = [one for one in copies if one != instance]
        session.execute(
            cases.insert(), [{**case, "id": one, "business_key": f"copy {one}"} for one in copies]
        )
        session.execute(evaluations.insert(), [{**row, "instance_id": one} for one in copies for row in rows])
    begun = time.perf_counter()
    found = replay(office, "active", 20_000)
    seconds = time.perf_counter() - begun
    assert found.decisions >= 10_000
    assert found.other == 0
    assert seconds < 30, seconds
