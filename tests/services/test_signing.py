"""加签 and 减签: who may ask whom, who waits for whom, what the record says, and two people at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from server.services import history, joint_signing, signing, tasks, worklist
from server.services.errors import InvalidSubmission, NotFound, NotPermitted, Refused, StaleTask
from server.services.identity import add_person, add_unit, person_by_account
from tests.engine.bpmn.diagrams import properties
from tests.services.lab import END, START, TENANT, Lab, bundle, diagram, task
from tests.services.test_together import together


def signed(*, sequential: bool = False, item: str = "person.account") -> str:
    """A joint sign of two clerks; it says what an added signer is, or (without) lets nobody be added."""
    said = {"regulation": "lab#1"} | ({"signerItem": item} if item else {})
    return (
        '<bpmn:userTask id="sign" name="sign" camunda:assignee="${signer}" camunda:candidateGroups="clerks" '
        f'camunda:formRef="lab.f_note">{properties(**said)}'
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" '
        'camunda:collection="${[&quot;ann&quot;, &quot;bob&quot;]}" camunda:elementVariable="signer"/>'
        "</bpmn:userTask>"
    )


FLOWS = "start>work work>sign sign>after after>end"
SIGNED = {
    "lab.signed": diagram(
        "lab.signed", START + task("work", "heads") + signed() + task("after") + END, FLOWS
    ),
    "lab.turn": diagram(
        "lab.turn", START + task("work", "heads") + signed(sequential=True) + task("after") + END, FLOWS
    ),
    "lab.settled": diagram(
        "lab.settled", START + task("work", "heads") + signed(item="") + task("after") + END, FLOWS
    ),
    "lab.plain": diagram(
        "lab.plain", START + task("work") + task("after") + END, "start>work work>after after>end"
    ),
}


@pytest.fixture
def desk(lab: Lab) -> Lab:
    """The lab with joint signs, and people of another office."""
    lab.deploy(bundle(SIGNED))
    with lab.database.write() as session:
        add_unit(session, TENANT, "other", "Other")
        for account, unit, groups in (
            ("cid", "office", ["clerks"]), ("dora", "other", []), ("lea", "office", ["leader"]),
            ("leo", "other", ["leader"]),
        ):  # fmt: skip
            add_person(session, TENANT, account, account.title(), "clerk", unit, groups, "", lab.now)
            lab.people[account] = person_by_account(session, TENANT, account)
    return lab


def held(desk: Lab, process: str = "lab.plain", person: str = "ann", element: str = "work") -> str:
    """A case whose step a person has claimed; gives the task."""
    found = desk.task(desk.start(person, process), element)["id"]
    with desk.database.write() as session:
        tasks.claim(session, desk.people[person], found, desk.now)
    return found


def revision(desk: Lab, task_id: str) -> int:
    return int(desk.rows("select revision from task where id = :t", t=task_id)[0]["revision"])


def instance(desk: Lab, task_id: str) -> str:
    return str(desk.rows("select instance_id from task where id = :t", t=task_id)[0]["instance_id"])


def ask(desk: Lab, task_id: str, when: Any, *whom: str, by: str = "ann") -> None:
    at = revision(desk, task_id)
    with desk.database.write() as session:
        signing.ask(session, desk.people[by], task_id, at, when, whom, "please look", desk.now)


def complete(desk: Lab, person: str, task_id: str, **answers: Any) -> tasks.Done:
    at = revision(desk, task_id)
    with desk.database.write() as session:
        return tasks.complete(session, desk.people[person], task_id, at, desk.now, answers)


def signature(desk: Lab, person: str) -> str:
    """The task by which somebody signs."""
    rows = desk.rows(
        "select id from task where assignee_id = :p and status = 'open' and signing is not null", p=person
    )
    assert len(rows) == 1
    return str(rows[0]["id"])


def sign(desk: Lab, person: str, verdict: str = "pass") -> tasks.Done:
    return complete(desk, person, signature(desk, person), verdict=verdict, opinion_text="looked at it")


def told(desk: Lab, task_id: str) -> list[tuple[str, str, Any]]:
    """What the record says of signers, oldest first."""
    with desk.database.read() as session:
        found = history.timeline(session, TENANT, instance(desk, task_id))
        assert all(isinstance(verified, int) for verified in history.verify(session, TENANT))
    return [
        (entry.actor_name, entry.kind, entry.payload.get("to") or entry.payload.get("who"))
        for entry in reversed(found)
        if entry.kind in ("signers_added", "signer_removed")
    ]


# --------------------------------------------------------------------------- before and after
def test_who_is_asked_before_has_it_on_the_worklist_and_the_holder_waits(desk: Lab) -> None:
    work = held(desk)
    ask(desk, work, "before", "dora")
    with desk.database.read() as session:
        rows = worklist.page(session, desk.people["dora"], worklist.Filters(), desk.now).rows
        assert [row.name for row in rows] == ["work（前加签）"]
        view = tasks.view(session, desk.people["dora"], signature(desk, "dora"), desk.now)
        assert view.act
        assert view.signing is not None
        assert (view.signing.by_name, view.signing.reason) == ("Ann", "please look")
        assert view.form is not None
        assert (view.returns, view.signers) == ((), ())
    with pytest.raises(Refused) as refused:
        complete(desk, "ann", work)
    assert "Dora" in refused.value.finding.text()
    with pytest.raises(InvalidSubmission):
        complete(desk, "dora", signature(desk, "dora"))
    sign(desk, "dora", "fail")
    with desk.database.read() as session:
        mine = tasks.view(session, desk.people["ann"], work, desk.now)
    assert [(s.name, s.verdict, s.opinion) for s in mine.signatures] == [("Dora", "fail", "looked at it")]
    complete(desk, "ann", work)
    assert desk.open(instance(desk, work)) == ["after"]
    assert told(desk, work) == [("Ann", "signers_added", ["Dora（clerk）"])]


def test_an_objection_after_brings_it_back_to_who_held_it(desk: Lab) -> None:
    work = held(desk, person="bob")
    ask(desk, work, "after", "dora", "cid", by="bob")
    done = complete(desk, "bob", work)
    assert len(done.opened) == 2
    sign(desk, "cid")
    sign(desk, "dora", "fail")
    again = desk.task(instance(desk, work), "work")
    assert (again["assignee_id"], again["signing"]) == ("bob", None)
    listed = desk.rows("select principal from worklist where task_id = :t", t=again["id"])
    assert [row["principal"] for row in listed] == ["u:bob"]
    complete(desk, "bob", again["id"])
    sign(desk, "dora")
    assert desk.open(instance(desk, work)) == ["after"]


def test_what_is_called_off_is_recorded_and_leaves_the_worklist(desk: Lab) -> None:
    work = held(desk)
    ask(desk, work, "before", "dora")
    ask(desk, work, "after", "cid")
    at = revision(desk, work)
    with desk.database.write() as session:
        signing.call_off(session, desk.people["ann"], work, at, "dora", "on leave", desk.now)
    assert desk.rows("select 1 from worklist where principal = 'u:dora'") == []
    complete(desk, "ann", work)
    waiting = signature(desk, "cid")
    with desk.database.write() as session:
        signing.call_off(session, desk.people["ann"], waiting, 0, "", "settled by phone", desk.now)
    assert desk.open(instance(desk, work)) == ["after"]
    assert told(desk, work)[2:] == [
        ("Ann", "signer_removed", "Dora"),
        ("Ann", "signer_removed", "Cid"),
    ]


@pytest.mark.parametrize(
    ("person", "reason"),
    [("bob", "Only Ann"), ("dora", "Only Ann"), ("leo", "Only Ann")],
)
def test_who_neither_holds_nor_leads_nor_administers_asks_nobody(desk: Lab, person: str, reason: str) -> None:
    work = held(desk)
    with pytest.raises(NotPermitted) as refused:
        ask(desk, work, "before", "cid", by=person)
    assert str(refused.value.reason).format(**refused.value.params).startswith(reason)
    with desk.database.read() as session, pytest.raises(NotPermitted):
        signing.look(session, desk.people[person], work, desk.now)
    ask(desk, work, "after", "cid")
    at = revision(desk, work)
    with desk.database.write() as session, pytest.raises(NotPermitted):
        signing.call_off(session, desk.people[person], work, at, "cid", "no", desk.now)


@pytest.mark.parametrize("person", ["ann", "lea", "admin"])
def test_the_holder_their_leader_and_admins_may_ask(desk: Lab, person: str) -> None:
    work = held(desk)
    with desk.database.read() as session:
        found = signing.look(session, desk.people[person], work, desk.now)
    assert found.ways == ("before", "after")
    assert "ann" not in {one.id for one in found.people}
    assert {"bob", "dora"} <= {one.id for one in found.people}
    ask(desk, work, "before", "dora", by=person)
    assert told(desk, work)[0][1] == "signers_added"


def test_what_makes_no_sense_is_refused_with_its_reason(desk: Lab) -> None:
    work = held(desk)
    for whom in (("ann",), ("nobody",), ()):
        with pytest.raises(NotPermitted):
            ask(desk, work, "before", *whom)
    ask(desk, work, "before", "dora")
    with pytest.raises(Refused, match=re.compile("already", re.I)) as refused:
        ask(desk, work, "after", "dora")
    assert refused.value.finding.code == "engine.already_asked"
    with pytest.raises(NotPermitted):  # who signs asks nobody
        ask(desk, signature(desk, "dora"), "before", "cid", by="dora")
    unclaimed = desk.task(desk.start(process="lab.signed"), "work")["id"]
    with pytest.raises(NotPermitted):
        ask(desk, unclaimed, "before", "dora", by="admin")
    at = revision(desk, work)
    with desk.database.write() as session, pytest.raises(NotPermitted):
        signing.ask(session, desk.people["ann"], work, at, "before", ["cid"], "  ", desk.now)


def test_of_two_who_ask_at_once_one_is_told_that_it_changed(desk: Lab) -> None:
    for _ in range(5):
        work = held(desk)
        at = revision(desk, work)

        def attempt(person: str, whom: str, work: str = work, at: int = at) -> None:
            with desk.database.write() as session:
                signing.ask(session, desk.people[person], work, at, "before", [whom], "look", desk.now)

        raised = together(lambda: attempt("ann", "dora"), lambda: attempt("admin", "cid"))
        assert [type(error) for error in raised] == [StaleTask]
        assert len(told(desk, work)) == 1


def test_who_completes_while_a_signer_is_added_loses_or_wins_but_never_both(desk: Lab) -> None:
    for _ in range(5):
        work = held(desk)
        at = revision(desk, work)

        def add(work: str = work, at: int = at) -> None:
            with desk.database.write() as session:
                signing.ask(session, desk.people["admin"], work, at, "before", ["dora"], "look", desk.now)

        def send(work: str = work, at: int = at) -> None:
            with desk.database.write() as session:
                tasks.complete(session, desk.people["ann"], work, at, desk.now, {})

        raised = together(add, send)
        assert [type(error) for error in raised] == [StaleTask]
        case = instance(desk, work)
        assert desk.open(case) == (["work", "work"] if told(desk, work) else ["after"])


# --------------------------------------------------------------------------- together
def panel(desk: Lab, process: str = "lab.signed") -> str:
    """A case that the head has sent into its joint sign; gives the task of Ann's round."""
    case = desk.start(process=process)
    desk.do("head", case, "work")
    return str(
        desk.rows(
            "select id from task where instance_id = :i and status = 'open' and assignee_id = 'ann'", i=case
        )[0]["id"]
    )


