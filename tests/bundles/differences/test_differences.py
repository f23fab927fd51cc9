"""Each kind of change, told in the words of the diagram, the table, the form, the manifest, the scenario."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from server.bundles.differences import Change, Differences, Weight, compare, english
from tests.engine.bpmn.diagrams import bpmn, properties

Edit = Callable[[bytes], bytes]

TASK = (
    '<bpmn:userTask id="check" name="核对" camunda:candidateGroups="bureau" camunda:formRef="t.f" '
    f'camunda:dueDate="${{due}}">{properties(regulation="t#8p1", returnTo="apply")}</bpmn:userTask>'
)
NODES = (
    '<bpmn:startEvent id="start" name="开始"/>' + TASK
    + '<bpmn:boundaryEvent id="late" name="超期" attachedToRef="check" cancelActivity="false">'
    '<bpmn:timerEventDefinition id="t1"><bpmn:timeDuration>PT5H</bpmn:timeDuration>'
    "</bpmn:timerEventDefinition>"
    "</bpmn:boundaryEvent>"
    '<bpmn:exclusiveGateway id="way" name="是否通过" default="way_no"/>'
    '<bpmn:businessRuleTask id="tier" name="分档" camunda:decisionRef="t_tier" camunda:resultVariable="tier" '
    'camunda:mapDecisionResult="singleEntry"/>'
    '<bpmn:callActivity id="panel" name="评审" calledElement="t.panel"><bpmn:extensionElements>'
    '<camunda:in source="total" target="total"/></bpmn:extensionElements>'
    '<bpmn:multiInstanceLoopCharacteristics camunda:collection="experts" camunda:elementVariable="expert">'
    "<bpmn:completionCondition>${all = 3}</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"
    "</bpmn:callActivity>"
    '<bpmn:endEvent id="yes" name="通过"/><bpmn:endEvent id="no" name="不通过"/><bpmn:endEvent id="chased"/>'
)  # fmt: skip
DIAGRAM = bpmn(
    NODES, "start>check check>tier tier>panel panel>way way>yes[ok] way>no late>chased", process="t.main"
)
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="tier" namespace="n">
<decision id="t_tier" name="tier" label="档次"><variable name="tier" typeRef="string"/>
<decisionTable id="table" hitPolicy="UNIQUE">
<input id="c1" label="总投资"><inputExpression typeRef="number"><text>total</text></inputExpression></input>
<output id="o1" name="tier" label="档次" typeRef="string"/>
<rule id="r1"><description>t#12.1 大额</description><inputEntry><text>&gt;= 600000</text></inputEntry>
<outputEntry><text>"large"</text></outputEntry></rule>
<rule id="r2"><description>t#12.2 小额</description><inputEntry><text>&lt; 600000</text></inputEntry>
<outputEntry><text>"small"</text></outputEntry></rule>
</decisionTable></decision></definitions>""".encode()
FIELDS = [
    {"type": "number", "id": "a", "key": "total", "label": "总投资", "validate": {"required": True}},
    {"type": "radio", "id": "b", "key": "ok", "label": "结论", "values": [{"label": "同意", "value": "y"}]},
    {"type": "textfield", "id": "c", "key": "note", "label": "备注", "conditional": {"hide": "=ok = null"}},
]
FORM = json.dumps({"type": "default", "id": "t.f", "components": FIELDS}, ensure_ascii=False).encode()
MANIFEST = """format = 1
id = "t"
name = "试验"
[[group]]
id = "bureau"
name = "政数局"
[[process]]
id = "t.main"
name = "主"
promised = "5 working days"
[[regulation]]
id = "t"
title = "办法"
articles = [{ id = "8", title = "核对" }]
[[register]]
id = "all"
name = "台账"
processes = ["t.main"]
columns = ["total"]
""".encode()
SCENARIO = """decision: t_tier
title: 分档
cases:
  - with: {total: 600000}
    expect: large
""".encode()
FILES = {
    "bpmn/main.bpmn": DIAGRAM, "dmn/tier.dmn": TABLE, "forms/f.form": FORM, "jurisdiction.toml": MANIFEST,
    "scenarios/tier.yaml": SCENARIO,
}  # fmt: skip


def replaced(path: str, old: str, new: str) -> Differences:
    """What a replacement in a file makes different."""
    assert old.encode() in FILES[path], old
    return compare(FILES, {**FILES, path: FILES[path].replace(old.encode(), new.encode(), 1)})


