"""A server in a process of its own and one browser's connection to it, kept open."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench.measure import cpu_of

FORM = "application/x-www-form-urlencoded"


@dataclass
class Client:
    """A kept-alive connection over loopback, signed in by its cookie; CPU of the server it talks to, and
    how much of that a second costs when nobody asks."""

    connection: http.client.HTTPConnection
    pid: int
    token: str = ""
    csrf: str = ""
    idle: float = 0.0

    def ask(self, method: str, path: str, values: Mapping[str, str]) -> bytes:
        """Ask for a page, or send a form, which leads to another page."""
        headers = {"Cookie": f"guicheng={self.token}", "Accept": "text/html"}
        body = None
        if method == "POST":
            headers["Content-Type"] = FORM
            body = urlencode({"csrf": self.csrf, **values})
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status != (303 if method == "POST" else 200):
            raise SystemExit(f"{method} {path} answered {response.status}: {content[:2000].decode()}")
        return content

    def cpu(self) -> float:
        """CPU seconds the server has used so far."""
        return cpu_of(self.pid)


@contextmanager
def served(command: list[str], folder: Path, settings: Mapping[str, str]) -> Iterator[Client]:
    """Start `command` with a free port appended; gives a connection once it answers."""
    port = _free_port()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GUICHENG_")}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            stdout=log, stderr=subprocess.STDOUT, env={**surroundings, **settings},
        )  # fmt: skip
        try:
            _wait(process, port, folder / "server.log")
            yield Client(http.client.HTTPConnection("127.0.0.1", port, timeout=60), process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"The server ended at once:\n{log.read_text()[-3000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not answer within a minute.")
