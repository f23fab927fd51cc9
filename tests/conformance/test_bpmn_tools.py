"""Diagrams of other tools: each is deployed, or refused with a list in which nothing is left out."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from server.engine import load
from server.engine.bpmn_attributes import BPMN
from server.engine.load import Loaded
from server.engine.model import Finding

MIWG = Path(__file__).parents[2].parent / "shared" / "conformance" / "bpmn-miwg"
DIAGRAMS = sorted(MIWG.glob("*.bpmn"))
needs_miwg = pytest.mark.skipif(not DIAGRAMS, reason="the reference diagrams are not on this machine")

FLOW_NODES = frozenset(
    {
        "adHocSubProcess", "boundaryEvent", "businessRuleTask", "callActivity", "callChoreography",
        "choreographyTask", "complexGateway", "endEvent", "eventBasedGateway", "exclusiveGateway",
        "inclusiveGateway", "intermediateCatchEvent", "intermediateThrowEvent", "manualTask",
        "parallelGateway", "receiveTask", "scriptTask", "sendTask", "serviceTask", "startEvent",
        "subChoreography", "subProcess", "task", "transaction", "userTask", "sequenceFlow",
    }
)  # fmt: skip
"""Everything of BPMN 2.0 that a token can stand on or pass."""


def read(data: bytes, name: str = "p.bpmn") -> Loaded:
    return load.read({f"bpmn/{name}": data})


def told_of(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.element for finding in findings}


def drawn(data: bytes) -> dict[str, str]:
    """The ids of everything a token can meet in the processes that would run, with their tags."""
    root = etree.fromstring(data)
    processes = root.findall(f"{{{BPMN}}}process")
    meant = [p for p in processes if p.get("isExecutable") == "true"] or processes
    found = {}
    for process in meant:
        for element in process.iter(f"{{{BPMN}}}*"):
            tag = etree.QName(element).localname
            if tag in FLOW_NODES:
                found[element.get("id", "")] = tag
    return found


# --------------------------------------------------------------------------- reference diagrams
@needs_miwg
def test_all_of_them_are_here() -> None:
    assert len(DIAGRAMS) == 21


@needs_miwg
@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_nothing_of_a_reference_diagram_is_left_out_in_silence(path: Path) -> None:
    """What a token can meet is either in the model, which runs it, or named by a finding."""
    data = path.read_bytes()
    loaded = read(data, path.name)
    known = {identity for p in loaded.model.processes.values() for identity in (*p.nodes, *p.flows)}
    lost = {i: tag for i, tag in drawn(data).items() if i not in known and i not in told_of(loaded.findings)}
    assert lost == {}
    assert drawn(data)


@needs_miwg
@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_a_reference_diagram_is_refused_with_places_and_remedies(path: Path) -> None:
    """None of them was drawn for this engine; each says why, all at once, and the same each time."""
    loaded = read(path.read_bytes(), path.name)
    assert not loaded.runnable
    assert loaded.findings == read(path.read_bytes(), path.name).findings
    ids = {e.get("id") for e in etree.fromstring(path.read_bytes()).iter("{*}*")}
    for finding in loaded.findings:
        assert finding.file == f"bpmn/{path.name}"
        assert finding.help()
        assert "{" not in finding.text().replace("${", "").replace("#{", "")
        assert finding.element in ids or finding.code == "no-executable-process"


@needs_miwg
@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_elements_that_are_not_run_are_named_one_by_one(path: Path) -> None:
    """Counted in the XML and in the findings: tasks without a type, loops, compensation, scripts, ad hoc."""
    data = path.read_bytes()
    found = Counter(finding.code for finding in read(data, path.name).findings)
    tags = Counter(drawn(data).values())
    for tag, code in (
        ("task", "none-task"), ("scriptTask", "script-task"), ("complexGateway", "complex-gateway"),
        ("adHocSubProcess", "ad-hoc-sub-process"), ("transaction", "transaction"),
    ):  # fmt: skip
        assert found[code] == tags[tag], (code, tag)


@needs_miwg
def test_a_reference_diagram_that_is_mended_as_told_runs() -> None:
    """The remedies of A.1.0 lead to a diagram that deploys: executable, its three tasks made user tasks."""
    root = etree.fromstring((MIWG / "A.1.0.bpmn").read_bytes())
    for finding in read(etree.tostring(root)).findings:
        for element in root.iter(f"{{{BPMN}}}task", f"{{{BPMN}}}process"):
            if finding.code == "none-task" and element.get("id") == finding.element:
                element.tag = f"{{{BPMN}}}userTask"
            elif finding.code == "no-executable-process" and element.get("isExecutable"):
                element.set("isExecutable", "true")
    mended = read(etree.tostring(root))
    assert [f.text() for f in mended.findings if f.level == "error"] == []
    assert len(mended.model.processes["WFP-6-"].nodes) == 5


# --------------------------------------------------------------------------- words of other tools
TOOLS = {
    "Flowable": (
        "http://flowable.org/bpmn",
        '<{b}userTask id="t" x:candidateGroups="g" x:formKey="f"><{b}extensionElements>'
        '<x:formProperty id="amount" type="long"/></{b}extensionElements></{b}userTask>',
        "other-dialect",
    ),
    "Activiti": (
        "http://activiti.org/bpmn",
        '<{b}serviceTask id="t" x:class="org.example.Send" x:async="true"/>',
        "other-dialect",
    ),
    "Camunda 8": (
        "http://camunda.org/schema/zeebe/1.0",
        '<{b}serviceTask id="t"><{b}extensionElements><x:taskDefinition type="send"/><x:ioMapping>'
        '<x:input source="=a" target="b"/></x:ioMapping></{b}extensionElements></{b}serviceTask>',
        "other-dialect",
    ),
    "jBPM": (
        "http://www.jboss.org/drools",
        '<{b}userTask id="t"><{b}extensionElements><x:onEntry-script scriptFormat="http://www.java.com/java">'
        "<x:script>a();</x:script></x:onEntry-script></{b}extensionElements></{b}userTask>",
        "other-dialect",
    ),
    "SpiffWorkflow": (
        "http://spiffworkflow.org/bpmn/schema/1.0/core",
        '<{b}userTask id="t"><{b}extensionElements><x:preScript>a = 1</x:preScript></{b}extensionElements>'
        "</{b}userTask>",
        "other-dialect",
    ),
    "Signavio": (
        "http://www.signavio.com",
        '<{b}task id="t" name="核对"><{b}extensionElements><x:signavioMetaData metaKey="bgcolor" '
        'metaValue="#ffffcc"/></{b}extensionElements></{b}task>',
        "none-task",
    ),
    "Visio": (
        "http://schemas.microsoft.com/visio/2003/core",
        '<{b}task id="t" x:shape="17" isForCompensation="false"/>',
        "none-task",
    ),
    "Bizagi": (
        "http://www.bizagi.com/bpmn20",
        '<{b}task id="t"><{b}extensionElements><x:BizagiExtensions xmlns:x="http://www.bizagi.com/bpmn20">'
        '<x:BizagiProperties><x:BizagiProperty name="bgColor" value="White"/></x:BizagiProperties>'
        "</x:BizagiExtensions></{b}extensionElements></{b}task>",
        "none-task",
    ),
    "IBM": (
        "http://www.ibm.com/xmlns/bpmnx/20100524/BusinessVocabulary",
        '<{b}task id="t"><{b}documentation>x</{b}documentation><{b}extensionElements><x:y/>'
        "</{b}extensionElements></{b}task>",
        "none-task",
    ),
}


def diagram(namespace: str, task: str, prefix: str) -> bytes:
    """A start, a task and an end, as a tool with this namespace would write them."""
    b = f"{prefix}:" if prefix else ""
    declared = f'xmlns:{prefix}="{BPMN}"' if prefix else f'xmlns="{BPMN}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{b}definitions {declared} xmlns:x="{namespace}" '
        f'targetNamespace="urn:t" exporter="other"><{b}process id="p" isExecutable="true">'
        f'<{b}startEvent id="s"/>{task.replace("{b}", b)}<{b}endEvent id="e"/>'
        f'<{b}sequenceFlow id="f1" sourceRef="s" targetRef="t"/>'
        f'<{b}sequenceFlow id="f2" sourceRef="t" targetRef="e"/></{b}process></{b}definitions>'
    ).encode()


@pytest.mark.parametrize("prefix", ["bpmn", "bpmn2", "semantic", ""])
@pytest.mark.parametrize("tool", TOOLS)
def test_words_of_another_tool_are_refused_at_their_element(tool: str, prefix: str) -> None:
    namespace, task, code = TOOLS[tool]
    loaded = read(diagram(namespace, task, prefix))
    assert not loaded.runnable
    (finding,) = [f for f in loaded.findings if f.code == code]
    assert finding.element == "t"
    assert finding.help()


@pytest.mark.parametrize("tool", ["Signavio", "Visio", "Bizagi", "IBM"])
def test_what_only_decorates_is_no_reason_to_refuse(tool: str) -> None:
    """Colours and notes of a tool change nothing that is done: with a task of a type, the diagram runs."""
    namespace, task, _ = TOOLS[tool]
    loaded = read(diagram(namespace, task.replace("{b}task", "{b}manualTask"), "bpmn"))
    assert loaded.runnable
    assert [f.code for f in loaded.findings if f.level == "error"] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_damaged_diagrams_of_other_tools_never_crash(tool: str) -> None:
    namespace, task, _ = TOOLS[tool]
    whole = diagram(namespace, task, "bpmn").decode()
    dice = random.Random(tool)
    for _ in range(60):
        start, length = dice.randrange(len(whole)), dice.randrange(1, 60)
        piece = dice.choice(
            ["", '"', "bpmn:", whole[dice.randrange(len(whole)) :][:length], "x" * 300, "&#0;"]
        )
        loaded = read((whole[:start] + piece + whole[start + length :]).encode())
        assert loaded.runnable or loaded.findings
        assert all(f.text() and f.code for f in loaded.findings)


@needs_miwg
@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_damaged_reference_diagrams_never_crash(path: Path) -> None:
    """Elements taken out, doubled or moved: the rest is still read, and all that is wrong is told."""
    dice = random.Random(path.stem)
    for _ in range(4):
        root = etree.fromstring(path.read_bytes())
        elements = [e for e in root.iter("{*}*") if e.getparent() is not None]
        for victim in dice.sample(elements, 3):
            parent = victim.getparent()
            if parent is not None and dice.random() < 0.5:
                parent.remove(victim)
            else:
                dice.choice(elements).set("id", victim.get("id") or "x")
        loaded = read(etree.tostring(root), path.name)
        assert loaded.runnable or loaded.findings
