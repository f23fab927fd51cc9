"""Two versions of a scenario: what is told, done and expected differently, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

from server.bundles.differences.difference import Area, Change, Difference, Said, Weight, quoted, said
from server.bundles.differences.plain import changed, exact, flat
from server.bundles.scenario_files import DecisionCase, Scenario, Step
from server.engine.findings import mark

_Told: TypeAlias = Step | DecisionCase
_SILENT = frozenset({"path", "line", "number", "steps", "cases", "lines"})


def between(before: Scenario, after: Scenario) -> Iterator[Difference]:
    """All that differs between two versions of a scenario."""
    old, new = flat(before, _SILENT, exact), flat(after, _SILENT, exact)
    for path, first, second in changed(old, new):
        weight = Weight.WORDS if path == "title" else Weight.PROOF
        aspect = said(mark("entry {name}"), name=quoted(path))
        yield _told(after, Change.CHANGED, said(mark("the scenario")), aspect, (first, second), weight)
    yield from _steps(after, before.steps, after.steps, mark("step {n}"))
    yield from _steps(after, before.cases, after.cases, mark("case {n}"))


def whole(scenario: Scenario, change: Change) -> Difference:
    """A scenario that is new or was taken out."""
    return _told(
        scenario, change, said(mark("scenario {name}"), name=quoted(scenario.title or scenario.path))
    )


def _steps(
    scenario: Scenario, before: Sequence[_Told], after: Sequence[_Told], template: str
) -> Iterator[Difference]:
    olds, news = ([flat(step, _SILENT, exact) for step in steps] for steps in (before, after))
    old_keys, new_keys = ([str(sorted(step.items())) for step in steps] for steps in (olds, news))
    for _, i1, i2, j1, j2 in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        both = min(i2 - i1, j2 - j1)
        for place in range(both):
            what = said(template, n=j1 + place + 1)
            for path, first, second in changed(olds[i1 + place], news[j1 + place]):
                aspect = said(mark("entry {name}"), name=quoted(path))
                yield _told(scenario, Change.CHANGED, what, aspect, (first, second))
        for place in range(i1 + both, i2):
            yield _told(scenario, Change.REMOVED, said(template, n=place + 1))
        for place in range(j1 + both, j2):
            yield _told(scenario, Change.ADDED, said(template, n=place + 1))


def _told(
    scenario: Scenario, change: Change, what: Said, aspect: Said = "", values: tuple[str, str] = ("", ""),
    weight: Weight = Weight.PROOF,
) -> Difference:  # fmt: skip
    return Difference(
        Area.SCENARIO, scenario.path, scenario.path, change, what, title=scenario.title or scenario.path,
        weight=weight, aspect=aspect, before=values[0], after=values[1], regulation=scenario.regulations,
    )  # fmt: skip
