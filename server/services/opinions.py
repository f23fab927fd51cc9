"""意见汇总: every opinion of a case on one sheet, step by step and round by round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.forms import Form
from server.services import instance_views
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.history import TimelineEntry
from server.services.instance_views import InstanceView
from server.store.runtime import Task

_t = Task.metadata.tables["task"].c
_ROUNDS = sa.select(_t.id, _t.round).where(
    _t.tenant_id == bindparam("of_tenant"), _t.instance_id == bindparam("of_instance")
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody decided in a step, when: `round` counts how often the step has been gone through (from
    1). `values` are what the form held, `form` how to read them. One that sent the case back names the step
    (`back_to`) and the reason; one that was taken back again is `withdrawn`. `acting_for` names
    who was away."""

    round: int
    officer: str
    post: str
    at: datetime
    text: str
    outcome: str | None
    form: Form | None
    values: Mapping[str, Any]
    back_to: str = ""
    withdrawn: bool = False
    acting_for: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step with all its opinions, oldest first."""

    element: str
    name: str
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class OpinionSheet:
    """The opinions of a case in the order in which its steps were first done, and the digest of the record
    from which they were taken."""

    letterhead: str
    case: InstanceView
    steps: tuple[Step, ...]
    digest: str


def sheet(session: Session, person: Person, instance_id: str, now: datetime) -> OpinionSheet:
    """All opinions of a case that the person may see."""
    case = instance_views.view(session, person, instance_id, now)
    row, used = instance_views.see(session, person, instance_id)
    of_case = {"of_tenant": person.tenant_id, "of_instance": instance_id}
    places: dict[str, int | None] = {id_: place for id_, place in session.execute(_ROUNDS, of_case)}
    gathered = _Gathering(used, places)
    for entry in reversed(instance_views.record(session, person, instance_id)):
        gathered.take(entry)
    letterhead = used.manifest.letterhead if used.manifest else ""
    return OpinionSheet(letterhead, case, tuple(gathered.steps()), row["history_head"])


@dataclass
class _Gathering:
    """Reads a record from its beginning. `places` are tasks with their place among the signers of a step;
    `rounds` is how often a step was begun, and the highest place since."""

    used: Deployed
    places: Mapping[str, int | None]
    rounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    round_of: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    found: dict[str, dict[str, Opinion]] = field(default_factory=dict)

    def take(self, entry: TimelineEntry) -> None:
        """One line of the record."""
        task = entry.task_id or ""
        if entry.kind == "task_opened" and entry.payload.get("signing"):
            self.round_of[task] = self.rounds.get(entry.element, (1, 0))[0]
        elif entry.kind == "task_opened":
            self._begin(entry.element, task)
        elif entry.kind in ("task_completed", "task_returned", "task_signed"):
            node = self.used.node(entry.element) if entry.kind == "task_signed" else None
            self.names.setdefault(entry.element, node.name if node else entry.payload.get("name", ""))
            self.found.setdefault(entry.element, {})[task] = self._opinion(entry, task)
        elif entry.kind == "task_withdrawn" and task in self.found.get(entry.element, {}):
            given = self.found[entry.element][task]
            self.found[entry.element][task] = replace(given, withdrawn=True)

    def steps(self) -> Iterable[Step]:
        """What was gathered."""
        for element, opinions in self.found.items():
            yield Step(element, self.names[element] or element, tuple(opinions.values()))

    def _begin(self, element: str, task: str) -> None:
        """A task of a step: the next signer of the same round, or a new round."""
        number, highest = self.rounds.get(element, (0, 0))
        place = self.places.get(task)
        if number and place is not None and place > highest:
            self.rounds[element] = (number, place)
        else:
            self.rounds[element] = (number + 1, place or 0)
        self.round_of[task] = self.rounds[element][0]

    def _opinion(self, entry: TimelineEntry, task: str) -> Opinion:
        values = entry.payload.get("values") or {}
        back = str(entry.payload.get("to") or "")
        node = self.used.node(back) if back else None
        text = entry.payload.get("reason") if back else values.get("opinion_text")
        form = self.used.form_of(entry.element, signed=entry.kind == "task_signed")
        return Opinion(
            self.round_of.get(task, 1), entry.actor_name, entry.actor_post, entry.at, str(text or ""),
            entry.payload.get("outcome"), form, values,
            back_to=(node.name if node else back) if back else "", acting_for=entry.acting_for,
        )  # fmt: skip
