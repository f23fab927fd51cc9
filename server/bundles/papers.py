"""What a jurisdiction keeps and hands out: its registers (台账) and its printed documents, as the manifest
describes them."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ended", "open"]
RUNNING = ("running", "incident")


class _Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something made of cases of some processes: of those that ended with one of `outcomes` (with any, where
    none is named) and, with `state = "open"`, of running ones too."""

    id: str
    name: str
    name_en: str = ""
    processes: tuple[str, ...]
    outcomes: tuple[str, ...] = ()
    state: State = "ended"
    regulation: str = ""

    def takes(self, process: str, status: str, outcome: str | None) -> bool:
        """Whether a case of this process, status and outcome belongs here. Cancelled cases never do."""
        if process not in self.processes or status == "cancelled":
            return False
        if status in RUNNING:
            return self.state == "open"
        return not self.outcomes or outcome in self.outcomes


class Register(_Paper, frozen=True):
    """A register: a row for each case. Running ones stand in an open register from their beginning.

    `columns` are variables of the cases, written down as they are when the row is (`materials.total` reaches
    into one); number, project, unit, dates and outcome stand in every register without being named.
    `readers` are the groups it is for: nobody else but auditors and admins sees it. None named: everybody,
    as far as they see cases."""

    columns: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


class Document(_Paper, frozen=True):
    """A printed document of a case: an opinion, a notice, a filing form.

    `when` (FEEL) must hold besides, where there is one. Title, number, addressee, text and signature are for
    people, with FEEL in `{{ }}`; every line of the text is a paragraph. `fields` are variables shown as a
    table below it, as far as they have a value. Without a title the name is taken, without a number of its
    own that of the case. Who signs is also its letterhead: that of the jurisdiction where nobody is named.
    `issued_by` are the groups that give it out with a verification code; none named: those who have done a
    step of the case."""

    text: str
    when: str = ""
    title: str = ""
    number: str = ""
    addressee: str = ""
    signed: str = ""
    fields: tuple[str, ...] = ()
    issued_by: tuple[str, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """Every text that holds FEEL, by its key; `when` is FEEL as a whole."""
        names = ("when", "title", "number", "addressee", "text", "signed")
        return {name: getattr(self, name) for name in names}
