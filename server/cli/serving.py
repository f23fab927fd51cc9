"""Listening: the server of the office, which ends within seconds whoever still waits for an answer."""

from __future__ import annotations

import socket
import sys

import uvicorn
from fastapi import FastAPI

from server.api.polling import WaitingRoom

LEAVES_WITHIN = 10
"""Seconds that requests which are being answered have to end once the server is told to stop. What takes
longer is cut off: its transaction is rolled back or committed already, and what was typed is a draft or still
in the browser."""


class Office(uvicorn.Server):
    """Sends those away who wait for work, before it waits for the others."""

    def __init__(self, config: uvicorn.Config, waiting: WaitingRoom) -> None:
        super().__init__(config)
        self._waiting = waiting

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the doors."""
        self._waiting.close()
        await super().shutdown(sockets)


def office(app: FastAPI, host: str, port: int, log_level: str, within: int = LEAVES_WITHIN) -> Office:
    """The server of an application, which ends `within` seconds."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level=log_level, server_header=False, timeout_graceful_shutdown=within
    )
    return Office(config, app.state.waiting)


def listen(app: FastAPI, host: str, port: int, log_level: str) -> None:
    """Serve until the process is told to stop; exit code 3 if it cannot begin, such as on a taken port."""
    server = office(app, host, port, log_level)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(3)
