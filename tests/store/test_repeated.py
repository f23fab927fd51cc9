"""A statement that comes again gives the same as SQLAlchemy's own way, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.store import repeated
from server.store.columns import NEVER, Json, UtcDateTime
from server.store.database import Database

_metadata = sa.MetaData()
_things = sa.Table(
    "thing", _metadata,
    sa.Column("id", sa.String, primary_key=True), sa.Column("at", UtcDateTime, nullable=True),
    sa.Column("told", Json), sa.Column("open", sa.Boolean), sa.Column("count", sa.Integer),
)  # fmt: skip
_counted = sa.Table(
    "counted", _metadata, sa.Column("n", sa.Integer, primary_key=True), sa.Column("id", sa.String)
)
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"id": "a", "at": AT, "told": {"sum": [1, "二"]}, "open": True, "count": 1},
    {"id": "b", "at": None, "told": None, "open": False, "count": 2},
    {"id": "c", "at": NEVER, "told": [], "open": True, "count": 3},
]
_ADD = _things.insert()
_ONE = _things.select().where(_things.c.id == bindparam("of"))
_SOME = sa.select(_things.c.id, _things.c.at).where(_things.c.id.in_(bindparam("ids", expanding=True)))
_SOME_SORTED = _SOME.order_by(_things.c.id)
_CLOSE = (
    _things.update()
    .where(_things.c.id.in_(bindparam("ids", expanding=True)), _things.c.open == sa.true())
    .values(count=_things.c.count + 1)
    .returning(_things.c.id, _things.c.told)
)
_SET = _things.update().where(_things.c.id == bindparam("of"))
_DROP = _things.delete().where(_things.c.id == bindparam("of"))
_TEXT = sa.text("SELECT id, at FROM thing WHERE count > :n ORDER BY id").columns(id=sa.String, at=UtcDateTime)
_END_THE_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)
_NAMES = sa.select(
    sa.func.aggregate_strings(_things.c.id, " ").label("names")
)  # the blank stands in the text


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with two tables of our own."""
    opened = Database(database_url)
    _metadata.create_all(opened.engine)
    yield opened
    opened.close()


@contextmanager
def never_usual(database: Database) -> Iterator[None]:
    """Whatever goes SQLAlchemy's way fails, although nobody listens."""

    def usual(*_: Any) -> None:
        raise AssertionError("this went the usual way")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sa.engine.Connection, "execute", usual)
        yield


def fill(database: Database) -> None:
    """The rows, entered as often as it takes to know the statement."""
    with database.write() as session:
        for _ in range(repeated.LEARNED):
            session.execute(_ADD, ROWS)
            session.execute(_things.delete())
        session.execute(_ADD, ROWS)


def test_gives_the_same_rows(database: Database) -> None:
    """Rows, names, moments, JSON and truth are those of the first run, for each shape of a result."""
    fill(database)
    runs: list[tuple[Any, dict[str, Any]]] = [
        (_ONE, {"of": "a"}), (_ONE, {"of": "b"}), (_SOME_SORTED, {"ids": ["a", "c"]}),
        (_SOME_SORTED, {"ids": []}), (_SOME_SORTED, {"ids": ["b"]}), (_TEXT, {"n": 1}), (_NAMES, {"of": "c"}),
    ]  # fmt: skip
    with database.read() as session:
        usual = [[dict(r) for r in session.execute(q, v).mappings()] for q, v in runs for _ in range(3)]
        with never_usual(database):
            straight = [
                [dict(r) for r in session.execute(q, v).mappings()] for q, v in runs for _ in range(3)
            ]
            assert session.execute(_ONE, {"of": "a"}).one().told == {"sum": [1, "二"]}
            assert session.execute(_SOME_SORTED, {"ids": ["a", "b", "c"]}).scalars().all() == ["a", "b", "c"]
            assert session.execute(_ONE, {"of": "nobody"}).one_or_none() is None
    assert straight == usual
    assert straight[0] == [ROWS[0]]


