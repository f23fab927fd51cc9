"""Ids, moments and JSON: the same bytes and the same order on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from server.store import schema
from server.store.columns import ID_LENGTH, NEVER, UtcDateTime, dumps, loads, new_id
from server.store.database import Database
from server.store.identity import Setting
from server.store.runtime import Task
from server.store.schema import is_current, migrate
from server.store.searching import INDEX
from server.store.tables import metadata

_settings = Setting.metadata.tables["setting"]
_failures = metadata.tables["sign_in_failure"]
moments = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-10**15, max_value=10**15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(first=moments, second=moments)
def test_ids_sort_by_time(first: datetime, second: datetime) -> None:
    """Also as text, to the millisecond."""
    early, late = sorted((first, second))
    if late - early > timedelta(milliseconds=1):
        assert new_id(early) < new_id(late)
    assert len(new_id(first)) == ID_LENGTH
    assert new_id(first) != new_id(first)


@given(value=plain)
def test_json_comes_back_exactly(value: Any) -> None:
    """No amount becomes a float; the same value has the same bytes, whatever the order of its keys."""
    text = dumps(value)
    assert loads(text) == value
    assert b"e+" not in text.lower()
    if isinstance(value, dict):
        assert dumps(dict(reversed(value.items()))) == text


def test_amounts_keep_their_cents() -> None:
    """600000.00 is not 600000.0."""
    assert dumps({"total": Decimal("600000.00")}) == b'{"total":600000.00}'
    assert str(loads(b'{"total":600000.00}')["total"]) == "600000.00"
    assert isinstance(loads(b"1e3"), Decimal)


def test_moments_keep_their_instant(migrated_database_url: str) -> None:
    """To the microsecond, from any zone, on both databases; always given back in UTC."""
    given_moments = [
        datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=8))),
        datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-4))),
        NEVER,
    ]
    database = Database(migrated_database_url)
    with database.write() as session:
        session.execute(
            _failures.insert(),
            [{"key": str(n), "window_start": at, "count": 1} for n, at in enumerate(given_moments)],
        )
    with database.read() as session:
        found = session.execute(sa.select(_failures.c.window_start).order_by(_failures.c.key)).scalars().all()
        ordered = (
            session.execute(sa.select(_failures.c.key).order_by(_failures.c.window_start)).scalars().all()
        )
    database.close()
    assert found == given_moments
    assert all(at.tzinfo is UTC for at in found)
    assert ordered == [str(n) for n in sorted(range(4), key=lambda n: given_moments[n])]


def test_a_moment_without_a_zone_is_refused() -> None:
    """Nobody would know whose clock it was."""
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 2, 9), None)  # type: ignore[arg-type]  # noqa: DTZ001


def test_texts_of_every_language_and_size(migrated_database_url: str) -> None:
    """What JSON escapes must pass through both databases, a null character included."""
    value = {"text": "𠮷🙂\x00\u2028\\\"'%:s", "long": "长" * 100_000, "amount": Decimal("0.10")}
    database = Database(migrated_database_url)
    with database.write() as session:
        session.execute(_settings.insert().values(name="x", value=value))
    with database.read() as session:
        assert session.execute(sa.select(_settings.c.value)).scalar_one() == value
    database.close()


def test_migrations_make_what_the_tables_say(database_url: str) -> None:
    """Every table and column, on an empty database; a second time nothing happens."""
    database = Database(database_url)
    assert not is_current(database)
    migrate(database)
    migrate(database)
    assert is_current(database)
    inspector = sa.inspect(database.engine)
    made = {
        table: {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
        if table != "alembic_version" and not table.startswith(INDEX)
    }
    said = {
        name: {c.name: bool(c.nullable) for c in table.columns} for name, table in metadata.tables.items()
    }
    assert made == said
    for name, table in metadata.tables.items():
        assert _indexes_made(inspector, name) == _indexes_said(database, table), name
    database.close()


def _indexes_made(
    inspector: sa.Inspector, table: str
) -> dict[str | None, tuple[list[str | None], bool, bool]]:
    """Columns of each index in their order, whether values are unique, whether it has some rows only."""
    return {
        found["name"]: (
            found["column_names"],
            bool(found["unique"]),
            any(option.endswith("_where") for option in found.get("dialect_options", {})),
        )
        for found in inspector.get_indexes(table)
        if not found.get("duplicates_constraint")
    }


def _indexes_said(
    database: Database, table: sa.Table
) -> dict[str | None, tuple[list[str | None], bool, bool]]:
    """The same as the table declares it for this kind of database."""
    dialect = database.engine.dialect.name
    return {
        index.name: (
            [column.name for column in index.columns],
            bool(index.unique),
            index.dialect_options[dialect]["where"] is not None,
        )
        for index in table.indexes
        if index._ddl_if is None or index._ddl_if.dialect == dialect
    }


def test_the_jurisdiction_leads_every_key() -> None:
    """From the start, so that one jurisdiction can be moved; but for what belongs to the installation (whom
    another system means is known before the jurisdiction is), and for what is made anew from the record."""
    for name, table in metadata.tables.items():
        if name in ("setting", "sign_in_session", "sign_in_failure", "outside_account", "search_entry"):
            continue
        assert next(iter(table.primary_key.columns)).name == "tenant_id", name


def test_a_reading_session_changes_nothing(migrated_database_url: str) -> None:
    """Whatever a page tries."""
    database = Database(migrated_database_url)
    with pytest.raises(sa.exc.DBAPIError), database.read() as session:
        session.execute(_settings.insert().values(name="x", value={}))
    with database.read() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(_settings)).scalar_one() == 0
    database.close()


def test_a_reading_session_sees_one_state(migrated_database_url: str) -> None:
    """What others commit meanwhile is seen by the next one."""
    database, count = Database(migrated_database_url), sa.select(sa.func.count()).select_from(_settings)
    with database.read() as session:
        assert session.execute(count).scalar_one() == 0
        with database.write() as other:
            other.execute(_settings.insert().values(name="x", value={}))
        assert session.execute(count).scalar_one() == 0
    with database.read() as session:
        assert session.execute(count).scalar_one() == 1
    database.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_sqlite_is_opened_as_the_house_wants_it(migrated_database_url: str) -> None:
    """Write-ahead log, on the disk at each commit, foreign keys, patience."""
    database = Database(migrated_database_url)
    with database.write() as session:
        settings = {
            name: session.execute(sa.text(f"pragma {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}


def test_the_newest_migration_is_the_head_of_one_chain() -> None:
    """Each file's number is its revision, and follows the one before: so the newest is known by name."""
    folder = Path(schema.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [schema.newest()]
    chain = [revision.revision for revision in script.walk_revisions()]
    assert sorted(chain, reverse=True) == chain
    assert {file.name[:4] for file in (folder / "versions").glob("[0-9]*.py")} == set(chain)


def test_words_stand_in_statements() -> None:
    """Alone, in lists, in cases and under other names; what is no word of ours is handed over."""
    task = Task.metadata.tables["task"]
    status, other = task.c.status, task.alias("other").c.status
    for condition, written in (
        (status == "open", "task.status = 'open'"),
        (other != "open", "other.status != 'open'"),
        (status.in_(("open", "returned")), "task.status IN ('open', 'returned')"),
        (sa.case((status == "open", 1)), "CASE WHEN (task.status = 'open') THEN :param_1 END"),
        (status == "Open'", "task.status = :status_1"),
        (status == sa.bindparam("how"), "task.status = :how"),
    ):
        assert str(condition) == written
