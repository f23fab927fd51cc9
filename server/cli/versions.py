"""Commands about versions: what differs between two of them, and what one would have decided otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from server.bundles import archive, differences
from server.bundles.archive import ArchiveRefused
from server.bundles.differences import Difference, Differences
from server.bundles.manifest import ManifestRefused
from server.cli import house, telling
from server.cli.content import Root
from server.cli.telling import AsJson, console, fail
from server.services import comparing, deployments, replaying
from server.services.errors import NotFound
from server.services.replaying import Replay

_SOURCE = "A folder (hongshan, path/to/bpmn/hongshan), a zip, or a deployment or draft (hongshan@2, @active)."
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": "^"}


def diff(
    before: Annotated[str, typer.Argument(help=_SOURCE)],
    after: Annotated[str, typer.Argument(help="The same for the other side.")],
    root: Root = house.ROOT,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two versions of a jurisdiction, by meaning; exit code 1 if anything does."""
    found = differences.compare(_files(before, root), _files(after, root))
    if as_json:
        telling.tell_json([_row(one) for one in found.items])
    else:
        _tell(found)
    if found:
        raise typer.Exit(1)


def would_change(
    version: Annotated[
        str, typer.Argument(help="A deployment or draft: hongshan@2, or hongshan@ID of a draft.")
    ],
    latest: Annotated[int, typer.Option(help="How many of the latest real cases.")] = replaying.FEW,
    as_json: AsJson = False,
) -> None:
    """Take the decisions of the latest real cases once more, as another version decides; exit code 1 if one
    goes another way."""
    jurisdiction, _, reference = version.partition("@")
    with house.opened(house.settings()) as database, database.read() as session:
        try:
            person = house.operator(session, jurisdiction)
            found = replaying.replay(session, person, _reference(session, jurisdiction, reference), latest)
        except NotFound as error:
            raise fail(f"There is no {error.what} {error.id} in {jurisdiction}.", 2) from error
    if as_json:
        telling.tell_json(_replayed(found))
    else:
        _tell_replay(found)
    if found.other:
        raise typer.Exit(1)


# --------------------------------------------------------------------------- sources
def _files(source: str, root: Path) -> Mapping[str, bytes]:
    """The files of a folder, a zip, a deployment or a draft."""
    path = Path(source)
    try:
        if path.is_file():
            return archive.read_zip(path.read_bytes()).files
        if "@" not in source:
            chosen, name = (path.parents[1], path.name) if len(path.parts) > 1 else (root, source)
            return archive.read_folder(chosen, name).files
    except (ArchiveRefused, ManifestRefused) as error:
        telling.tell_findings([error.finding], as_json=False)
        raise typer.Exit(2) from error
    jurisdiction, _, reference = source.partition("@")
    with house.opened(house.settings()) as database, database.read() as session:
        try:
            person = house.operator(session, jurisdiction)
            chosen_id = _reference(session, jurisdiction, reference)
            return comparing.version(session, person, chosen_id).files
        except NotFound as error:
            raise fail(f"There is no {error.what} {error.id} in {jurisdiction}.", 2) from error


def _reference(session: Session, jurisdiction: str, text: str) -> str:
    """The id behind what was typed: the number of a deployment, or an id, or `active`."""
    if not text or text == comparing.ACTIVE:
        return comparing.ACTIVE
    if not text.isdecimal():
        return text
    rows = deployments.listing(session, house.operator(session, jurisdiction))
    return next((row.id for row in rows if str(row.number) == text), text)


# --------------------------------------------------------------------------- telling
def _tell(found: Differences) -> None:
    drawn = [file for file in found.by_file if found.only_drawn(file)]
    for file, items in found.by_file.items():
        if file in drawn:
            continue
        console.print(f"{file}  {items[0].title}", markup=False)
        for one in items:
            cited = f"  [{' '.join(one.regulation)}]" if one.regulation else ""
            console.print(f"  {_SIGNS[one.change]} {differences.english(one)}{cited}", markup=False)
    if drawn:
        console.print(f"only drawn or written anew: {', '.join(drawn)}", markup=False)
    console.print(f"{len(found.telling)} differences in {len(found.by_file)} files", markup=False)


def _row(one: Difference) -> dict[str, Any]:
    return {
        "file": one.file, "area": one.area, "container": one.container, "element": one.element,
        "change": one.change, "weight": one.weight, "aspect": one.key, "before": one.before,
        "after": one.after, "row": one.row, "regulation": one.regulation, "text": differences.english(one),
    }  # fmt: skip


def _tell_replay(found: Replay) -> None:
    for one in found.differ:
        rows = [
            ", ".join(str(rule.row) for rule in rules) or "–" for rules in (one.rules_before, one.rules_after)
        ]
        console.print(
            f"{one.business_key}  {one.name}  {telling.shown(one.before)} → {telling.shown(one.after)}"
            f"  (rule {rows[0]} → {rows[1]})",
            markup=False,
        )
    for key, counted in sorted(found.counted.items()):
        if counted.gone or counted.asks_more:
            why = "not there any more" if counted.gone else f"asks for {', '.join(found.missing[key])}"
            console.print(
                f"{key}: {counted.gone + counted.asks_more} cannot be taken again ({why})", markup=False
            )
    console.print(
        f"{found.decisions} decisions of {found.cases} cases: {found.other} go another way, "
        f"in {found.cases_differ} cases",
        markup=False,
    )


def _replayed(found: Replay) -> dict[str, Any]:
    rows = [
        {
            "case": one.business_key, "decision": one.decision, "at": one.at.isoformat(),
            "before": one.before, "after": one.after,
            "rules_before": [rule.row for rule in one.rules_before],
            "rules_after": [rule.row for rule in one.rules_after],
        }
        for one in found.differ
    ]  # fmt: skip
    counts = {
        key: {name: getattr(one, name) for name in ("taken", "other", "other_rule", "gone", "asks_more")}
        for key, one in found.counted.items()
    }
    return {
        "cases": found.cases,
        "decisions": found.decisions,
        "other": found.other,
        "differ": rows,
        "counted": counts,
    }