def test_writes_the_same(database: Database) -> None:
    """Updates say how many rows they changed, or give those that they return; lists may be of any length."""
    fill(database)
    with database.write() as session:
        for count in range(repeated.LEARNED):
            assert session.execute(_SET, {"of": "a", "count": count}).rowcount == 1
            session.execute(_CLOSE, {"ids": ["c"]}).all()
            session.execute(_DROP, {"of": "nobody"})
    with database.write() as session, never_usual(database):
        assert session.execute(_SET, {"of": "a", "count": 7}).rowcount == 1
        assert session.execute(_SET, {"of": "nobody", "count": 7}).rowcount == 0
        closed = session.execute(_CLOSE, {"ids": ["a", "b", "c"]})
        assert sorted(row.id for row in closed) == ["a", "c"]
        session.execute(_DROP, {"of": "b"})
        session.execute(_ADD, [{**ROWS[1], "id": "d"}])
        session.execute(_ADD, [{**ROWS[1], "id": "e"}, {**ROWS[1], "id": "f"}])
    with database.read() as session:
        found = {row.id: row.count for row in session.execute(sa.select(_things.c.id, _things.c.count))}
    assert found == {"a": 8, "c": 7, "d": 2, "e": 2, "f": 2}


def test_another_set_of_names_is_another_statement(database: Database) -> None:
    """An update that sets other columns does not send the text of the one before."""
    fill(database)
    with database.write() as session:
        for _ in range(repeated.LEARNED + 1):
            session.execute(_SET, {"of": "a", "count": 5})
        for _ in range(repeated.LEARNED + 1):
            session.execute(_SET, {"of": "b", "open": True})
        row = session.execute(_things.select().where(_things.c.id == "b")).one()
    assert (row.count, row.open) == (2, True)


def test_a_refusal_is_told_as_usual(database: Database) -> None:
    """What the driver refuses arrives as SQLAlchemy's error, and the unit of work leaves nothing."""
    fill(database)
    add, row = _things.insert(), ROWS[0]
    with database.write() as session:
        for name in "xyz":
            session.execute(add, {**row, "id": name})

    def refused() -> None:
        with database.write() as session, never_usual(database):
            session.execute(add, {**row, "id": "kept?"})
            session.execute(add, row)

    with pytest.raises(IntegrityError):
        refused()
    with database.read() as session:
        assert session.execute(_ONE, {"of": "kept?"}).one_or_none() is None


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite is a file: no connection is lost
def test_a_lost_connection_is_given_up(database: Database) -> None:
    """After the database has dropped its connections the next unit of work gets a new one."""
    fill(database)
    for _ in range(repeated.LEARNED + 1):
        with database.read() as session:
            session.execute(_ONE, {"of": "a"}).one()

    def interrupted() -> None:
        with database.read() as session:
            session.execute(_ONE, {"of": "a"})
            with database.engine.connect() as other:
                other.execute(_END_THE_OTHERS)
            session.execute(_ONE, {"of": "a"})

    with pytest.raises(DBAPIError) as told:
        interrupted()
    assert told.value.connection_invalidated
    with database.read() as session, never_usual(database):
        assert session.execute(_ONE, {"of": "a"}).one().id == "a"


def test_what_the_database_makes_is_made(database: Database) -> None:
    """Each row gets a number of its own, however often the statement ran."""
    add = _counted.insert()
    with database.write() as session:
        for _ in range(repeated.LEARNED + 2):
            session.execute(add, {"id": "x"})
        made = session.execute(sa.select(_counted.c.n).order_by(_counted.c.n)).scalars().all()
    assert made == list(range(1, repeated.LEARNED + 3))


def test_who_listens_hears_everything(database: Database) -> None:
    """Counting statements works as ever."""
    fill(database)
    heard: list[str] = []
    with database.read() as session:
        for _ in range(repeated.LEARNED + 1):
            session.execute(_ONE, {"of": "a"})
    with database.read() as session:
        event.listen(session.get_bind().engine, "before_cursor_execute", lambda *a: heard.append(a[2]))
        session.execute(_ONE, {"of": "a"})
    assert len(heard) == 1
