"""What two people do to one task or case at the same moment, verb by verb: one does it, the other is told and
nothing is done twice. And who may not do it at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.services import checklist, copies, delegating, history, joint_signing, recusals, signing, tasks
from server.services.errors import NotPermitted, StaleTask
from server.services.recusals import Wanted
from tests.services.conftest import TENANT as HONGSHAN
from tests.services.conftest import Office
from tests.services.lab import TENANT, Lab
from tests.services.test_checklist import LACKING, case, waive
from tests.services.test_signing import ask, desk, instance, panel, revision
from tests.services.test_together import together

__all__ = ["case", "desk"]


def held(lab: Lab, process: str = "lab.due") -> str:
    """A task that Ann holds."""
    task_id = str(lab.task(lab.start("ann", process), "work")["id"])
    with lab.database.write() as session:
        tasks.claim(session, lab.people["ann"], task_id, lab.now)
    return task_id


def doing(office: Office, who: str, act: Callable[..., Any], *given: Any, **named: Any) -> Callable[[], None]:
    """Somebody's command, as a page would send it."""

    def do() -> None:
        with office.database.write() as session:
            act(session, office.people[who], *given, office.now, **named)

    return do


def entries(office: Office, kind: str, tenant: str = TENANT) -> int:
    """How often the record tells it; every record is whole."""
    with office.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, tenant))
    return len(office.rows("select seq from history_event where kind = :k", k=kind))


# --------------------------------------------------------------------------- back
def test_putting_back_and_completing(lab: Lab) -> None:
    """One of the two: what was sent is not put back, what was put back is not sent."""
    for _ in range(5):
        task_id = held(lab)
        at = revision(lab, task_id)
        raised = together(
            doing(lab, "ann", tasks.release, task_id),
            lambda t=task_id, r=at: doing(lab, "ann", _complete, t, r)(),
        )
        assert len(raised) == 1
        (row,) = lab.rows("select status, assignee_id from task where id = :t", t=task_id)
        assert row in ({"status": "completed", "assignee_id": "ann"}, {"status": "open", "assignee_id": None})


def _complete(session: Any, person: Any, task_id: str, at: int, now: Any) -> None:
    tasks.complete(session, person, task_id, at, now, {})


def test_who_does_not_hold_it_puts_nothing_back(lab: Lab) -> None:
    """Neither a colleague nor somebody without the post."""
    task_id = held(lab)
    for person in ("bob", "head"):
        with pytest.raises(NotPermitted):
            doing(lab, person, tasks.release, task_id)()
    assert entries(lab, "task_released") == 0


def test_returning_and_completing(office: Office) -> None:
    """退回 and 提交 of one page in two windows: the case goes one way."""
    for number in range(3):
        found = _at_the_decision(office, f"退回{number}")
        at = revision(office, found)  # type: ignore[arg-type]
        back = doing(office, "chenwei", _returned, found, at)
        raised = together(back, back)
        assert [type(error) for error in raised] == [StaleTask], raised
        assert office.open(instance(office, found)) == ["pre_review"]  # type: ignore[arg-type]
    assert entries(office, "task_returned", HONGSHAN) == 3


def _returned(session: Any, person: Any, task_id: str, at: int, now: Any) -> None:
    tasks.return_to(session, person, task_id, at, "pre_review", "请补充意见", now)


def _at_the_decision(office: Office, title: str) -> str:
    """A library entry whose decision the bureau holds; gives the task."""
    begun = office.start(project_name=title)
    office.do("chenwei", begun, "check_materials", materials_verdict="complete")
    office.pre_review(begun)
    task_id = str(office.task(begun, "decide_review")["id"])
    with office.database.write() as session:
        tasks.claim(session, office.people["chenwei"], task_id, office.now)
    return task_id


def test_who_may_not_return_nor_take_back(office: Office) -> None:
    """Return: whoever does not hold it. Take back: whoever did not send it."""
    found = _at_the_decision(office, "退回")
    at = revision(office, found)  # type: ignore[arg-type]
    for person in ("linfang", "wulan", "zhoumin"):
        with pytest.raises(NotPermitted):
            doing(office, person, _returned, found, at)()
    sent = office.rows("select id from task where element = 'pre_review'")[0]["id"]
    for person in ("chenwei", "zhoumin"):
        with pytest.raises(NotPermitted):
            doing(office, person, tasks.withdraw, sent)()
    assert entries(office, "task_returned", HONGSHAN) == entries(office, "task_withdrawn", HONGSHAN) == 0


