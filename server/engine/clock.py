"""Legal limits of an instance: the four parts of which a decision makes one, and moving limits that stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from server.engine import reports
from server.engine import state as states
from server.engine.advances import report, standing
from server.engine.definitions import compiled
from server.engine.model import Advance, Model, Moment
from server.engine.spiff import Token

Moves = Mapping[datetime, datetime]
"""Where limits go: the moment at which each stands, and the one at which it shall stand."""

_TIMES = ("due", "follow_up")


@dataclass(frozen=True, slots=True)
class Term:
    """A limit as a decision states it: `limit` many `unit`s from `start`, counted by `rule` (C1 to C5)."""

    start: date
    limit: int
    unit: str
    rule: str

    @property
    def runs(self) -> bool:
        """Whether time that does not count makes it longer: named dates (C4) and waiting times (C3) stay."""
        return self.unit != "fixed_date" and self.rule not in ("C3", "C4")


def term(inputs: Mapping[str, Any], outputs: object, start_input: str = "") -> Term | None:
    """The limit in what a decision said; `start_input` names the input from which it runs where no output
    `clock_start` does. None while one of its parts is missing or is no such thing."""
    if not isinstance(outputs, Mapping):
        return None
    parts: dict[str, Any] = {"clock_start": inputs.get(start_input), **outputs}
    start, limit, unit, rule = (parts.get(name) for name in ("clock_start", "limit", "unit", "rule"))
    if start is None or unit is None or rule is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | Decimal) or limit % 1:
        return None
    try:
        return Term(date.fromisoformat(str(start)[:10]), int(limit), str(unit), str(rule))
    except ValueError:
        return None


def move(model: Model, process_id: str, state: bytes, moves: Moves, at: Moment) -> Advance:
    """Let limits stand elsewhere: in variables, in open tasks and in timers that wait for exactly such a
    moment. Nothing else moves, nothing opens or closes. Raises UnreadableState."""
    instance = states.restore(compiled(model), process_id, state, at)
    before = standing(instance)
    for scope in instance.scopes:
        _move(scope.variables, tuple(scope.variables), moves)
    for token in instance.tasks.values():
        for memo, names in _memos(token):
            _move(memo, names, moves)
    return report(instance, before)


def _memos(token: Token) -> Iterator[tuple[MutableMapping[str, Any], tuple[str, ...]]]:
    """What a token remembers of limits: those of an open task, the moment of an armed timer."""
    if isinstance(task := token.memo.get("task"), dict):
        yield task, _TIMES
    if reports.is_armed_timer(token) and "cycle" not in token.memo:
        yield token.memo, ("due",)


def _move(values: MutableMapping[str, Any], names: tuple[str, ...], moves: Moves) -> None:
    for name in names:
        moment = _moment(values.get(name))
        if moment is not None and moment in moves:
            values[name] = moves[moment].isoformat()


def _moment(value: object) -> datetime | None:
    """A moment kept as text; limits are always written with their zone."""
    if not isinstance(value, str) or "T" not in value or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
