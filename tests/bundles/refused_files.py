"""Refused tables, forms and whole files: one that earns a refusal, and nearly the same that does not."""

from __future__ import annotations

import json
from typing import Any

from server.bundles.manifest import ManifestRefused, read_manifest
from server.bundles.scenarios import read_scenarios
from server.engine.load import load
from tests.bundles.small import MANIFEST
from tests.engine.bpmn.diagrams import line, task
from tests.engine.dmn.models import decision, definitions, input_data, literal, table

Pair = tuple[str, bytes, bytes]
"""The path of a file, what is refused, and what is accepted in its place."""

GOOD = line(task("a", 'camunda:candidateGroups="g"'))
AMOUNT, LEVEL = [("amount", "number")], [("level", "string")]
CASES = ['< 600000 => "clerk"', '>= 600000 => "head"']


def dmn(*parts: str) -> bytes:
    return definitions(*parts)


def level(*rules: str, inputs: Any = AMOUNT, outputs: Any = LEVEL, **more: Any) -> bytes:
    """A file with one table: who decides about an amount."""
    return dmn(input_data("amount", "number"),
               decision("level", table(inputs, outputs, rules or CASES, **more), ["in:amount"]))  # fmt: skip


def form(*components: dict[str, Any], **more: Any) -> bytes:
    """A form of these fields."""
    fields = [
        {"type": "textfield", "id": f"field_{i}", "label": "意见", **one} for i, one in enumerate(components)
    ]
    content = {"type": "default", "id": "town.opinion", "schemaVersion": 19, "components": fields, **more}
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def xml(text: str) -> bytes:
    return GOOD.replace(b"<bpmn:startEvent", text.encode() + b"<bpmn:startEvent", 1)


FILES: dict[str, Pair] = {
    "not-bpmn": ("p.bpmn", b'<html xmlns="http://www.w3.org/1999/xhtml"/>', GOOD),
    "xml-empty": ("p.bpmn", b"", GOOD),
    "xml-not-well-formed": ("p.bpmn", GOOD.replace(b"</bpmn:process>", b""), GOOD),
    "xml-doctype": ("p.bpmn", b'<!DOCTYPE d [<!ENTITY e "x">]>\n' + GOOD.partition(b"\n")[2], GOOD),
    "xml-processing-instruction": ("p.bpmn", xml('<?php echo "x" ?>'), GOOD),
    "xml-include": (
        "p.bpmn", xml('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="other.bpmn"/>'), GOOD
    ),
    "xml-encoding": ("p.bpmn", GOOD.replace(b'encoding="UTF-8"', b'encoding="Big5"'), GOOD),
    "dmn.not_dmn": ("t.dmn", b'<definitions xmlns="urn:other"/>', level()),
    "dmn.no_logic": ("t.dmn", dmn(decision("level", "")), dmn(decision("level", literal('"head"')))),
    "dmn.feel_syntax": ("t.dmn", level('>= => "head"'), level()),
    "dmn.unknown_name": ("t.dmn", level(inputs=[("sum_total", "number")]), level()),
    "dmn.unknown_hit_policy": ("t.dmn", level(policy="SOMETIMES"), level()),
    "dmn.unknown_aggregation": (
        "t.dmn", level(policy="COLLECT", aggregation="MEDIAN"), level(policy="COLLECT")
    ),
    "dmn.unknown_requirement": (
        "t.dmn", dmn(decision("level", literal("amount"), ["in:amount"])),
        dmn(input_data("amount", "number"), decision("level", literal("amount"), ["in:amount"])),
    ),
    "dmn.cycle": (
        "t.dmn",
        dmn(decision("a", literal("b"), ["b"]), decision("b", literal("a"), ["a"])),
        dmn(decision("a", literal("b"), ["b"]), decision("b", literal("1"))),
    ),
    "dmn.unknown_type": ("t.dmn", level(inputs=[("amount", "yuan")]), level()),
    "dmn.duplicate_id": (
        "t.dmn", dmn(decision("a", literal("1")), decision("a", literal("2"))),
        dmn(decision("a", literal("1")), decision("b", literal("2"))),
    ),
    "dmn.expression_language": (
        "t.dmn",
        dmn(decision("a", literal("1").replace("Expression>", 'Expression expressionLanguage="juel">', 1))),
        dmn(decision("a", literal("1"))),
    ),
    "dmn.no_priorities": (
        "t.dmn", level(policy="PRIORITY"),
        level(policy="PRIORITY", outputs=[("level", "string", '"head","clerk"')]),
    ),
    "form.key": ("f.form", form({"key": "opinion"}, {"key": "opinion"}), form({"key": "opinion"})),
    "form.include": (
        "f.form",
        form({"type": "group", "components": [], "properties": {"include": "town.none"}}),
        form({"key": "opinion"}),
    ),
    "scenario-unreadable": (
        "scenarios/leave.yaml", b"process: town.leave\nstepps:\n  - task: head\n",
        b"process: town.leave\nsteps:\n  - task: head\n",
    ),
    "manifest": (
        "jurisdiction.toml", MANIFEST.replace(b'scope = "unit"', b'scope = "village"'), MANIFEST
    ),
}  # fmt: skip


def codes(path: str, data: bytes) -> list[str]:
    """What is told of a file when it is read."""
    if path.endswith(".yaml"):
        return [finding.code for finding in read_scenarios({path: data})[1]]
    if path.endswith(".toml"):
        try:
            read_manifest(data)
        except ManifestRefused as refused:
            return [refused.finding.code]
        return []
    return [finding.code for finding in load({path: data})[1]]
