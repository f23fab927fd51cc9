"""What a decision costs: one of Hongshan's tables, evaluated with its record of how it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bench.measure import Result, cpu_ms
from server.bundles import archive
from server.cli import house
from server.engine import decisions, load

ROUTE = "hongshan_entry_route"
GIVEN = {"in_library": True, "in_annual_plan": True, "urgent_accepted": False}


def measure() -> Iterator[Result]:
    """A table with three inputs and four rules."""
    model, _ = load.load(archive.read_folder(house.ROOT, "hongshan").files)
    assert model is not None
    holder, now = model.decisions[ROUTE], datetime.now(UTC)
    assert not decisions.evaluate(holder, ROUTE, GIVEN, now=now).failed
    cpu = cpu_ms(lambda: decisions.evaluate(holder, ROUTE, GIVEN, now=now), repeat=2000)
    yield Result("evaluate a decision table", cpu)
