"""Random structured approval processes as BPMN files, for property tests of the layouter."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from hypothesis import strategies as st

NAMES = (
    "受理",
    "审查申报材料是否齐全",
    "分管领导审定",
    "专家评审会",
    "出具密码应用与电子文件管理意见",
    "Sign off",
    "",
)
CONDITIONS = ("", "同意", "退回修改", "60万元及以上", "总投资超过批复概算百分之十五")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
)


@dataclass
class Sketch:
    """A process under construction."""

    draw: st.DrawFn
    lanes: int
    parts: list[str] = field(default_factory=list)
    flows: list[tuple[str, str, str]] = field(default_factory=list)
    lane_of: dict[str, int] = field(default_factory=dict)

    def node(self, tag: str, name: str = "", inside: str = "", more: str = "") -> str:
        """Add an element and put it into a lane."""
        key = f"{tag}_{len(self.parts)}"
        self.parts.append(
            f"<bpmn:{tag} id={quoteattr(key)} name={quoteattr(name)} {more}>{inside}</bpmn:{tag}>"
        )
        if self.lanes:
            self.lane_of[key] = self.draw(st.integers(0, self.lanes - 1))
        return key

    def flow(self, source: str, target: str) -> None:
        """Connect two elements, sometimes with a condition's name."""
        self.flows.append((source, target, self.draw(st.sampled_from(CONDITIONS))))

    def block(self, before: str, depth: int) -> str:
        """Append a block behind `before`; its last element is returned."""
        kinds = ["task", "timer", "inner"] + ["choice", "parallel", "loop"] * (depth > 0)
        kind = self.draw(st.sampled_from(kinds))
        return {"choice": self.branches, "parallel": self.branches, "loop": self.loop}.get(
            kind, self.activity
        )(before, depth, kind)

    def activity(self, before: str, depth: int, kind: str) -> str:
        """A task, a task with timers, or a small sub-process."""
        name = self.draw(st.sampled_from(NAMES))
        if kind == "inner":
            inside = (
                '<bpmn:startEvent id="s{0}"/><bpmn:userTask id="t{0}" name="填写意见"/>'
                '<bpmn:sequenceFlow id="f{0}" sourceRef="s{0}" targetRef="t{0}"/>'
            ).format(len(self.parts))
            key = self.node("subProcess", name, inside)
        else:
            key = self.node("userTask", name)
        self.flow(before, key)
        for _ in range(self.draw(st.integers(1, 3)) if kind == "timer" else 0):
            timer = self.node(
                "boundaryEvent", self.draw(st.sampled_from(NAMES)), more=f'attachedToRef="{key}"'
            )
            self.flow(timer, self.node("endEvent", self.draw(st.sampled_from(NAMES))))
        return key

    def branches(self, before: str, depth: int, kind: str) -> str:
        """A gateway, two to four branches, and the gateway that joins them."""
        tag = "exclusiveGateway" if kind == "choice" else "parallelGateway"
        split = self.node(tag, self.draw(st.sampled_from(NAMES)))
        self.flow(before, split)
        ends = [self.chain(split, depth - 1) for _ in range(self.draw(st.integers(2, 4)))]
        join = self.node(tag)
        for end in ends:
            self.flow(end, join)
        return join

    def loop(self, before: str, depth: int, kind: str) -> str:
        """A task with a gateway that may lead back to it."""
        first = self.activity(before, depth, "task")
        last = self.node("exclusiveGateway", self.draw(st.sampled_from(NAMES)))
        self.flow(self.chain(first, depth - 1), last)
        self.flow(last, first)
        return last

    def chain(self, before: str, depth: int) -> str:
        """One to three blocks, one after the other."""
        for _ in range(self.draw(st.integers(1, 3 if depth > 0 else 2))):
            before = self.block(before, depth)
        return before

    def xml(self) -> bytes:
        """The file."""
        text = [HEAD]
        if self.lanes:
            text.append(
                '<bpmn:collaboration id="col"><bpmn:participant id="pool" name="审批" processRef="p"/>'
            )
            text.append("</bpmn:collaboration>")
        text.append('<bpmn:process id="p" isExecutable="true">')
        if self.lanes:
            text.append('<bpmn:laneSet id="lanes">')
            for lane in range(self.lanes):
                refs = [
                    f"<bpmn:flowNodeRef>{k}</bpmn:flowNodeRef>" for k, n in self.lane_of.items() if n == lane
                ]
                text.append(f'<bpmn:lane id="lane{lane}" name="单位{lane}">{"".join(refs)}</bpmn:lane>')
            text.append("</bpmn:laneSet>")
        text += self.parts
        for number, (source, target, name) in enumerate(self.flows):
            text.append(
                f'<bpmn:sequenceFlow id="flow{number}" name={quoteattr(name)} '
                f'sourceRef="{source}" targetRef="{target}"/>'
            )
        text.append("</bpmn:process></bpmn:definitions>")
        return "".join(text).encode()


@st.composite
def processes(draw: st.DrawFn) -> bytes:
    """A random process with start and end, up to four lanes, nested branches, loops and timers."""
    sketch = Sketch(draw, draw(st.integers(0, 4)))
    start = sketch.node("startEvent", draw(st.sampled_from(NAMES)))
    last = sketch.chain(start, draw(st.sampled_from((0, 0, 1))))
    sketch.flow(last, sketch.node("endEvent", "办结"))
    return sketch.xml()
