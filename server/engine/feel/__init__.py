"""FEEL, the expression language of DMN 1.5: compile once, evaluate often, run nothing else.

    >>> condition = compile_expression('amount >= 600000 and level = "head"')
    >>> condition.evaluate(to_feel({"amount": 600000, "level": "head"}))
    True

From text to value, in the order to read the files:

1. ``lexer`` and ``vocabulary`` (names with spaces), ``parser`` on the ``grammar_*`` files, giving a ``tree``;
2. ``compiler`` and the ``compile_*`` files turn each node of the tree into a closure;
3. the closures work on ``values``, ``temporal``, ``decimals`` with ``arithmetic``, ``compare`` and ``types``;
4. ``builtins`` hold the functions, by theme; a ``run`` holds the budget, the warnings and the clock;
5. ``expression`` is what the world sees, ``convert`` its border to JSON and Python.

Null instead of an error is FEEL's way; the warnings say why. What is raised is a ``FeelError``.
"""

from .builtins import BUILTINS
from .compare import equal, fits, order
from .convert import to_feel, to_json
from .errors import (
    FeelClockError,
    FeelError,
    FeelLimitError,
    FeelSyntaxError,
    FeelWarning,
    NotFeelType,
    NotFeelValue,
    Told,
)
from .expression import Expression, UnaryTests, UnknownName, compile_expression, compile_unary_tests
from .inference import Note, Shape, infer, infer_tests, union
from .names import NameUse, free_names, name_uses
from .printing import printed
from .run import Limits, Run
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .temporal_text import parse_temporal
from .text import text_of
from .types import ANY, BUILT_IN_TYPES, Type, TypeRegistry
from .values import Function, FunctionValue, Range, type_of
from .vocabulary import Vocabulary, similar

__all__ = [
    "ANY",
    "BUILTINS",
    "BUILT_IN_TYPES",
    "Date",
    "DateTime",
    "DaysTimeDuration",
    "Expression",
    "FeelClockError",
    "FeelError",
    "FeelLimitError",
    "FeelSyntaxError",
    "FeelWarning",
    "Function",
    "FunctionValue",
    "Limits",
    "NameUse",
    "NotFeelType",
    "NotFeelValue",
    "Note",
    "Range",
    "Run",
    "Shape",
    "Time",
    "Told",
    "Type",
    "TypeRegistry",
    "UnaryTests",
    "UnknownName",
    "Vocabulary",
    "YearsMonthsDuration",
    "compile_expression",
    "compile_unary_tests",
    "equal",
    "fits",
    "free_names",
    "infer",
    "infer_tests",
    "name_uses",
    "order",
    "parse_temporal",
    "printed",
    "similar",
    "text_of",
    "to_feel",
    "to_json",
    "type_of",
    "union",
]
