"""The plans of the demonstration: each names what there is, and who writes one is told what there is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from server.bundles import archive
from server.cli import demo, house
from server.services.attachments import FileStore
from server.store.database import Database
from tests.services.conftest import MORNING


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> demo.Office:
    """The demonstration of Hongshan, without a database that answers."""
    bundle = archive.read_folder(house.ROOT, "hongshan")
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('plan') / 'office.db'}")
    return demo.Office(database, FileStore(Path()), bundle, MORNING)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"scenario": "acceptance/experts_passed"}, "not a scenario of the jurisdiction"),
        ({"scenario": "experts_pass"}, "not a scenario of the jurisdiction"),
        ({"scenario": ""}, "not a scenario of the jurisdiction"),
        ({"until": "no_such_step"}, "not a step of its scenario"),
    ],
)
def test_a_plan_that_names_what_is_not_there(
    office: demo.Office, capsys: pytest.CaptureFixture[str], wrong: dict[str, str], told: str
) -> None:
    """The command ends with the file, the entry, and what comes close."""
    right = next(entry for entry in office.plan["case"] if entry["scenario"] == "acceptance/experts_pass")
    with pytest.raises(typer.Exit) as ended:
        office._planned({**right, **wrong}, "x")
    said = capsys.readouterr().err
    assert ended.value.exit_code == 2
    assert "demo/hongshan.toml" in said
    assert told in said
    if wrong.get("scenario"):
        assert "Did you mean acceptance/experts_pass?" in said
