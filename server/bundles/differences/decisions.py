"""Two versions of a DMN file: tables column by column and cell by cell, everything else by what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.bundles.differences.difference import Area, Change, Difference, Said, Weight, quoted, said
from server.bundles.differences.plain import changed, flat
from server.bundles.differences.tables import ColumnPair, RulePair, TableComparison, beside
from server.bundles.differences.xml_details import Owner, canonical, owners
from server.engine.dmn import citations
from server.engine.dmn.model import Decision, DecisionTable, Definitions, InputClause, OutputClause, Rule
from server.engine.findings import mark
from server.engine.xml import Element

_SILENT = frozenset({"id", "line", "file", "regulation"})
_TABLE = {
    "hit_policy": mark("hit policy"),
    "aggregation": mark("its aggregation"),
    "type_ref": mark("its type"),
    "allow_no_match": mark("may match nothing"),
    "stops_because": mark("why a case stops where nothing matches"),
    "label": mark("its label"),
    "annotations": mark("names of the remarks"),
}
_CLAUSE = {
    "label": mark("its label"),
    "expression": mark("its expression"),
    "type_ref": mark("its type"),
    "allowed": mark("allowed values"),
    "variable": mark("its variable"),
    "name": mark("its name"),
    "default": mark("result when nothing matches"),
}
_DECISION = {
    "name": mark("its name"),
    "label": mark("its label"),
    "description": mark("its documentation"),
    "variable": mark("its variable"),
    "requires": mark("what it requires"),
}
_WORDS = frozenset({"label", "description", "annotations", "stops_because"})
_HOLDERS = frozenset({"definitions"})
_READ = frozenset({"decision", "inputData", "businessKnowledgeModel", "decisionService", "itemDefinition"})
_UNREAD = frozenset(
    {"question", "allowedAnswers", "authorityRequirement", "decisionMaker", "decisionOwner", "usingProcess"}
    | {"usingTask", "supportedObjective", "impactedPerformanceIndicator", "knowledgeSource"}
)
_QUIET = ("@modeler:", "@exporter", "@biodi:", "@id", "@name")


@dataclass(frozen=True, slots=True)
class Dmn:
    """A DMN file as read and as parsed."""

    file: str
    root: Element
    definitions: Definitions

    @property
    def decisions(self) -> Mapping[str, Decision]:
        """Its decisions by id."""
        return {e.id: e for e in self.definitions.elements if isinstance(e, Decision)}


def between(before: Dmn, after: Dmn) -> Iterator[Difference]:
    """All that differs between two versions of a DMN file."""
    old, new = before.decisions, after.decisions
    for identity, decision in new.items():
        if identity in old:
            yield from _Telling(after.file, decision).decision(old[identity])
        else:
            yield whole(after.file, decision, Change.ADDED)
    for identity, decision in old.items():
        if identity not in new:
            yield whole(before.file, decision, Change.REMOVED)
    holder = next(iter(new.values()), None)
    yield from _elements(before, after, holder)
    yield from _details(before, after, holder)
    if _drawing(before) != _drawing(after):
        yield _told(after.file, holder, Change.CHANGED, said(mark("the drawing")), Weight.DRAWING)


def whole(file: str, decision: Decision, change: Change) -> Difference:
    """A decision that is new or was taken out."""
    what = said(mark("decision {name}"), name=quoted(decision.label or decision.name))
    return _told(file, decision, change, what, regulation=decision.regulation)


def _told(
    file: str, decision: Decision | None, change: Change, what: Said, weight: Weight = Weight.EFFECT,
    element: str = "", aspect: Said = "", values: tuple[str, str] = ("", ""), row: int | None = None,
    regulation: tuple[str, ...] = (),
) -> Difference:  # fmt: skip
    identity, name = (decision.id, decision.label or decision.name) if decision else (file, "")
    return Difference(
        Area.DECISION, file, identity, change, what, title=name or identity, weight=weight, element=element,
        aspect=aspect, before=values[0], after=values[1], row=row, regulation=regulation,
    )  # fmt: skip


# --------------------------------------------------------------------------- a decision
@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells of one decision."""

    file: str
    new: Decision

    def _say(
        self, change: Change, what: Said, weight: Weight = Weight.EFFECT, *, element: str = "",
        aspect: Said = "", values: tuple[str, str] = ("", ""), row: int | None = None,
        cited: tuple[str, ...] = (),
    ) -> Difference:  # fmt: skip
        return _told(
            self.file, self.new, change, what, weight, element, aspect, values, row,
            cited or self.new.regulation,
        )  # fmt: skip

    def decision(self, old: Decision) -> Iterator[Difference]:
        new, what = self.new, said(mark("the decision"))
        for name, word in _DECISION.items():
            first, second = (", ".join(flat(getattr(d, name)).values()) for d in (old, new))
            yield from self._aspect(what, name, word, first, second)
        for name, first, second in changed(old.properties, new.properties):
            aspect: Said = said(mark("property {name}"), name=quoted(name))
            yield self._say(Change.CHANGED, what, aspect=aspect, values=(first, second))
        if isinstance(old.logic, DecisionTable) and isinstance(new.logic, DecisionTable):
            yield from self._table(beside(old.logic, new.logic))
        else:
            yield from self._logic(old)

    def _logic(self, old: Decision) -> Iterator[Difference]:
        """Logic that is no table, or became one."""
        first, second = ({"": type(d.logic).__name__} | flat(d.logic, _SILENT) for d in (old, self.new))
        for path, before, after in changed(first, second):
            aspect: Said = said(mark("logic {name}"), name=quoted(path)) if path else mark("kind of logic")
            yield self._say(Change.CHANGED, said(mark("the decision")), aspect=aspect, values=(before, after))

    def _aspect(self, what: Said, name: str, word: str, first: str, second: str) -> Iterator[Difference]:
        if " ".join(first.split()) != " ".join(second.split()):
            weight = Weight.WORDS if name in _WORDS else Weight.EFFECT
            yield self._say(Change.CHANGED, what, weight, aspect=word, values=(first, second))

    # ------------------------------------------------------------------ the table
    def _table(self, found: TableComparison) -> Iterator[Difference]:
        what = said(mark("the table"))
        for name, word in _TABLE.items():
            first, second = (", ".join(flat(getattr(t, name)).values()) for t in (found.before, found.after))
            yield from self._aspect(what, name, word, first, second)
        for column in found.columns:
            yield from self._column(column)
        for row in found.rules:
            yield from self._rule(found, row)

    def _column(self, column: ColumnPair) -> Iterator[Difference]:
        is_input = column.kind == "input"
        template = mark("input column {name}") if is_input else mark("output column {name}")
        what, element = said(template, name=quoted(column.label)), _id(column)
        if column.old is None or column.new is None:
            yield self._say(
                Change.ADDED if column.old is None else Change.REMOVED, what, element=element,
                values=(_expression(column.old), _expression(column.new)),
            )  # fmt: skip
            return
        for name, word in _CLAUSE.items():
            first, second = (_flat_clause(clause, name) for clause in (column.old, column.new))
            yield from self._aspect(what, name, word, first, second)

    def _rule(self, found: TableComparison, pair: RulePair) -> Iterator[Difference]:
        rule = pair.rule
        what, cited = said(mark("rule {row}"), row=rule.row), _cited(rule)
        if pair.before is None or pair.after is None:
            change = Change.ADDED if pair.before is None else Change.REMOVED
            told = _whole_rule(found, pair)
            yield self._say(
                change, what, element=rule.id, row=rule.row, cited=cited,
                values=("", told) if pair.before is None else (told, ""),
            )  # fmt: skip
            return
        if pair.moved:
            yield self._say(
                Change.MOVED, what, Weight.EFFECT if found.order_counts else Weight.WORDS, element=rule.id,
                values=(str(pair.before.row), str(pair.after.row)), row=rule.row, cited=cited,
            )  # fmt: skip
        for column, cell in zip(found.columns, pair.cells, strict=True):
            if column.before is not None and column.after is not None and not cell.same:
                aspect = said(mark("column {name}"), name=quoted(column.label))
                yield self._say(
                    Change.CHANGED, what, element=rule.id, aspect=aspect, row=rule.row, cited=cited,
                    values=(cell.before or "-", cell.after or "-"),
                )  # fmt: skip
        if not pair.notes.same:
            yield self._say(
                Change.CHANGED, what, Weight.WORDS, element=rule.id, aspect=mark("its remark"), row=rule.row,
                values=(pair.notes.before or "", pair.notes.after or ""), cited=cited,
            )  # fmt: skip