def join(desk: Lab, task_id: str, whom: str, by: str = "head") -> None:
    at = revision(desk, task_id)
    with desk.database.write() as session:
        joint_signing.add(session, desk.people[by], task_id, at, whom, "knows the matter", desk.now)


def test_somebody_is_added_side_by_side_and_all_must_sign(desk: Lab) -> None:
    first = panel(desk)
    with desk.database.read() as session:
        found = joint_signing.look(session, desk.people["head"], first, desk.now)
    assert (found.total, found.done, found.added) == (2, 0, "person")
    assert [one.who for one in found.rounds] == ["Ann", "Bob"]
    assert [one.id for one in found.people] == ["admin", "cid"]
    join(desk, first, "cid")
    case = instance(desk, first)
    rows = desk.rows(
        "select id, assignee_id from task where instance_id = :i and status = 'open' order by assignee_id",
        i=case,
    )
    assert [row["assignee_id"] for row in rows] == ["ann", "bob", "cid"]
    for row in rows:
        assert desk.open(case) != ["after"]
        complete(desk, row["assignee_id"], row["id"])
    assert desk.open(case) == ["after"]
    assert told(desk, first) == [("Head", "signers_added", ["Cid（clerk）"])]


def test_one_after_the_other_they_come_last(desk: Lab) -> None:
    first = panel(desk, "lab.turn")
    join(desk, first, "cid", by="ann")
    case = instance(desk, first)
    for person in ("ann", "bob", "cid"):
        row = desk.task(case, "sign")
        assert row["assignee_id"] == person
        complete(desk, person, row["id"])
    assert desk.open(case) == ["after"]


