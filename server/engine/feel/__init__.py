"""FEEL, the expression language of DMN 1.5: compile once, evaluate often, run nothing else."""

from .builtins import BUILTINS
from .compare import equal, fits, order
from .convert import to_feel, to_json
from .errors import FeelClockError, FeelError, FeelLimitError, FeelSyntaxError, FeelWarning
from .expression import Expression, UnaryTests, UnknownName, compile_expression, compile_unary_tests
from .names import NameUse, free_names, name_uses
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
    "Range",
    "Run",
    "Time",
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
    "name_uses",
    "order",
    "parse_temporal",
    "similar",
    "text_of",
    "to_feel",
    "to_json",
    "type_of",
]