def _id(column: ColumnPair) -> str:
    found = column.new or column.old
    return found.id if found else ""


def _expression(clause: InputClause | OutputClause | None) -> str:
    if clause is None:
        return ""
    return clause.expression.text if isinstance(clause, InputClause) else clause.name


def _flat_clause(clause: InputClause | OutputClause, name: str) -> str:
    return ", ".join(flat(getattr(clause, name, ""), _SILENT).values())


def _whole_rule(found: TableComparison, pair: RulePair) -> str:
    """A rule on one line: what it asks, and what it gives."""
    rule = pair.rule
    table = found.after if pair.after is not None else found.before
    asked = [
        f"{clause.label or clause.expression.text} {cell.text}"
        for clause, cell in zip(table.inputs, rule.inputs, strict=False)
        if cell.text not in ("", "-")
    ]
    given = [f"{c.label or c.name} {cell.text}" for c, cell in zip(table.outputs, rule.outputs, strict=False)]
    return f"{'; '.join(asked) or '-'} → {'; '.join(given)}"


def _cited(rule: Rule) -> tuple[str, ...]:
    return citations(rule.description, *rule.annotations)


# --------------------------------------------------------------------------- the rest of the file
def _elements(before: Dmn, after: Dmn, holder: Decision | None) -> Iterator[Difference]:
    """Input data, functions, services, types and imports."""
    old, new = _others(before.definitions), _others(after.definitions)
    for key in dict.fromkeys((*new, *old)):
        kind, name = key
        what = said(mark("{kind} {name}"), kind=kind, name=quoted(name))
        if key not in old or key not in new:
            change = Change.ADDED if key not in old else Change.REMOVED
            yield _told(after.file, holder, change, what, element=name)
            continue
        for path, first, second in changed(old[key], new[key]):
            weight = Weight.WORDS if path in _WORDS else Weight.EFFECT
            aspect = said(mark("entry {name}"), name=quoted(path))
            yield _told(after.file, holder, Change.CHANGED, what, weight, name, aspect, (first, second))


