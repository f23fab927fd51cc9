"""The facts of a project that a jurisdiction's processes read, each as a field in which it can be given for a
project that was under way before the house knew it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.bundles.manifest import Manifest, ProcessEntry
from server.engine import dmn
from server.engine.decision_results import DEADLINE
from server.engine.dmn.model import DecisionTable
from server.engine.expressions import unwrapped
from server.engine.feel import FeelError, Shape, compile_expression, infer, union
from server.engine.feel.inference import UNKNOWN
from server.engine.forms import Component, Form, Kind
from server.engine.forms.coerce import coerce
from server.engine.forms.expressions import Scope, Text
from server.engine.forms.model import Option, Options, Rules
from server.engine.forms.values import number_text
from server.engine.model import FlowNode, Model, ProcessDefinition
from server.engine.model import Kind as NodeKind
from server.engine.refusals.variables import DECLARED
from server.engine.shapes import variable_shapes

_GIVEN = frozenset({Kind.TEXT_FIELD, Kind.TEXT_AREA, Kind.NUMBER, Kind.DATE_TIME, Kind.SELECT})
_BOOLEAN = frozenset({Kind.RADIO, Kind.CHECKBOX})
_PLAIN = frozenset({"string", "number", "boolean", "date"})
_QUOTED = re.compile(r'"([^"]+)"')
_YES_NO = (
    Option(value=True, token="true", label=Text(("是",), ("Yes",))),
    Option(value=False, token="false", label=Text(("否",), ("No",))),
)


@dataclass(frozen=True, slots=True)
class PastFact:
    """A fact: its name, the field in which it is given, the processes that read it, in the order of the
    manifest, and the property `members` of the form its choices come from."""

    name: str
    field: Component
    readers: tuple[str, ...]
    members: str = ""


@dataclass(frozen=True, slots=True)
class PastFacts:
    """All such facts in the order in which the manifest fixes them, the form that asks for them, and what
    people call every fact, also those that nothing reads."""

    facts: tuple[PastFact, ...]
    form: Form
    names: Mapping[str, Text]

    def named(self, name: str) -> PastFact | None:
        """The fact of this name, if there is one."""
        return next((fact for fact in self.facts if fact.name == name), None)

    def without(self, names: Collection[str], known: Mapping[str, Any]) -> PastFacts:
        """Those that are open: not of these names, and with a field that can show what is known."""
        kept = tuple(f for f in self.facts if f.name not in names and _can_show(f, known.get(f.name)))
        form = replace(self.form, components=tuple(fact.field for fact in kept))
        return PastFacts(kept, form, self.names)


def past_facts(manifest: Manifest, model: Model) -> PastFacts:
    """The facts that cases of some process fix and others read, as far as it is certain what kind of value
    they have and a single field can hold it; what no process reads is asked of nobody."""
    fixed, readers = _fixed(manifest), _readers(manifest, model)
    fields = _Fields(manifest, model)
    found = []
    for name in fixed:
        field, members = fields.of(name) if readers.get(name) else (None, "")
        if field is not None:
            hint = _read_by_whom(manifest, readers[name])
            found.append(PastFact(name, replace(field, hint=hint), tuple(readers[name]), members))
    members = " ".join(dict.fromkeys(word for fact in found for word in fact.members.split()))
    found = [replace(fact, field=_beside(fact.field, place)) for place, fact in enumerate(found)]
    parts = tuple(fact.field for fact in found)
    return PastFacts(
        tuple(found),
        Form("past_facts", "", Text(), parts, properties={"members": members} if members else {}),
        {name: fields.label(name) for name in fixed},
    )


def _beside(field: Component, place: int) -> Component:
    """The field in half of a line, but a long text in the whole of it."""
    if field.kind is Kind.TEXT_AREA:
        return field
    return replace(field, look=replace(field.look, row=f"line_{place // 2}", columns=8))


def _read_by_whom(manifest: Manifest, processes: list[str]) -> Text:
    """Why the fact is asked for."""
    entries = [manifest.processes[key] for key in processes]
    told = "、".join(entry.name for entry in entries)
    english = ", ".join(entry.name_en or entry.name for entry in entries)
    return Text((f"用于：{told}",), (f"Read by: {english}",))


def _can_show(fact: PastFact, value: Any) -> bool:
    """Whether the field would give a value back as it is: a fact may be of another kind than it once was."""
    options = fact.field.options
    if value is None or (options is not None and not options.fixed):
        return not isinstance(value, list | dict)
    return bool(coerce(fact.field, value, Scope(), {}).value == value)


def _fixed(manifest: Manifest) -> dict[str, bool]:
    """Every fact that cases fix, and whether some outcome is it."""
    found: dict[str, bool] = {}
    for entry in manifest.processes.values():
        for name in entry.facts:
            found.setdefault(name, False)
        for name in entry.outcome_facts:
            found[name] = True
    return found


# --------------------------------------------------------------------------- who reads what
def _readers(manifest: Manifest, model: Model) -> dict[str, list[str]]:
    """The processes that read each name from their project."""
    found: dict[str, list[str]] = {}
    for entry in manifest.processes.values():
        process = model.processes.get(entry.id)
        for name in sorted(_read_by(entry, process, model)) if process and not entry.called else ():
            found.setdefault(name, []).append(entry.id)
    return found


def _read_by(entry: ProcessEntry, process: ProcessDefinition, model: Model) -> set[str]:
    """What a process says comes from outside, what its first form asks that it does not fix itself, and what
    its forms show as known."""
    names = set(process.properties.get(DECLARED, "").split())
    for node in process.nodes.values():
        form = model.forms.get(node.assignment.form)
        begins = node.kind is NodeKind.START_EVENT and not node.scope
        if begins:
            names.update(node.properties.get(DECLARED, "").split())
        for field in form.fields if form else ():
            if len(field.path) == 1 and (_is_known(field) or (begins and field.key not in entry.facts)):
                names.add(field.key)
    return names


def _is_known(field: Component) -> bool:
    """Whether a field shows what the case knows, or keeps to it."""
    return field.auto == "case" or (
        field.readonly is not None and field.readonly.depends_on(frozenset({"project_facts"}))
    )


# --------------------------------------------------------------------------- as which field
class _Fields:
    """Finds the field of a fact: the one that asks for it, else one made of what is certain of its values."""

    def __init__(self, manifest: Manifest, model: Model) -> None:
        self.manifest, self.model = manifest, model
        self.outcomes = {name for name, is_outcome in _fixed(manifest).items() if is_outcome}
        self.asked = _asked(model)
        self.columns = _columns(model)
        self.given: dict[str, list[str]] = {}
        self.deadlines: set[str] = set()
        for node in (node for process in model.processes.values() for node in process.nodes.values()):
            self._learn(node)
        self.shapes = variable_shapes(model)

    def _learn(self, node: FlowNode) -> None:
        self.deadlines.add(node.properties.get(DEADLINE, ""))
        for mapping in (*node.outputs, *node.inputs):
            self.given.setdefault(mapping.target, []).append(unwrapped(mapping.expression))

    def of(self, name: str) -> tuple[Component | None, str]:
        """The field of a fact and the property `members` of its form; None where one field cannot hold it."""
        own = self.asked.get(name) or self._renamed(name)
        if own is not None:
            field, members = own
            label = field.label if field.key == name else self._label(name, field.label)
            return _plain(name, field, label), members
        return self._made(name), ""

    def label(self, name: str) -> Text:
        """What people call a fact."""
        own = self.asked.get(name)
        return own[0].label if own else self._label(name, Text((name,)))

    def _renamed(self, name: str) -> tuple[Component, str] | None:
        """The field whose answer is kept under another name."""
        return next((self.asked[text] for text in self.given.get(name, ()) if text in self.asked), None)

    def _made(self, name: str) -> Component | None:
        label = self._label(name, Text((name,)))
        shape = Shape("boolean") if name in self.outcomes else self._shape(name)
        if name in self.deadlines or shape.kind == "date":
            return Component(Kind.DATE_TIME, name, (name,), label)
        if shape.kind == "boolean":
            return _choice(name, label, _YES_NO)
        if shape.kind == "number":
            return Component(Kind.NUMBER, name, (name,), label)
        if shape.kind == "string":
            words = sorted(value for value in shape.values or () if value)
            if words:
                return _choice(name, label, tuple(Option(word, word, self._word(word)) for word in words))
            return Component(Kind.TEXT_FIELD, name, (name,), label)
        return None

    def _shape(self, name: str) -> Shape:
        """What is certain of its values: of what gives them to it, else of the tables with such a column."""
        told = [self._inferred(text) for text in self.given.get(name, ()) if text not in ("null", name)]
        known = [shape for shape in told if shape.kind]
        if known and len(known) == len(told):
            return union(known)
        shapes = [shape for _label, shape in self.columns.get(name, ())]
        return union(shapes) if shapes else union(known) if known else self.shapes.get(name, UNKNOWN)

    def _inferred(self, text: str) -> Shape:
        try:
            return infer(compile_expression(text, list(self.shapes)).tree, self.shapes, [])
        except FeelError:
            return UNKNOWN

    def _word(self, word: str, otherwise: Text | None = None) -> Text:
        known = self.manifest.words.get(word)
        if known is None:
            group = self.manifest.groups.get(word)
            name, english = (group.name, group.name_en) if group else ("", "")
        else:
            name, english = known.name, known.name_en
        if not name:
            return otherwise or Text((word,))
        return Text((name,), (english,) if english else ())

    def _label(self, name: str, otherwise: Text) -> Text:
        """What people call it: the manifest's word, a column's label, the end that it tells of."""
        labels = [label for label, _shape in self.columns.get(name, ()) if label]
        ends = [
            node.name
            for entry in self.manifest.processes.values()
            if name in entry.outcome_facts and entry.id in self.model.processes
            for node in self.model.processes[entry.id].nodes.values()
            if node.kind is NodeKind.END_EVENT and (node.properties.get("outcome") or node.id) == name
        ]
        found = [Text((text,)) for text in (*labels, *ends) if text]
        return self._word(name, found[0] if found else otherwise)


def _asked(model: Model) -> dict[str, tuple[Component, str]]:
    """The fields that ask for a value, by its name, with the groups their form chooses people from: one that
    people answer rather than one that only shows."""
    found: dict[str, tuple[Component, str]] = {}
    for form in model.forms.values():
        for field in form.fields:
            known = found.get(field.key)
            better = known is None or (known[0].auto and not field.auto)
            if better and len(field.path) == 1 and field.kind in _GIVEN | _BOOLEAN and _is_answerable(field):
                computed = field.options is not None and not field.options.fixed
                found[field.key] = (field, form.properties.get("members", "") if computed else "")
    return found


def _is_answerable(field: Component) -> bool:
    return field.options is None or bool(field.options.fixed or field.options.expression or field.options.key)


def _plain(name: str, field: Component, label: Text) -> Component:
    """The field with what is true of the value itself, without what holds in the form it comes from only."""
    rules = field.rules
    kept = Rules(
        min_length=rules.min_length, max_length=rules.max_length, pattern=rules.pattern,
        pattern_message=rules.pattern_message, shape=rules.shape, unique=rules.unique,
    )  # fmt: skip
    bare = Component(
        kind=field.kind, id=name, path=(name,), label=label, meaning=field.meaning, rules=kept,
        options=field.options, decimals=field.decimals, subtype=field.subtype,
        look=replace(field.look, row="", columns=0),
    )  # fmt: skip
    if field.kind is Kind.CHECKBOX:
        return _choice(name, label, _YES_NO)
    return replace(bare, kind=Kind.SELECT) if field.kind is Kind.RADIO else bare


def _choice(name: str, label: Text, options: tuple[Option, ...]) -> Component:
    return Component(Kind.SELECT, name, (name,), label, options=Options(fixed=options))


def _columns(model: Model) -> Mapping[str, list[tuple[str, Shape]]]:
    """The label and the values of each column of the tables, by what it concludes; what none concludes, by
    what it reads."""
    concluded: dict[str, list[tuple[str, Shape]]] = {}
    read: dict[str, list[tuple[str, Shape]]] = {}
    for id_, holder in model.decisions.items():
        logic = holder.decisions[id_].logic
        if not isinstance(logic, DecisionTable):
            continue
        shape = dmn.shape_of(holder, id_)
        shape = (shape.element or shape) if shape.kind == "list" else shape
        for column in logic.outputs:
            own = (shape.fields or {}).get(column.name, shape if len(logic.outputs) == 1 else UNKNOWN)
            concluded.setdefault(column.name, []).append((column.label, own))
        for asked in logic.inputs:
            listed = frozenset(_QUOTED.findall(asked.allowed.text)) if asked.type_ref == "string" else None
            own = Shape(asked.type_ref, listed or None) if asked.type_ref in _PLAIN else UNKNOWN
            read.setdefault(asked.expression.text, []).append((asked.label, own))
    return {**read, **concluded}


def said(fact: PastFact, value: Any, language: str) -> str:
    """A value of the fact in words."""
    for option in fact.field.options.fixed if fact.field.options else ():
        if option.value == value:
            return option.label.plain(language)
    return number_text(value, fact.field.meaning)
