"""Where the next page of a list starts, as it stands in an address."""

from __future__ import annotations

from datetime import UTC, datetime

from server.store.worklist import Key as Key


def text_of(key: Key) -> str:
    """The place as text."""
    return f"{key.due_at.isoformat()}~{key.task_id}"


def key_of(text: str) -> Key | None:
    """The place; anything that is none starts at the front."""
    at, found, task_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        ours = moment.astimezone(UTC)  # the first and the last day of all may lie beyond the calendar there
    except (ValueError, OverflowError):
        return None
    return Key(ours, task_id) if found and moment.tzinfo is not None else None
