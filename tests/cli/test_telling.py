"""How findings of several jurisdictions are told: as lines while they come, or as one JSON document."""

from __future__ import annotations

import json

import pytest
import typer

from server.cli.telling import Findings
from server.engine.model import Finding

WRONG = Finding(
    "error", "no-end", "{element} never ends.", {"element": "p"}, "Draw an end.", "bpmn/p.bpmn", "p"
)
ODD = Finding("warning", "odd", "This is odd.")


def test_several_jurisdictions_are_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    told = Findings(as_json=True)
    told.add("one", [ODD])
    told.sum_up("one: for people")
    told.add("two", iter([WRONG, ODD]))
    with pytest.raises(typer.Exit) as left:
        told.close()
    assert left.value.exit_code == 1
    rows = json.loads(capsys.readouterr().out)
    assert [(row["jurisdiction"], row["code"]) for row in rows] == [
        ("one", "odd"),
        ("two", "no-end"),
        ("two", "odd"),
    ]
    assert (rows[1]["text"], rows[1]["help"]) == ("p never ends.", "Draw an end.")


def test_warnings_alone_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        told = Findings(as_json)
        told.add("one", [ODD])
        told.close()
    assert "This is odd." in capsys.readouterr().out


def test_people_read_each_finding_with_its_place_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    told = Findings(as_json=False)
    told.add("one", [WRONG])
    told.sum_up("one: 1 file")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["bpmn/p.bpmn", "p", "error", "p", "never", "ends.", "no-end"]
    assert lines[1:] == ["    → Draw an end.", "one: 1 file"]
