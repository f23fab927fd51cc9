"""What a decision costs: tables of ten and a hundred rules beside SpiffWorkflow's own evaluator, a condition
of a gateway, and the compiling that is done once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from SpiffWorkflow.bpmn import script_engine
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

from bench.measure import Result, cpu_ms
from server.bundles import archive
from server.cli import house
from server.engine import decisions, dmn, expressions, load
from server.engine.business_calendar import BusinessCalendar
from server.engine.model import Moment

ROUTE = "hongshan_entry_route"
GIVEN = {"in_library": True, "in_annual_plan": True, "urgent_accepted": False}
MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
STEP = 1000
CONDITION = 'total >= 600000 and (kind = "construction" or ratio > 0.15)'
FACTS = {"total": Decimal("750000.00"), "kind": "construction", "ratio": Decimal("0.10")}
Rule = tuple[str, str, str]


def measure() -> Iterator[Result]:
    """A decision of Hongshan's, tables of two sizes, a condition, a compilation."""
    yield _hongshan()
    for rules in (10, 100):
        yield _ours(rules)
        yield _stock(rules)
    yield _condition()
    table = _xml([_feel(number) for number in range(100)])
    yield Result("compile a table of 100 rules", cpu_ms(lambda: dmn.load(table), repeat=10))


def _hongshan() -> Result:
    model, _ = load.load(archive.read_folder(house.ROOT, "hongshan").files)
    assert model is not None
    holder, now = model.decisions[ROUTE], datetime.now(UTC)
    assert not decisions.evaluate(holder, ROUTE, GIVEN, now=now).failed
    cpu = cpu_ms(lambda: decisions.evaluate(holder, ROUTE, GIVEN, now=now), repeat=2000)
    return Result("evaluate a decision table, as a case keeps it", cpu)


# --------------------------------------------------------------------------- the same table for both
def _feel(number: int) -> Rule:
    return (f"[{number * STEP}..{(number + 1) * STEP})", '"construction","purchase"', "<= 0.15")


def _python(number: int) -> Rule:
    """A rule of the table as SpiffWorkflow reads it: each cell is Python."""
    return (f"{number * STEP} <= ? < {(number + 1) * STEP}", '? in ("construction", "purchase")', "? <= 0.15")


def _xml(rules: Sequence[Rule]) -> bytes:
    columns = "".join(
        f'<input id="i{name}" label="{name}"><inputExpression id="e{name}" typeRef="{kind}">'
        f"<text>{name}</text></inputExpression></input>"
        for name, kind in (("total", "number"), ("kind", "string"), ("ratio", "number"))
    )
    rows = "".join(
        f'<rule id="r{row}">'
        + "".join(
            f'<inputEntry id="r{row}c{column}"><text>{escape(cell)}</text></inputEntry>'
            for column, cell in enumerate(cells)
        )
        + f'<outputEntry id="o{row}"><text>{row}</text></outputEntry></rule>'
        for row, cells in enumerate(rules)
    )
    return (
        f'<definitions xmlns="{MODEL}" id="d" name="d" namespace="bench"><decision id="tier" name="tier">'
        f'<decisionTable id="t" hitPolicy="UNIQUE">{columns}'
        f'<output id="o" label="row" name="row" typeRef="number"/>{rows}</decisionTable></decision>'
        "</definitions>"
    ).encode()


def _inputs(rules: int) -> list[dict[str, Any]]:
    """One set of variables for each rule, so that no rule is dear and none is cheap."""
    return [{"total": row * STEP + 500, "kind": "purchase", "ratio": Decimal("0.1")} for row in range(rules)]


def _ours(rules: int) -> Result:
    model = dmn.load(_xml([_feel(number) for number in range(rules)]))
    inputs = _inputs(rules)
    for row, given in enumerate(inputs):
        assert model.evaluate("tier", given).value == row
    source = itertools.cycle(inputs)
    cpu = cpu_ms(lambda: model.evaluate("tier", next(source)), repeat=rules * 3000 // (rules // 10), rounds=5)
    note = f"{1000 / cpu:,.0f} a CPU second"
    return Result(f"a table of {rules} rules", cpu, note=note)


def _stock(rules: int) -> Result:
    root = etree.fromstring(_xml([_python(number) for number in range(rules)]))
    parser = DMNParser(None, root, {"dmn": MODEL})
    parser.parse()
    engine = DMNEngine(parser.decision.decisionTables[0])
    scripts = SimpleNamespace(script_engine=script_engine.PythonScriptEngine())
    tasks = [
        SimpleNamespace(data={**given, "ratio": float(given["ratio"])}, workflow=scripts)
        for given in _inputs(rules)
    ]
    for row, task in enumerate(tasks):
        assert engine.result(task) == {"row": row}
    source = itertools.cycle(tasks)
    cpu = cpu_ms(lambda: engine.result(next(source)), repeat=max(100, rules * 2))
    return Result(f"the same, SpiffWorkflow's evaluator, {rules} rules", cpu)


def _condition() -> Result:
    at = Moment(datetime.now(UTC), BusinessCalendar())
    assert expressions.holds(CONDITION, FACTS, at)
    cpu = cpu_ms(lambda: expressions.holds(CONDITION, FACTS, at), repeat=20_000, rounds=5)
    return Result("a condition of a gateway", cpu, note=f"{cpu * 1000:.1f} µs")
