"""Commands about finding: write the full text of cases anew from their records."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli import house
from server.cli.telling import console
from server.services import deployed, indexing
from server.store.database import Database


def reindex(
    jurisdiction: Annotated[str, typer.Option(help="Only this one; all of them if none is named.")] = "",
) -> None:
    """Write what can be found of each case anew, from its record. People may work meanwhile."""
    with house.opened(house.settings()) as database:
        batches = _reindex(database, jurisdiction)
    console.print(f"  {batches} batches of up to {indexing.BATCH} cases", markup=False)


def reindex_once(database: Database) -> None:
    """Do so if it was never done: the cases are older than the full text."""
    with database.read() as session:
        complete = indexing.is_complete(session)
    if not complete:
        _reindex(database, "")


def _reindex(database: Database, jurisdiction: str) -> int:
    """Each batch is a unit of work of its own, so nobody waits long; gives how many there were."""
    batches = 0
    with database.read() as session:
        tenants = [jurisdiction] if jurisdiction else deployed.in_use(session)
    for tenant in tenants:
        after, going = "", True
        while going:
            with database.write() as session:
                after = indexing.reindex(session, tenant, after)
            batches, going = batches + 1, bool(after)
    if not jurisdiction:
        with database.write() as session:
            indexing.note_complete(session, house.now())
    return batches
