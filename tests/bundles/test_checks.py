"""Each house check: a bundle that breaks the rule, and the small bundle that keeps them all."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS, check
from server.bundles.outline import outlines
from server.engine import load
from server.engine.model import Finding
from tests.bundles.small import MANIFEST, bundle, diagram, files, form, table
from tests.engine.bpmn.diagrams import END, properties, task
from tests.engine.bpmn.samples import SAMPLES
from tests.engine.bpmn.samples_structure import SAMPLES as ALL_SAMPLES


def manifest(old: str, new: str) -> bytes:
    assert old in MANIFEST.decode()
    return MANIFEST.decode().replace(old, new).encode()


def drawn(old: str, new: str) -> bytes:
    assert old in diagram().decode(), old
    return diagram().decode().replace(old, new).encode()


LEAVE = 'processes = ["town.leave"]'
PRINTED = f'{LEAVE}\ntext = "同意"'


def paper(table: str, *lines: str) -> bytes:
    return "\n".join([MANIFEST.decode(), f"[[{table}]]", 'id = "all"', 'name = "台账"', *lines]).encode()


TIMER = (
    '<bpmn:boundaryEvent id="late" name="超期" attachedToRef="head" cancelActivity="false">'
    "<bpmn:timerEventDefinition><bpmn:timeDuration>P7D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    '</bpmn:boundaryEvent><bpmn:sequenceFlow id="f" sourceRef="late" targetRef="end"/>'
)
COUNTED = '=now + duration("P7D")'
BARE = 'name="x" camunda:candidateGroups="head"'
BROKEN: list[tuple[str, str, Mapping[str, bytes | None]]] = [
    ("user-task-has-candidates", "head", {"bpmn": drawn(' camunda:candidateGroups="head"', "")}),
    ("candidate-group-exists", "head", {"bpmn": drawn('candidateGroups="head"', 'candidateGroups="haed"')}),
    ("rejection-is-settled", "head", {"bpmn": diagram(head=task(
        "head", 'name="审批" camunda:candidateGroups="head" camunda:formRef="town.opinion"',
        properties(regulation="town#3", outcome="opinion", onRejection="ends")
        + '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${[1, 2]}"/>',
    ))}),
    ("form-exists", "head", {"bpmn": drawn('camunda:candidateGroups="head" camunda:formRef="town.opinion"',
                                           'camunda:candidateGroups="head"')}),
    ("form-exists", "start", {"bpmn": drawn(' camunda:formRef="town.apply"', "")}),
    ("form-fields-are-valid", "amount", {"opinion": form("town.opinion", "opinion", "amount").replace(
        b'"label": "amount"', b'"label": "sum"'
    )}),
    ("id-equals-file-name", "town.opnion", {"opinion": form("town.opnion", "opinion")}),
    ("labels-present", "end", {"bpmn": drawn('<bpmn:endEvent id="end" name="已批准"/>', END)}),
    ("labels-present", "by_level", {"bpmn": drawn(' name="谁审批？"', "")}),
    ("labels-present", "to_clerk", {"bpmn": drawn(' name="经办" sourceRef', " sourceRef")}),
    ("labels-present", "town.leave", {"bpmn": drawn(' name="请示"', "")}),
    ("due-dates-in-working-days", "head", {"bpmn": drawn('dueDate="=due"', 'dueDate="2026-03-01"')}),
    ("due-dates-in-working-days", "late", {"bpmn": diagram(timer=TIMER)}),
    ("due-dates-in-working-days", "late", {"bpmn": diagram(timer=TIMER.replace("P7D", COUNTED))}),
    ("figures-only-in-decisions", "to_clerk", {"bpmn": drawn('level = "clerk"', "amount &lt; 600000")}),
    ("decision-inputs-are-set", "level", {"apply": form("town.apply", "amuont")}),
    ("regulation-resolves", "head", {"bpmn": diagram(head=task("head", BARE))}),
    ("regulation-resolves", "level", {"bpmn": drawn('value="town#2"', 'value="town#22"')}),
    ("regulation-resolves", "town_level", {"dmn": table(cited="")}),
    ("regulation-resolves", "r1", {"dmn": table(cited="town#9")}),
    ("unique-rules-do-not-overlap", "r1", {"dmn": table([("&lt;= 600000", "a"), ("&gt;= 600000", "b")])}),
    ("table-has-no-gaps", "t", {"dmn": table([("&lt; 600000", "a"), ("&gt; 600000", "b")])}),
    ("every-rule-can-fire", "r2", {"dmn": table([("-", "a"), ("&gt; 600000", "b")], "FIRST")}),
    (
        "figure-agrees-with-article", "r1",
        {"manifest": manifest('title = "分级"', 'figures = ["650000 yuan"]')},
    ),
    ("manifest-is-consistent", "boss", {"manifest": manifest('["clerk"]', '["clerk", "boss"]')}),
    ("manifest-is-consistent", "boss",
     {"manifest": manifest('name = "负责人"', 'name = "负责人"\nparent = "boss"')}),
    ("manifest-is-consistent", "town.leaf", {"manifest": manifest("town.leave", "town.leaf")}),
    ("manifest-is-consistent", "town.leave", {"manifest": manifest("town.leave", "town.leaf")}),
    ("manifest-is-consistent", "town.leave", {"manifest": manifest("{n}号", "号")}),
    ("manifest-is-consistent", "town.leave", {"manifest": manifest('["clerk"]', "[]")}),
    ("manifest-is-consistent", "1", {"manifest": manifest(', reason = "原则"', "")}),
    ("manifest-is-consistent", "town#7",
     {"manifest": manifest('name = "负责人"', 'name = "负责人"\nregulation = "town#7"')}),
    ("manifest-is-consistent", "town.leave",
     {"manifest": manifest("started_by", 'statutory = "decision:none"\nstarted_by')}),
    ("manifest-is-consistent", "lights",
     {"manifest": manifest("format = 1", 'format = 1\nlights = { yellow_when_left = "2 months" }')}),
    ("papers-are-consistent", "all", {"manifest": paper("register", 'processes = ["town.leaf"]')}),
    ("papers-are-consistent", "all", {"manifest": paper("register", "processes = []")}),
    ("papers-are-consistent", "all", {"manifest": paper("register", LEAVE, 'outcomes = ["ended"]')}),
    ("papers-are-consistent", "all", {"manifest": paper("register", LEAVE, 'columns = ["amuont"]')}),
    ("papers-are-consistent", "all", {"manifest": paper("register", LEAVE, 'columns = ["due"]')}),
    ("papers-are-consistent", "town.leave", {"manifest": manifest("started_by", 'print = "x"\nstarted_by')}),
    ("papers-are-consistent", "town#7", {"manifest": paper("register", LEAVE, 'regulation = "town#7"')}),
    ("papers-are-consistent", "all", {"manifest": paper("document", LEAVE, 'text = "{{ amuont }}"')}),
    ("papers-are-consistent", "all", {"manifest": paper("document", LEAVE, 'text = "{{ amount + }}"')}),
    ("papers-are-consistent", "all", {"manifest": paper("document", PRINTED, 'when = "amuont > 1"')}),
    ("papers-are-consistent", "all", {"manifest": paper("document", PRINTED, 'fields = ["amuont"]')}),
    ("messages-arrive", "head", {"bpmn": diagram(head=task("head", BARE, properties(deliveredBy="head")))}),
    ("schedule-is-sound", "town_none",
     {"manifest": manifest("format = 1", 'format = 1\nschedule = "town_none"')}),
    ("cells-can-match", "to_clerk", {"bpmn": drawn('level = "clerk"', 'level = "clerc"')}),
    ("cells-can-match", "r1", {"dmn": table([('"1"', "a"), ("-", "b")], "FIRST")}),
    ("outline-is-current", "", {"bpmn/leave.outline.txt": b"process town.leave\n"}),
]  # fmt: skip


def found(code: str, **changed: bytes | None) -> list[Finding]:
    return [f for f in check(bundle(**changed)) if f.code == code]


def test_the_small_bundle_keeps_every_rule() -> None:
    assert [(f.code, f.text()) for f in check(bundle())] == [
        ("outline-is-current", "The diagram has no outline beside it.")
    ]
    text = outlines(load.read(files()).model.processes)
    assert check(bundle(**{path: content.encode() for path, content in text.items()})) == ()


@pytest.mark.parametrize(("code", "element", "changed"), BROKEN, ids=[f"{c}-{e}" for c, e, _ in BROKEN])
def test_broken_rules_are_told(code: str, element: str, changed: dict[str, bytes | None]) -> None:
    told = found(code, **changed)
    assert element in [f.element for f in told], [(f.element, f.text()) for f in check(bundle(**changed))]
    for finding in told:
        assert finding.family == "house"
        assert "{" not in finding.text().replace("〔{year}〕", "")
        assert finding.help()
        assert finding.file in bundle(**changed).files or finding.file.endswith(".outline.txt")


def test_a_register_and_a_document_that_are_right() -> None:
    """Variables, facts of the header, outcomes, steps, and fields of the items of a loop."""
    register = 'outcomes = ["end"]\ncolumns = ["amount", "project_unit", "level"]\nregulation = "town#3"'
    text = "{{ case.number }}{{ step.head.opinion }}{{#loop steps}}{{ officer }}{{/loop}}{{ words.level }}"
    document = f'text = "{text}"\nwhen = "amount > 1"\nfields = ["amount"]\nstate = "open"'
    both = paper("register", LEAVE, register) + paper("document", LEAVE, document)[len(MANIFEST) :]
    assert found("papers-are-consistent", manifest=both) == []
    open_end = paper("document", LEAVE, 'text = "{{#if amount > 1}}x"')
    assert [f.text() for f in found("papers-are-consistent", manifest=open_end)] == [
        "[[document]] all, text: a place is not FEEL: {{/if}} is missing."
    ]


def test_every_check_has_a_broken_bundle() -> None:
    assert set(CHECKS) == {code for code, _, _ in BROKEN}


def test_checks_answered_by_the_engine_name_refusals_that_exist() -> None:
    assert ALL_SAMPLES is SAMPLES
    for code, refusals in ANSWERED_BY_THE_ENGINE.items():
        assert set(refusals) <= set(SAMPLES), code


def test_suggestions() -> None:
    told = found("candidate-group-exists", bpmn=drawn('candidateGroups="head"', 'candidateGroups="haed"'))
    assert [f.text() for f in told] == [
        "The candidate group haed of 负责人审批 does not stand in jurisdiction.toml. (head?)"
    ]


def test_groups_of_programs_are_looked_up_too() -> None:
    article = '<camunda:property name="regulation" value="town#3"/>'
    worked = article + '<camunda:property name="workedBy" value="head, haed"/>'
    told = found("candidate-group-exists", bpmn=drawn(article, worked))
    assert (
        "The group haed, whose programs may do 负责人审批, does not stand in jurisdiction.toml. (head?)"
        in [f.text() for f in told]
    )


def test_an_unreadable_manifest_is_a_finding_beside_the_others() -> None:
    findings = check(bundle(manifest=b"format = 2", bpmn=b"<x/>"))
    assert [f.code for f in findings] == ["manifest", "not-bpmn", "decision-not-found"][:2]


def test_shared_steps_need_no_article() -> None:
    shared = task(
        "t", 'name="x" camunda:candidateGroups="head" camunda:formRef="town.opinion"', properties(a="b")
    )
    other = diagram(head=shared.replace('id="t"', 'id="head"')).replace(b"town.leave", b"shared.leave")
    findings = check(bundle(**{"bpmn/shared/leave.bpmn": other}))
    assert not [f for f in findings if f.file.startswith("bpmn/shared") and f.code == "regulation-resolves"]