def _others(definitions: Definitions) -> dict[tuple[str, str], dict[str, str]]:
    found = {
        (type(e).__name__, e.id): flat(e, _SILENT)
        for e in definitions.elements
        if not isinstance(e, Decision)
    }
    found |= {("ItemDefinition", t.name): flat(t, _SILENT) for t in definitions.types}
    found |= {("Import", i.name): flat(i, _SILENT) for i in definitions.imports}
    found |= {
        ("DecisionTable", f"unsupported {n}"): flat(t, _SILENT) for n, t in enumerate(definitions.unsupported)
    }
    found[("Definitions", "")] = {"name": definitions.name, "namespace": definitions.namespace}
    return found


def _details(before: Dmn, after: Dmn, holder: Decision | None) -> Iterator[Difference]:
    """What the reader of decisions does not read at all: attributes of other makers, questions, sources."""
    passed_over = frozenset({"DMNDI"})
    old, new = (owners(side.root, _HOLDERS, passed_over) for side in (before, after))
    for identity in dict.fromkeys((*new, *old)):
        owner = new.get(identity) or old[identity]
        what = said(mark("{kind} {name}"), kind=owner.tag, name=quoted(owner.name or identity))
        if identity not in old or identity not in new:
            if owner.tag not in _READ:
                change = Change.ADDED if identity not in old else Change.REMOVED
                yield _told(after.file, holder, change, what, Weight.WORDS, identity)
            continue
        for path, first, second in changed(old[identity].leaves, new[identity].leaves):
            if _is_unread(owner, (new[identity].tags | old[identity].tags)[path]):
                aspect = said(mark("entry {name}"), name=quoted(path.lstrip("/@").removesuffix("#")))
                values = (first, second)
                yield _told(after.file, holder, Change.CHANGED, what, Weight.WORDS, identity, aspect, values)


def _is_unread(owner: Owner, tags: str) -> bool:
    if tags.startswith(_QUIET):
        return False
    steps = set(tags.replace("@", "/@").removesuffix("#").split("/"))
    foreign = "@camunda:" in tags or "@other:" in tags
    return foreign or owner.tag not in (*_READ, "definitions", "import") or not _UNREAD.isdisjoint(steps)


def _drawing(side: Dmn) -> str:
    drawn = "".join(canonical(child) for child in side.root if str(child.tag).endswith("}DMNDI"))
    widths = "".join(sorted(f"{e.get('id')} {e.attrib}" for e in side.root.iter() if _has_width(e)))
    return drawn + widths


def _has_width(element: Element) -> bool:
    return any("biodi" in str(name) for name in element.attrib)
