"""Statements compiled once for all databases of a kind. Each test has databases of its own, for each of which
SQLAlchemy would compile every statement anew: that took a third of the time of the tests of services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

MOST = 6_000


class Compiled:
    """Compiled statements by the kind of database, where SQLAlchemy keeps them by the one database."""

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(MOST)

    def get(self, key: tuple[Any, ...]) -> Any:
        """A statement that was compiled for any database of this kind, or None."""
        return self._kept.get(_of_kind(key))

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[_of_kind(key)] = compiled


def _of_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (dialect.name, *statement)


@contextmanager
def once_for_all(module: Any) -> Iterator[None]:
    """Let the databases that `module`, the one with `open_engine`, opens meanwhile share their statements."""
    opened, shared = module.open_engine, Compiled()

    def open_engine(url: str, **settings: Any) -> Engine:
        engine: Engine = opened(url, **settings)
        engine.update_execution_options(compiled_cache=shared)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "open_engine", open_engine)
        yield
