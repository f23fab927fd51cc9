"""Files as tools write them, all versions of DMN, and files nobody should write."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.engine.dmn import DmnError, analyse, citations, load
from server.engine.dmn.model import DecisionTable, HitPolicy
from tests.engine.dmn.models import decision, definitions, literal, table
from tests.stopwatch import cpu_time

NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}
TIER = table([("total", "number")], [("tier", "string")], ['>= 600000 => "large"', '< 600000 => "small"'])


@pytest.mark.parametrize("version", NAMESPACES)
def test_every_version_is_read(version: str) -> None:
    model = load(definitions(decision("tier", TIER), xmlns=NAMESPACES[version]))
    assert model.problems == ()
    assert model.evaluate("tier", {"total": Decimal("599999.99")}).value == "small"


def test_a_file_of_the_first_camunda_modelers() -> None:
    data = b"""<?xml version="1.0" encoding="UTF-8"?>
    <definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd" id="Definitions_1" name="DRD"
        xmlns:feel="http://www.omg.org/spec/FEEL/20140401" namespace="http://camunda.org/schema/1.0/dmn">
      <decision id="tier" name="Tier of a project">
        <extensionElements><biodi:bounds xmlns:biodi="http://bpmn.io/schema/dmn/biodi/1.0" x="1" y="2"/>
        </extensionElements>
        <decisionTable id="t" hitPolicy="RULE ORDER" preferredOrientation="Rule-as-Row">
          <input id="i"><inputExpression id="ie" typeRef="feel:number" expressionLanguage="feel">
            <text><![CDATA[total]]></text></inputExpression></input>
          <output id="o" label="Tier" typeRef="string"/>
          <rule id="r"><description>hongshan#12.1</description>
            <inputEntry id="c"><text><![CDATA[>= 600000]]></text></inputEntry>
            <outputEntry id="e"><text>"large"</text></outputEntry></rule>
          <rule id="s"><inputEntry id="c2"><text></text></inputEntry>
            <outputEntry id="e2"><text>"any"</text></outputEntry></rule>
        </decisionTable>
      </decision>
    </definitions>"""
    model = load(data, "old.dmn")
    assert model.problems == ()
    logic = model.decisions["tier"].logic
    assert isinstance(logic, DecisionTable)
    assert logic.hit_policy is HitPolicy.RULE_ORDER
    assert (logic.inputs[0].label, logic.outputs[0].name) == ("total", "output1")
    result = model.evaluate("tier", {"total": 600000})
    assert result.value == ["large", "any"]
    first, _ = result.trace.table.matches()
    assert (first.annotations, first.regulation) == (("hongshan#12.1",), ("hongshan#12.1",))
    assert (logic.rules[0].line, logic.rules[0].inputs[0].line) == (11, 12)


def test_camunda_input_variable_names_the_value_for_the_cells() -> None:
    logic = TIER.replace('id="in1"', 'id="in1" camunda:inputVariable="sum"')
    logic = logic.replace("&gt;= 600000", "sum &gt;= 600000").replace("&lt; 600000", "sum &lt; 600000")
    model = load(definitions(decision("tier", logic)))
    assert model.problems == ()
    assert model.evaluate("tier", {"total": 600000}).value == "large"


@pytest.mark.parametrize("place", ["camunda", "zeebe"])
def test_a_table_may_say_that_nothing_need_match(place: str) -> None:
    extra = (
        f'<extensionElements><x:properties xmlns:x="urn:{place}">'
        '<x:property name="nothingMatched" value="null"/>'
        '<x:property name="regulation" value="hongshan#12.1 hongshan#8p2"/>'
        "</x:properties></extensionElements>"
    )
    logic = table([("n", "number")], [("r", "number")], ["> 5 => 1"])
    model = load(definitions(decision("d", logic, extra=extra)))
    result = model.evaluate("d", {"n": 1})
    assert (result.value, result.problems) == (None, ())
    assert model.decisions["d"].regulation == ("hongshan#12.1", "hongshan#8p2")


def said_of_nothing_matched(**properties: str) -> str:
    inside = "".join(f'<x:property name="{name}" value="{value}"/>' for name, value in properties.items())
    extra = (
        f'<extensionElements><x:properties xmlns:x="urn:camunda">{inside}</x:properties></extensionElements>'
    )
    return definitions(decision("d", table([("n", "number")], [("r", "number")], ["> 5 => 1"]), extra=extra))


def test_a_table_may_say_why_a_case_is_meant_to_stop() -> None:
    model = load(said_of_nothing_matched(nothingMatched="error", nothingMatchedReason="n is counted before"))
    assert model.problems == ()
    assert [p.code for p in model.evaluate("d", {"n": 1}).problems] == ["dmn.nothing_matched"]
    meant = [p for p in analyse(model, "d") if p.code != "dmn.gap_null"]
    assert [(p.code, p.level) for p in meant] == [("dmn.gap_meant", "info")]
    assert meant[0].params["reason"] == "n is counted before"


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"nothingMatched": "error"}, "dmn.unmatched_reason"),
        ({"nothingMatched": "error", "nothingMatchedReason": "  "}, "dmn.unmatched_reason"),
        ({"nothingMatchedReason": "because"}, "dmn.unmatched_reason"),
        ({"nothingMatched": "maybe"}, "dmn.unmatched_unknown"),
    ],
)
def test_stopping_on_purpose_needs_a_reason(properties: dict[str, str], code: str) -> None:
    model = load(said_of_nothing_matched(**properties))
    assert [(p.code, p.level) for p in model.problems] == [(code, "error")]
    assert "dmn.gap" in {p.code for p in analyse(model, "d")}


def test_citations_are_found_in_any_text() -> None:
    assert citations("见 hongshan#12.1、hongshan#8p2(及 hongshan#12.1)", "#3 no#t a#") == (
        "hongshan#12.1", "hongshan#8p2",
    )  # fmt: skip


# --------------------------------------------------------------------------- hostile and broken files
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="&b;"/>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">&x;</definitions>"""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (LAUGHS, "dmn.entities"),
        (EXTERNAL, "dmn.entities"),
        (b"<!DOCTYPE d SYSTEM 'http://localhost/x.dtd'><definitions/>", "dmn.entities"),
        (b"", "dmn.not_xml"),
        (b"not xml", "dmn.not_xml"),
        (b"<definitions", "dmn.not_xml"),
        (b"<definitions/>", "dmn.not_dmn"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "dmn.not_dmn"),
        (b'<decision xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "dmn.not_dmn"),
        (b"<a>" * 300 + b"</a>" * 300, "dmn.not_xml"),
        (b" " * (9 * 1024 * 1024), "dmn.too_large"),
    ],
)
def test_what_is_no_dmn_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(DmnError) as caught:
        load(data, "x.dmn")
    assert caught.value.problem.code == code
    assert caught.value.problem.remedy


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os").system("true")',
        "open('/etc/passwd')",
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 3000,
        "-" * 5000 + "1",
        "not(" * 2000 + "true" + ")" * 2000,
        "for a in 1..100000000 return a",
        "count(for a in 1..9999, b in 1..9999 return a)",
        'string join(for a in 1..100000 return "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")',
        "9 ** 9 ** 9 ** 9 ** 9 ** 9",
        "{a: function() a()}.a()",
        "if if if",
        "\x00",
    ],
)
def test_hostile_expressions_end_soon_and_do_nothing(text: str) -> None:
    if "\x00" in text:
        with pytest.raises(DmnError):
            load(definitions(decision("d", literal(text))))
        return
    with cpu_time() as taken:
        model = load(definitions(decision("d", literal(text))))
        result = model.evaluate("d", {})
    assert taken.seconds < 1.0
    assert result.value is None
    assert [*model.problems, *result.problems]


def test_a_pattern_that_tries_everything_ends_soon() -> None:
    slow = literal('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a+)+$")')
    with cpu_time() as taken:
        value = load(definitions(decision("d", slow))).evaluate("d", {}).value
    assert value is not True
    assert taken.seconds < 1.0
