"""New files of a bundle, as small as modelers open them: a diagram, a decision table, a form, a scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from xml.sax.saxutils import quoteattr

_BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" \
xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="definitions_{stem}" \
targetNamespace="http://bpmn.io/schema/bpmn" modeler:executionPlatform="Camunda Platform" \
modeler:executionPlatformVersion="7.24.0">
  <bpmn:process id={id} name={title} isExecutable="true" camunda:historyTimeToLive="3650">
    <bpmn:startEvent id="begin" name="{begin}">
      <bpmn:outgoing>to_done</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="done" name="{done}">
      <bpmn:incoming>to_done</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="to_done" sourceRef="begin" targetRef="done"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{stem}">
    <bpmndi:BPMNPlane id="plane_{stem}" bpmnElement={id}>
      <bpmndi:BPMNShape id="shape_begin" bpmnElement="begin">
        <dc:Bounds x="160" y="100" width="36" height="36"/>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="shape_done" bpmnElement="done">
        <dc:Bounds x="320" y="100" width="36" height="36"/>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="edge_to_done" bpmnElement="to_done">
        <di:waypoint x="196" y="118"/>
        <di:waypoint x="320" y="118"/>
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
_DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" \
xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" \
xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" \
xmlns:camunda="http://camunda.org/schema/1.0/dmn" xmlns:modeler="http://camunda.org/schema/modeler/1.0" \
id="definitions_{stem}" name="{stem}" namespace="http://camunda.org/schema/1.0/dmn" \
modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.24.0">
  <decision id={id} name="{stem}" label={title} camunda:historyTimeToLive="3650">
    <variable id="variable_{stem}" name="{stem}" typeRef="string"/>
    <decisionTable id="table_{stem}" hitPolicy="UNIQUE">
      <input id="column_1">
        <inputExpression id="expression_1" typeRef="string">
          <text></text>
        </inputExpression>
      </input>
      <output id="result_1" name="{stem}" typeRef="string"/>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="diagram_{stem}">
      <dmndi:DMNShape id="shape_{stem}" dmnElementRef={id}>
        <dc:Bounds x="160" y="80" width="180" height="80"/>
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""


def _diagram(jurisdiction: str, stem: str, title: str) -> tuple[str, str]:
    id_ = quoteattr(f"{jurisdiction}.{stem}")
    text = _BPMN.format(stem=stem, id=id_, title=quoteattr(title), begin="开始", done="结束")
    return f"bpmn/{stem}.bpmn", text


def _table(jurisdiction: str, stem: str, title: str) -> tuple[str, str]:
    id_ = quoteattr(f"{jurisdiction}_{stem}")
    return f"dmn/{stem}.dmn", _DMN.format(stem=stem, id=id_, title=quoteattr(title))


def _form(jurisdiction: str, stem: str, title: str) -> tuple[str, str]:
    name = stem if stem.startswith("f_") else f"f_{stem}"
    form = {
        "components": [], "type": "default", "id": f"{jurisdiction}.{name}",
        "executionPlatform": "Camunda Platform", "executionPlatformVersion": "7.24.0", "schemaVersion": 19,
        "properties": {"title": title},
    }  # fmt: skip
    return f"forms/{name}.form", json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def _scenario(jurisdiction: str, stem: str, title: str) -> tuple[str, str]:
    told = json.dumps(title, ensure_ascii=False)
    return f"scenarios/{stem}.yaml", (
        f"process: {jurisdiction}.{stem}\ntitle: {told}\nregulations: []\nstart:\n  with: {{}}\nsteps: []\n"
    )


_BLANKS: Mapping[str, Callable[[str, str, str], tuple[str, str]]] = MappingProxyType(
    {"diagram": _diagram, "table": _table, "form": _form, "scenario": _scenario}
)
KINDS = tuple(_BLANKS)
"""The kinds of files that can be begun."""


def blank(kind: str, jurisdiction: str, stem: str, title: str) -> tuple[str, bytes]:
    """Path and content of a new file of a kind. `stem` is its id without the jurisdiction's prefix; ids and
    file name follow from it. Raises KeyError for a kind that there is not."""
    path, text = _BLANKS[kind](jurisdiction, stem, title or stem)
    return path, text.encode("utf-8")
