"""What two people do to one task or case at the same moment, verb by verb: one does it, the other is told and
nothing is done twice. And who may not do it at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.services import (
    archiving,
    batches,
    checklist,
    consulting,
    copies,
    delegating,
    extensions,
    history,
    instances,
    instructions,
    joint_signing,
    recusals,
    signing,
    stops,
    substitutions,
    suspension,
    tasks,
)
from server.services.errors import NotPermitted, StaleTask
from server.services.instructions import Word
from server.services.recusals import Wanted
from tests.services.clocked import case as limited
from tests.services.clocked import files, order
from tests.services.conftest import TENANT as HONGSHAN
from tests.services.conftest import Office
from tests.services.lab import TENANT, Lab
from tests.services.test_batches import picked, run, works
from tests.services.test_checklist import LACKING, case, waive
from tests.services.test_signing import ask, desk, instance, panel, revision
from tests.services.test_together import together

__all__ = ["case", "desk", "timed"]
EXTENDABLE = 'number = "lab.limited-{year}-{n}"\nextension = "5 working days"\n'


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
        office.do("chenwei", begun, "check_materials", materials_verdict="complete")
        sent = office.pre_review(begun).task_id
        after = office.task(begun, "decide_review")["id"]
        raised = together(
            doing(office, "wulan", tasks.withdraw, sent), doing(office, "chenwei", tasks.claim, after)
        )
        assert [type(error) for error in raised] == [StaleTask], raised
        taken = office.rows("select assignee_id from task where id = :t", t=after)[0]["assignee_id"]
        assert office.open(begun) == (["decide_review"] if taken == "chenwei" else ["pre_review"])


def test_a_batch_tells_each_case(lab: Lab) -> None:
    """Two give the same tasks away at once, and put the same back: each moves once, and each case tells it.
    Who may not is refused for each."""
    mine = works(lab, 3)
    shown = picked(lab, "ann", mine)
    refused = run(lab, "head", batches.reassign, shown, "bob", "出差")
    assert [type(one.problem) for one in refused] == [NotPermitted] * 3
    done: list[bool] = []

    def give(who: str) -> None:
        done.extend(one.problem is None for one in run(lab, who, batches.reassign, shown, "bob", "出差"))

    assert together(lambda: give("ann"), lambda: give("admin")) == []
    assert sorted(done) == [False] * 3 + [True] * 3
    assert entries(lab, "task_reassigned") == 3
    run(lab, "bob", batches.release, mine)
    assert entries(lab, "task_released") == 3


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


def test_asking_and_completing(lab: Lab) -> None:
    """征询 while the step is sent in another window: asked before or not at all."""
    for _ in range(3):
        task_id = held(lab)
        at = revision(lab, task_id)
        ask_head = doing(lab, "ann", consulting.ask, task_id, ["u:head"], "够用吗？")
        raised = together(ask_head, doing(lab, "ann", _complete, task_id, at))
        assert [type(error) for error in raised] in ([], [StaleTask]), raised
        (row,) = lab.rows("select status from task where id = :t", t=task_id)
        asked = lab.rows("select id from opinion_request where task_id = :t", t=task_id)
        assert (row["status"], len(asked)) in {("completed", 1), ("completed", 0), ("open", 1)}


def test_a_substitution_ended_by_two(lab: Lab) -> None:
    """It ends once; the trail of rights has one line."""
    today = lab.now.date()
    wanted = substitutions.Wanted("ann", "bob", today, today, "休假")
    with lab.database.write() as session:
        one = substitutions.enter(session, lab.people["ann"], wanted, lab.now)
    yesterday = today - timedelta(days=1)
    ends = [doing(lab, who, substitutions.end, one, yesterday) for who in ("ann", "admin")]
    assert len(together(*ends)) == 1
    assert len(lab.rows("select seq from right_event where kind = 'substitution_ended'")) == 1


def test_two_take_the_package(office: Office) -> None:
    """归档 is no race: each gets a whole package, and the record tells of both."""
    begun = office.start()
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], begun, "不再建设", office.now)
    taken: list[int] = []

    def pack(session: Any, person: Any, now: Any) -> None:
        gathered = archiving.gather(session, office.files, person, begun)
        taken.append(len(archiving.close(session, person, gathered, (), now)))

    assert together(doing(office, "auditor", pack), doing(office, "auditor", pack)) == []
    assert len(taken) == 2
    assert taken[0] == taken[1] > 2
    assert entries(office, "case_archived", HONGSHAN) == 2


# --------------------------------------------------------------------------- clocks
@pytest.fixture
def timed(lab: Lab) -> Lab:
    """The lab with limits that may be extended."""
    manifest = files()
    told = manifest["jurisdiction.toml"].decode().replace('number = "lab.limited-{year}-{n}"\n', EXTENDABLE)
    assert lab.deploy(manifest | {"jurisdiction.toml": told.encode()}).number
    return lab


def _seen(lab: Lab, begun: str) -> int:
    return int(lab.rows("select history_seq from process_instance where id = :i", i=begun)[0]["history_seq"])


def test_a_clock_restarted_extended_and_halted_by_two(timed: Lab) -> None:
    """恢复计时, 延期, 挂起: each counts once; who comes second looks again. Who may not is told so."""
    begun = limited(timed)
    doing(timed, "ann", stops.stop, begun, order(timed, begun))()
    again = order(timed, begun, "评审意见已出具")
    _once(timed, "clock_restarted", ("ann", "admin"), stops.restart, begun, again)
    seen = _seen(timed, begun)
    _once(timed, "extension_asked", ("ann", "ann"), extensions.ask, begun, 3, "外省调档", seen)
    given = {"grant": True, "answer": "同意", "seen": _seen(timed, begun)}
    _once(timed, "limit_extended", ("head", "head"), _decide, begun, given)
    for act, kind in ((suspension.suspend, "instance_suspended"), (suspension.resume, "instance_resumed")):
        seen = _seen(timed, begun)
        with pytest.raises(NotPermitted):
            doing(timed, "ann", act, begun, "等待答复", seen)()
        _once(timed, kind, ("admin", "admin"), act, begun, "等待答复", seen)


def _decide(session: Any, person: Any, begun: str, given: dict[str, Any], now: Any) -> None:
    extensions.decide(session, person, begun, now=now, **given)


def _once(lab: Lab, kind: str, who: tuple[str, str], act: Callable[..., Any], *given: Any) -> None:
    raised = together(*(doing(lab, name, act, *given) for name in who))
    assert [type(error) for error in raised] == [StaleTask], (kind, raised)
    assert entries(lab, kind) == 1


def test_two_instruct_and_two_answer(timed: Lab) -> None:
    """督办: two words of two leaders both stand; each is answered once, by who works on the case."""
    begun = limited(timed)
    word = Word("三日内办结", timed.now.date() + timedelta(days=3))
    with pytest.raises(NotPermitted):
        doing(timed, "bob", instructions.give, begun, word)()
    assert together(*(doing(timed, who, instructions.give, begun, word) for who in ("head", "admin"))) == []
    assert entries(timed, "instruction_given") == 2
    one = timed.rows("select id from instruction order by id")[0]["id"]
    with pytest.raises(NotPermitted):
        doing(timed, "bob", instructions.answer, begun, one, "我来")()
    answer = doing(timed, "ann", instructions.answer, begun, one, "明日办结")
    assert [type(error) for error in together(answer, answer)] == [StaleTask]
    assert entries(timed, "instruction_answered") == 1


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
