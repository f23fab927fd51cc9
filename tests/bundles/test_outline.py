"""The outline says what a diagram does, and the same for the same definition."""

from __future__ import annotations

from server.bundles.outline import outline, outlines
from server.engine.bpmn_xml import read_bpmn
from tests.bundles.small import diagram
from tests.engine.bpmn.diagrams import END, START, arrows, bpmn, properties, task

EXPECTED = """\
process town.leave  请示
  variables=due
  startEvent        start     申请  form=town.apply  regulation=town#3
      -> level
  businessRuleTask  level     定层级  decision=town_level  result=level:singleEntry  regulation=town#2
      -> by_level
  exclusiveGateway  by_level  谁审批？
      -> clerk  “经办”  if level = "clerk"
      -> head  “负责人”  otherwise
  userTask          clerk     经办审批  candidateGroups=clerk  form=town.opinion  regulation=town#3
      -> end
  userTask          head      负责人审批  candidateGroups=head  form=town.opinion  due==due  regulation=town#3
      -> end
  endEvent          end       已批准
"""


def test_outline_of_the_small_process() -> None:
    process = read_bpmn(diagram(), file="bpmn/leave.bpmn").processes[0]
    assert outline(process) == EXPECTED
    assert outlines({process.id: process}) == {"bpmn/leave.outline.txt": EXPECTED}


def test_order_in_the_file_makes_no_difference_to_nodes() -> None:
    parts = [START, task("a"), task("b"), END]
    flows = "start>a a>b b>end"
    one = read_bpmn(bpmn("".join(parts), flows), file="p").processes[0]
    other = read_bpmn(bpmn("".join(reversed(parts)), flows), file="p").processes[0]
    assert outline(one) == outline(other)


def test_repetition_events_and_inner_processes() -> None:
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>experts</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="expert"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    inner = '<bpmn:startEvent id="s1"/>' + task(
        "vote", "", properties(outputCollection="all", outputElement="vote") + loop
    )
    body = (
        START
        + task("s", "", inner + '<bpmn:endEvent id="s2"/>' + arrows("s1>vote vote>s2"), "subProcess")
        + END
    )
    late = (
        '<bpmn:boundaryEvent id="late" attachedToRef="s" cancelActivity="false"><bpmn:timerEventDefinition>'
        "<bpmn:timeDate>=due</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )
    text = outline(read_bpmn(bpmn(body + late, "start>s s>end late>end"), file="p").processes[0])
    assert (
        "      userTask    vote  repeat=at the same time  for=expert in experts  collect=vote in all\n"
        in text
    )
    assert "  boundaryEvent  late  event=timer:date  when=due  on=s  interrupting=no\n" in text
