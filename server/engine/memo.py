"""What was made of some bytes is kept for the next time they come: who changes one file waits for one."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Memo:
    """Results by what they were made of: at most `limit` of them, made of at most `size` bytes. The one
    unused longest goes first.

    A key must say everything its result depends on, so keeping or dropping one changes only the time. What
    is kept is shared by threads: it must not be changed by whoever gets it."""

    def __init__(self, limit: int = 5_000, size: int = 48 * 1024 * 1024) -> None:
        self._limit, self._size = limit, size
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def once(self, key: Hashable, make: Callable[[], T], size: int = 0) -> T:
        """The result under this key, made now if it is not kept; `size` counts the bytes it is made of. Two
        threads may both make it; what raises is made again each time."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast(T, self._kept[key][1])
        made = make()
        with self._lock:
            self._bytes += size - self._kept.pop(key, (0, None))[0]
            self._kept[key] = size, made
            while len(self._kept) > self._limit or self._bytes > self._size:
                self._bytes -= self._kept.popitem(last=False)[1][0]
        return made


def content(path: str, data: bytes) -> tuple[str, str]:
    """A file as a part of a key: what is read of it tells its path, so the path counts as well."""
    return path, hashlib.sha256(data).hexdigest()
