"""`make bench`: what a step, a command, a request and a list cost, and whether the aims are met."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from bench import commit, decisions, engine, finding, http, reference, worklist
from bench.aims import Verdict, judged
from bench.measure import Result
from bench.place import Office, place

PARTS = ("engine", "decisions", "commit", "http", "worklist", "lists")
KINDS = ("SQLite", "PostgreSQL")
MANY = 100_000
console = Console(stderr=True, width=110)


def main() -> int:
    """Measure the wanted parts and tell; exit code 0 whatever the figures are: other work on the machine must
    not fail a build."""
    wanted = _arguments()
    results = []
    for result in _measure(wanted.parts or PARTS, [k for k in KINDS if wanted.database in ("", k.lower())]):
        console.print(f"{result.name}: {result.cpu_ms:.3f} ms", style="dim", highlight=False)
        results.append(result)
    verdicts = judged(results)
    if wanted.json:
        told: dict[str, object] = {"at": datetime.now(UTC).isoformat(), "machine": _machine()}
        aims = [asdict(verdict) for verdict in verdicts]
        json.dump(
            {**told, "results": [asdict(result) for result in results], "aims": aims}, sys.stdout, indent=1
        )
        return 0
    _tell(results, verdicts)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"of {', '.join(PARTS)}; all if none")
    parser.add_argument("--database", choices=[kind.lower() for kind in KINDS], default="")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args()


def _measure(parts: tuple[str, ...], kinds: list[str]) -> Iterator[Result]:
    if "engine" in parts:
        yield from engine.measure()
    if "decisions" in parts:
        yield from decisions.measure()
    if {"http", "lists"} & set(parts):
        yield from reference.request()
    for kind in kinds if {"commit", "http", "worklist"} & set(parts) else ():
        yield from _stored(parts, kind)
    for kind in kinds if "lists" in parts else ():
        with place(kind) as where:  # an office of its own: its tasks would be on the lists of the others
            finding.fill(where)
            yield from finding.measure(where)


def _stored(parts: tuple[str, ...], kind: str) -> Iterator[Result]:
    with place(kind) as where:
        yield from reference.commit(where)
        office = Office(where)
        if "commit" in parts:
            yield from commit.measure(where)
            yield from commit.command(where, office)
        if "http" in parts:
            yield from http.measure(where, office)
        if "worklist" in parts:
            deployment = office.deployment_id()
            worklist.fill(where.database, 100, deployment, worklist.GROUPS[:2])
            yield from worklist.measure(where.database, 100, where.others)
            yield from http.pages(where, office, 100)
            worklist.fill(where.database, MANY, deployment)
            yield from worklist.measure(where.database, MANY, where.others)
            yield from http.pages(where, office, MANY)


def _machine() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def _tell(results: list[Result], verdicts: list[Verdict]) -> None:
    out = Console(width=118)
    table = Table(title=f"CPU time, database included — {_machine()}")
    for title, side in (("operation", "left"), ("CPU ms", "right"), ("statements", "right"), ("", "left")):
        table.add_column(title, justify=side)  # type: ignore[arg-type]
    for result in results:
        count = "" if result.statements is None else f"{result.statements:g}"
        more = ", ".join(
            [result.note] * bool(result.note) + [f"{v:.3g} {n}" for n, v in result.extra.items()]
        )
        table.add_row(result.name, f"{result.cpu_ms:.3f}", count, more)
    out.print(table)
    for verdict in verdicts:
        out.print(str(verdict), highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
