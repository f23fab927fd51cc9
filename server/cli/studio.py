"""Commands about what is in use: load a jurisdiction, go back, ask for a second person, export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlmodel import Session

from server.bundles import archive
from server.bundles.archive import ArchiveRefused, Bundle
from server.cli import house, office, telling
from server.cli.telling import AsJson, console, fail
from server.engine.business_calendar import ZONE
from server.services import (
    authoring,
    bundle_review,
    deployed,
    deployments,
    groups,
    identity,
    release_effects,
    release_preview,
    releases,
    two_person,
)
from server.services.authorization import Person
from server.services.errors import DeploymentRejected, NotFound, NotPermitted
from server.services.releases import Wish
from server.store.database import Database

Jurisdiction = Annotated[str, typer.Argument(help="Id of the jurisdiction, such as hongshan.")]
Note = Annotated[str, typer.Option(help="What changes and why; it stands in the history.")]
Effective = Annotated[str, typer.Option(help="Day from which it holds (2027-01-01); at once if none.")]


def load(
    source: Annotated[Path, typer.Argument(help="A zip, or a folder with bpmn/, dmn/ and forms/.")],
    jurisdiction: Annotated[str, typer.Option(help="Which one of a folder.")] = "",
    member: Annotated[
        list[str] | None,
        typer.Option(
            help="Name somebody: GROUP=JURISDICTION/ACCOUNT, or GROUP=*OTHER for all of another group."
        ),
    ] = None,
    note: Note = "",
    effective: Effective = "",
    only_look: Annotated[bool, typer.Option("--look", help="Show what it would do, and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load a jurisdiction: checked, its scenarios played, groups without people shown, then in use for new
    cases. Nothing that was there is deleted; “guicheng activate” goes back."""
    named = [_pair(one) for one in member or []]
    wish = Wish(note or "guicheng load", _moment(effective))
    with house.opened(house.settings(), migrate=True) as database:
        bundle = _only(source, jurisdiction)
        _prove(bundle, as_json)
        if not only_look:
            _enter(database, bundle, named)
        effects = _effects(database, bundle)
        if not as_json:
            _tell_effects(bundle, effects)
        number = 0 if only_look or not effects.changed else _release(database, bundle, wish, source.name)
    if as_json:
        told = {"jurisdiction": bundle.id, "number": number or effects.number, "changed": effects.changed}
        missing = [group.id for group in effects.missing]
        telling.tell_json([{**told, "missing": missing, "effective": effective or None}])
    elif number:
        day = f" from {effective}" if effective else ""
        console.print(f"  {bundle.id} #{number}: new cases use it{day}", markup=False)


def _only(source: Path, jurisdiction: str) -> Bundle:
    found = office.bundles(source, jurisdiction)
    if len(found) != 1:
        raise fail(f"{source} holds {len(found)} jurisdictions. Choose one with --jurisdiction.", 2)
    return found[0]


def activate(
    jurisdiction: Jurisdiction,
    number: Annotated[int, typer.Argument(help="Number of the deployment.")],
    note: Note = "",
) -> None:
    """Let new cases use a deployment that is there: go back to an earlier one, or on to a later one."""
    with house.opened(house.settings()) as database, database.write() as session:
        person = house.operator(session, jurisdiction)
        rows = deployments.listing(session, person)
        chosen = next((row for row in rows if row.number == number), None)
        if chosen is None:
            raise fail(f"{jurisdiction} has no deployment {number}.", 2)
        deployed.of(session, jurisdiction, chosen.id)
        release_effects.use(session, person, chosen.id, house.now(), note or f"guicheng activate {number}")
    console.print(f"  {jurisdiction}: new cases use #{number} {chosen.name}", markup=False)


def two_persons(
    wanted: Annotated[Literal["on", "off"], typer.Argument()],
    jurisdiction: Annotated[str, typer.Argument(help="In all if none is named.")] = "",
) -> None:
    """Ask for a second person before new cases use another deployment, or no longer."""
    with house.opened(house.settings(), migrate=True) as database, database.write() as session:
        two_person.require(session, jurisdiction, required=wanted == "on")
    console.print(f"  two persons release: {wanted} ({jurisdiction or 'everywhere'})", markup=False)


def export(
    jurisdiction: Jurisdiction,
    root: Annotated[Path, typer.Option(help="Folder that holds bpmn/, dmn/ and forms/.")],
    number: Annotated[int, typer.Option(help="Number of a deployment; the one in use if none.")] = 0,
    draft: Annotated[str, typer.Option(help="Id of a draft, as in the address of its page.")] = "",
) -> None:
    """Write a deployment or a draft into the folder of a repository; what is the same is not touched."""
    with house.opened(house.settings()) as database, database.read() as session:
        bundle = Bundle(_files(session, house.operator(session, jurisdiction), number, draft))
    try:
        written, removed = archive.lay_out(bundle, root)
    except (ArchiveRefused, OSError) as error:
        raise fail(str(error)) from error
    for mark, paths in (("+", written), ("-", removed)):
        for path in paths:
            console.print(f"  {mark} {path}", markup=False)
    console.print(f"  {bundle.id}: {len(written)} written, {len(removed)} removed", markup=False)


