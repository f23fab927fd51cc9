"""A mail relay and a messenger of the tests' own, on real sockets."""

from __future__ import annotations

import email
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Relay:
    """What a relay took over."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    refuses: str = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, or answer as the test wants."""
        if self.refuses:
            return self.refuses
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 taken"


@contextmanager
def relay(port: int = 0) -> Iterator[Relay]:
    """A relay that listens."""
    found = Relay()
    controller = _OnFreePort(found, hostname="127.0.0.1", port=port)
    controller.start()
    found.port = controller.server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        controller.stop()


class _OnFreePort(Controller):
    """A controller that does not mind which port it was given."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class Asked:
    """One request to a messenger."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """What it said."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Messenger:
    """What a messenger was asked, and how it answers: a status, a body, where it sends people."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    status: int = 200
    says: bytes = b'{"errcode": 0}'
    elsewhere: str = ""


@contextmanager
def messenger() -> Iterator[Messenger]:
    """A messenger that listens."""
    found = Messenger()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.append(Asked(self.path, dict(self.headers.items()), body))
            self.send_response(found.status)
            if found.elsewhere:
                self.send_header("Location", found.elsewhere)
            self.send_header("Content-Length", str(len(found.says)))
            self.end_headers()
            self.wfile.write(found.says)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/send?key=very-secret-key"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
