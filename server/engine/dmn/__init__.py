"""DMN 1.1 to 1.5: read a model once, evaluate its decisions many times, and say what is wrong and where.

    >>> model = load(b'''<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" namespace="n">
    ...   <decision id="twice"><variable name="twice"/>
    ...     <literalExpression><text>2 * amount</text></literalExpression></decision></definitions>''')
    >>> model.problems                                # what is wrong, and where
    ()
    >>> result = model.evaluate("twice", {"amount": 21})
    >>> result.value, result.problems
    (Decimal('42'), ())

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
