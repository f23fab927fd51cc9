"""Event loops that know which test made them: one that nobody closes is found by the garbage collector much
later, in the middle of a test that has nothing to do with it. It is then told as a warning with its origin,
instead of failing that test."""

from __future__ import annotations

import asyncio
import os
import sys
import warnings


class UnclosedLoop(UserWarning):
    """An event loop that its maker forgot."""


class NamedLoop(asyncio.SelectorEventLoop):
    """An event loop that remembers during which test it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.origin = os.environ.get("PYTEST_CURRENT_TEST", "no test")

    def __del__(self) -> None:
        if not self.is_closed() and not self.is_running():
            warnings.warn(f"made in {self.origin}, never closed", UnclosedLoop, stacklevel=1)
            self.close()


if sys.version_info < (3, 14):

    class _Policy(asyncio.DefaultEventLoopPolicy):
        _loop_factory = NamedLoop

    def name_them() -> None:
        """From here on, new loops are named."""
        asyncio.set_event_loop_policy(_Policy())

else:

    def name_them() -> None:
        """Policies are gone from Python 3.14 on: there the warning of asyncio itself has to do."""
