"""Reads form-js files into forms, puts shared blocks in their places, and says what is wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from server.engine.findings import Finding
from server.engine.forms.components import read_component
from server.engine.forms.expressions import Compiler, FormRefused, Text
from server.engine.forms.model import Component, Form, Kind
from server.engine.memo import Memo, content

MAX_BYTES = 1024 * 1024
MAX_COMPONENTS = 600
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class _Source:
    """One file, read as JSON but not yet understood."""

    file: str
    id: str
    schema: Mapping[str, Any]
    content: tuple[str, str]
    includes: tuple[str, ...]


def load_forms(
    files: Mapping[str, bytes], memo: Memo | None = None
) -> tuple[Mapping[str, Form], tuple[Finding, ...]]:
    """Read every form-js file of a bundle.

    A group whose property `include` names another form of these files gets that form's components.

    Args:
        files: content by path within the bundle (`forms/hongshan/f_library_entry.form`).
        memo: keeps what was made of a file and of those it includes.

    Returns:
        The forms by id, and findings that name file and field. A form with a finding of level error is left
        out.
    """
    findings: list[Finding] = []
    memo = memo or Memo()
    sources = _sources(files, findings, memo)
    forms = {}
    for source in sources.values():
        form, found = memo.once(("form", *_made_of(source, sources)), partial(_form, source, sources))
        findings.extend(found)
        if not any(finding.level == "error" for finding in found):
            forms[form.id] = form
    return forms, tuple(findings)


def _form(source: _Source, sources: Mapping[str, _Source]) -> tuple[Form, tuple[Finding, ...]]:
    reading = _Reading(source, sources)
    return reading.form(), tuple(reading.findings)


def _made_of(source: _Source, sources: Mapping[str, _Source]) -> Iterator[tuple[str, str] | None]:
    """The contents of a form and of all that it includes, at any depth; None for a form that is missing."""
    found, waiting = {source.id}, [source]
    while waiting:
        current = waiting.pop()
        yield current.content
        for wanted in current.includes:
            if wanted not in sources:
                yield None
            elif wanted not in found:
                found.add(wanted)
                waiting.append(sources[wanted])


def _sources(files: Mapping[str, bytes], findings: list[Finding], memo: Memo) -> dict[str, _Source]:
    sources: dict[str, _Source] = {}
    for file, data in sorted(files.items()):
        try:
            source = memo.once(("json", *content(file, data)), partial(_source, file, data), len(data))
        except FormRefused as error:
            findings.append(_finding("form.unreadable", "{reason}", file=file, reason=error.told))
            continue
        if source.id in sources:
            findings.append(
                _finding(
                    "form.duplicate",
                    "The form id {id} is already used by {other}.",
                    remedy="Give this form another id.",
                    file=file,
                    id=source.id,
                    other=sources[source.id].file,
                )
            )
            continue
        sources[source.id] = source
    return sources


def _source(file: str, data: bytes) -> _Source:
    if len(data) > MAX_BYTES:
        raise FormRefused(
            "The file has {size} bytes; a form may have {limit}.", size=len(data), limit=MAX_BYTES
        )
    try:
        schema = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FormRefused("The file is not JSON in UTF-8: {reason}", reason=str(error)) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        raise FormRefused("The file is not a form-js form: it has no list of components.")
    identity = str(schema.get("id") or PurePosixPath(file).stem)
    return _Source(file, identity, schema, content(file, data), tuple(_includes(schema)))


def _includes(schema: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the forms whose blocks a form puts into itself."""
    waiting = list(_entries(schema))
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, dict):
            waiting.extend(_entries(entry))
            properties = entry.get("properties")
            if isinstance(properties, dict) and properties.get("include"):
                yield str(properties["include"])


def _finding(
    code: str, message: str, *, remedy: str = "", file: str = "", element: str = "", **params: object
) -> Finding:
    return Finding("error", code, message, params, remedy, file=file, element=element)


