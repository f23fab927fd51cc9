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
    moment = moment_of(at)
    return Key(moment, task_id) if found and moment else None


def moment_of(text: str) -> datetime | None:
    """A moment with its zone as a page or an editor sends it back; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        ours = moment.astimezone(UTC)  # the first and the last day of all may lie beyond the calendar there
    except (ValueError, OverflowError):
        return None
    return ours if moment.tzinfo is not None else None
