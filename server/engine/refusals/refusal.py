"""A reason for which a diagram is not run, said once and told wherever it is met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.engine.model import Family, Finding, FlowNode, Level, ProcessDefinition


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong and what to do instead: English templates, filled when it is met.

    Refusals of level error keep a deployment out: the engine would run the diagram wrongly or not at all."""

    code: str
    message: str
    remedy: str
    level: Level = "error"
    family: Family = "executability"

    def at(
        self, file: str, element: str = "", line: int = 0, *, row: int | None = None, **params: object
    ) -> Finding:
        """The finding at an element of a file, or at a row (from 1) of a table."""
        return Finding(
            level=self.level,
            code=self.code,
            message=self.message,
            params={"element": element, **params},
            remedy=self.remedy,
            file=file,
            element=element,
            row=row,
            line=line,
            family=self.family,
        )

    def on(self, process: ProcessDefinition, node: FlowNode, **params: object) -> Finding:
        """The finding at a node of a process; `name` is the node's name, or its id where it has none."""
        told: dict[str, Any] = {"name": node.name or node.id, **params}
        return self.at(process.file, node.id, node.line, **told)
