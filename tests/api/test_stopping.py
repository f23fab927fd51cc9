"""A server that is told to stop ends, whoever waits for an answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI

from server.api.polling import WaitingRoom
from server.cli import serving
from tests import aside

PATIENCE = 60
"""Seconds after which a test gives up; nothing here takes a tenth of it."""


def offered() -> frozenset[tuple[str, str]]:
    """There is never any work."""
    return frozenset()


def application(arrived: threading.Event) -> FastAPI:
    """Two pages: one where a worker waits for work, one that never answers."""
    app = FastAPI()
    app.state.waiting = room = WaitingRoom(offered)

    @app.get("/work")
    async def work() -> list[bool]:
        arrived.set()
        return [await room.wait(frozenset({("town", "t")}), 10 * PATIENCE)]

    @app.get("/never")
    async def never() -> None:
        arrived.set()
        await asyncio.sleep(10 * PATIENCE)

    return app


@contextmanager
def listening(app: FastAPI) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a server in a thread, and how to stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        office = serving.office(app, "127.0.0.1", 0, "critical", within=1)
        running = threading.Thread(target=office.run, kwargs={"sockets": [free]})
        running.start()

        def stop() -> None:
            office.should_exit = True
            running.join(PATIENCE)
            assert not running.is_alive(), "it hangs"

        yield f"http://127.0.0.1:{free.getsockname()[1]}", stop
        stop()


def asked(address: str, into: list[object]) -> None:
    """What the server answers, or how it broke off."""
    try:
        into.append(httpx.get(address, timeout=PATIENCE, verify=False).json())
    except httpx.RemoteProtocolError as broken:
        into.append(broken)
    except ValueError:
        into.append("no answer")


@pytest.mark.parametrize(("page", "told"), [("work", [False]), ("never", None)])
def test_a_stop_waits_for_nobody_without_end(page: str, told: object) -> None:
    """Who waits for work is answered at once; who is never answered is cut off."""
    arrived, answers = threading.Event(), list[object]()
    with listening(application(arrived)) as (address, stop):
        client = threading.Thread(target=asked, args=(f"{address}/{page}", answers))
        client.start()
        assert arrived.wait(PATIENCE)
        stop()
        client.join(PATIENCE)
    assert len(answers) == 1
    assert told is None or answers == [told]


def test_nobody_waits_in_a_closed_room() -> None:
    async def tried() -> bool:
        room = WaitingRoom(offered)
        room.close()
        return await room.wait(frozenset({("town", "t")}), 10 * PATIENCE)

    assert aside.run(tried()) is False
