"""Each check by two bundles: one that earns its finding, and the same put right, which does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from server.bundles.archive import Bundle
from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS, check
from server.bundles.outline import outlines
from server.engine import load
from server.engine.model import Finding
from tests.bundles import linked
from tests.bundles.small import MANIFEST, bundle, diagram, files, form, table
from tests.engine.bpmn.diagrams import END, properties, task
from tests.engine.bpmn.samples_structure import SAMPLES

Files = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Example:
    """What is wrong and the same put right, as changes of a small bundle; and where the finding stands."""

    wrong: Files
    right: Files = field(default_factory=dict)
    file: str = "bpmn/leave.bpmn"
    element: str = ""
    row: int | None = None
    level: str = "error"


def drawn(old: str, new: str) -> Files:
    assert old in diagram().decode(), old
    return {"bpmn": diagram().decode().replace(old, new).encode()}


def said(old: str, new: str, more: str = "") -> Files:
    assert old in MANIFEST.decode(), old
    return {"manifest": (MANIFEST.decode().replace(old, new) + more).encode()}


def rules(*rows: tuple[str, str], policy: str = "UNIQUE") -> Files:
    return {
        "dmn": table([(test.replace("<", "&lt;").replace(">", "&gt;"), out) for test, out in rows], policy)
    }


REGISTER = '\n[[register]]\nid = "all"\nname = "台账"\nprocesses = ["town.leave"]\ncolumns = ["{column}"]\n'
WAITS = task("head", 'name="审批" camunda:candidateGroups="head" camunda:formRef="town.opinion"',
             properties(regulation="town#3"))  # fmt: skip


def joint(said: str, condition: str = "", **more: str) -> str:
    """The approval by several together, who say what one rejection does."""
    done = f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>" if condition else ""
    given = properties(
        regulation="town#3", outcome="opinion", **({"onRejection": said} if said else {}), **more
    )
    return task(
        "head", 'name="审批" camunda:candidateGroups="head" camunda:formRef="town.opinion"',
        given + '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${[1, 2]}" '
        f'camunda:elementVariable="signer">{done}</bpmn:multiInstanceLoopCharacteristics>',
    )  # fmt: skip


FIGURES = 'id = "2", figures = [">= 600000 yuan"]'
LEVELS = [("< 600000", "clerk"), (">= 600000", "head")]
OUTLINE: Files = {path: text.encode() for path, text in outlines(load.read(files()).model.processes).items()}

EXAMPLES: Mapping[str, Example] = {
    "candidate-group-exists": Example(
        drawn('candidateGroups="head"', 'candidateGroups="haed"'), element="head"
    ),
    "cells-can-match": Example(
        rules(('"much"', "clerk"), ("-", "head"), policy="FIRST"),
        rules(("> 600000", "clerk"), ("-", "head"), policy="FIRST"),
        file="dmn/level.dmn", element="r1", row=1, level="warning",
    ),
    "decision-inputs-are-set": Example(
        {"apply": form("town.apply", "amuont")}, element="level", level="warning"
    ),
    "due-dates-in-working-days": Example(drawn('dueDate="=due"', 'dueDate="P7D"'), element="head"),
    "every-rule-can-fire": Example(
        rules(("-", "clerk"), ("> 600000", "head"), policy="FIRST"),
        rules(("> 600000", "head"), ("-", "clerk"), policy="FIRST"),
        file="dmn/level.dmn", element="r2", row=2, level="warning",
    ),
    "figure-agrees-with-article": Example(
        {**said('id = "2"', FIGURES), **rules(("< 650000", "clerk"), (">= 650000", "head"))},
        {**said('id = "2"', FIGURES), **rules(*LEVELS)},
        file="dmn/level.dmn", element="r1", row=1,
    ),
    "figures-only-in-decisions": Example(drawn('level = "clerk"', "amount &lt; 600000"), element="to_clerk"),
    "form-exists": Example(drawn(' camunda:formRef="town.apply"', ""), element="start"),
    "form-fields-are-valid": Example(
        {"opinion": form("town.opinion", "amount").replace(b'"label": "amount"', b'"label": "sum"')},
        {"opinion": form("town.opinion", "amount", "count")},
        file="forms/opinion.form", element="amount", level="warning",
    ),
    "id-equals-file-name": Example(
        {"opinion": form("town.opnion", "opinion")}, file="forms/opinion.form", element="town.opnion"
    ),
    "labels-present": Example(drawn('<bpmn:endEvent id="end" name="已批准"/>', END), element="end"),
    "manifest-is-consistent": Example(
        said('["clerk"]', '["boss"]'), file="jurisdiction.toml", element="boss"
    ),
    "messages-arrive": Example(
        {"bpmn": diagram(head=WAITS.replace('value="town#3"/>', 'value="town#3"/><camunda:property '
                                            'name="deliveredBy" value="head"/>'))},
        {"bpmn": diagram(head=WAITS)},
        element="head",
    ),
    "outline-is-current": Example(
        {"bpmn/leave.outline.txt": b"process town.leave\n"}, OUTLINE, file="bpmn/leave.outline.txt"
    ),
    "papers-are-consistent": Example(
        said("format", "format", REGISTER.format(column="amuont")),
        said("format", "format", REGISTER.format(column="amount")),
        file="jurisdiction.toml", element="all",
    ),
    "regulation-resolves": Example(drawn('value="town#2"', 'value="town#22"'), element="level"),
    "rejection-is-settled": Example(
        {"bpmn": diagram(head=joint("ends"))}, {"bpmn": diagram(head=joint("ends", 'opinion = "fail"'))},
        element="head",
    ),
    "schedule-is-sound": Example(
        {"schedule": linked.schedule().replace(b'name="per"', b'name="each"')},
        {"schedule": linked.schedule()},
        file="dmn/schedule.dmn", element="lab_schedule",
    ),
    "table-has-no-gaps": Example(
        rules(("< 600000", "clerk"), ("> 600000", "head")), rules(*LEVELS),
        file="dmn/level.dmn", element="t", level="warning",
    ),
    "unique-rules-do-not-overlap": Example(
        rules(("<= 600000", "clerk"), (">= 600000", "head")), rules(*LEVELS),
        file="dmn/level.dmn", element="r1", row=1,
    ),
    "user-task-has-candidates": Example(drawn(' camunda:candidateGroups="head"', ""), element="head"),
}  # fmt: skip


def found(code: str, changed: Files) -> list[Finding]:
    """The findings of a check; a schedule belongs to a bundle of its own."""
    subject = Bundle(linked.files(**changed)) if "schedule" in changed else bundle(**changed)
    return [finding for finding in check(subject) if finding.code == code]


def test_every_check_has_a_wrong_and_a_right_example() -> None:
    assert set(CHECKS) == set(EXAMPLES)


@pytest.mark.parametrize("code", CHECKS)
def test_what_is_wrong_is_told_with_place_and_remedy(code: str) -> None:
    example = EXAMPLES[code]
    told = found(code, example.wrong)
    assert told
    (finding,) = [f for f in told if (f.file, f.element) == (example.file, example.element)][:1]
    assert (finding.row, finding.level) == (example.row, example.level)
    assert finding.text()
    assert finding.help()
    assert "{" not in finding.text() + finding.help()


@pytest.mark.parametrize("code", CHECKS)
def test_what_was_put_right_is_not_told(code: str) -> None:
    example = EXAMPLES[code]
    assert example.right != example.wrong
    assert found(code, example.right) == []


@pytest.mark.parametrize("topic", ANSWERED_BY_THE_ENGINE)
def test_what_the_engine_answers_has_examples_of_its_own(topic: str) -> None:
    """Each refusal is proved by a pair of diagrams (`tests/engine/bpmn`): one refused, its twin accepted."""
    for code in ANSWERED_BY_THE_ENGINE[topic]:
        for refused, accepted in SAMPLES[code]:
            assert code in [f.code for f in load.read(refused).findings]
            assert code not in [f.code for f in load.read(accepted).findings]


GATHERED = {"outputCollection": "opinions", "outputElement": "opinion"}


@pytest.mark.parametrize(
    ("said", "condition", "more", "right"),
    [
        ("ends", 'opinion = "fail"', {}, True),
        ("ends", "nrOfCompletedInstances &gt; 1", {}, False),
        ("counts", "", GATHERED, True),
        ("counts", 'count(opinions[item = "fail"]) &gt; 1', GATHERED, True),
        ("counts", 'opinion = "fail"', GATHERED, False),
        ("counts", "", {}, False),
        ("returns", "", {"returnTo": "clerk"}, True),
        ("returns", "", {}, False),
        ("perhaps", "", GATHERED, False),
    ],
)
def test_what_one_rejection_does_is_what_the_diagram_says(
    said: str, condition: str, more: dict[str, str], right: bool
) -> None:
    told = found("rejection-is-settled", {"bpmn": diagram(head=joint(said, condition, **more))})
    assert [finding.level for finding in told] == ([] if right else ["error"])


@pytest.mark.parametrize("condition", ["", 'opinion = "fail"'])
def test_a_joint_sign_that_does_not_say_is_asked_to(condition: str) -> None:
    """Only where its form lets somebody reject."""
    choice = b"""{"type": "default", "id": "town.opinion", "schemaVersion": 19, "components": [
      {"type": "radio", "key": "opinion", "id": "i", "label": "opinion",
       "values": [{"label": "yes", "value": "pass"}, {"label": "no", "value": "fail"}]}]}"""
    drawn_so: Files = {"bpmn": diagram(head=joint("", condition))}
    assert found("rejection-is-settled", drawn_so) == []
    told = found("rejection-is-settled", {**drawn_so, "opinion": choice})
    assert [(finding.level, finding.element) for finding in told] == [("warning", "head")]
