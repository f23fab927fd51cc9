"""Processes to be killed, forked from one that has imported everything already, so that killing is quick."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Work = Callable[..., None]


class Nursery:
    """A process that runs a module of the tests, which calls `raise_children`."""

    def __init__(self, module: str, *words: object) -> None:
        pipe, command = subprocess.PIPE, [sys.executable, "-m", module, *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def begin(self, *words: object) -> int:
        """Fork a child that works with these words; gives the id of the process to kill."""
        return int(self._ask(" ".join(map(str, ("work", *words)))))

    def ended(self) -> None:
        """Wait until the last child is gone."""
        assert self._ask("wait") == "gone"

    def close(self) -> None:
        """The nursery and its child end."""
        self.process.kill()
        self.process.communicate()

    def _ask(self, words: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def raise_children(work: Work) -> None:
    """Fork a child for each line `work …` of standard input, and bury it for each other line. The process
    must hold no connection by then."""
    child = 0
    for line in sys.stdin:
        what, *words = line.split()
        if what == "work":
            child = os.fork()
            if child == 0:
                work(*words)
                os._exit(0)
            print(child, flush=True)
        else:
            os.waitpid(child, 0)
            print("gone", flush=True)
