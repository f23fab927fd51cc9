"""Commands about people: enter them from a list, at the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.cli import house, telling
from server.cli.telling import AsJson, console, fail
from server.services import people_files, people_import
from server.services.authorization import Person
from server.services.errors import NotPermitted
from server.services.people_files import Row
from server.services.people_import import Entered, Plan
from server.store.database import Database

app = typer.Typer(no_args_is_help=True, help="The people of a jurisdiction.")
_MARKS = {"new": "+", "changed": "~", "unchanged": "=", "faulty": "✗"}


@app.command("import")
def import_(
    jurisdiction: Annotated[str, typer.Argument(help="Such as hongshan.")],
    file: Annotated[Path, typer.Argument(help="XLSX or CSV, as the template has it.", exists=True)],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, only tell what it would do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a list would do, row by row, and with --yes do it. Rows with faults are left out; the exit
    code is 1 where there are any. Whoever sits at the machine may give the posts of the house too."""
    with house.opened(house.settings(), migrate=True) as database:
        try:
            rows = people_files.read(file.read_bytes(), file.name)
            plan, done = _carry_out(database, jurisdiction, rows, yes)
        except NotPermitted as refused:
            raise fail(refused.reason.format_map(refused.params), 2) from refused
    if as_json:
        telling.tell_json(_values(plan, done))
    else:
        _tell(plan, done)
    if plan.count("faulty"):
        raise typer.Exit(1)


def _carry_out(
    database: Database, jurisdiction: str, rows: list[Row], yes: bool
) -> tuple[Plan, Entered | None]:
    """What the list would do and, if wanted, what it did, in one unit of work."""
    if not yes:
        with database.read() as session:
            operator: Person = house.operator(session, jurisdiction)
            return people_import.plan(session, operator, rows, at_machine=True), None
    with database.write() as session:
        operator = house.operator(session, jurisdiction)
        plan = people_import.plan(session, operator, rows, at_machine=True)
        done = people_import.carry_out(session, operator, rows, plan.digest, house.now(), at_machine=True)
        return plan, done


def _tell(plan: Plan, done: Entered | None) -> None:
    for line in plan.lines:
        told = "; ".join(f"{field}: {old or '-'} -> {new or '-'}" for field, old, new in line.changes)
        told = told or "; ".join(text.format_map(params) for text, params in line.problems)
        console.print(
            f"  {line.number:>5} {_MARKS[line.kind]} {line.wanted.account:<16} {line.wanted.name}  {told}",
            markup=False,
        )
    console.print(
        "  " + ", ".join(f"{plan.count(kind)} {kind}" for kind in people_import.KINDS), markup=False
    )
    if done is None:
        console.print("  Nothing was written: add --yes to do it.", markup=False)
        return
    for record, password in done.passwords:
        console.print(f"  {record.account:<16} first password {password}", markup=False)


def _values(plan: Plan, done: Entered | None) -> dict[str, object]:
    lines = [
        {
            "row": line.number, "kind": line.kind, "account": line.wanted.account,
            "changes": [list(change) for change in line.changes],
            "problems": [text.format_map(params) for text, params in line.problems],
        }
        for line in plan.lines
    ]  # fmt: skip
    passwords = {record.account: password for record, password in done.passwords} if done else {}
    return {"written": done is not None, "rows": lines, "first_passwords": passwords}
