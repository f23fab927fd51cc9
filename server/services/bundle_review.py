"""What there is to say about the files of a bundle, kept for the next time the same files come.

It is kept in memory only: it follows from the files and from this very program, so what an earlier version of
the engine said would have to be doubted after each update, and working it out anew takes seconds. A server
that was started anew asks to play the scenarios once more before somebody deploys."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from server.bundles import checks, reading, scenarios
from server.bundles import vocabulary as words
from server.bundles.archive import Bundle
from server.bundles.manifest import Manifest, ManifestRefused
from server.bundles.scenario_files import Scenario
from server.bundles.scenarios import Played
from server.engine import load
from server.engine.model import Finding, Model

T = TypeVar("T")
_LIMIT = 32
_lock = threading.Lock()
_findings: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()
_trials: OrderedDict[str, Trial] = OrderedDict()
_held: OrderedDict[str, Played] = OrderedDict()
_HELD = 2_000
_words: OrderedDict[str, dict[str, list[words.Entry]]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Trial:
    """How the scenarios of some files went, and when; `unreadable` are scenario files that no one could
    play."""

    at: datetime
    played: tuple[Played, ...]
    unreadable: tuple[Finding, ...] = ()

    @property
    def failed(self) -> tuple[Played, ...]:
        """The scenarios that do not hold."""
        return tuple(one for one in self.played if not one.holds)

    @property
    def holds(self) -> bool:
        """Whether every scenario could be read and holds."""
        return not self.failed and not self.unreadable


def findings(files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Everything the checks say about the files (content by path)."""
    return _once(_findings, load.digest(files), lambda: checks.check(Bundle(files)))


def vocabulary(files: Mapping[str, bytes]) -> dict[str, list[words.Entry]]:
    """What the files may refer to."""
    return _once(_words, load.digest(files), lambda: words.vocabulary(Bundle(files)))


def titles(files: Mapping[str, bytes]) -> dict[str, str]:
    """What people call each diagram, table and form, by path; what cannot be read has no name."""
    model = reading.read(files).model
    return {
        **{process.file: process.name for process in model.processes.values()},
        **{
            holder.definitions.file: holder.decisions[id_].label or holder.decisions[id_].name
            for id_, holder in model.decisions.items()
        },
        **{form.file: form.title.plain() for form in model.forms.values()},
    }


def trial(files: Mapping[str, bytes], now: datetime) -> Trial:
    """Play all scenarios of the files, unless they were played as they are now."""
    return _once(_trials, load.digest(files), lambda: _played(files, now))


def known_trial(digest: str) -> Trial | None:
    """How the scenarios went when these files (by `load.digest`) were tried; None where they were not, or
    longer ago than is remembered."""
    with _lock:
        return _trials.get(digest)


def _played(files: Mapping[str, bytes], now: datetime) -> Trial:
    bundle = Bundle(files)
    loaded = reading.read(files)
    told, unreadable = scenarios.read_scenarios(bundle.scenarios)
    try:
        manifest: Manifest | None = bundle.manifest
    except ManifestRefused:
        manifest = None
    if not loaded.runnable:
        return Trial(now, (), unreadable)
    tellers = _Tellers(files, loaded.model)
    return Trial(now, tuple(_play(one, tellers, manifest) for one in told), unreadable)


class _Tellers:
    """From what it follows how scenarios go: their file, the diagrams of their process and of those it calls,
    and all that is no diagram."""

    def __init__(self, files: Mapping[str, bytes], model: Model) -> None:
        self.model, self._files = model, files
        others = {p: data for p, data in files.items() if not p.startswith(("scenarios/", "bpmn/"))}
        self._others = load.digest(others)

    def digest(self, scenario: Scenario) -> str:
        """The same for two scenarios that can only go alike."""
        paths = {scenario.path, *(self.model.processes[key].file for key in self._reached(scenario.process))}
        return self._others + load.digest({path: self._files[path] for path in paths})

    def _reached(self, key: str) -> set[str]:
        found: set[str] = set()
        waiting = [key]
        while waiting:
            one = waiting.pop()
            if one in self.model.processes and one not in found:
                found.add(one)
                waiting += [node.called_element for node in self.model.processes[one].nodes.values()]
        return found


def _play(scenario: Scenario, tellers: _Tellers, manifest: Manifest | None) -> Played:
    """Play a scenario, unless it held when all that it tells of was as it is now."""
    key = tellers.digest(scenario)
    with _lock:
        known = _held.get(key)
    if known is None:
        known = scenarios.play(scenario, tellers.model, manifest)
        with _lock:
            if known.holds:
                _held[key] = known
            while len(_held) > _HELD:
                _held.popitem(last=False)
    return known


def _once(kept: OrderedDict[str, T], key: str, make: Callable[[], T]) -> T:
    with _lock:
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    made = make()
    with _lock:
        kept[key] = made
        while len(kept) > _LIMIT:
            kept.popitem(last=False)
    return made
