"""Deploying a jurisdiction of forty diagrams takes less than five seconds, none of its files known before."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import PurePosixPath

from server.bundles.archive import Bundle
from server.bundles.checks import check
from server.cli import house
from server.services import deployments
from tests.services.conftest import TENANT, Office
from tests.stopwatch import cpu_time

DIAGRAMS, SECONDS = 40, 5
TIMES = count(1)
ENTRY = """
[[process]]
id = "hongshan.{stem}_copy"
name = "副本"
number = "副〔{{year}}〕{{n}}号{stem}"
started_by = ["project_unit"]
"""


def forty(files: dict[str, bytes]) -> dict[str, bytes]:
    """The bundle with copies of its own diagrams under other names, as many as it lacks to forty."""
    lacking = DIAGRAMS - sum(path.endswith(".bpmn") for path in files)
    own = [PurePosixPath(p).stem for p in files if p.endswith(".bpmn") and "/shared/" not in p]
    every = copied(files, own)
    wrong = "".join(f.file + f.element for f in check(Bundle(every)) if f.level == "error")
    return copied(files, [stem for stem in own if f"{stem}_copy" not in wrong][:lacking])


def copied(files: dict[str, bytes], stems: list[str]) -> dict[str, bytes]:
    found = dict(files)
    for stem in stems:
        identity = f'"hongshan.{stem}"'.encode()
        assert identity in files[f"bpmn/{stem}.bpmn"]
        found[f"bpmn/{stem}_copy.bpmn"] = files[f"bpmn/{stem}.bpmn"].replace(
            identity, f'"hongshan.{stem}_copy"'.encode()
        )
        found["jurisdiction.toml"] += ENTRY.format(stem=stem).encode()
    return found


def test_forty_diagrams_are_deployed_within_five_seconds(office: Office, bundle: Bundle) -> None:
    files = forty(dict(bundle.files))
    assert sum(path.endswith(".bpmn") for path in files) == DIAGRAMS
    read = (".bpmn", ".dmn", ".form")
    blanks = b"\n" * next(TIMES)
    fresh = {path: data + blanks if path.endswith(read) else data for path, data in files.items()}
    with cpu_time() as taken, office.database.write() as session:
        outcome = deployments.deploy(
            session, house.operator(session, TENANT), TENANT, fresh, office.now + timedelta(days=1),
            name="forty", source="test",
        )  # fmt: skip
    assert len(outcome.changed) == DIAGRAMS
    assert taken.seconds < SECONDS
