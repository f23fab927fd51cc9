"""Patterns that people and programs ask with, read alike by every database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_ESCAPE = "\\"


def like(column: Any, pattern: str) -> sa.ColumnElement[bool]:
    """Whether a text is as the pattern says: `%` stands for any text, `_` for any character, and a backslash
    makes the next one mean itself. One at the very end does too, where PostgreSQL would refuse it."""
    hanging = len(pattern) - len(pattern.rstrip(_ESCAPE))
    found: sa.ColumnElement[bool] = column.like(pattern + _ESCAPE * (hanging % 2), escape=_ESCAPE)
    return found
