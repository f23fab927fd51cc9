"""Commands about an office that runs: serve it, deploy to it, fill it with demo people, verify its record."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from server.bundles import archive
from server.bundles.archive import ArchiveRefused, Bundle
from server.bundles.manifest import ManifestRefused
from server.cli import demo, finding, house, serving, telling
from server.cli.telling import AsJson, console, fail
from server.services import bundle_log, deployed, deployments, history, identity, past_log, rights_log
from server.services.errors import DeploymentRejected, InvalidSubmission, ServiceError
from server.settings import Settings
from server.store.database import Database

Source = Annotated[Path, typer.Argument(help="A bundle (zip), or a folder with bpmn/, dmn/ and forms/.")]


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    prepare: Annotated[
        bool, typer.Option(help="First bring the database up, deploy what is new, and fill an empty demo.")
    ] = False,
) -> None:
    """Serve the office at http://HOST:PORT."""
    settings = house.settings()
    if prepare:
        _prepare(settings)
    gc.disable()  # what is loaded now stays: looking through it for garbage costs a tenth of the start
    from server.app import create_app  # the pages are loaded only by the command that serves them

    app = create_app(settings, warm=True)
    gc.enable()
    console.print(f"\n  规程 Guicheng  →  http://{host}:{port}\n", markup=False)
    with house.opened(settings) as database:
        _tell_accounts(settings, database)
    serving.listen(app, host, port, settings.log_level.lower())


def deploy(
    source: Source = house.ROOT,
    jurisdiction: Annotated[
        str, typer.Option(help="Which one of a folder; all of them if none is named.")
    ] = "",
    note: str = "",
    as_json: AsJson = False,
) -> None:
    """Deploy a bundle: checked first, then active for new cases. Running cases stay on theirs."""
    settings = house.settings()
    with house.opened(settings, migrate=True) as database:
        results = [
            _deploy(database, bundle, source.name, note, as_json) for bundle in bundles(source, jurisdiction)
        ]
    if as_json:
        telling.tell_json(results)


def seed(count: Annotated[int, typer.Option(help="About how many cases.")] = 40) -> None:
    """Fill the office with demo people and cases in every state, unless it has people already."""
    settings = house.settings()
    with house.opened(settings, migrate=True) as database:
        _seed(settings, database, count)


def verify_audit(jurisdiction: str = "", as_json: AsJson = False) -> None:
    """Check the chains of every case's record, of the bundles, of the rights and of what was entered of
    projects from before; exit code 1 if one was changed."""
    settings = house.settings()
    entries, cases, faults = 0, 0, list[tuple[str, history.ChainFault]]()
    with house.opened(settings) as database, database.read() as session:
        for found in history.verify(session, jurisdiction or None):
            cases += 1
            if isinstance(found, int):
                entries += found
            else:
                faults.append((found.instance_id, found))
        for name, log in (("bundles", bundle_log), ("rights", rights_log), ("projects", past_log)):
            for found in log.verify(session, jurisdiction or None):
                if isinstance(found, int):
                    entries += found
                else:
                    faults.append((name, found))
    if as_json:
        told = [
            {"jurisdiction": f.tenant_id, "case": f.instance_id, "entry": f.seq, "fault": f.fault}
            for _name, f in faults
        ]
        telling.tell_json({"cases": cases, "entries": entries, "faults": told})
    else:
        for name, fault in faults:
            console.print(
                f"✗ {fault.tenant_id} {name} entry {fault.seq}: {fault.fault}",
                markup=False,
            )
        console.print(f"{cases} cases, {entries} entries, {len(faults)} faults", markup=False)
    if faults:
        raise typer.Exit(1)


def _prepare(settings: Settings) -> None:
    """Deploy what was never deployed: what an admin has gone back from is not brought back by a restart, and
    one jurisdiction that is refused does not keep the others away."""
    with house.opened(settings, migrate=True) as database:
        finding.reindex_once(database)
        refused = [name for name in house.jurisdictions() if not _deploy_new(database, name)]
        if settings.demo:
            _seed(settings, database, 40)
    if refused:
        told = ", ".join(refused)
        console.print(
            f"  not deployed: {told}. The findings are above; see also: guicheng check", markup=False
        )


