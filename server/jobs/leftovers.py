"""Clears away uploaded files to which no case and no draft refers any more."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from server.services import attachments
from server.services.attachments import FileStore
from server.store.database import Database

log = logging.getLogger(__name__)
AGE = timedelta(days=1)
LIST = "unneeded.txt"
_AT_ONCE = 500


class Leftovers:
    """A file goes when it was found unneeded twice, a day apart, and nobody has put it in between: a copy of
    the database that is younger than a day still finds its files, and an upload that is under way is never
    old enough. What was found is kept in `unneeded.txt` beside the files: a moment, then a digest a line."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self.database = database
        self.files = files

    def clear(self, now: datetime) -> int:
        """Remove what was found a day ago and is still unneeded, and note what is found now; gives how many
        files went. Does nothing within a day of the last time."""
        found_at, noted = self._noted()
        if found_at is not None and found_at > now - AGE:
            return 0
        unneeded = set(self._unneeded(now - AGE))
        gone = {digest for digest in unneeded & noted if self.files.discard(digest, now - AGE)}
        self._note(now, unneeded - gone)
        if gone:
            log.info("%d files that nothing refers to were removed", len(gone))
        return len(gone)

    def _unneeded(self, before: datetime) -> Iterator[str]:
        for part in _parts(self.files.untouched(before)):
            with self.database.read() as session:
                yield from set(part) - attachments.needed(session, part)

    def _noted(self) -> tuple[datetime | None, set[str]]:
        try:
            moment, *digests = (self.files.root / LIST).read_text("utf-8").split()
            return datetime.fromisoformat(moment), set(digests)
        except (FileNotFoundError, ValueError):
            return None, set()

    def _note(self, now: datetime, digests: set[str]) -> None:
        self.files.root.mkdir(parents=True, exist_ok=True)
        text = "\n".join([now.astimezone(UTC).isoformat(), *sorted(digests)])
        draft = self.files.root / f"{LIST}.new"
        draft.write_text(text + "\n", "utf-8")
        draft.replace(self.files.root / LIST)


def _parts(digests: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(digests)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
