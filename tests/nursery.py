"""Processes of the house, forked from one that has loaded everything: to load it takes seconds each time."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[1]
GUICHENG = "tests.nursery:guicheng"
"""The command line as work: its words are what would be typed after `guicheng`."""


@dataclass
class Child:
    """A process that was forked; knows what `subprocess.Popen` knows of one."""

    nursery: Nursery
    pid: int
    stdin: TextIO | None = None
    stdout: TextIO | None = None
    returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it lives."""
        if self.returncode is None:
            self.returncode = self.nursery.ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float = 200) -> int:
        """Its exit code, once it has ended; subprocess.TimeoutExpired if it does not in time."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """It has no chance to finish anything."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Kill it, and say and hear no more."""
        self.kill()
        self.wait()
        for pipe in (self.stdin, self.stdout):
            if pipe is not None:
                pipe.close()


class Nursery:
    """The process from which others are forked; they end with the process that asked for them."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._link, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.nursery", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def begin(
        self, work: str, *words: object, log: int | None = None, env: Mapping[str, str] | None = None
    ) -> Child:
        """Fork a child that calls `work`, a `module:function`, with these words; what it says goes to the
        open file `log`. `env` is added to its surroundings."""
        with Path(os.devnull).open("rb") as silence:
            said = 2 if log is None else log
            return Child(self, self._fork(work, words, env, silence.fileno(), said, said))

    def talk(self, work: str, *words: object) -> Child:
        """Fork one to which the caller can speak, and hear what it says; it is to be closed."""
        hears, speaks = os.pipe()
        listens, says = os.pipe()
        try:
            pid = self._fork(work, words, None, hears, says, 2)
        finally:
            os.close(hears)
            os.close(says)
        return Child(self, pid, os.fdopen(speaks, "w"), os.fdopen(listens))

    def run(self, work: str, *words: object, env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Let one work to its end; gives its exit code, and all it said."""
        listens, says = os.pipe()
        try:
            child = self.begin(work, *words, log=says, env=env)
        finally:
            os.close(says)
        with os.fdopen(listens) as voice:
            said = voice.read()
        return child.wait(), said

    def ask(self, question: Mapping[str, Any], files: tuple[int, ...] = ()) -> Any:
        """What the nursery answers."""
        with self._turn:
            socket.send_fds(self._link, [json.dumps(question).encode()], files)
            answer = self._link.recv(65_536)
        assert answer, "the nursery is gone"
        return json.loads(answer)

    def close(self) -> None:
        """The nursery and its children end."""
        self._link.close()
        self._process.wait()

    def _fork(self, work: str, words: tuple[object, ...], env: Mapping[str, str] | None, *files: int) -> int:
        order = {"work": work, "words": [str(word) for word in words], "env": dict(env or {})}
        return int(self.ask(order, files))


@cache
def nursery() -> Nursery:
    """The nursery of this process, opened when it is first needed."""
    found = Nursery()
    atexit.register(found.close)
    return found


# --------------------------------------------------------------------------- within the nursery
def guicheng(*words: str) -> None:
    """Run the command line."""
    from server.cli import main

    sys.argv = ["guicheng", *words]
    main()


def _load() -> None:
    """Everything that a server needs, and Hongshan: what is compiled here is compiled for all."""
    gc.disable()
    from server import app
    from server.bundles import archive
    from server.cli import commands, house
    from server.services import deployed

    assert app, commands
    deployed.compiled(archive.read_folder(house.ROOT, "hongshan").files)
    gc.freeze()
    gc.enable()


def _answer(link: socket.socket) -> Callable[[], object] | None:
    """Answer until nobody asks any more. Comes back as a child, with what that is to do, or with None."""
    children: set[int] = set()
    while True:
        asked, files, *_ = socket.recv_fds(link, 65_536, 3)
        if not asked:
            break
        question = json.loads(asked)
        if "poll" in question:
            pid, status = os.waitpid(question["poll"], os.WNOHANG)
            children.discard(pid)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            module, _, function = question["work"].partition(":")
            work = getattr(importlib.import_module(module), function)
            answer = os.fork()
            if answer == 0:
                link.close()
                _become(files, question["env"])
                return lambda: work(*question["words"])
            children.add(answer)
        for file in files:
            os.close(file)
        link.sendall(json.dumps(answer).encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return None


def _become(files: list[int], env: dict[str, str]) -> None:
    os.environ.update(env)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as link:
        _load()
        work = _answer(link)
    if work is not None:
        work()


if __name__ == "__main__":
    _main()
