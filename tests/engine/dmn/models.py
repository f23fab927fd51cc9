"""DMN models as modelers write them, made from a few words of Python for the tests beside this file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from server.engine.dmn import DecisionModel, load

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"

Column = tuple[str, str] | tuple[str, str, str]
"""An input (expression, type) or output (name, type), perhaps with its allowed values."""


def definitions(*parts: str, namespace: str = "urn:test", xmlns: str = MODEL) -> bytes:
    """A whole file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{xmlns}" '
        'xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="model" name="d" '
        f'namespace="{namespace}">{"".join(parts)}</definitions>'
    ).encode()


def decision(name: str, logic: str, requires: Iterable[str] = (), type_ref: str = "", extra: str = "") -> str:
    """A decision; `requires` are hrefs, prefixed with `in:` for input data and `fn:` for functions."""
    kinds = {"in": "requiredInput", "fn": "requiredKnowledge"}
    arrows = ""
    for href in requires:
        kind, _, target = href.rpartition(":") if href[:3] in ("in:", "fn:") else ("", "", href)
        tag = kinds.get(kind, "requiredDecision")
        outer = "knowledgeRequirement" if kind == "fn" else "informationRequirement"
        target = target if "#" in target else f"#{target}"
        arrows += f'<{outer}><{tag} href="{target}"/></{outer}>'
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    variable = f'<variable name="{name}"{typed}/>'
    return f'<decision id="{name}" name="{name}">{extra}{variable}{arrows}{logic}</decision>'


def input_data(name: str, type_ref: str = "") -> str:
    """Input data with its variable."""
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}"{typed}/></inputData>'


def literal(text: str, type_ref: str = "") -> str:
    """A literal expression."""
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f"<literalExpression{typed}><text>{escape(text)}</text></literalExpression>"


def table(
    inputs: Sequence[Column],
    outputs: Sequence[Column],
    rules: Sequence[str],
    policy: str = "UNIQUE",
    aggregation: str = "",
    defaults: Sequence[str] = (),
) -> str:
    """A decision table; a rule is written `cell | cell => output | output # annotation`."""
    attributes = f' hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    parts = [_input(number, column) for number, column in enumerate(inputs, 1)]
    for number, column in enumerate(outputs, 1):
        default = defaults[number - 1] if len(defaults) >= number else ""
        parts.append(_output(number, column, default))
    parts.append('<annotation name="article"/>')
    parts += [_rule(number, rule) for number, rule in enumerate(rules, 1)]
    return f'<decisionTable id="table"{attributes}>{"".join(parts)}</decisionTable>'


def _texts(tag: str, value: str) -> str:
    return f"<{tag}><text>{escape(value)}</text></{tag}>" if value else ""


def _input(number: int, column: Column) -> str:
    expression, type_ref, *allowed = column
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    values = _texts("inputValues", "".join(allowed))
    return (
        f'<input id="in{number}" label={quoteattr("Column " + expression)}>'
        f'<inputExpression id="ie{number}"{typed}><text>{escape(expression)}</text></inputExpression>'
        f"{values}</input>"
    )


def _output(number: int, column: Column, default: str) -> str:
    name, type_ref, *allowed = column
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    values = _texts("outputValues", "".join(allowed)) + _texts("defaultOutputEntry", default)
    return f'<output id="out{number}" name={quoteattr(name)} label={quoteattr(name)}{typed}>{values}</output>'


def _rule(number: int, rule: str) -> str:
    body, _, note = rule.partition(" # ")
    conditions, _, conclusions = body.partition("=>")
    cells = "".join(_cell("inputEntry", f"r{number}c{k}", c) for k, c in enumerate(conditions.split("|"), 1))
    cells += "".join(
        _cell("outputEntry", f"r{number}o{k}", c) for k, c in enumerate(conclusions.split("|"), 1)
    )
    note = f"<annotationEntry><text>{escape(note.strip())}</text></annotationEntry>" if note else ""
    return f'<rule id="r{number}">{cells}{note}</rule>'


def _cell(tag: str, identity: str, text: str) -> str:
    return f'<{tag} id="{identity}"><text>{escape(text.strip())}</text></{tag}>'


def one_table(*args: object, **kwargs: object) -> DecisionModel:
    """A model of one decision `d1` with that table and no input data, as dmn-js draws it."""
    return load(definitions(decision("d1", table(*args, **kwargs))), "test.dmn")  # type: ignore[arg-type]


def single(logic: str, *more: str, requires: Iterable[str] = (), type_ref: str = "") -> DecisionModel:
    """A model of one decision `d1` with that logic, and more elements."""
    return load(definitions(*more, decision("d1", logic, requires, type_ref)), "test.dmn")
