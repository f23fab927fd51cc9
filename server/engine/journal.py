"""What happened during one command, noted while it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from server.engine.model import ClosedTask, Evaluation, Step, Thrown

Closing = Literal["completed", "cancelled", "returned"]


@dataclass(slots=True)
class Journal:
    """The steps taken, the tasks closed, the decisions made and the messages sent, each in order."""

    steps: list[Step] = field(default_factory=list)
    closed: list[ClosedTask] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    thrown: list[Thrown] = field(default_factory=list)
    irrevocable: bool = False
    """Whether the command did something outside the way on from its token: no withdrawal could undo it."""

    def node(self, process: str, element: str) -> None:
        """A token came to a node."""
        self.steps.append(Step(process, element, "node"))

    def flow(self, process: str, flow: str) -> None:
        """A token went along a flow; a link has none."""
        if flow:
            self.steps.append(Step(process, flow, "flow"))

    def close(self, token: str, element: str, reason: Closing) -> None:
        """A user task does not wait any more."""
        self.closed.append(ClosedTask(token, element, reason))