BPMN = [
    ('name="核对"', 'name="核对材料"', "user task “核对材料” was called “核对” before."),
    ('Groups="bureau"', 'Groups="bureau,head"', "candidate groups was “bureau”, is now “bureau, head”."),
    ("${due}", "${later}", "due date was “${due}”, is now “${later}”."),
    ('formRef="t.f"', 'formRef="t.g"', "its form was “t.f”, is now “t.g”."),
    ("t#8p1", "t#8p2", "its articles was “t#8p1”, is now “t#8p2”."),
    ('value="apply"', 'value="apply tier"', "property “returnTo” was “apply”, is now “apply tier”."),
    ("PT5H", "PT6H", "boundary event “超期”: its timer (duration) was “PT5H”, is now “PT6H”."),
    ('cancelActivity="false"', "", "“超期”: whether it interrupts was “false”, is now “true”."),
    ('decisionRef="t_tier"', 'decisionRef="t_other"', "its decision was “t_tier”, is now “t_other”."),
    ("singleEntry", "singleResult", "how the result is mapped was “singleEntry”, is now “singleResult”."),
    ('calledElement="t.panel"', 'calledElement="t.jury"', "called process was “t.panel”, is now “t.jury”."),
    ('source="total"', 'source="sum"', "input “total” was “total”, is now “sum”."),
    ('collection="experts"', 'collection="people"', "repeated for each of was “experts”, is now “people”."),
    ("${all = 3}", "${all = 4}", "ends early when was “all = 3”, is now “all = 4”."),
    ('default="way_no"', "", "the way from “是否通过” to “不通过”: taken when no other way is was “true”"),
    ("ok</", "not(ok)</", "the way from “是否通过” to “通过”: its condition was “ok”, is now “not(ok)”."),
    (TASK, "", "Taken out: user task “核对”."),
    ("<bpmn:seq", '<bpmn:manualTask id="m" name="归档"/><bpmn:seq', "New: manual task “归档”."),
    ('id="check"', 'id="check" camunda:asyncBefore="true"', "entry “camunda:asyncBefore” is now “true”"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), BPMN, ids=[told[:50] for *_, told in BPMN])
def test_a_diagram(old: str, new: str, told: str) -> None:
    found = replaced("bpmn/main.bpmn", old, new)
    sentences = [english(one) for one in found.telling]
    assert [s for s in sentences if told in s], sentences


def test_the_article_of_an_element_goes_with_what_is_told_of_it() -> None:
    (one,) = replaced("bpmn/main.bpmn", 'name="核对"', 'name="核对材料"').items
    assert (one.regulation, one.element, one.weight) == (("t#8p1",), "check", Weight.WORDS)


def test_feel_is_compared_without_its_wrapping() -> None:
    (one,) = replaced("bpmn/main.bpmn", "${all = 3}", "=all  = 3").items
    assert one.weight is Weight.WRITING


def test_a_way_that_is_drawn_anew_is_the_same_way() -> None:
    found = replaced("bpmn/main.bpmn", 'id="start_check"', 'id="Flow_1"')
    assert not found.telling


def test_only_the_drawing() -> None:
    drawing = (
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" id="di"/>'
        "</bpmn:definitions>"
    )
    found = replaced("bpmn/main.bpmn", "</bpmn:definitions>", drawing)
    assert [english(one) for one in found.items] == ["Only where shapes stand, or their colours, differs."]
    assert found.only_drawn("bpmn/main.bpmn")
    assert not found.telling


def test_marks_for_the_diagrams() -> None:
    gone = DIAGRAM.replace(TASK.encode(), b"")
    changed = gone.replace(b"PT5H", b"PT6H").replace(b'id="yes"', b'id="ended"')
    marks = compare(FILES, {**FILES, "bpmn/main.bpmn": changed}).marks("bpmn/main.bpmn")
    assert "ended" in marks.added
    assert {"check", "yes"} <= set(marks.removed)
    assert "late" in marks.changed


RULE = (
    '<rule id="r3"><inputEntry><text>null</text></inputEntry>'
    '<outputEntry><text>"none"</text></outputEntry></rule>'
)
COLUMN = '<input id="c2" label="类别"><inputExpression><text>class</text></inputExpression></input>'
DMN = [
    ("&gt;= 600000", "&gt;= 650000", "rule 1: column “总投资” was “>= 600000”, is now “>= 650000”."),
    ("大额", "大项目", "rule 1: its remark was “t#12.1 大额”, is now “t#12.1 大项目”."),
    ("UNIQUE", "FIRST", "the table: hit policy was “UNIQUE”, is now “FIRST”."),
    ("<text>total<", "<text>sum<", "input column “总投资”: its expression was “total”, is now “sum”."),
    ('typeRef="number"', 'typeRef="string"', "“总投资”: its type was “number”, is now “string”."),
    ('label="档次" typeRef', 'label="等级" typeRef', "column “等级”: its label was “档次”, is now “等级”"),
    ("</decisionTable>", f"{RULE}</decisionTable>", "New: rule 3, “总投资 null → 档次 \"none\"”."),
    ('<output id="o1"', f'{COLUMN}<output id="o1"', "New: input column “类别”, “class”."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), DMN, ids=[told[:50] for *_, told in DMN])
def test_a_table(old: str, new: str, told: str) -> None:
    found = replaced("dmn/tier.dmn", old, new)
    sentences = [english(one) for one in found.telling]
    assert [s for s in sentences if told in s], sentences
    if old == "&gt;= 600000":
        assert found.items[0].regulation == ("t#12.1",)


