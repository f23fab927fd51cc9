"""DMN 1.1 to 1.5: read a model once, evaluate its decisions many times, and say what is wrong and where.

    model = load(data, "tier.dmn")          # problems stand in model.problems
    result = model.evaluate("hongshan_tier", {"total": Decimal("600000.00")})
    result.value, result.problems, result.trace.table.matches()

A library of its own: beside FEEL (`server.engine.feel`) and lxml it needs nothing.
"""

from __future__ import annotations

from .analysis import analyse
from .evaluation import DecisionTrace, Match, Miss, TableTrace
from .graph import DecisionModel, DecisionResult, Result, load
from .inference import mistaken, shape_of
from .problems import WORDINGS, DmnError, Problem
from .reader import citations, read

__all__ = [
    "WORDINGS",
    "DecisionModel",
    "DecisionResult",
    "DecisionTrace",
    "DmnError",
    "Match",
    "Miss",
    "Problem",
    "Result",
    "TableTrace",
    "analyse",
    "citations",
    "load",
    "mistaken",
    "read",
    "shape_of",
]
