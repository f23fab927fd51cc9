"""What a reader of a file or of a decision must know, told in a way that doors can translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.engine.feel import Told

Level = Literal["error", "warning", "info"]
Family = Literal["executability", "house"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader of a file or of a decision must know.

    `message` and `remedy` are English templates with `{name}` places filled from `params`; doors translate
    the template first and fill it afterwards. `file`, `element`, `row`, `column` say where. `family` tells
    whether the engine itself could not run the file (always blocks) or only the house's rules are broken.
    `line` is the line of the file (from 1; 0 where it has none). A value of `params` that is itself a
    sentence is a mapping of its own `message` and `params`.
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
        return filled(self.message, self.params)

    def help(self) -> str:
        """The remedy in English with its places filled."""
        return filled(self.remedy, self.params)

    def quoted(self) -> dict[str, object]:
        """The message as a part of another one: it is translated with it (see `quoted`)."""
        return {"message": self.message, "params": dict(self.params)}


def mark(text: str) -> str:
    """Mark an English text for the catalogue; it is translated where it is shown."""
    return text


def quoted(told: object) -> object:
    """A value of `params` as it is kept: a sentence of the FEEL library becomes its template with its own
    params, so that it can be translated by whoever tells the finding; anything else stays as it is."""
    if not isinstance(told, Told):
        return told
    return {"message": told.template, "params": {name: quoted(value) for name, value in told.values.items()}}


def filled(template: str, params: Mapping[str, object]) -> str:
    """An English template with its places filled, sentences within sentences too."""
    return template.format_map(_Places({name: _shown(value) for name, value in params.items()}))


def _shown(value: object) -> object:
    if isinstance(value, Mapping) and isinstance(value.get("message"), str):
        inner = value.get("params")
        return filled(value["message"], inner if isinstance(inner, Mapping) else {})
    return value


class _Places(dict[str, object]):
    """A missing place shows its own name: a finding must never fail while it is being told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
