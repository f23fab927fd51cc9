"""Files in, one model out: diagrams, decisions and forms of a deployment, read and checked together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TypeAlias

from server.engine import decisions, dmn
from server.engine.bpmn_xml import Diagram, diagram_of
from server.engine.forms import Form, load_forms
from server.engine.memo import Memo, content
from server.engine.model import Finding, Model, ProcessDefinition
from server.engine.refusals import of_diagram, of_model
from server.engine.refusals.refusal import Refusal
from server.engine.xml import Element, XmlRefused, local, parse_xml

PROCESS_TWICE = Refusal(
    "process-twice",
    "The id {element} is already used in {other}.",
    "Give it another id, or take one of the files out.",
)
DECISION_TWICE = Refusal("decision-twice", PROCESS_TWICE.message, PROCESS_TWICE.remedy)

Roots: TypeAlias = Mapping[str, Element]

SUFFIXES = (".bpmn", ".dmn", ".form")
"""The files a model is made of; all others are passed over."""

MAX_SHOWN = 200
"""How much of a text of the file a finding repeats."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of the files, whatever is wrong with it: checks beyond the engine's own look at this.

    `model` holds all that could be read; it may only run where `runnable`."""

    model: Model
    diagrams: tuple[Diagram, ...]
    decision_models: tuple[dmn.DecisionModel, ...]
    findings: tuple[Finding, ...]

    @property
    def runnable(self) -> bool:
        """Whether no finding says that the engine would run the files wrongly or not at all."""
        return not any(f.level == "error" and f.family == "executability" for f in self.findings)


def load(files: Mapping[str, bytes], memo: Memo | None = None) -> tuple[Model | None, tuple[Finding, ...]]:
    """The model of a deployment, and what is to be said about its files (content by path in the bundle).

    The model is None where a finding of family executability and level error says that it may not run. The
    same files give the same model, digest and findings, in whatever order they come.
    """
    loaded = read(files, memo)
    return loaded.model if loaded.runnable else None, loaded.findings


def read(files: Mapping[str, bytes], memo: Memo | None = None) -> Loaded:
    """As `load`, with everything that was read even if it may not run. With a memo, a file is read only
    where it, or one it imports or includes, is not as it was."""
    loaded = parts(files, memo)
    if loaded.diagrams or loaded.decision_models or loaded.model.forms or not loaded.findings:
        return replace(loaded, findings=_in_order([*loaded.findings, *of_model(loaded.model)]))
    return loaded


def parts(files: Mapping[str, bytes], memo: Memo | None = None) -> Loaded:
    """As `read`, without looking whether the files fit together."""
    wanted = {path: files[path] for path in sorted(files) if path.endswith(SUFFIXES)}
    reading = _Reading(wanted, memo or Memo())
    diagrams = reading.diagrams()
    decision_models = reading.decision_models()
    model = Model(
        digest=digest(wanted),
        processes=MappingProxyType(reading.processes(diagrams)),
        decisions=MappingProxyType(reading.decisions(decision_models)),
        forms=reading.forms(),
    )
    return Loaded(model, diagrams, decision_models, _in_order(reading.findings))


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 (hex) of a set of files: their names and contents, in the order of the names."""
    total = hashlib.sha256()
    for path in sorted(files):
        name = path.encode()
        total.update(b"%d:%b%d:" % (len(name), name, len(files[path])))
        total.update(files[path])
    return total.hexdigest()


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.file, f.line, f.element, f.row or 0, f.code)))


