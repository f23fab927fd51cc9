"""The built-in functions of DMN 1.5, by theme; importing this package registers them all."""

from . import aggregates, contexts, conversion, lists, logic, numbers, ranges, strings, temporals
from .signature import BUILTINS, Builtin, Undefined

__all__ = [
    "BUILTINS",
    "Builtin",
    "Undefined",
    "aggregates",
    "contexts",
    "conversion",
    "lists",
    "logic",
    "numbers",
    "ranges",
    "strings",
    "temporals",
]
