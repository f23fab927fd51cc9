"""What the files of a bundle may refer to, so that editors offer it to be chosen instead of typed blind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from server.bundles import reading
from server.bundles.archive import Bundle
from server.bundles.manifest import Manifest, ManifestRefused
from server.engine import dmn
from server.engine.decision_results import DEADLINE
from server.engine.dmn.model import DecisionTable
from server.engine.expressions import unwrapped
from server.engine.feel import Shape
from server.engine.forms import Form
from server.engine.model import EventKind, FlowNode, Model, ProcessDefinition
from server.engine.refusals.variables import DECLARED
from server.engine.shapes import variable_shapes

Entry: TypeAlias = dict[str, Any]


def vocabulary(bundle: Bundle) -> dict[str, list[Entry]]:
    """Everything that can be chosen, as plain values by kind: groups, forms, decisions (with inputs and
    outputs), processes, articles, variables (with type and where they come from), clock_stops, messages.

    What cannot be read of the bundle is left out; the checks say what is wrong with it."""
    try:
        manifest: Manifest | None = bundle.manifest
    except ManifestRefused:
        manifest = None
    model = reading.read(bundle.files).model
    return {
        **_of_manifest(manifest),
        "processes": [_process(p, manifest) for p in _by_id(model.processes)],
        "forms": [_form(form) for form in _by_id(model.forms)],
        "decisions": [_decision(model.decisions[id_], id_) for id_ in sorted(model.decisions)],
        "variables": _variables(model),
        "messages": _messages(model),
    }


def _of_manifest(manifest: Manifest | None) -> dict[str, list[Entry]]:
    if manifest is None:
        return {"groups": [], "articles": [], "clock_stops": []}
    groups = [
        {"id": g.id, "name": g.name, "name_en": g.name_en, "scope": g.scope} for g in manifest.groups.values()
    ]
    articles = [
        {"regulation": r.id, "regulation_title": r.title, "article": a.id, "title": a.title,
         "citation": f"{r.id}#{a.id}", "manual": a.manual}
        for r in manifest.regulations.values()
        for a in r.articles
    ]  # fmt: skip
    stops = [
        {"id": s.id, "name": s.name, "name_en": s.name_en, "basis": s.basis}
        for s in manifest.clock_stops.values()
    ]
    return {"groups": groups, "articles": articles, "clock_stops": stops}


def _process(process: ProcessDefinition, manifest: Manifest | None) -> Entry:
    entry = manifest.processes.get(process.id) if manifest else None
    called = entry.called if entry else False
    return {"id": process.id, "name": process.name, "file": process.file, "called": called}


def _form(form: Form) -> Entry:
    fields = [
        {"key": field.key, "label": field.label.plain(), "type": field.kind.value} for field in form.fields
    ]
    return {"id": form.id, "title": form.title.plain(), "file": form.file, "fields": fields}


def _decision(holder: dmn.DecisionModel, id_: str) -> Entry:
    decision = holder.decisions[id_]
    logic = decision.logic
    table = logic if isinstance(logic, DecisionTable) else None
    labels = {c.expression.text: c.label for c in table.inputs} if table else {}
    inputs = [
        {"name": name, "label": labels.get(name, ""), "type": kind}
        for name, kind in sorted(holder.reads(id_).items())
    ]
    return {
        "id": id_, "name": decision.label or decision.name, "file": holder.definitions.file,
        "result": decision.variable.name or decision.name, "inputs": inputs,
        "outputs": _outputs(holder, id_, table),
        "hit_policy": table.hit_policy.value if table else "",
    }  # fmt: skip


def _outputs(holder: dmn.DecisionModel, id_: str, table: DecisionTable | None) -> list[Entry]:
    shape, own = dmn.shape_of(holder, id_), holder.decisions[id_].variable.name or id_
    if table is None:
        return [{"name": own, "label": "", "type": shape.kind, **_values(shape)}]
    shapes = shape.fields or {o.name: shape for o in table.outputs[:1]}
    return [
        {"name": o.name or own, "label": o.label, "type": o.type_ref, **_values(shapes.get(o.name))}
        for o in table.outputs
    ]


def _variables(model: Model) -> list[Entry]:
    """Each variable of the model: its type where it is certain, else that of the forms where they agree, and
    where it comes from."""
    shapes = {**variable_shapes(replace(model, processes={})), **variable_shapes(model)}
    found: dict[str, list[Entry]] = defaultdict(list)
    labels: dict[str, str] = {}
    for form in _by_id(model.forms):
        for field in form.fields:
            name = field.path[0] if field.path else ""
            if name and {"kind": "form", "id": form.id} not in found[name]:
                found[name].append({"kind": "form", "id": form.id})
                labels.setdefault(name, field.label.plain() if len(field.path) == 1 else "")
    for process in _by_id(model.processes):
        for name, source in _made_in(process):
            if name and source not in found[name]:
                found[name].append(source)
    return [
        {"name": name, "label": labels.get(name, ""), "type": _type(shapes.get(name)),
         **_values(shapes.get(name)), "produced_by": sources}
        for name, sources in sorted(found.items())
        if sources
    ]  # fmt: skip


def _made_in(process: ProcessDefinition) -> Iterator[tuple[str, Entry]]:
    """The variables that a process itself gives a value to, with what gives it."""
    for name in process.properties.get(DECLARED, "").split():
        yield name, {"kind": "outside", "id": process.id}
    for node in process.nodes.values():
        for name, kind in _made_at(node):
            yield name, {"kind": kind, "id": process.id, "element": node.id}


def _made_at(node: FlowNode) -> Iterator[tuple[str, str]]:
    for name in node.properties.get(DECLARED, "").split():
        yield name, "outside"
    if node.decision is not None:
        yield node.decision.result_variable, "decision"
        yield node.properties.get(DEADLINE, ""), "deadline"
    if node.multi_instance is not None:
        yield node.multi_instance.element_variable, "round"
        yield node.multi_instance.output_collection, "rounds"
    for mapping in (*node.inputs, *node.outputs):
        if mapping.target != "*" and unwrapped(mapping.expression) != mapping.target:
            yield mapping.target, "mapping"


def _messages(model: Model) -> list[Entry]:
    """The names of messages and signals, with the elements that send or wait for them."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for process in _by_id(model.processes):
        for node in process.nodes.values():
            kind = node.event.kind
            if kind in (EventKind.MESSAGE, EventKind.SIGNAL):
                found[node.event.name, kind.value].append({"process": process.id, "element": node.id})
            elif node.message:
                found[node.message, "message"].append({"process": process.id, "element": node.id})
    return [{"name": name, "kind": kind, "elements": at} for (name, kind), at in sorted(found.items())]


def _type(shape: Shape | None) -> str:
    return shape.kind if shape else ""


def _values(shape: Shape | None) -> dict[str, list[Any]]:
    """The values something may have, where they are few."""
    if shape is None or shape.values is None:
        return {}
    plain = {v for v in shape.values if isinstance(v, str | bool | int | Decimal) and v != ""}
    told = [v if isinstance(v, str | bool) else str(v) for v in plain]
    return {"values": sorted(told, key=str)} if told else {}


def _by_id(found: Mapping[str, Any]) -> Iterator[Any]:
    return (found[id_] for id_ in sorted(found))
