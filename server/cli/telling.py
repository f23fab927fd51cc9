"""How commands speak: findings as a linter prints them, JSON where a machine reads, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console

from server.engine.model import Finding

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say what went wrong on standard error; raise what this gives."""
    errors.print(f"[red]✗[/red] {message}", markup=True)
    return typer.Exit(code)


def tell_findings(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print findings; gives how many are errors."""
    found = list(findings)
    if as_json:
        tell_json(_rows(found))
    else:
        for finding in found:
            _tell_finding(finding)
    return sum(finding.level == "error" for finding in found)


class Findings:
    """What is found in one jurisdiction after another: printed as it comes, or as one JSON list last."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []
        self._errors = 0

    def add(self, jurisdiction: str, findings: Iterable[Finding]) -> None:
        """Tell what was found there."""
        found = list(findings)
        self._errors += sum(finding.level == "error" for finding in found)
        if self._as_json:
            self._rows += [{"jurisdiction": jurisdiction, **row} for row in _rows(found)]
        else:
            tell_findings(found, as_json=False)

    def sum_up(self, text: str) -> None:
        """A line for people only."""
        if not self._as_json:
            console.print(text, markup=False)

    def close(self) -> None:
        """Nothing more comes. Raises Exit with code 1 if there was an error."""
        if self._as_json:
            tell_json(self._rows)
        if self._errors:
            raise typer.Exit(1)


def _rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [{**asdict(f), "text": f.text(), "help": f.help()} for f in findings]


def _tell_finding(finding: Finding) -> None:
    place = finding.element or (f"line {finding.line}" if finding.line else "")
    if finding.row is not None:
        place += f" row {finding.row}"
    if finding.column:
        place += f" column {finding.column}"
    colour = _COLOURS[finding.level]
    console.print(
        f"{finding.file}  {place}  [{colour}]{finding.level}[/{colour}]  ", end="", markup=True, style=None
    )
    console.print(finding.text(), f" {finding.code}", sep=" ", markup=False)
    if finding.remedy:
        console.print(f"    → {finding.help()}", markup=False)


def shown(value: Any) -> str:
    """A value on one line."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def tell_json(value: Any) -> None:
    """Print a value as JSON; decimals as exact text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
