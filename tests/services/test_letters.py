"""Opinions and copies beside a case: refused to those who may not, and right when two act at once."""

from __future__ import annotations

import pytest

from server.services import consulting, copies, follows, history, instance_views, notices, tasks
from server.services.errors import NotFound, NotPermitted, StaleTask
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together


def asked(lab: Lab) -> tuple[str, str, str]:
    """Ann holds a task and asks the head: the case, the task and the question."""
    case = lab.start("ann", "lab.due")
    task_id = str(lab.task(case, "work")["id"])
    with lab.database.write() as session:
        consulting.ask(session, lab.people["ann"], task_id, ["u:head"], "够用吗？", lab.now)
    newest = lab.rows("select id from opinion_request where instance_id = :i", i=case)
    return case, task_id, str(newest[0]["id"])


def sound(lab: Lab) -> bool:
    """Whether every record is whole."""
    with lab.database.read() as session:
        return all(isinstance(found, int) for found in history.verify(session, TENANT))


def test_the_one_who_is_asked_sees_the_case(lab: Lab) -> None:
    """From then on, and the task does not wait for the answer."""
    case, _task_id, _question = asked(lab)
    with lab.database.read() as session:
        assert instance_views.view(session, lab.people["head"], case, lab.now).id == case
        assert [one.text for one in consulting.waiting(session, lab.people["head"])] == ["够用吗？"]
        assert notices.count(session, lab.people["head"]) == 1
    lab.do("ann", case, "work")
    assert lab.open(case) == []
    with lab.database.read() as session:
        assert consulting.waiting(session, lab.people["head"]) == [], "the case has ended"
    assert sound(lab)


def test_of_answer_and_taking_back_one_counts(lab: Lab) -> None:
    """The other is told who was faster."""
    for _ in range(5):
        _case, _task, question = asked(lab)

        def answer(question: str = question) -> None:
            with lab.database.write() as session:
                consulting.answer(session, lab.people["head"], question, "够用", lab.now)

        def recall(question: str = question) -> None:
            with lab.database.write() as session:
                consulting.take_back(session, lab.people["ann"], question, lab.now)

        assert [type(error) for error in together(answer, recall)] == [StaleTask]
    assert sound(lab)


def test_who_may_not_ask_answer_or_take_back(lab: Lab) -> None:
    """Nor anybody while the task is not theirs, and nobody asks nothing of nobody."""
    _case, task_id, question = asked(lab)
    with lab.database.write() as session:
        for name, key, text in (("bob", "u:head", "?"), ("ann", "u:nobody", "?"), ("ann", "u:head", " ")):
            with pytest.raises(NotPermitted):
                consulting.ask(session, lab.people[name], task_id, [key], text, lab.now)
        with pytest.raises(NotFound):
            consulting.answer(session, lab.people["bob"], question, "ja", lab.now)
        with pytest.raises(NotPermitted):
            consulting.take_back(session, lab.people["bob"], question, lab.now)


def test_a_copy_goes_to_a_body_once_each(lab: Lab) -> None:
    """Whoever sends it again reaches only those who have none unread; a reader marks it once, also of two
    browsers."""
    case = lab.start("ann", "lab.due")
    with lab.database.write() as session:
        told = copies.send(session, lab.people["ann"], case, ["g:clerks", "u:bob"], "请阅", lab.now)
        assert sorted(told) == ["Admin", "Bob"]
    with pytest.raises(NotPermitted), lab.database.write() as session:
        copies.send(session, lab.people["ann"], case, ["u:bob"], "", lab.now)
    with pytest.raises(NotPermitted), lab.database.write() as session:
        copies.send(session, lab.people["head"], case, ["u:bob"], "", lab.now)
    with lab.database.read() as session:
        (mine,) = copies.received(session, lab.people["bob"])

    def read() -> None:
        with lab.database.write() as session:
            copies.read(session, lab.people["bob"], mine.id, "", lab.now)

    assert [type(error) for error in together(read, read)] == [StaleTask]
    assert len(lab.rows("select * from history_event where kind = 'copy_read'")) == 1
    with pytest.raises(NotFound), lab.database.write() as session:
        copies.read(session, lab.people["head"], mine.id, "", lab.now)
    assert sound(lab)


def test_news_reach_whom_they_concern_and_not_who_made_them(lab: Lab) -> None:
    """A follower hears that the case goes on; who did it hears nothing; what a body waits for is told to
    those who asked for it only."""
    case = lab.start("ann", "lab.parallel")
    with lab.database.write() as session:
        follows.follow(session, lab.people["admin"], case, lab.now)
        with pytest.raises(NotPermitted):
            follows.follow(session, lab.people["head"], case, lab.now)
    lab.do("ann", case, "left")
    lab.do("bob", case, "right")
    told = lab.rows("select user_id, kind from notice order by user_id, kind")
    assert told == [{"user_id": "admin", "kind": "case_moved"}]
    lab.do("bob", case, "after")
    told = lab.rows("select user_id from notice where kind = 'case_ended' order by 1")
    assert [row["user_id"] for row in told] == ["admin", "ann"]


def test_a_limit_that_comes_near_is_told_once(lab: Lab) -> None:
    """To those on whose lists the task is."""
    case = lab.start("ann", "lab.due")
    with lab.database.write() as session:
        tasks.release(session, lab.people["ann"], lab.task(case, "work")["id"], lab.now)
    lab.now = lab.now.replace(day=10)
    lab.runner().catch_up()
    lab.runner().catch_up()
    told = lab.rows("select user_id from notice where kind = 'task_due_soon' order by 1")
    assert [row["user_id"] for row in told] == ["admin", "ann", "bob"]
