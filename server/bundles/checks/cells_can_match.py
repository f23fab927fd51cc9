"""What a table or a condition compares with can occur: types and values come from forms and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from server.bundles.checks.subject import Rule, Subject
from server.engine import decisions
from server.engine.expressions import unwrapped
from server.engine.feel import FeelError, Note, Shape, compile_expression, infer
from server.engine.findings import quoted
from server.engine.memo import content
from server.engine.model import Finding, ProcessDefinition
from server.engine.refusals.expressions import places
from server.engine.shapes import fingerprint, variable_shapes

CODE = "cells-can-match"
NEVER = Rule(
    CODE,
    "{element}, {place}: `{part}` can never make sense: {reason}.",
    "Correct the expression, or what gives the variable its value.",
    level="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Cells that no value meets, and expressions that compare what cannot be compared."""
    model, once = subject.loaded.model, subject.memo.once
    shapes = variable_shapes(model, subject.memo)
    known = fingerprint(shapes)
    for identity, holder in model.decisions.items():
        key: tuple[object, ...] = ("mistaken", holder, identity, known)
        for found in once(key, partial(decisions.mistaken, holder, identity, shapes)):
            yield replace(found, code=CODE, family="house")
    for process in model.processes.values():
        file = content(process.file, subject.bundle.files[process.file])
        key = ("senseless", *file, process.id, known)
        yield from once(key, partial(_senseless, process, shapes))


def _senseless(process: ProcessDefinition, shapes: Mapping[str, Shape]) -> tuple[Finding, ...]:
    return tuple(_in_diagram(process, shapes))


def _in_diagram(process: ProcessDefinition, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    """The conditions, mappings and repetitions of a process that can never make sense."""
    for place in places(process):
        text = unwrapped(place.text)
        notes: list[Note] = []
        try:
            infer(compile_expression(text, list(shapes)).tree, shapes, notes)
        except FeelError:
            continue
        for note in notes:
            part, reason = text[note.start : note.end][:120], quoted(note.told)
            yield NEVER.at(
                process.file, place.element, place.line, place=place.place, part=part, reason=reason
            )
