"""What people can be told, and where each of it is told unless they choose otherwise."""

from __future__ import annotations

from typing import Final

PAGE, MAIL, HOOK = "page", "mail", "hook"
CHANNELS: Final = (PAGE, MAIL, HOOK)

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "task_for_me": (PAGE, MAIL, HOOK),
    "task_for_group": (),
    "task_returned": (PAGE, MAIL, HOOK),
    "task_reminded": (PAGE, MAIL, HOOK),
    "task_due_soon": (PAGE, MAIL, HOOK),
    "task_overdue": (PAGE, MAIL, HOOK),
    "task_supervised": (PAGE, MAIL, HOOK),
    "instruction_answered": (PAGE, MAIL),
    "task_resolved": (PAGE, MAIL),
    "question_asked": (PAGE, MAIL, HOOK),
    "question_answered": (PAGE, MAIL),
    "case_copied": (PAGE, MAIL),
    "case_moved": (PAGE,),
    "case_ended": (PAGE, MAIL),
    "case_reopened": (PAGE, MAIL),
}
"""The kinds of notices with the channels of somebody who has chosen nothing. A task for a whole body is on
everybody's worklist and counted there: to be told of each one besides is for those who ask for it."""


def chosen(wishes: dict[str, list[str]], kind: str) -> tuple[str, ...]:
    """The channels on which a person with these wishes is told of a kind."""
    if kind in wishes:
        return tuple(channel for channel in CHANNELS if channel in wishes[kind])
    return KINDS[kind]
