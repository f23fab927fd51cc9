"""What a check looks at, and how it tells what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath

from server.bundles.archive import Bundle
from server.bundles.manifest import Manifest
from server.engine import decisions
from server.engine.load import Loaded
from server.engine.memo import Memo
from server.engine.model import Family, Finding, FlowNode, ProcessDefinition
from server.engine.refusals.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Subject:
    """A bundle with its manifest and all that could be read of its files."""

    bundle: Bundle
    manifest: Manifest
    loaded: Loaded
    memo: Memo = field(default_factory=Memo)

    def nodes(self, *, own: bool = False) -> Iterator[tuple[ProcessDefinition, FlowNode]]:
        """Every node with its process; with `own`, those of shared processes left out."""
        for process in self.loaded.model.processes.values():
            if not (own and is_shared(process.file)):
                yield from ((process, node) for node in process.nodes.values())

    def analysed(self, code: str, *codes: str) -> Iterator[Finding]:
        """What the analysis of the decision tables says under some of its codes, as findings of a check."""
        for identity, model in self.loaded.model.decisions.items():
            key = ("analysis", model, identity)
            for found in self.memo.once(key, partial(decisions.analyse, model, identity)):
                if found.code in codes:
                    yield replace(found, code=code, family="house")

    def owner(self, path: str) -> str:
        """The prefix of the ids in a file: `shared`, or the id of the jurisdiction."""
        return "shared" if is_shared(path) else self.manifest.id


@dataclass(frozen=True, slots=True)
class Rule(Refusal):
    """A rule of the house: its id, what is told when it is broken, and what to do."""

    family: Family = "house"


def is_shared(path: str) -> bool:
    """Whether a file of a bundle is one of the shared ones."""
    return path.split("/")[1:2] == ["shared"]


def stem(path: str) -> str:
    """The name of a file without its last suffix."""
    return PurePosixPath(path).stem
