"""A jurisdiction small enough to read at once: one process, one decision, two forms, two scenarios."""

from __future__ import annotations

import json

from server.bundles.archive import Bundle
from tests.engine.bpmn.diagrams import END, bpmn, extension, properties, task

MANIFEST = """
format = 1
id = "town"
name = "某镇"
[[group]]
id = "clerk"
name = "经办人"
scope = "unit"
[[group]]
id = "head"
name = "负责人"
[[process]]
id = "town.leave"
name = "请示"
number = "请〔{year}〕{n}号"
started_by = ["clerk"]
[[regulation]]
id = "town"
title = "某镇办法"
articles = [
  { id = "1", manual = true, reason = "原则" },
  { id = "2", title = "分级" },
  { id = "3", title = "审批" },
  { id = "4", title = "期限" },
]
""".encode()

CASES = [("&lt; 600000", "clerk"), ("&gt;= 600000", "head")]


def table(rules: list[tuple[str, str]] = CASES, policy: str = "UNIQUE", cited: str = "town#2") -> bytes:
    """The decision `town_level`: who approves an amount."""
    rows = "".join(
        f'<rule id="r{i}"><description>{cited}</description><inputEntry><text>{test}</text></inputEntry>'
        f'<outputEntry><text>"{out}"</text></outputEntry></rule>'
        for i, (test, out) in enumerate(rules, 1)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        '<decision id="town_level" name="level" label="层级"><variable name="level" typeRef="string"/>'
        f'<decisionTable id="t" hitPolicy="{policy}"><input label="金额"><inputExpression typeRef="number">'
        f'<text>amount</text></inputExpression></input><output name="level" typeRef="string"/>{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def form(identity: str, *keys: str) -> bytes:
    """A form of number and text fields."""
    fields = [
        {"type": "number" if key == "amount" else "textfield", "key": key, "id": f"i_{key}", "label": key}
        for key in keys
    ]
    return json.dumps({"type": "default", "id": identity, "schemaVersion": 19, "components": fields}).encode()


def diagram(**more: str) -> bytes:
    """The process `town.leave`: an amount is asked for, a decision says who approves, two ends."""
    parts = {
        "start": task(
            "start", 'name="申请" camunda:formRef="town.apply"', properties(regulation="town#3"), "startEvent"
        ),
        "level": task(
            "level",
            'name="定层级" camunda:decisionRef="town_level" camunda:resultVariable="level"'
            ' camunda:mapDecisionResult="singleEntry"',
            properties(regulation="town#2"),
            "businessRuleTask",
        ),
        "by_level": '<bpmn:exclusiveGateway id="by_level" name="谁审批？" default="to_head"/>',
        "clerk": task(
            "clerk",
            'name="经办审批" camunda:candidateGroups="clerk" camunda:formRef="town.opinion"',
            properties(regulation="town#3"),
        ),
        "head": task(
            "head",
            'name="负责人审批" camunda:candidateGroups="head" camunda:formRef="town.opinion"'
            ' camunda:dueDate="=due"',
            properties(regulation="town#3", returnTo="")
            if "mapping" not in more
            else extension(more.pop("mapping")),
        ),
        "end": END.replace("/>", ' name="已批准"/>'),
    } | more
    flows = "start>level level>by_level to_head:by_level>head clerk>end head>end"
    conditional = (
        '<bpmn:sequenceFlow id="to_clerk" name="经办" sourceRef="by_level" targetRef="clerk">'
        '<bpmn:conditionExpression>level = "clerk"</bpmn:conditionExpression></bpmn:sequenceFlow>'
    )
    process = bpmn("".join(parts.values()) + conditional, flows, process="town.leave").decode()
    named = process.replace('id="town.leave"', 'id="town.leave" name="请示"', 1)
    return (
        named.replace('id="to_head"', 'id="to_head" name="负责人"')
        .replace('isExecutable="true">', 'isExecutable="true">' + properties(variables="due"), 1)
        .encode()
    )


SCENARIO = """
process: town.leave
title: 六十万元以上由负责人审批
regulations: [town#2, town#3]
start:
  by: clerk
  at: 2026-03-02 09:00
  with: {amount: 600000.00, due: 2026-03-05}
steps:
  - decision: town_level
    result: {level: head}
  - task: head
    by: head
    expect: {due: 2026-03-05, form: town.opinion, light: green}
  - wait: 2 working days
    expect: {light: yellow}
  - wait: 2 days
    expect: {light: red}
  - task: head
    by: head
    complete: {opinion: 同意}
end: end
never: [clerk]
""".encode()

DECISION_SCENARIO = """
decision: town_level
title: 六十万元为界
regulations: [town#2]
cases:
  - with: {amount: 599999.99}
    expect: {level: clerk}
    rule: r1
  - with: {amount: 600000.00}
    expect: {level: head}
""".encode()


def files(**changed: bytes | None) -> dict[str, bytes]:
    """The files of the bundle; a keyword (`bpmn`, `dmn` … or a path) changes one, None takes it out."""
    paths = {
        "manifest": "jurisdiction.toml",
        "bpmn": "bpmn/leave.bpmn",
        "dmn": "dmn/level.dmn",
        "apply": "forms/apply.form",
        "opinion": "forms/opinion.form",
        "scenario": "scenarios/leave/large.yaml",
        "cases": "scenarios/decisions/level.yaml",
    }
    content: dict[str, bytes | None] = {
        "manifest": MANIFEST,
        "bpmn": diagram(),
        "dmn": table(),
        "apply": form("town.apply", "amount"),
        "opinion": form("town.opinion", "opinion"),
        "scenario": SCENARIO,
        "cases": DECISION_SCENARIO,
        **changed,
    }
    return {paths.get(key, key): data for key, data in content.items() if data is not None}


def bundle(**changed: bytes | None) -> Bundle:
    """The bundle, with some of its files changed."""
    return Bundle(dict(sorted(files(**changed).items())))
