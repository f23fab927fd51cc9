"""The boxed expressions of a DMN file, read into the frozen values of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from lxml import etree

from . import model as m
from .problems import DmnError, Problem
from .xml import attribute, child, children, line, local, text_of

MAX_DEPTH = 50
BOXED = (
    "literalExpression", "decisionTable", "context", "invocation", "list", "relation", "functionDefinition",
    "conditional", "filter", "for", "some", "every",
)  # fmt: skip


def variable(e: etree._Element | None) -> m.Variable:
    """A variable, parameter or column. DMN 1.1 drafts kept the type in a child element."""
    type_ref = attribute(e, "typeRef") or text_of(child(e, "typeRef")).strip()
    return m.Variable(" ".join(attribute(e, "name").split()), type_ref)


class Boxed:
    """Reads the logic of one decision or function; `properties` are those of the decision."""

    def __init__(
        self, decision: str, properties: dict[str, str], problems: list[Problem], language: str
    ) -> None:
        self._decision, self._properties, self._problems = decision, properties, problems
        self._language = language
        self._depth = 0
        self._readers: dict[str, Callable[[etree._Element], m.Expression]] = {
            "literalExpression": self._literal,
            "decisionTable": self._table,
            "context": self._context,
            "invocation": self._invocation,
            "list": self._list,
            "relation": self._relation,
            "functionDefinition": self._function,
            "encapsulatedLogic": self._function,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._iterator,
            "some": self._iterator,
            "every": self._iterator,
        }

    def read(self, e: etree._Element | None) -> m.Expression | None:
        """A boxed expression; None for an empty place."""
        if e is None:
            return None
        if self._depth >= MAX_DEPTH:
            raise DmnError(Problem("dmn.too_deep", {"limit": MAX_DEPTH}, self._decision, line=line(e)))
        self._depth += 1
        try:
            return self._readers[local(e)](e)
        finally:
            self._depth -= 1

    def _inside(self, e: etree._Element | None) -> m.Expression | None:
        return None if e is None else self.read(child(e, *BOXED))

    def _problem(self, code: str, e: etree._Element, **params: object) -> None:
        self._problems.append(Problem(code, params, self._decision, attribute(e, "id"), line=line(e)))

    # ------------------------------------------------------------------ FEEL texts
    def _text(self, e: etree._Element | None) -> m.Text:
        language = attribute(e, "expressionLanguage") or self._language
        if e is not None and language and not _is_feel(language):
            self._problem("dmn.expression_language", e, language=language)
        return m.Text(text_of(child(e, "text")).strip(), attribute(e, "id"), line(e), language)

    def _literal(self, e: etree._Element) -> m.LiteralExpression:
        return m.LiteralExpression(self._text(e), attribute(e, "typeRef"))

    # ------------------------------------------------------------------ tables
    def _table(self, e: etree._Element) -> m.DecisionTable:
        inputs = tuple(self._input(c) for c in children(e, "input"))
        outputs = tuple(self._output(c, i) for i, c in enumerate(children(e, "output"), 1))
        allow, stops_because = self._unmatched(e)
        return m.DecisionTable(
            inputs=inputs,
            outputs=outputs,
            rules=tuple(
                self._rule(c, i, len(inputs), len(outputs)) for i, c in enumerate(children(e, "rule"), 1)
            ),
            hit_policy=self._hit_policy(e),
            aggregation=self._aggregation(e),
            annotations=tuple(attribute(c, "name") for c in children(e, "annotation")),
            orientation=attribute(e, "preferredOrientation"),
            id=attribute(e, "id"),
            label=attribute(e, "outputLabel") or attribute(e, "label"),
            type_ref=attribute(e, "typeRef"),
            allow_no_match=allow,
            stops_because=stops_because,
            line=line(e),
        )

    def _unmatched(self, e: etree._Element) -> tuple[bool, str]:
        """What the decision's properties say of a table where nothing matches: whether null is meant, and
        why a case is meant to stop."""
        meant = self._properties.get("nothingMatched", "").strip().lower()
        reason = self._properties.get("nothingMatchedReason", "").strip()
        if meant not in ("", "null", "allowed", "true", "error"):
            self._problem("dmn.unmatched_unknown", e, value=meant)
        elif (meant == "error") != bool(reason):
            self._problem("dmn.unmatched_reason", e)
        return meant in ("null", "allowed", "true"), reason if meant == "error" else ""

    def _hit_policy(self, e: etree._Element) -> m.HitPolicy:
        name = attribute(e, "hitPolicy").strip().upper().replace("_", " ") or "UNIQUE"
        if name in set(m.HitPolicy):
            return m.HitPolicy(name)
        self._problem("dmn.unknown_hit_policy", e, policy=name)
        return m.HitPolicy.UNIQUE

    def _aggregation(self, e: etree._Element) -> m.Aggregation:
        name = attribute(e, "aggregation").strip().upper()
        if name in ("", "SUM", "MIN", "MAX", "COUNT"):
            return cast("m.Aggregation", name)
        self._problem("dmn.unknown_aggregation", e, aggregation=name)
        return ""

    def _input(self, e: etree._Element) -> m.InputClause:
        expression = child(e, "inputExpression")
        source = self._text(expression)
        return m.InputClause(
            id=attribute(e, "id"),
            label=attribute(e, "label") or source.text,
            expression=source,
            type_ref=attribute(expression, "typeRef"),
            allowed=self._text(child(e, "inputValues")),
            variable=attribute(e, "inputVariable"),
        )

    def _output(self, e: etree._Element, number: int) -> m.OutputClause:
        name = " ".join(attribute(e, "name").split())
        return m.OutputClause(
            id=attribute(e, "id"),
            name=name or f"output{number}",
            label=attribute(e, "label") or name,
            type_ref=attribute(e, "typeRef"),
            allowed=self._text(child(e, "outputValues")),
            default=self._text(child(e, "defaultOutputEntry")),
        )

    def _rule(self, e: etree._Element, row: int, inputs: int, outputs: int) -> m.Rule:
        conditions = tuple(self._text(c) for c in children(e, "inputEntry"))
        conclusions = tuple(self._text(c) for c in children(e, "outputEntry"))
        for part, found, expected in (("input", conditions, inputs), ("output", conclusions, outputs)):
            if len(found) != expected:
                self._problem(
                    "dmn.rule_width", e, row=row, part=part, found=len(found), expected=expected
                )  # fmt: skip
        notes = (text_of(c).strip() for c in children(e, "annotationEntry"))
        description = text_of(child(e, "description")).strip()
        return m.Rule(row, attribute(e, "id"), conditions, conclusions, tuple(notes), description, line(e))

    # ------------------------------------------------------------------ the other boxes
    def _context(self, e: etree._Element) -> m.Context:
        entries = (
            m.ContextEntry(variable(child(c, "variable")), self._inside(c))
            for c in children(e, "contextEntry")
        )
        return m.Context(tuple(entries), attribute(e, "typeRef"))

    def _invocation(self, e: etree._Element) -> m.Invocation:
        bindings = (
            m.Binding(variable(child(b, "parameter")).name, self._inside(b)) for b in children(e, "binding")
        )
        return m.Invocation(self._inside(e), tuple(bindings), attribute(e, "typeRef"))

    def _list(self, e: etree._Element) -> m.BoxedList:
        items = (self.read(c) for c in children(e, *BOXED))
        return m.BoxedList(tuple(i for i in items if i is not None), attribute(e, "typeRef"))

    def _relation(self, e: etree._Element) -> m.Relation:
        columns = tuple(variable(c) for c in children(e, "column"))
        rows = tuple(tuple(self.read(c) for c in children(r, *BOXED)) for r in children(e, "row"))
        return m.Relation(columns, rows, attribute(e, "typeRef"))

    def _function(self, e: etree._Element) -> m.FunctionDefinition:
        parameters = tuple(variable(p) for p in children(e, "formalParameter"))
        kind = attribute(e, "kind").strip() or "FEEL"
        if kind != "FEEL":
            self._problem("dmn.foreign_function", e, kind=kind, name=self._decision)
        return m.FunctionDefinition(parameters, self._inside(e), kind, attribute(e, "typeRef"))

    def _conditional(self, e: etree._Element) -> m.Conditional:
        condition, consequence, alternative = (self._inside(child(e, n)) for n in ("if", "then", "else"))
        return m.Conditional(condition, consequence, alternative, attribute(e, "typeRef"))

    def _filter(self, e: etree._Element) -> m.Filter:
        source, match = (self._inside(child(e, name)) for name in ("in", "match"))
        return m.Filter(source, match, attribute(e, "typeRef"))

    def _iterator(self, e: etree._Element) -> m.Iterator:
        kind = cast('Literal["for", "some", "every"]', local(e))
        source = child(e, "in")
        name = m.Variable(attribute(e, "iteratorVariable"), attribute(source, "typeRef"))
        body = self._inside(child(e, "return" if kind == "for" else "satisfies"))
        return m.Iterator(kind, name, self._inside(source), body, attribute(e, "typeRef"))


def _is_feel(language: str) -> bool:
    """feel, FEEL, and the FEEL namespaces of all DMN versions."""
    name = language.strip().lower()
    return name == "feel" or (name.startswith("http") and "feel" in name.lower())