@dataclass(slots=True)
class _Reading:
    """Reads one form; `taken` are the places that hold a value already, `including` the blocks being put
    in."""

    source: _Source
    sources: Mapping[str, _Source]
    findings: list[Finding] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    including: list[str] = field(default_factory=list)
    count: int = 0
    compiler: Compiler = field(init=False)

    def __post_init__(self) -> None:
        self.compiler = Compiler(frozenset(_names(self.source, self.sources, 0)), set())

    def form(self) -> Form:
        """The form, complete if there are no findings."""
        self.including.append(self.source.id)
        components = self.components(self.source.schema["components"], (), "", 0)
        properties = self._properties(self.source.schema)
        title = properties.get("title") or str(self.source.schema.get("title") or "")
        keys = {part for place in self.taken for part in place.split(".")}
        return Form(
            id=self.source.id,
            file=self.source.file,
            title=Text(
                (title,) if title else (), (properties["title_en"],) if "title_en" in properties else ()
            ),
            components=components,
            controls=frozenset(self.compiler.used & keys),
            properties=properties,
        )

    def components(
        self, entries: Any, path: tuple[str, ...], scope: str, depth: int
    ) -> tuple[Component, ...]:
        """The components of a list of entries; `scope` is the list they repeat in."""
        if depth > MAX_DEPTH:
            self._problem(
                "", "form.deep", "Groups stand within groups, more than {limit} deep.",
                "Take groups out of groups.", limit=MAX_DEPTH,
            )  # fmt: skip
            return ()
        found = (self.component(entry, path, scope, depth) for entry in entries if isinstance(entry, dict))
        return tuple(component for component in found if component)

    def component(
        self, entry: Mapping[str, Any], path: tuple[str, ...], scope: str, depth: int
    ) -> Component | None:
        """One component with what stands in it, or None where it cannot be understood."""
        self.count += 1
        if self.count > MAX_COMPONENTS:
            if self.count == MAX_COMPONENTS + 1:
                self._problem(
                    "", "form.large", "The form has more than {limit} components.",
                    "Divide it among several tasks.", limit=MAX_COMPONENTS,
                )  # fmt: skip
            return None
        if entry.get("type") in ("button", "default"):
            return None  # a page brings its own buttons; "default" is the form itself
        try:
            component = read_component(entry, path, self.compiler)
        except FormRefused as problem:
            self._problem(_name_of(entry), "form.field", "{reason}", reason=problem.told)
            return None
        self._take(component, scope)
        return self._with_children(component, entry, path, scope, depth)

    def _with_children(
        self, component: Component, entry: Mapping[str, Any], path: tuple[str, ...], scope: str, depth: int
    ) -> Component:
        from dataclasses import replace

        if component.kind is Kind.LIST:
            inner = f"{scope}{component.key}[]."
            return replace(component, children=self.components(_entries(entry), (), inner, depth + 1))
        if component.kind is not Kind.GROUP:
            return component
        include = self._properties(entry).get("include", "")
        if include:
            return replace(component, children=self._included(include, entry, component.path, scope, depth))
        return replace(component, children=self.components(_entries(entry), component.path, scope, depth + 1))

    def _included(
        self, include: str, entry: Mapping[str, Any], path: tuple[str, ...], scope: str, depth: int
    ) -> tuple[Component, ...]:
        block = self.sources.get(include)
        if block is None:
            self._problem(
                _name_of(entry), "form.include", "There is no form {id} to include.",
                "Name a form that is there, or add it.", id=include,
            )  # fmt: skip
            return ()
        if include in self.including:
            self._problem(
                _name_of(entry), "form.circle", "The form {id} includes itself.",
                "Take the inclusion out of one of the forms.", id=include,
            )  # fmt: skip
            return ()
        self.including.append(include)
        components = self.components(block.schema["components"], path, scope, depth + 1)
        self.including.pop()
        return components

    def _take(self, component: Component, scope: str) -> None:
        """Refuse a second field in the same place: one would overwrite the other."""
        if not component.path or component.kind is Kind.GROUP:
            return
        place = f"{scope}{component.key}"
        if place in self.taken:
            self._problem(
                component.id,
                "form.key",
                "The key {key} is used twice.",
                "Give each field its own key.",
                key=place,
            )
        self.taken[place] = component.id

    def _properties(self, entry: Mapping[str, Any]) -> dict[str, str]:
        properties = entry.get("properties")
        return {str(k): str(v) for k, v in properties.items()} if isinstance(properties, dict) else {}

    def _problem(self, element: str, code: str, message: str, remedy: str = "", **params: object) -> None:
        self.findings.append(
            _finding(code, message, remedy=remedy, file=self.source.file, element=element, **params)
        )


def _entries(entry: Mapping[str, Any]) -> list[Any]:
    entries = entry.get("components")
    return entries if isinstance(entries, list) else []


def _name_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("key") or entry.get("path") or entry.get("id") or entry.get("type") or "")


def _names(source: _Source, sources: Mapping[str, _Source], depth: int) -> set[str]:
    """Every name a value of this form can have, for expressions whose names hold blanks."""
    names: set[str] = set()
    open_entries = list(_entries(source.schema))
    seen = 0
    while open_entries and seen <= MAX_COMPONENTS:
        seen += 1
        entry = open_entries.pop()
        if not isinstance(entry, dict):
            continue
        names.update(part for part in str(entry.get("key") or entry.get("path") or "").split(".") if part)
        open_entries.extend(_entries(entry))
        properties = entry.get("properties")
        include = properties.get("include") if isinstance(properties, dict) else None
        if isinstance(include, str) and include in sources and depth < MAX_DEPTH:
            names |= _names(sources[include], sources, depth + 1)
    return names
