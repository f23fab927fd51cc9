"""What notices say, on the page and in letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.services.notice_kinds import HOOK, MAIL, PAGE
from server.web.language import Translator
from server.web.language import mark as _

SENTENCES = {
    "task_for_me": _("A task for you: {name}"),
    "task_for_group": _("A task for your body: {name}"),
    "task_returned": _("{by} returned the case, and this step is to be done again: {name}"),
    "task_reminded": _("{by} asks you to act: {name}"),
    "task_due_soon": _("Due soon: {name}"),
    "task_overdue": _("Overdue: {name}"),
    "task_supervised": _("An instruction by {by}: {name}"),
    "instruction_answered": _("{by} answered your instruction"),
    "task_resolved": _("{by} filled it for you and gave it back: {name}"),
    "question_asked": _("{by} asks for your opinion: {name}"),
    "question_answered": _("{by} answered your question: {name}"),
    "case_copied": _("{by} sent you a case to read"),
    "case_moved": _("A case that you follow goes on: {name}"),
    "case_ended": _("The case has ended: {outcome}"),
    "case_reopened": _("{by} took the case up again as {successor}"),
    "digest": _("{n} notices wait for you"),
    "test": _("A letter to try the channel"),
}
NAMES = {
    "task_for_me": _("A task for me by name"),
    "task_for_group": _("A task for my body"),
    "task_returned": _("A case returned to my step"),
    "task_reminded": _("Somebody asks me to act"),
    "task_due_soon": _("A limit comes near"),
    "task_overdue": _("A limit has passed"),
    "task_supervised": _("A leader's instruction"),
    "instruction_answered": _("My instruction was answered"),
    "task_resolved": _("What I delegated was given back"),
    "question_asked": _("Somebody asks for my opinion"),
    "question_answered": _("My question was answered"),
    "case_copied": _("A case was sent to me to read"),
    "case_moved": _("A case that I follow goes on"),
    "case_ended": _("A case of mine, or one that I follow, has ended"),
    "case_reopened": _("A case of mine, or one that I follow, is taken up again"),
}
"""The kinds as people choose among them."""
CHANNELS = {PAGE: _("In the page"), MAIL: _("By mail"), HOOK: _("By message")}


def sentence(words: Translator, kind: str, payload: Mapping[str, Any]) -> str:
    """A notice in one sentence."""
    return words.tell(SENTENCES.get(kind, kind), payload)
