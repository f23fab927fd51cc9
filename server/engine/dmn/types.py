"""Item definitions as FEEL types, and values from outside as values of those types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from server.engine.feel import (
    ANY,
    BUILT_IN_TYPES,
    FeelSyntaxError,
    Told,
    Type,
    TypeRegistry,
    compile_unary_tests,
    similar,
)

from .model import Definitions, ItemDefinition, Text
from .problems import Problem, did_you_mean


class Types:
    """The types of one model: its own, those it imports (`prefix.name`), and FEEL's."""

    def __init__(
        self, definitions: Definitions, imported: Mapping[str, Types], problems: list[Problem]
    ) -> None:
        self.registry = TypeRegistry()
        self._problems = problems
        self._definitions = {item.name: item for item in definitions.types}
        self._members = tuple(
            part.name for item in definitions.types for part in _all_components(item) if part.name
        )
        for prefix, types in imported.items():
            for name in types.registry:
                found = types.registry.get(name)
                if found is not None:
                    self.registry.define(f"{prefix}.{name}" if prefix else name, found)
        self.members: tuple[str, ...] = self._members + tuple(
            m for types in imported.values() for m in types.members
        )
        self._building: set[str] = set()
        for name in self._definitions:
            self._named(name)

    def get(self, type_ref: str, place: Problem | None = None) -> Type | None:
        """The type a typeRef names; None when there is nothing to check. `place` says where it stands: an
        unknown type is then a problem there."""
        name = " ".join(type_ref.split())
        if not name:
            return None
        found = self._named(name)
        if found is None and ":" in name:  # DMN 1.1 wrote feel:string and prefix:type
            found = self._named(name.partition(":")[2])
        if found is None:
            self._unknown(name, place)
            return None
        return None if found.kind == "Any" and not found.allowed else found

    def _unknown(self, name: str, place: Problem | None) -> None:
        if place is not None:
            near = similar(name, [*self.registry, *BUILT_IN_TYPES])
            params = {"type": name, "suggestion": did_you_mean(near)}
            self._problems.append(replace(place, code="dmn.unknown_type", params=params))

    # ------------------------------------------------------------------ building
    def _named(self, name: str) -> Type | None:
        item = self._definitions.get(name)
        if item is None or name in set(self.registry):
            return self.registry.get(name)
        if name in self._building:
            return self.registry.reference(name)
        self._building.add(name)
        built = self._build(item, name)
        if built.kind == "named" and built.name == name:
            self._problems.append(Problem("dmn.type_cycle", {"type": name}, element=name, line=item.line))
            built = ANY
        self.registry.define(name, built)
        self._building.discard(name)
        return built

    def _build(self, item: ItemDefinition, name: str) -> Type:
        structure = self._structure(item)
        allowed = self._constraint(item.allowed, item.name)
        constraint = self._constraint(item.constraint, item.name)
        if item.collection:
            element = replace(structure, allowed=structure.allowed + allowed) if allowed else structure
            return Type("list", element=element, allowed=constraint, name=name)
        extra = allowed + constraint
        if structure.kind == "named" or (structure.name == name and not extra):
            return structure
        return replace(structure, allowed=structure.allowed + extra, name=name)

    def _structure(self, item: ItemDefinition) -> Type:
        if item.components:
            fields = {part.name: self._build(part, "") for part in item.components}
            return Type("context", fields=fields)
        if item.function is not None:
            parameters = tuple(self.get(p.type_ref) or ANY for p in item.function.parameters)
            return Type("function", parameters=parameters, result=self.get(item.function.output) or ANY)
        if not item.type_ref:
            return ANY
        return self.get(item.type_ref, Problem("", element=item.name, line=item.line)) or ANY

    def _constraint(self, text: Text, name: str) -> tuple[Callable[[Any], bool | None], ...]:
        if not text.text:
            return ()
        try:
            tests = compile_unary_tests(text.text, self._members, self.registry)
        except FeelSyntaxError as error:
            self._problems.append(syntax_problem(error, text, Problem("", element=name)))
            return ()
        return () if tests.is_any else (lambda value: tests.matches(value, {}),)


def _all_components(item: ItemDefinition) -> list[ItemDefinition]:
    return [found for part in item.components for found in (part, *_all_components(part))]


def _meant(suggestion: str | None) -> Told:
    if suggestion:
        return Told("Did you mean {name}?", {"name": suggestion})
    return Told("Correct the expression.")


def syntax_problem(error: FeelSyntaxError, text: Text, place: Problem) -> Problem:
    """A text that is not FEEL, with the position in it and what may be meant; `place` is where it is."""
    params = {
        "reason": error.told, "position": error.position + 1, "cell": text.text,
        "suggestion": _meant(error.suggestion),
    }  # fmt: skip
    line = text.line + error.line - 1 if text.line else place.line
    element = text.id or place.element
    return replace(place, code="dmn.feel_syntax", params=params, element=element, cell=text.text, line=line)
