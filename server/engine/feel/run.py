"""One evaluation: what it may spend, what it warns of, what time it is."""

import datetime
from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import FeelClockError, FeelLimitError, FeelWarning


class Spot(Protocol):
    """Where in the text something stands: any node of the syntax tree."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may use. A step is about one node of the syntax tree evaluated in a loop, less
    than half a microsecond; dearer work costs more steps. Seconds are CPU seconds."""

    steps: int = 150_000
    call_depth: int = 80
    text_length: int = 1_000_000
    regex_seconds: float = 0.04


DEFAULT_LIMITS = Limits()
_CHARACTERS_PER_STEP = 64


class Run:
    """The budget, warnings and clock of one evaluation; share it between expressions that belong together."""

    __slots__ = ("depth", "limits", "now", "regex_seconds", "steps", "warnings")

    def __init__(
        self,
        warnings: list[FeelWarning] | None = None,
        now: datetime.datetime | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.warnings = warnings
        self.now = now
        self.limits = limits
        self.steps = limits.steps
        self.regex_seconds = limits.regex_seconds
        self.depth = 0

    def warn(self, spot: Spot, template: str, **values: object) -> None:
        """Note why something became null; does nothing when nobody collects. Returns None, the null."""
        if self.warnings is not None and len(self.warnings) < 100:
            self.warnings.append(FeelWarning(template, spot.start, spot.end, values))

    def spend(self, steps: int) -> None:
        """Take steps from the budget; ``FeelLimitError`` when it is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise FeelLimitError("the expression needs more than {steps} steps", steps=self.limits.steps)

    def spend_on_text(self, text: Sized) -> None:
        """Pay for a text or a bulk of characters made; ``FeelLimitError`` when it is too long."""
        length = len(text)
        if length > self.limits.text_length:
            raise FeelLimitError("a text is longer than {length} characters", length=self.limits.text_length)
        self.spend(length // _CHARACTERS_PER_STEP)

    def enter(self) -> None:
        """A function begins; ``FeelLimitError`` when functions call each other without end."""
        self.depth += 1
        if self.depth > self.limits.call_depth:
            raise FeelLimitError(
                "functions call each other deeper than {depth}", depth=self.limits.call_depth
            )

    def leave(self) -> None:
        """A function ends."""
        self.depth -= 1

    def present(self) -> datetime.datetime:
        """The time the caller gave; an engine has no clock of its own."""
        if self.now is None:
            raise FeelClockError("the expression asks for the present time, but the caller gave none")
        return self.now


Value = Any
"""A FEEL value: None, bool, str, Decimal, list, dict, a temporal, Range or function."""
