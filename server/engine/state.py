"""The stored form of an instance: a small versioned JSON document without its diagram."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from server.engine.errors import UnreadableState
from server.engine.model import Finding, Moment
from server.engine.scopes import Scope, Scopes
from server.engine.spiff import Definitions, Instance, Node, Token

FORMAT = 1
"""Raised whenever the document changes; `restore` must go on reading every format there ever was."""

ENGINE = "0.1.0"
"""The engine that wrote a state, for those who look into one."""


class Row(msgspec.Struct, array_like=True):
    """One token. `process` is an index into the state's processes, `parent` 0 for the root."""

    id: int
    parent: int
    process: int
    node: str
    state: int
    scope: int
    flow: str = ""
    leaving: bool = False
    memo: dict[str, Any] = {}
    finding: Finding | None = None


class State(msgspec.Struct):
    """All of an instance. Tokens come after the tokens they came from."""

    format: int
    engine: str
    counter: int
    ended: bool
    processes: list[str]
    tokens: list[Row]
    scopes: list[Scope]


class _Header(msgspec.Struct):
    format: int


def _plain(value: object) -> object:
    """Parameters of findings may be anything that can be shown."""
    return str(value)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
_decoder = msgspec.json.Decoder(State, float_hook=Decimal)
_header = msgspec.json.Decoder(_Header)


def store(instance: Instance) -> bytes:
    """Everything about an instance that must be known to go on later, in another process or release."""
    processes: dict[str, int] = {}
    rows = [
        Row(
            token.id,
            token._parent or 0,
            processes.setdefault(token.node.process.name, len(processes)),
            token.node.name,
            token._state,
            token.scope,
            token.flow,
            token.leaving,
            token.memo,
            token.finding,
        )
        for token in instance.tasks.values()
    ]
    state = State(
        FORMAT, ENGINE, instance.counter, instance.completed, list(processes), rows, list(instance.scopes)
    )
    return _encoder.encode(state)


def rewritten(blob: bytes, change: Callable[[State], None]) -> bytes:
    """A stored state after `change` has altered its rows in place. Raises UnreadableState."""
    found = _decode(blob)
    change(found)
    return _encoder.encode(found)


def restore(definitions: Definitions, process_id: str, blob: bytes, at: Moment | None) -> Instance:
    """The instance a state describes. Raises UnreadableState, UnknownProcess."""
    state = _decode(blob)
    scopes = Scopes({scope.id: scope for scope in state.scopes})
    instance = Instance(definitions.process(process_id), definitions, scopes, at, state.counter)
    instance.completed = state.ended
    specs = [definitions.process(name) for name in state.processes]
    for row in state.tokens:
        node = specs[row.process].nodes.get(row.node)
        if node is None:
            raise UnreadableState(reason=f"{specs[row.process].name} holds no {row.node}", element=row.node)
        _token(instance, node, row)
    if state.tokens:
        instance.task_tree = instance.tasks[state.tokens[0].id]
    return instance


def _token(instance: Instance, node: Node, row: Row) -> Token:
    parent = instance.tasks[row.parent] if row.parent else None
    token = Token(instance, node, parent, row.scope, id=row.id, state=row.state)
    token.flow, token.leaving, token.finding = row.flow, row.leaving, row.finding
    token.memo = row.memo
    return token


def _decode(blob: bytes) -> State:
    try:
        found = _decoder.decode(blob)
    except msgspec.MsgspecError as problem:
        raise UnreadableState(reason=_newer(blob) or str(problem)) from problem
    if found.format != FORMAT:
        raise UnreadableState(reason=_newer(blob))
    return found


def _newer(blob: bytes) -> str:
    """That a release after this one wrote a state, if so."""
    try:
        found = _header.decode(blob).format
    except msgspec.MsgspecError:
        return ""
    return "" if found == FORMAT else f"its format is {found}, this release reads format {FORMAT}"


def variables(blob: bytes) -> dict[str, Any]:
    """The variables of the process itself, read without its definition. Raises UnreadableState."""
    return next((scope.variables for scope in _decode(blob).scopes if scope.parent is None), {})
