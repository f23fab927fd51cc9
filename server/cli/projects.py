"""Commands about projects: enter those that were under way before, from a list, at the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.bundles.project_facts import PastFacts
from server.cli import house, telling
from server.cli.telling import AsJson, console, fail
from server.services import past_facts, past_files, past_import
from server.services.errors import NotPermitted
from server.services.past_import import Line, Plan

app = typer.Typer(no_args_is_help=True, help="The projects of a jurisdiction.")
_MARKS = {"new": "+", "changed": "~", "unchanged": "=", "faulty": "✗"}


@app.callback()
def _group() -> None:
    """A group of commands, also while it has but one."""


@app.command("import")
def import_(
    jurisdiction: Annotated[str, typer.Argument(help="Such as hongshan.")],
    file: Annotated[Path, typer.Argument(help="XLSX or CSV, as the template has it.", exists=True)],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, only tell what it would do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a list of projects from before would do, row by row, and with --yes do it. Rows with faults
    are left out; the exit code is 1 where there are any."""
    with house.opened(house.settings(), migrate=True) as database:
        try:
            with (database.write if yes else database.read)() as session:
                operator, now = house.operator(session, jurisdiction), house.now()
                facts = past_facts.offered(session, operator)
                listed = past_files.read(facts, file.read_bytes(), file.name)
                plan = past_import.plan(session, operator, listed.rows, now)
                if yes:
                    plan = past_import.carry_out(session, operator, listed.rows, plan.digest, now)
        except NotPermitted as refused:
            raise fail(refused.reason.format_map(refused.params), 2) from refused
    if as_json:
        rows = [_values(facts, line) for line in plan.lines]
        telling.tell_json({"written": yes, "rows": rows, "headings_not_read": list(listed.unknown)})
    else:
        _tell(facts, plan, listed.unknown, written=yes)
    if plan.count("faulty"):
        raise typer.Exit(1)


def _tell(facts: PastFacts, plan: Plan, unknown: tuple[str, ...], *, written: bool) -> None:
    for line in plan.lines:
        told = "; ".join(_told(facts, line))
        console.print(f"  {line.number:>5} {_MARKS[line.kind]} {line.project.name}  {told}", markup=False)
    console.print("  " + ", ".join(f"{plan.count(kind)} {kind}" for kind in past_import.KINDS), markup=False)
    if unknown:
        console.print(f"  Headings that were not read: {', '.join(unknown)}", markup=False)
    if not written:
        console.print("  Nothing was written: add --yes to do it.", markup=False)


def _values(facts: PastFacts, line: Line) -> dict[str, object]:
    return {
        "row": line.number, "kind": line.kind, "project": line.project.code or line.project.name,
        "told": _told(facts, line),
    }  # fmt: skip


def _told(facts: PastFacts, line: Line) -> list[str]:
    """The changes of a row, or what is wrong with it, in words."""
    changes = (past_import.in_words(facts, change, "zh-CN") for change in line.changes)
    told = [f"{name}: {before or '-'} -> {after or '-'}" for name, before, after in changes]
    return told or [text.format_map(params) for text, params in line.problems]