def _deploy_new(database: Database, name: str) -> bool:
    """Deploy a jurisdiction of the folder unless this very content was deployed before. False if refused."""
    fingerprint = archive.fingerprint(house.ROOT, name)
    with database.read() as session:
        if deployments.is_taken_up(session, name, fingerprint):
            return True
    try:
        (bundle,) = bundles(house.ROOT, name)
        with database.read() as session:
            known = deployments.was_deployed(session, bundle.id, bundle.files)
        if not known:
            _deploy(database, bundle, "prepare", "", as_json=False)
    except typer.Exit:
        return False
    with database.write() as session:
        deployments.take_up(session, name, fingerprint)
    return True


def bundles(source: Path, jurisdiction: str) -> list[Bundle]:
    """The bundle of a zip; of a folder those of one jurisdiction, or of all."""
    try:
        if source.is_file():
            return [archive.read_zip(source.read_bytes())]
        names = [jurisdiction] if jurisdiction else house.jurisdictions(source)
        if not names:
            raise fail(f"There is no bpmn/<jurisdiction>/jurisdiction.toml in {source}.", 2)
        return [archive.read_folder(source, name) for name in names]
    except (ArchiveRefused, ManifestRefused) as error:
        telling.tell_findings([error.finding], as_json=False)
        raise typer.Exit(1) from error
    except OSError as error:
        raise fail(f"{source} cannot be read: {error.strerror}.", 2) from error


def _deploy(database: Database, bundle: Bundle, source: str, note: str, as_json: bool) -> dict[str, object]:
    try:
        with database.write() as session:
            person = house.operator(session, bundle.id)
            done = deployments.deploy(
                session,
                person,
                bundle.id,
                bundle.files,
                house.now(),
                name=bundle.manifest.name,
                source=source,
                note=note,
                at_machine=True,
            )
    except DeploymentRejected as error:
        telling.tell_findings(error.findings, as_json=as_json)
        raise fail(f"{bundle.id} was not deployed.") from error
    if not as_json and done.changed:
        console.print(
            f"  {bundle.id} #{done.number}: {len(done.changed)} processes new or changed", markup=False
        )
    return {
        "jurisdiction": bundle.id,
        "deployment": done.deployment_id,
        "number": done.number,
        "changed": done.changed,
    }


def _seed(settings: Settings, database: Database, count: int) -> None:
    """Demo people once; then the cases, each in a unit of work of its own. Those who are there for the whole
    installation are entered in every jurisdiction."""
    for bundle in _unsettled_bundles(database):
        office = demo.Office(database, house.files(settings), bundle, house.now())
        if not office.settle():
            continue
        plays = office.plays(count)
        for play in track(plays, description=f"  {bundle.id}: {len(plays)} cases", transient=True):
            try:
                office.play(play)
            except ServiceError as error:
                console.print(f"  {play.scenario.path} stops early: {_why(error)}", markup=False)


def _why(error: ServiceError) -> str:
    """Why a step of a story could not be done, on one line."""
    if isinstance(error, InvalidSubmission):
        return ", ".join(wrong.text() for wrong in error.submission.errors)[:300]
    return f"{type(error).__name__} {error}"[:300]


def _unsettled_bundles(database: Database) -> Iterator[Bundle]:
    """The jurisdictions of the folder that are deployed and where demo people are still missing."""
    for name in house.jurisdictions():
        with database.read() as session:
            known = deployed.manifest(session, name) is not None
            settled = all(identity.is_known(session, name, account) for account in demo.accounts(name))
        if known and not settled:
            yield archive.read_folder(house.ROOT, name)


def _tell_accounts(settings: Settings, database: Database) -> None:
    if not settings.demo:
        return
    with database.read() as session:
        accounts = identity.demo_accounts(session)
        names = dict(identity.jurisdictions(session))
        several = identity.in_several(session)
    if accounts:
        console.print(f"  演示账号 demo accounts (password: {identity.DEMO_PASSWORD})", markup=False)
    for tenant_id, found in groupby(accounts, key=lambda account: account.tenant_id):
        own = [account for account in found if account.account not in several]
        if own:
            console.print(f"  {names.get(tenant_id, tenant_id)} ({tenant_id})", markup=False)
        for account in own:
            _tell_account(account)
    told = {account.account: account for account in accounts if account.account in several}
    if told:
        console.print("  各辖区通用 in every jurisdiction", markup=False)
    for account in told.values():
        _tell_account(account)
    console.print()


def _tell_account(account: identity.Account) -> None:
    console.print(
        f"    {account.account:<12} {account.name}  {account.unit_name} {account.post}", markup=False
    )
