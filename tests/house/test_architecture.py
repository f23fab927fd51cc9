"""The house rules that a parser can see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = sorted((ROOT / "server").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ENGINE = [path for path in SERVER if "engine" in path.relative_to(ROOT).parts]
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "code", "codeop", "runpy", "imp"}
OUTSIDE = {
    "os", "io", "pathlib", "shutil", "tempfile", "socket", "ssl", "http", "urllib", "requests", "httpx",
    "sqlite3", "subprocess", "time", "random", "secrets", "uuid", "locale", "glob", "sys",
}  # fmt: skip
HARMLESS = {
    # a stopwatch that ends what takes too long; names of files that are nowhere opened
    ("server/engine/feel/builtins/regular_expressions.py", "time"),
    ("server/engine/load.py", "pathlib"),
    ("server/engine/forms/schema.py", "pathlib"),
}
CLOCK_CALLS = {"now", "today", "utcnow"}
NO_NOUN = {"utils", "helpers", "common", "manager", "misc", "util", "helper"}


@cache
def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text("utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call by its last name: `datetime.now(x)` is now."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "id", None) or getattr(function, "attr", "")
            yield name, node


def imports(path: Path) -> Iterator[str]:
    """Every imported module, by its full name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def place(path: Path, node: ast.AST | None = None) -> str:
    """Where something stands."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def test_nothing_runs_text_as_code() -> None:
    """Uploaded diagrams are data: no eval, exec, compile of texts, no unpickling anywhere in the server."""
    found = [
        place(path, call)
        for path in SERVER
        for name, call in calls(path)
        if name in FORBIDDEN_CALLS and isinstance(call.func, ast.Name)
    ]
    found += [
        f"{place(path)} {name}"
        for path in SERVER
        for name in imports(path)
        if name.split(".")[0] in FORBIDDEN_MODULES
    ]
    names = [place(path, node) for path in SERVER for node in ast.walk(tree(path)) if _is_builtin_reach(node)]
    assert found + names == []


def _is_builtin_reach(node: ast.AST) -> bool:
    """`builtins.eval`, `__builtins__`, `importlib.import_module`: the same by a detour."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("import_module", "__builtins__", "__subclasses__", "__globals__")
    return isinstance(node, ast.Name) and node.id == "__builtins__"


def test_the_workflow_library_has_one_caller() -> None:
    """Whatever else changes when it changes, it is this one file."""
    callers = {
        place(path) for path in SERVER if any(name.split(".")[0] == "SpiffWorkflow" for name in imports(path))
    }
    assert callers == {"server/engine/spiff.py:1"}


@pytest.mark.parametrize(("files", "limit"), [(SERVER, 500), (TESTS, 600)], ids=["server", "tests"])
def test_no_file_holds_two_nouns(files: list[Path], limit: int) -> None:
    """At the limit a file is about more than one thing."""
    lengths = {place(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > limit} == {}


def test_every_module_says_what_it_is() -> None:
    """In one sentence at its top, and its name is a noun of the field."""
    assert [place(path) for path in SERVER + TESTS if not ast.get_docstring(tree(path))] == []
    assert [
        place(path) for path in SERVER if NO_NOUN & set(path.relative_to(ROOT).with_suffix("").parts)
    ] == []


def test_every_moment_has_a_zone() -> None:
    """`datetime.now()` without a zone reads somebody's wall clock."""
    naive = [
        place(path, call)
        for path in SERVER
        for name, call in calls(path)
        if (name == "now" and not call.args and not call.keywords and isinstance(call.func, ast.Attribute)
            and getattr(call.func.value, "id", "") == "datetime") or name in ("utcnow", "utcfromtimestamp")
    ]  # fmt: skip
    assert naive == []


def test_the_engine_is_pure() -> None:
    """No clock, no disk, no network, no chance: whatever the engine knows was handed to it."""
    reached = [
        f"{place(path)} {name}"
        for path in ENGINE
        for name in imports(path)
        if name.split(".")[0] in OUTSIDE and (place(path).split(":")[0], name) not in HARMLESS
    ]
    assert reached == []
    opened = [place(path, call) for path in ENGINE for name, call in calls(path)
              if name == "open" and isinstance(call.func, ast.Name)]  # fmt: skip
    clocks = [
        place(path, call)
        for path in ENGINE
        for name, call in calls(path)
        if name in CLOCK_CALLS and isinstance(call.func, ast.Attribute)
        and getattr(call.func.value, "id", "") in ("datetime", "date", "time")
    ]  # fmt: skip
    assert opened + clocks == []


def test_services_are_given_their_session_and_time() -> None:
    """Time and people come in as arguments; what touches the store takes the session first."""
    wrong, clocks = [], []
    for path in (ROOT / "server" / "services").glob("*.py"):
        clocks += [place(path, call) for name, call in calls(path) if name in CLOCK_CALLS]
        for node in tree(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [argument.arg for argument in node.args.args]
            if "session" in names and names[0] != "session":
                wrong.append(place(path, node))
    assert wrong + clocks == []


def test_only_doors_commit() -> None:
    """A service that commits would tear a command in two."""
    rooms = ("services", "store", "bundles", "engine")
    found = {
        place(path, call)
        for path in SERVER
        if path.relative_to(ROOT).parts[1] in rooms
        for name, call in calls(path)
        if name in ("commit", "begin_nested")
    }
    files = {name.split(":")[0] for name in found}
    assert files <= {"server/store/database.py", "server/store/schema.py"}