def test_taking_back_while_the_next_one_claims(office: Office) -> None:
    """撤回 before somebody acts, or not at all."""
    for number in range(3):
        begun = office.start(project_name=f"撤回{number}")
        sent = office.do("chenwei", begun, "check_materials", materials_verdict="complete").task_id
        after = office.task(begun, "pre_review")["id"]
        raised = together(
            doing(office, "chenwei", tasks.withdraw, sent), doing(office, "wulan", tasks.claim, after)
        )
        assert [type(error) for error in raised] == [StaleTask], raised
        taken = office.rows("select assignee_id from task where id = :t", t=after)[0]["assignee_id"]
        assert office.open(begun) == (["pre_review"] if taken == "wulan" else ["check_materials"])


# --------------------------------------------------------------------------- delegated
def test_only_the_two_of_a_delegation_end_it(lab: Lab) -> None:
    """交回 is the delegate's, 收回 the owner's."""
    task_id = held(lab)
    doing(lab, "ann", delegating.delegate, task_id, revision(lab, task_id), "bob", "look")()
    at = revision(lab, task_id)
    for person in ("ann", "head", "admin"):
        with pytest.raises(NotPermitted):
            doing(lab, person, delegating.resolve, task_id, at, "done")()
    for person in ("bob", "head", "admin"):
        with pytest.raises(NotPermitted):
            doing(lab, person, delegating.recall, task_id, at)()
    assert entries(lab, "task_resolved") == entries(lab, "task_recalled") == 0


# --------------------------------------------------------------------------- beside the case
def test_the_same_copy_sent_twice_at_once(lab: Lab) -> None:
    """Two presses of one person: each reader gets one copy."""
    begun = lab.start("ann", "lab.due")
    send = doing(lab, "ann", copies.send, begun, ["u:bob", "u:head"], "请阅")
    assert [type(error) for error in together(send, send)] == [NotPermitted]
    assert len(lab.rows("select id from circular_copy")) == 2
    assert entries(lab, "case_copied") == 1


def test_a_recusal_ended_by_two(lab: Lab) -> None:
    """One ends it; the other reads that it is over, and by whom."""
    begun = lab.start("ann", "lab.due")
    doing(lab, "admin", recusals.declare, Wanted("bob", begun, "亲属"))()
    recusal = lab.rows("select id from recusal")[0]["id"]
    lift = doing(lab, "admin", recusals.lift, recusal)
    (error,) = together(lift, lift)
    assert isinstance(error, StaleTask)
    assert error.by == "Admin"
    assert entries(lab, "recusal_lifted") == 1


def test_a_waiver_undone_by_two(office: Office, case: str) -> None:
    """取消容缺 once, and only by who holds a step of the case."""
    waive(office, case)
    with pytest.raises(NotPermitted):
        doing(office, "zhoumin", checklist.ask_again, case, LACKING)()
    again = doing(office, "wulan", checklist.ask_again, case, LACKING)
    assert [type(error) for error in together(again, again)] == [StaleTask]
    assert entries(office, "material_asked_again", HONGSHAN) == 1


# --------------------------------------------------------------------------- signers
def test_a_signer_called_off_by_two(desk: Lab) -> None:
    """减签 of an added signer; who neither asked nor leads calls nobody off."""
    task_id = held(desk, "lab.plain")
    ask(desk, task_id, "before", "dora")
    at = revision(desk, task_id)
    with pytest.raises(NotPermitted):
        doing(desk, "bob", signing.call_off, task_id, at, "dora", "x")()
    off = [doing(desk, who, signing.call_off, task_id, at, "dora", "不需要") for who in ("ann", "admin")]
    assert [type(error) for error in together(*off)] == [StaleTask]
    assert entries(desk, "signer_removed") == 1


def test_a_round_taken_out_by_two(desk: Lab) -> None:
    """减签 of a joint sign; the round is gone once, the other one stays."""
    task_id = panel(desk)
    at = revision(desk, task_id)
    out = [doing(desk, who, joint_signing.take_out, task_id, at, "回避") for who in ("head", "admin")]
    assert [type(error) for error in together(*out)] == [StaleTask]
    assert desk.open(instance(desk, task_id)) == ["sign"]
    assert entries(desk, "signer_removed") == 1


def test_a_signature_in_two_windows(desk: Lab) -> None:
    """会签: signed once, however often it is sent; nobody else signs."""
    task_id = panel(desk)
    at = revision(desk, task_id)
    with pytest.raises(NotPermitted):
        doing(desk, "bob", _complete, task_id, at)()
    sign = doing(desk, "ann", _complete, task_id, at)
    assert [type(error) for error in together(sign, sign)] == [StaleTask]
    assert desk.open(instance(desk, task_id)) == ["sign"]