def test_rules_that_changed_places() -> None:
    first, _, rest = TABLE.partition(b'<rule id="r1">')
    one, _, rest = rest.partition(b'<rule id="r2">')
    two, _, end = rest.partition(b"</decisionTable>")
    swapped = first + b'<rule id="r2">' + two + b'<rule id="r1">' + one + b"</decisionTable>" + end
    (found,) = compare(FILES, {**FILES, "dmn/tier.dmn": swapped}).items
    assert (found.change, found.weight) == (Change.MOVED, Weight.WORDS)
    both = [data.replace(b"UNIQUE", b"FIRST") for data in (TABLE, swapped)]
    (found,) = compare({"dmn/tier.dmn": both[0]}, {"dmn/tier.dmn": both[1]}).items
    assert (found.change, found.weight) == (Change.MOVED, Weight.EFFECT)
    assert "moved from place" in english(found)


def test_rules_without_their_ids_are_found_again() -> None:
    """A tool that writes new ids changes nothing; one that edits a cell besides, that cell."""
    other = TABLE.replace(b'id="r1"', b'id="x1"').replace(b'id="r2"', b'id="x2"')
    assert not compare({"dmn/t.dmn": TABLE}, {"dmn/t.dmn": other}).telling
    edited = other.replace(b'"small"', b'"tiny"')
    (one,) = compare({"dmn/t.dmn": TABLE}, {"dmn/t.dmn": edited}).telling
    assert (one.row, one.before, one.after) == (2, '"small"', '"tiny"')


FORMS = [
    ('"总投资"', '"投资额"', "field “投资额”: its label was “总投资”, is now “投资额”.", Weight.WORDS),
    ('"number"', '"textfield"', "field “总投资”: its type was “number”, is now “textfield”.", Weight.EFFECT),
    ("true", "false", "field “总投资”: must be answered was “true”, is now “false”.", Weight.EFFECT),
    ("=ok = null", "=ok", "field “备注”: hidden when was “=ok = null”, is now “=ok”.", Weight.EFFECT),
    ("同意", "赞成", "field “结论”: option “y” was “同意”, is now “赞成”.", Weight.WORDS),
    (
        '"key": "note"',
        '"key": "remark"',
        "field “备注”: its variable was “note”, is now “remark”.",
        Weight.EFFECT,
    ),
]


@pytest.mark.parametrize(("old", "new", "told", "weight"), FORMS, ids=[told[:50] for *_, told, _ in FORMS])
def test_a_form(old: str, new: str, told: str, weight: Weight) -> None:
    (one,) = replaced("forms/f.form", old, new).items
    assert (english(one), one.weight) == (told, weight)


def test_fields_that_come_go_and_move() -> None:
    form = json.loads(FORM)
    form["components"] = [form["components"][2], form["components"][0], {"type": "textfield", "key": "x"}]
    found = compare(FILES, {**FILES, "forms/f.form": json.dumps(form).encode()})
    assert [english(one) for one in found.items] == [
        "New: field “x”.", "Taken out: field “结论”.", "field “总投资” moved among the others.",
    ]  # fmt: skip


MANIFESTS = [
    ('"政数局"', '"数据局"', "body “数据局” was called “政数局” before."),
    (
        '"5 working days"',
        '"4 working days"',
        "entry of the process “主”: promised limit was “5 working days”",
    ),
    (
        'title = "核对"',
        'title = "核"',
        "regulation “办法”: entry “articles.8.title” was “核对”, is now “核”.",
    ),
    ('["total"]', '["total", "tier"]', "register “台账”: its columns was “total”, is now “total, tier”."),
    ('[[group]]\nid = "bureau"\nname = "政数局"\n', "", "Taken out: body “政数局”."),
]


@pytest.mark.parametrize(("old", "new", "told"), MANIFESTS, ids=[told[:50] for *_, told in MANIFESTS])
def test_a_manifest(old: str, new: str, told: str) -> None:
    (one,) = replaced("jurisdiction.toml", old, new).items
    assert told in english(one)


def test_a_scenario() -> None:
    (one,) = replaced("scenarios/tier.yaml", "expect: large", "expect: small").items
    assert english(one) == "case 1: entry “expect” was “large”, is now “small”."
    assert one.weight is Weight.PROOF


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_cannot_be_read_is_compared_as_a_whole(path: str) -> None:
    """A draft may hold anything while somebody types."""
    for broken in (b"", b"<", b"\xff\xfe", b"[" * 5000):
        (one,) = compare(FILES, {**FILES, path: broken}).items
        assert one.file == path
        assert "cannot be read" in english(one), english(one)
    assert compare({path: b"<"}, {}).items[0].change is Change.REMOVED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[]", "null"),
        ("[]", "[1]"),
        ("null", '"null"'),
        ('"1"', "1"),
        ("true", '"true"'),
        ("{}", "[]"),
        ('""', "null"),
    ],
)
def test_values_of_a_scenario_that_read_alike_differ(before: str, after: str) -> None:
    """Nothing, an empty list and a text that looks like a number; also under a name of our own (`lines`)."""
    text = "decision: town_level\ntitle: t\ncases:\n  - with: {lines: VALUE}\n    expect: {level: a}\n"
    path = "scenarios/decisions/level.yaml"
    old, new = ({path: text.replace("VALUE", value).encode()} for value in (before, after))
    assert {one.weight for one in compare(old, new).items} == {Weight.PROOF}