@dataclass(slots=True)
class _Reading:
    files: Mapping[str, bytes]
    memo: Memo
    findings: list[Finding] = field(default_factory=list)

    def _of(self, suffix: str) -> Mapping[str, bytes]:
        return {path: data for path, data in self.files.items() if path.endswith(suffix)}

    def diagrams(self) -> tuple[Diagram, ...]:
        found = []
        for path, data in self._of(".bpmn").items():
            key = ("bpmn", *content(path, data))
            diagram, findings = self.memo.once(key, partial(_diagram, path, data), len(data))
            self.findings.extend(findings)
            if diagram is not None:
                found.append(diagram)
        return tuple(found)

    def processes(self, diagrams: Iterable[Diagram]) -> dict[str, ProcessDefinition]:
        found: dict[str, ProcessDefinition] = {}
        for diagram in diagrams:
            for process in diagram.processes:
                if process.id in found:
                    self._twice(PROCESS_TWICE, process.id, process.file, found[process.id].file)
                found.setdefault(process.id, process)
        return found

    def decision_models(self) -> tuple[dmn.DecisionModel, ...]:
        found: dict[str, dmn.DecisionModel] = {}
        roots = self._tables()
        order = _imports_first(roots)
        for place, path in enumerate(order):
            earlier = tuple(found[p] for p in order[:place] if p in found and p in _imported(roots, path))
            key = ("dmn", *content(path, self.files[path]), earlier)
            make = partial(_decision_model, roots[path], path, earlier)
            model, findings = self.memo.once(key, make, len(self.files[path]))
            self.findings.extend(findings)
            if model is not None:
                found[path] = model
        return tuple(found[path] for path in roots if path in found)

    def _tables(self) -> Roots:
        roots = {}
        for path, data in self._of(".dmn").items():
            try:
                key = ("xml", *content(path, data))
                roots[path] = self.memo.once(key, partial(parse_xml, data, file=path), len(data))
            except XmlRefused as refused:
                self.findings.append(refused.finding())
        return roots

    def decisions(self, models: Iterable[dmn.DecisionModel]) -> dict[str, dmn.DecisionModel]:
        found: dict[str, dmn.DecisionModel] = {}
        for model in models:
            for identity in model.decisions:
                if identity in found:
                    first = found[identity].definitions.file
                    self._twice(DECISION_TWICE, identity, model.definitions.file, first)
                found.setdefault(identity, model)
        return found

    def forms(self) -> Mapping[str, Form]:
        forms, findings = load_forms(self._of(".form"), self.memo)
        self.findings.extend(findings)
        return MappingProxyType(dict(forms))

    def _twice(self, refusal: Refusal, identity: str, file: str, other: str) -> None:
        self.findings.append(refusal.at(file, identity, other=PurePosixPath(other).name))


def _diagram(path: str, data: bytes) -> tuple[Diagram | None, tuple[Finding, ...]]:
    """A diagram, or None where it cannot be read, with what can be said of it alone."""
    try:
        diagram = diagram_of(parse_xml(data, file=path), file=path)
    except XmlRefused as refused:
        return None, (refused.finding(),)
    return diagram, tuple(of_diagram(diagram))


def _decision_model(
    root: Element, path: str, imports: tuple[dmn.DecisionModel, ...]
) -> tuple[dmn.DecisionModel | None, tuple[Finding, ...]]:
    try:
        model = dmn.load(root, path, imports)
    except dmn.DmnError as error:
        return None, (_told(error.problem, path),)
    return model, tuple(_told(problem, path) for problem in model.problems)


def _told(problem: dmn.Problem, path: str) -> Finding:
    """What the decision library reports, as a finding; the cell of a stranger may be very long."""
    found = decisions.finding(problem, path)
    params = {k: v[:MAX_SHOWN] if isinstance(v, str) else v for k, v in found.params.items()}
    return replace(found, params=params)


def _imported(roots: Roots, path: str) -> list[str]:
    """The paths of the DMN files that one imports, by their namespaces; of two with the same, the first."""
    by_namespace = {root.get("namespace") or "": path for path, root in reversed(list(roots.items()))}
    wanted = (e for e in roots[path] if isinstance(e.tag, str) and local(e) == "import")
    return [by_namespace[space] for e in wanted if (space := e.get("namespace") or "") in by_namespace]


def _imports_first(roots: Roots) -> list[str]:
    """The paths of the DMN files, each after those it imports; circles keep the order of the paths."""
    needs = {path: _imported(roots, path) for path in roots}
    order: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        ready = [p for p in waiting if all(n in order or n == p for n in needs[p])] or waiting[:1]
        order.update(dict.fromkeys(ready))
        waiting = [p for p in waiting if p not in order]
    return list(order)
