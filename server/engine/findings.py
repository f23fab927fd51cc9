"""What a reader of a file or of a decision must know, told in a way that doors can translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning", "info"]
Family = Literal["executability", "house"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader of a file or of a decision must know.

    `message` and `remedy` are English templates with `{name}` places filled from `params`; doors translate
    the template first and fill it afterwards. `file`, `element`, `row`, `column` say where. `family` tells
    whether the engine itself could not run the file (always blocks) or only the house's rules are broken.
    `line` is the line of the file (from 1; 0 where it has none).
    """

    level: Level
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    remedy: str = ""
    file: str = ""
    element: str = ""
    row: int | None = None
    column: str | None = None
    family: Family = "executability"
    line: int = 0

    def text(self) -> str:
        """The message in English with its places filled."""
        return self.message.format_map(_Places(self.params))

    def help(self) -> str:
        """The remedy in English with its places filled."""
        return self.remedy.format_map(_Places(self.params))


class _Places(dict[str, object]):
    """A missing place shows its own name: a finding must never fail while it is being told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
