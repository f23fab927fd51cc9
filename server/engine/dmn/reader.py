"""From the XML of DMN 1.1 to 1.5, as modelers write it, to the frozen values of the model."""

from __future__ import annotations

import re
from typing import cast

from lxml import etree

from . import model as m
from .boxed_reader import BOXED, Boxed, variable
from .problems import DmnError, Problem
from .xml import attribute, child, children, line, local, namespace, parse, text_of

_DMN = re.compile(r"https?://www\.omg\.org/spec/DMN/")
_CITATION = re.compile(r"(?<![\w#])[a-z][a-z0-9_]*#\d+(?:[.p]\d+)*")


def read(source: etree._Element | bytes, file: str = "") -> tuple[m.Definitions, tuple[Problem, ...]]:
    """What a DMN file says, and what is wrong with its structure. Raises DmnError if it is not DMN at all."""
    root = parse(source) if isinstance(source, bytes) else source
    if local(root) != "definitions" or not _DMN.match(namespace(root)):
        raise DmnError(Problem("dmn.not_dmn", {"root": local(root) or "?"}, line=line(root)))
    return _Reader(root, file).definitions()


def citations(*texts: str) -> tuple[str, ...]:
    """The regulation references (`hongshan#12.1`) that stand in texts, each once, in order."""
    return tuple(dict.fromkeys(found for text in texts for found in _CITATION.findall(text)))


class _Reader:
    """Reads one file; what is wrong gathers in `problems`."""

    def __init__(self, root: etree._Element, file: str) -> None:
        self.root, self.file = root, file
        self.problems: list[Problem] = []

    def definitions(self) -> tuple[m.Definitions, tuple[Problem, ...]]:
        elements = tuple(read for e in self.root if (read := self._element(e)) is not None)
        self._check_ids()
        self._check_names(elements)
        definitions = m.Definitions(
            file=self.file,
            id=attribute(self.root, "id"),
            name=attribute(self.root, "name"),
            namespace=attribute(self.root, "namespace"),
            elements=elements,
            types=tuple(self._type(e) for e in children(self.root, "itemDefinition")),
            imports=tuple(
                m.Import(attribute(e, "name"), attribute(e, "namespace"), line(e))
                for e in children(self.root, "import")
            ),
        )
        return definitions, tuple(self.problems)

    def _check_ids(self) -> None:
        """Every id stands once in a file, those of rules, columns and shapes too: otherwise editors refuse it
        and a record that names a rule would name two."""
        known: dict[str, etree._Element] = {}
        for element in self.root.iter("{*}*"):
            identity = attribute(element, "id")
            first = known.setdefault(identity, element) if identity else element
            if first is not element:
                params = {
                    "id": identity, "kind": local(element), "first": local(first), "first_line": line(first)
                }  # fmt: skip
                params["line"] = line(element)
                self.problems.append(
                    Problem("dmn.duplicate_id", params, element=identity, line=line(element))
                )

    def _check_names(self, elements: tuple[m.Element, ...]) -> None:
        known: dict[str, str] = {}
        for element in elements:
            if known.setdefault(element.name, element.id) != element.id:
                params = {"name": element.name}
                self.problems.append(Problem("dmn.duplicate_name", params, element=element.id))

    # ------------------------------------------------------------------ elements of the requirement graph
    def _element(self, e: etree._Element) -> m.Element | None:
        kind = local(e)
        if kind not in ("inputData", "decision", "businessKnowledgeModel", "decisionService"):
            return None
        own = variable(child(e, "variable"))
        identity = attribute(e, "id")
        name = attribute(e, "name") or own.name or identity
        if not name:
            self.problems.append(Problem("dmn.no_id", {"kind": kind}, line=line(e)))
            return None
        own = m.Variable(own.name or name, own.type_ref)
        identity = identity or name
        label = attribute(e, "label")
        if kind == "inputData":
            return m.InputData(identity, name, own, label)
        if kind == "decision":
            return self._decision(e, identity, name, own, label)
        if kind == "businessKnowledgeModel":
            return self._knowledge(e, identity, name, own)
        return self._service(e, identity, name, own)

    def _decision(
        self, e: etree._Element, identity: str, name: str, own: m.Variable, label: str
    ) -> m.Decision:
        logic = child(e, *BOXED)
        description = text_of(child(e, "description")).strip()
        properties = _properties(e)
        properties |= _properties(logic) if logic is not None else {}
        return m.Decision(
            id=identity,
            name=name,
            variable=own,
            logic=self._boxed(identity, properties).read(logic),
            requires=_hrefs(e),
            label=label,
            description=description,
            properties=properties,
            regulation=citations(properties.get("regulation", ""), description),
            line=line(e),
        )

    def _knowledge(
        self, e: etree._Element, identity: str, name: str, own: m.Variable
    ) -> m.BusinessKnowledgeModel:
        logic = self._boxed(identity, {}).read(child(e, "encapsulatedLogic"))
        function = cast("m.FunctionDefinition | None", logic)
        return m.BusinessKnowledgeModel(identity, name, own, function, _hrefs(e), line(e))

    def _service(self, e: etree._Element, identity: str, name: str, own: m.Variable) -> m.DecisionService:
        def hrefs(kind: str) -> tuple[str, ...]:
            return tuple(attribute(c, "href") for c in children(e, kind))

        return m.DecisionService(
            identity, name, own, hrefs("outputDecision"), hrefs("encapsulatedDecision"),
            hrefs("inputDecision"), hrefs("inputData"), line(e),
        )  # fmt: skip

    def _boxed(self, decision: str, properties: dict[str, str]) -> Boxed:
        return Boxed(decision, properties, self.problems, attribute(self.root, "expressionLanguage"))

    # ------------------------------------------------------------------ types
    def _type(self, e: etree._Element) -> m.ItemDefinition:
        function = child(e, "functionItem")
        return m.ItemDefinition(
            name=attribute(e, "name"),
            type_ref=text_of(child(e, "typeRef")).strip() or attribute(e, "typeRef"),
            components=tuple(self._type(c) for c in children(e, "itemComponent")),
            function=None if function is None else _function_item(function),
            collection=attribute(e, "isCollection").strip() in ("true", "1"),
            allowed=_text(child(e, "allowedValues")),
            constraint=_text(child(e, "typeConstraint")),
            line=line(e),
        )


def _function_item(e: etree._Element) -> m.FunctionItem:
    return m.FunctionItem(
        tuple(variable(p) for p in children(e, "parameters")), attribute(e, "outputTypeRef")
    )


def _text(e: etree._Element | None) -> m.Text:
    return m.Text(text_of(child(e, "text")).strip(), attribute(e, "id"), line(e))


def _hrefs(e: etree._Element) -> tuple[str, ...]:
    """What an element requires; authorities (documents, persons) do not take part in the evaluation."""
    requirements = children(e, "informationRequirement", "knowledgeRequirement")
    return tuple(href for r in requirements for c in r if (href := attribute(c, "href")))


def _properties(e: etree._Element) -> dict[str, str]:
    """The properties that modelers keep in extension elements (camunda:property, zeebe:property)."""
    extensions = child(e, "extensionElements")
    if extensions is None:
        return {}
    found = (p for p in extensions.iter() if local(p) == "property" and attribute(p, "name"))
    return {attribute(p, "name"): attribute(p, "value") for p in found}
