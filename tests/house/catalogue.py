"""Finds the English texts that the engine, the checks of bundles and the services show, in their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SERVER = Path(__file__).resolve().parents[2] / "server"
ROOMS = ("engine", "bundles", "services")
PLACES = {
    # who is called: where message and remedy stand among its arguments
    "Finding": (2, 4), "Refusal": (1, 2), "Rule": (1, 2), "_Wording": (1, 2), "XmlRefused": (1,),
    "Disagreement": (0,), "_finding": (1,), "_problem": (2, 3), "_refused": (1, 2),
    "ComponentProblem": (0, 1),
    "denied": (0,), "NotPermitted": (0,), "mark": (0,), "_": (0,), "FormRefused": (0,),
    "ExpressionError": (0,),
    # the FEEL library: sentences within ours
    "warn": (1,), "_note": (2,), "fail": (0,), "Told": (0,), "Undefined": (0,), "PatternError": (0,),
    "FeelSyntaxError": (0,), "FeelLimitError": (0,), "FeelClockError": (0,), "NotFeelValue": (0,),
    "NotFeelType": (0,),
}  # fmt: skip
NAMES = {"message", "remedy"}


def texts() -> dict[str, set[str]]:
    """Every template, with the files in which it stands."""
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        for file in sorted((SERVER / room).rglob("*.py")):
            for text in _texts(ast.parse(file.read_text("utf-8")), is_errors=file.name == "errors.py"):
                found.setdefault(text, set()).add(file.relative_to(SERVER).as_posix())
    return found


def _texts(tree: ast.Module, *, is_errors: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif is_errors and isinstance(node, ast.ClassDef) and _is_engine_error(node):
            yield " ".join((ast.get_docstring(node) or "").split())
            yield from _remedies(node)


def _is_engine_error(node: ast.ClassDef) -> bool:
    """A refusal of the engine: its docstring is its message."""
    return any(
        isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") == "code" for part in node.body
    )


def _remedies(node: ast.ClassDef) -> Iterator[str]:
    for part in node.body:
        if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") == "remedy":
            yield from _literals(part.value)


def _of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
    if name not in PLACES:
        return
    given = [call.args[place] for place in PLACES[name] if place < len(call.args)]
    given += [keyword.value for keyword in call.keywords if keyword.arg in NAMES]
    for value in given:
        yield from _literals(value)


def _literals(value: ast.expr) -> Iterator[str]:
    """The texts of an expression, both of a choice between two."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _literals(value.body)
        yield from _literals(value.orelse)
