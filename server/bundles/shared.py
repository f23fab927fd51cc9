"""Which shared files a jurisdiction uses: those its own files name, and those these name in turn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from server.bundles.reading import KEPT
from server.engine import load
from server.engine.model import Model


def used_shared_files(own: Mapping[str, bytes], shared: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of the shared files that the jurisdiction's own files use, directly or by way of others.

    A name is looked up in the jurisdiction first, so an own process of the same id hides the shared one."""
    if not shared:
        return {}
    offered = load.parts(shared, KEPT)
    used: dict[str, bytes] = {}
    while True:
        loaded = load.parts({**own, **used}, KEPT)
        wanted = set(_files_for(offered, loaded)) - used.keys()
        wanted |= set(_included_forms(offered.model, {**own, **used})) - used.keys()
        if not wanted:
            return used | _outlines(used, shared)
        used |= {path: shared[path] for path in wanted}


def _outlines(used: Mapping[str, bytes], shared: Mapping[str, bytes]) -> dict[str, bytes]:
    """What stands beside the diagrams that are used, for their reviewers."""
    paths = (path.removesuffix(".bpmn") + ".outline.txt" for path in used if path.endswith(".bpmn"))
    return {path: shared[path] for path in paths if path in shared}


def _files_for(offered: load.Loaded, loaded: load.Loaded) -> Iterator[str]:
    model, stock = loaded.model, offered.model
    for process in model.processes.values():
        for node in process.nodes.values():
            called = node.called_element
            if called and called not in model.processes and called in stock.processes:
                yield stock.processes[called].file
            decision = node.decision.decision if node.decision else ""
            if decision and decision not in model.decisions and decision in stock.decisions:
                yield stock.decisions[decision].definitions.file
            form = node.assignment.form
            if form and form not in model.forms and form in stock.forms:
                yield stock.forms[form].file
    yield from _imported(offered, loaded)


def _imported(offered: load.Loaded, loaded: load.Loaded) -> Iterator[str]:
    have = {m.definitions.namespace for m in loaded.decision_models}
    stock = {m.definitions.namespace: m.definitions.file for m in offered.decision_models}
    for model in loaded.decision_models:
        for wanted in model.definitions.imports:
            if wanted.namespace not in have and wanted.namespace in stock:
                yield stock[wanted.namespace]


def _included_forms(stock: Model, files: Mapping[str, bytes]) -> Iterator[str]:
    """Forms that another form shows inside itself (property `include` of a group)."""
    for path, data in files.items():
        if path.endswith(".form"):
            for name in _includes(data):
                if name in stock.forms:
                    yield stock.forms[name].file


def _includes(data: bytes) -> Iterable[str]:
    try:
        waiting: list[Any] = [json.loads(data)]
    except (ValueError, RecursionError):
        return
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            properties = part.get("properties")
            if isinstance(properties, dict) and isinstance(properties.get("include"), str):
                yield properties["include"]
            waiting.extend(part.get("components") or () if isinstance(part.get("components"), list) else ())