def test_somebody_is_taken_out_but_never_the_last(desk: Lab) -> None:
    first = panel(desk)
    case = instance(desk, first)
    with desk.database.write() as session:
        joint_signing.take_out(session, desk.people["head"], first, 0, "has an interest", desk.now)
    assert desk.rows("select 1 from worklist where principal = 'u:ann'") == []
    last = desk.task(case, "sign")
    with desk.database.write() as session, pytest.raises(Refused) as refused:
        joint_signing.take_out(session, desk.people["head"], last["id"], 0, "too", desk.now)
    assert refused.value.finding.code == "engine.last_round"
    complete(desk, "bob", last["id"])
    assert desk.open(case) == ["after"]
    assert told(desk, first) == [("Head", "signer_removed", "Ann")]


@pytest.mark.parametrize("person", ["cid", "dora", "leo"])
def test_who_neither_signs_nor_sent_it_nor_leads_adds_nobody(desk: Lab, person: str) -> None:
    first = panel(desk)
    for attempt in (
        lambda: join(desk, first, "cid", by=person),
        lambda: _take_out(desk, first, person),
        lambda: _look(desk, first, person),
    ):
        with pytest.raises(NotPermitted):
            attempt()


def _take_out(desk: Lab, task_id: str, person: str) -> None:
    with desk.database.write() as session:
        joint_signing.take_out(session, desk.people[person], task_id, 0, "why not", desk.now)


