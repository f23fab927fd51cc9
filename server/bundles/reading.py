"""The files of bundles, read once while they stay as they are: checks answer while somebody edits."""

from __future__ import annotations

from collections.abc import Mapping

from server.engine import load
from server.engine.memo import Memo

KEPT = Memo()
"""What this process has read of the files of bundles, whosever they are: drafts, folders and deployments
share most of theirs."""


def read(files: Mapping[str, bytes], memo: Memo = KEPT) -> load.Loaded:
    """As the engine reads the files of a bundle; one that was read before with the same content is not read
    again."""
    return load.read(files, memo)
