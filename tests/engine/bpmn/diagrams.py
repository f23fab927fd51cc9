"""Small diagrams for tests, written as a body of elements and a line of flows."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{attributes} id="d" targetNamespace="t">'
)
START, END = '<bpmn:startEvent id="start"/>', '<bpmn:endEvent id="end"/>'
_FLOW = re.compile(r"(?:(?P<id>\w+):)?(?P<source>[\w.]+)>(?P<target>[\w.]+)(?:\[(?P<condition>[^\]]*)\])?")


def bpmn(
    body: str,
    flows: str = "",
    *,
    process: str = "p",
    before: str = "",
    attributes: str = "",
    executable: str = "true",
) -> bytes:
    """A file with one process. `before` stands beside the process (messages, errors …)."""
    return (
        HEAD.format(attributes=f" {attributes}" if attributes else "")
        + before
        + f'<bpmn:process id="{process}" isExecutable="{executable}">{body}{arrows(flows)}</bpmn:process>'
        + "</bpmn:definitions>"
    ).encode()


def arrows(text: str) -> str:
    """Sequence flows from `start>a f1:a>b[amount > 1]`; a condition may hold blanks."""
    return "".join(
        f'<bpmn:sequenceFlow id="{found["id"] or found["source"] + "_" + found["target"]}"'
        f" sourceRef={quoteattr(found['source'])} targetRef={quoteattr(found['target'])}>"
        + (
            f"<bpmn:conditionExpression>{escape(found['condition'])}</bpmn:conditionExpression>"
            if found["condition"]
            else ""
        )
        + "</bpmn:sequenceFlow>"
        for found in _FLOW.finditer(text)
    )


def task(identity: str, attributes: str = "", inner: str = "", kind: str = "userTask") -> str:
    """An activity."""
    return f'<bpmn:{kind} id="{identity}" {attributes}>{inner}</bpmn:{kind}>'


def line(*elements: str, before: str = "", attributes: str = "") -> bytes:
    """A process that passes the elements one after the other, from start to end."""
    ids = ["start", *(re.search(r'id="([^"]+)"', e)[1] for e in elements), "end"]  # type: ignore[index]
    flows = " ".join(f"{a}>{b}" for a, b in pairwise(ids))
    return bpmn(START + "".join(elements) + END, flows, before=before, attributes=attributes)


def extension(inner: str) -> str:
    """Extension elements."""
    return f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"


def properties(**values: str) -> str:
    """camunda:property values."""
    entries = "".join(f'<camunda:property name="{k}" value={quoteattr(v)}/>' for k, v in values.items())
    return extension(f"<camunda:properties>{entries}</camunda:properties>")
