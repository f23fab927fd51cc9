"""Files in, one model out: diagrams, decisions and forms of a deployment, read and checked together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TypeAlias

from server.engine import decisions, dmn
from server.engine.bpmn_xml import Diagram, diagram_of
from server.engine.forms import Form, load_forms
from server.engine.model import Finding, Model, ProcessDefinition
from server.engine.refusals import of_diagram, of_model
from server.engine.xml import Element, XmlRefused, local, parse_xml

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


def load(files: Mapping[str, bytes]) -> tuple[Model | None, tuple[Finding, ...]]:
    """The model of a deployment, and what is to be said about its files (content by path in the bundle).

    The model is None where a finding of family executability and level error says that it may not run. The
    same files give the same model, digest and findings, in whatever order they come.
    """
    loaded = read(files)
    return loaded.model if loaded.runnable else None, loaded.findings


def read(files: Mapping[str, bytes]) -> Loaded:
    """As `load`, with everything that was read even if it may not run."""
    wanted = {path: files[path] for path in sorted(files) if path.endswith(SUFFIXES)}
    reading = _Reading(wanted)
    diagrams = reading.diagrams()
    decision_models = reading.decision_models()
    forms = reading.forms()
    model = Model(
        digest=digest(wanted),
        processes=MappingProxyType(reading.processes(diagrams)),
        decisions=MappingProxyType(reading.decisions(decision_models)),
        forms=forms,
    )
    if diagrams or decision_models or forms or not reading.findings:
        reading.findings.extend(of_model(model))
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
    findings: list[Finding] = field(default_factory=list)

    def _of(self, suffix: str) -> Mapping[str, bytes]:
        return {path: data for path, data in self.files.items() if path.endswith(suffix)}

    def _roots(self, suffix: str) -> Roots:
        roots = {}
        for path, data in self._of(suffix).items():
            try:
                roots[path] = parse_xml(data, file=path)
            except XmlRefused as refused:
                self.findings.append(refused.finding())
        return roots

    def diagrams(self) -> tuple[Diagram, ...]:
        found = []
        for path, root in self._roots(".bpmn").items():
            try:
                diagram = diagram_of(root, file=path)
            except XmlRefused as refused:
                self.findings.append(refused.finding())
                continue
            found.append(diagram)
            self.findings.extend(of_diagram(diagram))
        return tuple(found)

    def processes(self, diagrams: Iterable[Diagram]) -> dict[str, ProcessDefinition]:
        found: dict[str, ProcessDefinition] = {}
        for diagram in diagrams:
            for process in diagram.processes:
                if process.id in found:
                    self._twice("process-twice", process.id, process.file, found[process.id].file)
                found.setdefault(process.id, process)
        return found

    def decision_models(self) -> tuple[dmn.DecisionModel, ...]:
        roots = self._roots(".dmn")
        models: dict[str, dmn.DecisionModel] = {}
        for path in _imports_first(roots):
            try:
                models[path] = dmn.load(roots[path], path, tuple(models.values()))
            except dmn.DmnError as error:
                self.findings.append(_told(error.problem, path))
                continue
            self.findings.extend(_told(problem, path) for problem in models[path].problems)
        return tuple(models[path] for path in roots if path in models)

    def decisions(self, models: Iterable[dmn.DecisionModel]) -> dict[str, dmn.DecisionModel]:
        found: dict[str, dmn.DecisionModel] = {}
        for model in models:
            for identity in model.decisions:
                if identity in found:
                    first = found[identity].definitions.file
                    self._twice("decision-twice", identity, model.definitions.file, first)
                found.setdefault(identity, model)
        return found

    def forms(self) -> Mapping[str, Form]:
        forms, findings = load_forms(self._of(".form"))
        self.findings.extend(findings)
        return MappingProxyType(dict(forms))

    def _twice(self, code: str, identity: str, file: str, other: str) -> None:
        self.findings.append(
            Finding(
                level="error",
                code=code,
                message="The id {element} is already used in {other}.",
                params={"element": identity, "other": PurePosixPath(other).name},
                remedy="Give it another id, or take one of the files out.",
                file=file,
                element=identity,
            )
        )


def _told(problem: dmn.Problem, path: str) -> Finding:
    """What the decision library reports, as a finding; the cell of a stranger may be very long."""
    found = decisions.finding(problem, path)
    params = {k: v[:MAX_SHOWN] if isinstance(v, str) else v for k, v in found.params.items()}
    return replace(found, params=params)


def _imports_first(roots: Roots) -> list[str]:
    """The paths of the DMN files, each after those it imports; circles keep the order of the paths."""
    by_namespace = {root.get("namespace") or "": path for path, root in reversed(list(roots.items()))}
    needs = {
        path: [
            by_namespace[space]
            for e in root
            if isinstance(e.tag, str) and local(e) == "import"
            if (space := e.get("namespace") or "") in by_namespace
        ]
        for path, root in roots.items()
    }
    order: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        ready = [p for p in waiting if all(n in order or n == p for n in needs[p])] or waiting[:1]
        order.update(dict.fromkeys(ready))
        waiting = [p for p in waiting if p not in order]
    return list(order)