def _look(desk: Lab, task_id: str, person: str) -> None:
    with desk.database.read() as session:
        joint_signing.look(session, desk.people[person], task_id, desk.now)


def test_only_who_may_sign_is_added_and_only_where_the_diagram_lets_them(desk: Lab) -> None:
    first = panel(desk)
    for whom in ("dora", "ann", "nobody"):
        with pytest.raises(NotPermitted):
            join(desk, first, whom)
    settled = panel(desk, "lab.settled")
    with pytest.raises(NotPermitted, match="settled by its diagram"):
        join(desk, settled, "cid")
    with pytest.raises(NotPermitted):
        _take_out(desk, settled, "head")
    with pytest.raises(NotFound):
        join(desk, held(desk), "cid", by="admin")


def test_of_two_who_add_at_once_one_is_told_that_it_changed(desk: Lab) -> None:
    for _ in range(5):
        first = panel(desk)
        at = revision(desk, first)

        def attempt(person: str, whom: str, first: str = first, at: int = at) -> None:
            with desk.database.write() as session:
                joint_signing.add(session, desk.people[person], first, at, whom, "look", desk.now)

        raised = together(lambda: attempt("head", "cid"), lambda: attempt("ann", "admin"))
        assert [type(error) for error in raised] == [StaleTask]


def test_a_signer_of_a_joint_sign_asks_others_before_their_own(desk: Lab) -> None:
    first = panel(desk)
    ask(desk, first, "before", "dora")
    with pytest.raises(Refused):
        complete(desk, "ann", first)
    sign(desk, "dora")
    complete(desk, "ann", first)
    case = instance(desk, first)
    complete(desk, "bob", desk.task(case, "sign")["id"])
    assert desk.open(case) == ["after"]
