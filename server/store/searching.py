"""Full text that works for Chinese on both databases, and what a person keeps of their searches.

A text becomes tokens: each pair of neighbouring Chinese characters and the last one of a run, each number,
each word of other scripts. A term of a query is the same tokens in the same order, the last one from its
beginning; so every piece of a Chinese text is found, and numbers and words from their first character on.
SQLite keeps the tokens in FTS5 beside the table, PostgreSQL in a tsvector that needs no dictionary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, Session

from server.store.columns import Json, Table, UtcDateTime

Part = Literal["head", "body"]
INDEX = "search_index"
"""The FTS5 table of SQLite; its shadow tables begin with the same name."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<other>[0-9]+|(?:(?![{_HAN}])[^\W\d_])+)")
_LONGEST = 12_000
"""Tokens of one text; PostgreSQL tells places apart up to 16,383."""


def normal(text: str) -> str:
    """A text as it is compared: in small letters, without differences of width."""
    return unicodedata.normalize("NFKC", text).lower()


def tokens(text: str, *, whole: bool = True) -> list[str]:
    """The tokens of a text, in order; those of a query (not `whole`) may go on behind their last character,
    so a run of Chinese at the end has no token of its own for that character."""
    found: list[str] = []
    runs = list(_RUNS.finditer(normal(text)))
    for number, run in enumerate(runs):
        piece = run.group()
        if run.lastgroup == "other":
            found.append(piece[:60])
            continue
        found += [piece[at : at + 2] for at in range(len(piece) - 1)]
        if whole or len(piece) == 1 or number + 1 < len(runs):
            found.append(piece[-1])
    return found


class Grams(TypeDecorator[str]):
    """The tokens of a text as the database indexes them, never read back. Given are marks and, behind a null
    character, the text; a mark has figures among letters, so no text has it for a token."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A tsvector where there is one."""
        own: TypeEngine[Any] = TSVECTOR() if dialect.name == "postgresql" else sa.Text()
        return dialect.type_descriptor(own)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Tokens in their order, with their places where the database does not count itself."""
        marks, _, text = (value or "").partition("\0")
        found = [*marks.split(), *tokens(text)[:_LONGEST]]
        if dialect.name != "postgresql":
            return " ".join(found)
        places: dict[str, list[str]] = {}
        for place, token in enumerate(found, 1):
            places.setdefault(token, []).append(str(place))
        return " ".join(f"'{token}':{','.join(at[:250])}" for token, at in places.items())


class SearchEntry(Table, table=True):
    """A text of a case that can be found: its head (number, subject, unit), or what an entry of its record
    says (`seq`). Derived from the record; `guicheng reindex` writes it anew. `id` is what the index of SQLite
    knows it by, and rises with time."""

    __table_args__ = (
        sa.Index("ix_search_entry_case", "tenant_id", "instance_id"),
        sa.Index("ix_search_entry_grams", "grams", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )
    id: int | None = Field(default=None, primary_key=True)
    tenant_id: str
    instance_id: str
    seq: int
    part: str
    text: str
    grams: str = Field(sa_type=Grams)


class SavedFilter(Table, table=True):
    """A search that a person keeps under a name: the query of its address."""

    __table_args__ = (sa.UniqueConstraint("tenant_id", "user_id", "name", name="uq_saved_filter_name"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    user_id: str
    name: str
    query: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ChosenColumns(Table, table=True):
    """The columns that a person wants to see of the cases of a process."""

    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    process_key: str = Field(primary_key=True)
    columns: list[str] = Field(default_factory=list, sa_type=Json)


_entries = SearchEntry.metadata.tables["search_entry"]
_ADD = _entries.insert().inline()


def mark_of(tenant_id: str) -> str:
    """The mark by which texts of a jurisdiction are told from those of others within the index."""
    return "t9" + "".join(letter for letter in tenant_id.lower() if letter.isalnum())


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Enter texts: tenant_id, instance_id, seq, part and text of each."""
    if rows:
        session.execute(_ADD, [{**row, "grams": _marked(row)} for row in rows])


def _marked(row: dict[str, Any]) -> str:
    return f"{mark_of(row['tenant_id'])} p9{row['part']}\0{row['text']}"


def forget(session: Session, tenant_id: str, instance_ids: Iterable[str]) -> None:
    """Take the texts of some cases out."""
    e = _entries.c
    session.execute(_entries.delete().where(e.tenant_id == tenant_id, e.instance_id.in_(list(instance_ids))))


def hits(session: Session, tenant_id: str, term: str, part: Part | None = None) -> sa.Subquery:
    """The texts of a jurisdiction that hold a term, which must have tokens: `id`, `instance_id`, `part`."""
    e = _entries.c
    marks = [mark_of(tenant_id), *([f"p9{part}"] if part else [])]
    found = tokens(term, whole=False)
    open_ended = len(found[-1]) == 1 or not _is_han(found[-1])
    query = sa.select(e.id, e.instance_id, e.part)
    if session.get_bind().dialect.name == "sqlite":
        phrase = f'"{" ".join(found)}"' + (" *" if open_ended else "")
        index = sa.func.search_index(" AND ".join([phrase, *marks])).table_valued("rowid", name="held")
        return query.select_from(index.join(_entries, e.id == index.c.rowid)).subquery()
    phrase = " <-> ".join(f"'{token}'" for token in found) + (":*" if open_ended else "")
    text = " & ".join([f"({phrase})", *(f"'{mark}'" for mark in marks)])
    # Written into the statement: a plan made for any text takes a word that everything holds for rare.
    asked = sa.cast(sa.bindparam(None, text, sa.String, literal_execute=True), TSQUERY)
    return query.where(e.grams.op("@@", is_comparison=True)(asked)).subquery()


def _is_han(token: str) -> bool:
    found = _RUNS.fullmatch(token)
    return found is not None and found.lastgroup == "han"
