"""Statements that come again and again: compiled once, then sent straight to the driver.

Our statements are put together once, as constants of their modules, and run with values by name. For each
run SQLAlchemy finds the compiled text by a key over the whole statement, then prepares an execution and a
result that know everything about it; for a row by its key that costs several times what the database does.
Here the text, the order of the values and the conversion of types are kept beside the statement instead. What
cannot be kept so goes the usual way, and so do the first runs, from which the shape of the result is learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.sql.expression import TextualSelect

LEARNED = 3
"""A statement that ran so often is a constant: what is put together for one command does not come again."""

Values: TypeAlias = Mapping[str, Any]
_KINDS = (sa.Select, sa.CompoundSelect, sa.Insert, sa.Update, sa.Delete, TextualSelect)


@dataclass(frozen=True, slots=True)
class Changed:
    """The result of a statement that gives no rows: how many it changed."""

    rowcount: int


@dataclass(frozen=True, slots=True)
class _Text:
    """What the driver takes: the text, and the values in its order (None: by name). `constants` are those
    that the statement brings itself; `lists` names the parts of each list."""

    sql: str
    order: tuple[str, ...] | None
    constants: Values
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    convert: tuple[tuple[str, Callable[[Any], Any]], ...]

    def values(self, given: Values) -> Sequence[Any] | Values:
        """The values as the driver takes them."""
        found = {**self.constants, **given}
        for name, parts in self.lists:
            found.update(zip(parts, found.pop(name), strict=True))
        for name, convert in self.convert:
            found[name] = convert(found[name])
        return found if self.order is None else [found[name] for name in self.order]


class _Form:
    """A statement with one set of names: its texts by the lengths of its lists, and the columns it gives."""

    def __init__(self, compiled: SQLCompiler, columns: SimpleResultMetaData | None) -> None:
        self._compiled = compiled
        self._columns = columns
        self._lists = tuple(sorted(bind.key for bind in compiled.post_compile_params))
        self._texts: dict[tuple[int, ...], _Text] = {}

    def run(self, link: Connection, rows: Sequence[Values]) -> Any:
        """Send the statement with the values of one row, or of several; all that it gives is read."""
        text = self.text(rows[0])
        values: Any = [text.values(row) for row in rows]
        if not link.in_transaction():
            link.begin()
        cursor = link.connection.cursor()
        try:
            if len(values) == 1:
                cursor.execute(text.sql, values[0])
            else:
                cursor.executemany(text.sql, values)
            found = cursor.fetchall() if self._columns is not None else None
        except link.dialect.loaded_dbapi.Error as error:  # told as usual; a connection that broke is given up
            link._handle_dbapi_exception(error, text.sql, values, cursor, None)
        count = cursor.rowcount
        cursor.close()
        if self._columns is None or found is None:
            return Changed(count)
        return IteratorResult(self._columns, iter(found))

    def text(self, given: Values) -> _Text:
        """The text for lists of these lengths."""
        lengths = tuple([len(given[name]) for name in self._lists])
        known = self._texts.get(lengths)
        if known is None:
            known = self._texts[lengths] = _text(self._compiled, given)
        return known


@dataclass(slots=True)
class _Seen:
    """How often a statement ran, and its forms by the names of its values; None where there can be none."""

    times: int = 0
    forms: dict[tuple[str, ...], _Form | None] = field(default_factory=dict)


class Repeated:
    """The statements of one database that ran before."""

    def __init__(self) -> None:
        self._seen: WeakKeyDictionary[Any, _Seen] = WeakKeyDictionary()

    def execute(self, link: Connection, statement: Any, params: Any) -> Any:
        """Run a statement with the values of one row, a dict, or of several, a list of them."""
        rows = params if type(params) is list else [params]
        if len(rows) == 1:
            params = rows[0]
        if not rows or type(rows[0]) is not dict or not isinstance(statement, _KINDS) or _is_watched(link):
            return link.execute(statement, params)
        seen = self._seen.get(statement)
        if seen is None:
            seen = self._seen[statement] = _Seen()
        names = tuple(rows[0])
        form = seen.forms.get(names)
        if form is not None:
            return form.run(link, rows)
        result = link.execute(statement, params)
        seen.times += 1
        if seen.times >= LEARNED and names not in seen.forms:
            seen.forms[names] = _learn(statement, rows[0], result)
        return result


def _learn(statement: Any, given: Values, result: CursorResult[Any]) -> _Form | None:
    """The form of a statement that has just run. There is none for what only SQLAlchemy can do: values that
    columns make themselves, given values written into the text, names that must be changed for the driver."""
    compiled: SQLCompiler = statement.compile(dialect=result.dialect, column_keys=list(given))
    if (
        compiled.insert_prefetch or compiled.update_prefetch or compiled.implicit_returning
        or compiled.escaped_bind_names or any(bind.key in given for bind in compiled.literal_execute_params)
        or any(bind.key not in given for bind in compiled.post_compile_params)
    ):  # fmt: skip
        return None
    form = _Form(compiled, _columns(statement, result) if result.returns_rows else None)
    pairs = any(len(parts) != len(given[name]) for name, parts in form.text(given).lists)
    return None if pairs else form


def _columns(statement: Any, result: CursorResult[Any]) -> SimpleResultMetaData:
    """The names of the result's columns, and how their values are made from the driver's."""
    assert result.cursor is not None
    described = zip(statement.exported_columns, result.cursor.description, strict=True)
    convert = [
        column.type.dialect_impl(result.dialect).result_processor(result.dialect, about[1])
        for column, about in described
    ]
    return SimpleResultMetaData(list(result.keys()), _processors=convert)


def _text(compiled: SQLCompiler, given: Values) -> _Text:
    expanded: ExpandedState = compiled.construct_expanded_state(given)
    lists = {name: tuple(parts) for name, parts in expanded.parameter_expansion.items()}
    own = expanded.parameters.keys() - given.keys() - {part for parts in lists.values() for part in parts}
    processors: dict[str, Any] = {
        name: bind.type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
        for bind, name in compiled.bind_names.items()
    }
    processors |= expanded.processors
    convert = {name: processors[name] for name in expanded.parameters if processors.get(name)}
    return _Text(
        expanded.statement, None if expanded.positiontup is None else tuple(expanded.positiontup),
        {name: expanded.parameters[name] for name in own}, tuple(lists.items()), tuple(convert.items()),
    )  # fmt: skip


def _is_watched(link: Connection) -> bool:
    """Whether somebody listens to the statements of this database: only SQLAlchemy tells them."""
    told = link.engine.dispatch
    return bool(told.before_cursor_execute or told.after_cursor_execute)
