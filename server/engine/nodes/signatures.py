"""Signatures that the holder of a task asks of others before or after their own (加签)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.engine.spiff import Arrow, Node, Token

NAME = "#sign"
"""What the name of a task's node and that of the signatures beside it differ by."""

ASKED, GIVEN, LATER, AWAITED = "asked", "given", "later", "awaited"
"""Memos. Of a signature: who was asked by whom and why. Of the task: what was given, who is to be asked when
it is done, and (a number: how many had been given before) that it is done and waits for signatures."""

OBJECTS = "fail"
"""The verdict of a signer who does not agree, as in the forms of the shared processes."""


class Signature(Node):
    """What somebody signs beside the task of another: a task of its own, whose answers stay with it."""

    opens_task = True
    recorded = False

    def enter(self, token: Token) -> bool:
        task, asked = token.origin, token.memo[ASKED]
        limit = {name: task.memo["task"][name] for name in ("due", "priority") if name in task.memo["task"]}
        token.memo["task"] = {"assignee": asked["person"], **limit}
        token.instance.scopes.open(token.id, task.view, "round", {})
        return False

    def leave(self, token: Token) -> Sequence[Arrow]:
        given = token.instance.scopes.own(token.id)
        signed = {"verdict": given.get("verdict") or "", "opinion": given.get("opinion_text") or ""}
        token.origin.memo.setdefault(GIVEN, []).append({**token.memo[ASKED], **signed})
        return ()


def pending(task: Token) -> list[Token]:
    """The signatures that have been asked for beside a task and not been given."""
    return [child for child in task.children if isinstance(child.node, Signature)]


def ask(task: Token, signers: Iterable[Mapping[str, Any]]) -> None:
    """Ask for signatures now."""
    node = task.node.process.nodes[task.node.element.id + NAME]
    for asked in signers:
        signature = task.instance.spawn(task, node, task.scope)
        signature.memo[ASKED] = dict(asked)


def awaits(task: Token) -> bool:
    """Whether a task is done and waits for the signatures of others."""
    return AWAITED in task.memo


def begin_after(task: Token) -> bool:
    """A task has been done: ask those who are to sign after it. False where nobody is."""
    later = task.memo.pop(LATER, [])
    if later:
        task.memo[AWAITED] = len(task.memo.get(GIVEN, ()))
        ask(task, later)
    return bool(later)


def conclude(task: Token) -> None:
    """Everybody has signed after a task: it goes on; or, where somebody objects, it is open again and those
    who object are asked once more when it has been done."""
    given = task.memo.get(GIVEN, [])[task.memo.pop(AWAITED) :]
    objecting = [signed for signed in given if signed["verdict"] == OBJECTS]
    if not objecting:
        task.go_on()
        return
    task.memo[LATER] = [
        {name: value for name, value in signed.items() if name not in ("verdict", "opinion")}
        for signed in objecting
    ]


def take_back(task: Token) -> None:
    """Open a task again that is done and waits; whoever was asked will be asked when it is done anew."""
    del task.memo[AWAITED]
    task.memo[LATER] = [signature.memo[ASKED] for signature in pending(task)]
    call_off(task)


def call_off(task: Token, person: str = "") -> bool:
    """Take back what was asked for beside a task, of one person or of everybody. Whether there was any."""
    called = [s for s in pending(task) if person in ("", s.memo[ASKED]["person"])]
    for signature in called:
        task.instance.drop(signature)
    later = task.memo.get(LATER, [])
    kept = [asked for asked in later if person and asked["person"] != person]
    if later and person:
        task.memo[LATER] = kept
    return bool(called) or len(kept) < len(later)
