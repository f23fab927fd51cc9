"""移交: all tasks of a leaver in one go, each by itself."""

from __future__ import annotations

import pytest

from server.services import delegating, handing_over, tasks
from server.services.errors import NotPermitted
from server.services.handing_over import GROUP, Item, Outcome, Wish
from tests.services.lab import Lab, finish
from tests.services.test_reassigning import listed, row, told, write
from tests.services.test_together import together


def preview(lab: Lab, leaver: str = "ann", to: str = "") -> list[Item]:
    """What would move."""
    with lab.database.read() as session:
        return handing_over.preview(session, lab.people["admin"], leaver, to, lab.now)


def hand_over(lab: Lab, *wishes: Wish, by: str = "admin", reason: str = "调离") -> list[Outcome]:
    """Do it."""
    with lab.database.write() as session:
        return handing_over.hand_over(session, lab.people[by], "ann", wishes, reason, lab.now)


def started(lab: Lab, count: int = 3) -> list[str]:
    """Tasks that Ann holds."""
    return [lab.task(lab.start("ann", process="lab.due"), "work")["id"] for _ in range(count)]


def test_what_would_move_and_then_moves(lab: Lab) -> None:
    """To whom it was chosen, back to the group, or not at all; the record tells whose it was and why."""
    mine = started(lab)
    others = lab.task(lab.start("bob", process="lab.due"), "work")["id"]
    found = preview(lab, to="bob")
    assert sorted(item.id for item in found) == sorted(mine)
    assert {(item.proposed, item.group, item.waits_for) for item in found} == {("bob", True, ("clerks",))}
    assert [one.name for one in found[0].people] == ["Admin", "Bob"]
    assert {item.proposed for item in preview(lab, to="head")} == {GROUP}
    wishes = [Wish(mine[0], 1, "bob"), Wish(mine[1], 1, GROUP), Wish(mine[2], 1, "")]
    wishes = [Wish(wish.task_id, row(lab, wish.task_id)["revision"], wish.to) for wish in wishes]
    done = {one.task_id: one for one in hand_over(lab, *wishes)}
    assert {task: (one.moved, one.to) for task, one in done.items()} == {
        mine[0]: (True, "Bob"), mine[1]: (True, ""),
    }  # fmt: skip
    assert listed(lab, mine[0]) == ["u:bob"]
    assert listed(lab, mine[1]) == ["g:clerks"]
    assert listed(lab, mine[2]) == ["u:ann"]
    assert listed(lab, others) == ["u:bob"]
    kinds = lab.rows(
        "select kind, payload from history_event where kind in ('task_reassigned', 'task_put_back')"
    )
    assert all("Ann：调离" in entry["payload"] for entry in kinds)
    assert len(kinds) == 2


def test_what_cannot_go_stays_and_says_why(lab: Lab) -> None:
    """The others go all the same."""
    gone, wrong, fine = started(lab)
    revisions = {task: row(lab, task)["revision"] for task in (gone, wrong, fine)}
    write(lab, "ann", finish, gone)
    done = hand_over(
        lab, Wish(gone, revisions[gone], "bob"), Wish(wrong, revisions[wrong], "head"),
        Wish(fine, revisions[fine], "bob"),
    )  # fmt: skip
    reasons = {one.task_id: one.reason.format(**(one.params or {})) for one in done}
    assert reasons[gone] == "This task is no longer theirs."
    assert reasons[wrong].startswith("Head cannot hold this task")
    assert reasons[fine] == ""
    assert listed(lab, wrong) == ["u:ann"]
    assert listed(lab, fine) == ["u:bob"]


def test_a_page_that_is_old_moves_nothing(lab: Lab) -> None:
    """Who acted meanwhile is named."""
    (task,) = started(lab, 1)
    revision = row(lab, task)["revision"]
    write(lab, "ann", tasks.release, task)
    write(lab, "ann", tasks.claim, task)
    (one,) = hand_over(lab, Wish(task, revision, "bob"))
    assert one.reason == "{who} has acted on this task meanwhile."
    assert listed(lab, task) == ["u:ann"]


def test_what_others_do_for_the_leaver_changes_its_owner(lab: Lab) -> None:
    """The delegate goes on; it comes back to the new owner."""
    (task,) = started(lab, 1)
    write(lab, "ann", delegating.delegate, task, row(lab, task)["revision"], "head", "x")
    (item,) = preview(lab, to="bob")
    assert (item.owned, item.group, item.proposed) == (True, False, "bob")
    (one,) = hand_over(lab, Wish(task, item.revision, "bob"))
    assert one.to == "Bob"
    assert listed(lab, task) == ["u:head"]
    assert told(lab, "task_reassigned")["before"] == "Ann"
    write(lab, "head", delegating.resolve, task, row(lab, task)["revision"], "")
    assert listed(lab, task) == ["u:bob"]


@pytest.mark.parametrize("by", ["ann", "bob", "head"])
def test_admins_only(lab: Lab, by: str) -> None:
    """Neither the leaver nor a colleague."""
    (task,) = started(lab, 1)
    with pytest.raises(NotPermitted, match="Only administrators"):
        hand_over(lab, Wish(task, 1, "bob"), by=by)
    with lab.database.read() as session, pytest.raises(NotPermitted):
        handing_over.preview(session, lab.people[by], "ann", "", lab.now)


def test_a_reason_is_needed(lab: Lab) -> None:
    """It stands in the record of each case."""
    with pytest.raises(NotPermitted, match="Say why"):
        hand_over(lab, reason=" ")


def test_two_hand_overs_at_once(lab: Lab) -> None:
    """Each task goes once; the slower of the two is told of each, and nobody waits for ever."""
    mine = started(lab, 3)
    wishes = {to: [Wish(task, row(lab, task)["revision"], to) for task in mine] for to in ("bob", "admin")}
    done: dict[str, list[bool]] = {}

    def move(to: str) -> None:
        done[to] = [one.moved for one in hand_over(lab, *wishes[to])]

    assert together(lambda: move("bob"), lambda: move("admin")) == []
    assert sorted(done.values()) == [[False] * 3, [True] * 3]
    winner = next(to for to, moved in done.items() if all(moved))
    assert [listed(lab, task) for task in mine] == [[f"u:{winner}"]] * 3
