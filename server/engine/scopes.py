"""Where process variables live: a scope for each process, sub-process, round and local mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

ScopeKind = Literal["process", "round", "local"]


class Scope(msgspec.Struct, array_like=True):
    """The variables of one scope; `id` is the token that opened it, `parent` the scope around it.

    A `process` scope sees nothing outside itself. A `round` (of a multi-instance) keeps what is written in
    it. A `local` scope holds only what was declared in it: writes of other names pass through to the scope
    around it.
    """

    id: int
    parent: int | None
    kind: ScopeKind
    variables: dict[str, Any]


class Scopes:
    """All scopes of one instance by the id of the token that opened them."""

    def __init__(self, scopes: Mapping[int, Scope] | None = None) -> None:
        self._scopes: dict[int, Scope] = dict(scopes or {})

    def __contains__(self, scope: int) -> bool:
        return scope in self._scopes

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._scopes.values())

    def open(self, scope: int, parent: int | None, kind: ScopeKind, variables: Mapping[str, Any]) -> None:
        """Open a scope, or open it anew with only these variables."""
        self._scopes[scope] = Scope(scope, parent, kind, dict(variables))

    def close(self, scope: int) -> None:
        """Forget a scope and its variables."""
        self._scopes.pop(scope, None)

    def own(self, scope: int) -> dict[str, Any]:
        """The variables that stand in this very scope."""
        return self._scopes[scope].variables

    def visible(self, scope: int) -> dict[str, Any]:
        """What an element in this scope sees: inner variables hide outer ones, up to the process."""
        found: dict[str, Any] = {}
        for outer in self._outwards(scope):
            found = {**outer.variables, **found} if found else dict(outer.variables)
        return found

    def write(self, scope: int, variables: Mapping[str, Any]) -> None:
        """Set variables: each where it is declared locally, else in the nearest round, else in the
        process."""
        for name, value in variables.items():
            self._holder(scope, name).variables[name] = value

    def _holder(self, scope: int, name: str) -> Scope:
        for candidate in self._outwards(scope):
            if candidate.kind != "local" or name in candidate.variables:
                return candidate
        raise KeyError(scope)

    def _outwards(self, scope: int) -> Iterator[Scope]:
        """The scope itself and those around it, up to and with the process."""
        current = self._scopes[scope]
        yield current
        while current.kind != "process" and current.parent is not None:
            current = self._scopes[current.parent]
            yield current
