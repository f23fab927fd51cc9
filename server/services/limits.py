"""How each limit of a case was counted: from which day, by which rule and article, over which days, and what
moved it since (stops of the clock, extensions)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar, Deadline, DeadlineError
from server.engine.clock import Term, term
from server.engine.decision_results import DEADLINE, DEADLINE_FROM
from server.services.calendars import local
from server.services.deployed import Deployed
from server.store.history import DecisionEvaluation, HistoryEvent

_evaluations = DecisionEvaluation.metadata.tables["decision_evaluation"]
_events = HistoryEvent.metadata.tables["history_event"]
MOVED = ("clock_restarted", "limit_extended")
"""The kinds of entries of the record that moved limits; their payload says which: `moved`."""
NEARBY = timedelta(days=16)
"""How far a changed holiday moves a limit at most: two weeks free from work and a weekend."""
_Moves: TypeAlias = Sequence[Mapping[Any, Any]]


@dataclass(frozen=True, slots=True)
class Shift:
    """What moved a limit: the clock stood still from one day to another, or an extension was granted. `days`
    are working days, `to` is where the limit stood then."""

    kind: Literal["stop", "extension"]
    name: str
    basis: str
    days: int
    to: datetime
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit and how it came about. `due` is where it stands, `counted` how it was counted at first, `name`
    the step that set it, `regulation` its articles. `recounted` is what the calendar of today would give at
    first, where that differs: an admin or a notice changed a day since."""

    due: datetime
    name: str
    decision_id: str
    regulation: tuple[str, ...]
    term: Term
    counted: Deadline
    at: datetime
    shifts: tuple[Shift, ...] = ()
    recounted: datetime | None = None


def _of_case() -> tuple[sa.Select[Any], sa.Select[Any]]:
    e, h = _evaluations.c, _events.c
    mine = (e.tenant_id == bindparam("of_tenant"), e.instance_id == bindparam("of_instance"))
    told = (h.tenant_id == bindparam("of_tenant"), h.instance_id == bindparam("of_instance"))
    limits = sa.select(e.at, e.decision_id, e.name, e.element, e.inputs, e.outputs, e.matched)
    return (
        limits.where(*mine, sa.type_coerce(e.outputs, sa.Text).like('%"rule":%')).order_by(e.seq),
        sa.select(h.kind, h.at, h.payload).where(*told, h.kind.in_(MOVED)).order_by(h.seq),
    )


_LIMITS, _MOVES = _of_case()


def of_case(
    session: Session,
    used: Deployed,
    row: Mapping[str, Any],
    calendar: BusinessCalendar,
    *dues: datetime | None,
) -> tuple[Limit, ...]:
    """The limits that decisions set in a case (its row), oldest first; of several that fall on one moment the
    last. `dues` are the moments at which limits are known to stand, beside that of the case: what was counted
    before a day of the calendar changed is recognised by them."""
    keys = {"of_tenant": row["tenant_id"], "of_instance": row["id"]}
    taken = session.execute(_LIMITS, keys).mappings().all()
    if not taken:
        return ()
    moves = session.execute(_MOVES, keys).mappings().all()
    counted = [one for taken_row in taken for one in _counted(used, dict(taken_row), calendar)]
    firsts = _firsts(counted, moves, [due for due in (row["due_at"], *dues) if due is not None])
    found = [_moved(limit, first, moves) for limit, first in zip(counted, firsts, strict=True)]
    return tuple({limit.due: limit for limit in found}.values())


def at(limits: Sequence[Limit], due: datetime | None) -> Limit | None:
    """The limit that stands at a moment."""
    return next((limit for limit in limits if limit.due == due), None)


def _counted(used: Deployed, row: dict[str, Any], calendar: BusinessCalendar) -> Iterator[Limit]:
    """The limit of an evaluation as the calendar counts it, if it set one."""
    node = used.node(row["element"])
    if node is None or not node.properties.get(DEADLINE):
        return
    stated = term(row["inputs"], row["outputs"], node.properties.get(DEADLINE_FROM, ""))
    if stated is None:
        return
    try:
        counted = calendar.explain(stated.start, stated.limit, stated.unit, stated.rule)
    except DeadlineError:
        return
    name = node.name or row["name"]
    yield Limit(counted.due, name, row["decision_id"], _articles(row["matched"]), stated, counted, row["at"])


def _firsts(counted: Sequence[Limit], moves: _Moves, dues: Sequence[datetime]) -> list[datetime]:
    """Where each limit stood before anything moved it: where it is counted to stand, unless nothing stands
    there and something stands nearby that no other limit explains: then a day of the calendar has changed
    since it was set."""
    old = {datetime.fromisoformat(moment) for move in moves for moment in move["payload"]["moved"]}
    new = {datetime.fromisoformat(m) for move in moves for m in move["payload"]["moved"].values()}
    known = old | set(dues)
    unexplained = known - new - {limit.due for limit in counted}
    firsts = []
    for limit in counted:
        near = [m for m in unexplained if abs(m - limit.due) <= NEARBY and limit.due not in known]
        first = min(near, key=lambda moment: abs(moment - limit.due)) if near else limit.due
        unexplained.discard(first)
        firsts.append(first)
    return firsts


def _moved(limit: Limit, first: datetime, moves: _Moves) -> Limit:
    due, shifts = _shifted(first, [move for move in moves if move["at"] >= limit.at])
    recounted = None if first == limit.due else limit.due
    return replace(limit, due=due, shifts=tuple(shifts), recounted=recounted)


def _shifted(due: datetime, moves: _Moves) -> tuple[datetime, list[Shift]]:
    shifts: list[Shift] = []
    for move in moves:
        told = move["payload"]
        moved = {
            datetime.fromisoformat(old): datetime.fromisoformat(new) for old, new in told["moved"].items()
        }
        if due not in moved:
            continue
        due = moved[due]
        if move["kind"] == "limit_extended":
            shifts.append(Shift("extension", told.get("by", ""), "", told["days"], due))
            continue
        since, until = datetime.fromisoformat(told["since"]), local(move["at"])
        shifts.append(
            Shift("stop", told["name"], told["basis"], told["days"], due, local(since).date(), until.date())
        )
    return due, shifts


def _articles(matched: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation for rule in matched for citation in rule.get("regulation", ())))