def _files(session: Session, person: Person, number: int, draft: str) -> dict[str, bytes]:
    if draft:
        try:
            found = authoring.files(session, person, draft)
        except NotFound as error:
            known = ", ".join(f"{one.id} ({one.name})" for one in authoring.listing(session, person))
            raise fail(f"There is no draft {draft}. Open ones: {known or 'none'}.", 2) from error
        if not found:
            raise fail(f"The draft {draft} was deployed or discarded.", 2)
        return found
    rows = deployments.listing(session, person)
    active = release_effects.active(session, person.tenant_id)
    chosen = next((row for row in rows if (row.number == number if number else row.id == active)), None)
    if chosen is None:
        raise fail(f"{person.tenant_id} has no such deployment.", 2)
    return deployed.of(session, person.tenant_id, chosen.id).files


def _prove(bundle: Bundle, as_json: bool) -> None:
    """Stop at errors of the checks and at scenarios that do not hold."""
    found = bundle_review.findings(bundle.files)
    wrong = [finding for finding in found if finding.level == "error"]
    if wrong or not as_json:
        telling.tell_findings(found, as_json=as_json)
    model, _ = deployed.compiled(bundle.files)
    if wrong or model is None:
        raise fail(f"{bundle.id} was not loaded.")
    trial = bundle_review.trial(bundle.files, house.now())
    failures = [*trial.unreadable, *(failure for one in trial.failed for failure in one.failures)]
    if failures:
        telling.tell_findings(failures, as_json=as_json)
        raise fail(f"{bundle.id} was not loaded: its scenarios do not hold.")
    if not as_json:
        told = f"{len(bundle.files)} files, {len(trial.played)} scenarios hold"
        console.print(f"  {bundle.id}: {told}", markup=False)


def _enter(database: Database, bundle: Bundle, named: list[tuple[str, str]]) -> None:
    """The jurisdiction, if it is new, and the people named for its groups."""
    with database.write() as session:
        identity.add_jurisdiction(session, bundle.id, bundle.manifest.name, house.now())
        person = house.operator(session, bundle.id)
        for group, who in named:
            if group not in bundle.manifest.groups:
                raise fail(f"{bundle.id} has no group {group}.", 2)
            try:
                _name(session, person, group, who)
            except (NotPermitted, NotFound) as error:
                raise fail(f"{group}={who}: nobody was named. {error}", 2) from error


def _name(session: Session, person: Person, group: str, who: str) -> None:
    if who.startswith("*"):
        groups.name_members_of(session, person, group, who.removeprefix("*"), house.now())
    else:
        key = who if "/" in who else f"{person.tenant_id}/{who}"
        groups.name_member(session, person, group, key, house.now(), at_machine=True)


@dataclass(frozen=True, slots=True)
class _Effects:
    """What loading changes: files by standing, groups without people, and the deployment in use."""

    standing: dict[str, str]
    missing: list[groups.GroupView]
    number: int

    @property
    def changed(self) -> list[str]:
        return sorted(path for path, standing in self.standing.items() if standing != "unchanged")


def _effects(database: Database, bundle: Bundle) -> _Effects:
    with database.read() as session:
        person = house.operator(session, bundle.id)
        model, _ = deployed.compiled(bundle.files)
        missing = [g for g in groups.listing(session, person, bundle.manifest, model) if g.needed]
        active = release_effects.active(session, bundle.id)
        held = deployed.of(session, bundle.id, active).files if active else {}
        number = release_preview.number_of(session, bundle.id, active) or 0
    standing = {path: _standing(held, bundle, path) for path in held.keys() | bundle.files.keys()}
    return _Effects(standing, missing, number)


def _tell_effects(bundle: Bundle, effects: _Effects) -> None:
    counted = Counter(effects.standing.values())
    told = ", ".join(f"{count} {word}" for word, count in sorted(counted.items()))
    console.print(f"  {bundle.id}: {told}", markup=False)
    for group in effects.missing:
        needs = f"{group.tasks} tasks, begins {len(group.starts)} processes"
        console.print(f"  ! nobody holds {group.id} ({group.name}): {needs}", markup=False)
    if effects.missing:
        console.print("    name people with --member, or under Deployments › Groups", markup=False)


def _standing(held: dict[str, bytes], bundle: Bundle, path: str) -> str:
    if path not in held:
        return "new"
    if path not in bundle.files:
        return "left out"
    return "unchanged" if held[path] == bundle.files[path] else "changed"


def _release(database: Database, bundle: Bundle, wish: Wish, source: str) -> int:
    try:
        with database.write() as session:
            person = house.operator(session, bundle.id)
            done = releases.at_machine(
                session, person, bundle.files, wish, house.now(), name=bundle.manifest.name, source=source
            )
    except DeploymentRejected as error:
        telling.tell_findings(error.findings, as_json=False)
        raise fail(f"{bundle.id} was not loaded.") from error
    return done.number or 0


def _pair(text: str) -> tuple[str, str]:
    group, sign, who = text.partition("=")
    if not (group and sign and who):
        raise fail(f"{text!r} names nobody. Write GROUP=JURISDICTION/ACCOUNT.", 2)
    return group, who


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZONE)
    except ValueError as error:
        raise fail(f"{text!r} is no day. Write it as 2027-01-01.", 2) from error
