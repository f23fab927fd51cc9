"""The application: pages over one house, safe headers on every answer."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from anyio import to_thread
from fastapi import FastAPI

from server.api import engine_rest
from server.api.admission import Admission
from server.api.engine_rest import Door
from server.jobs.carriers import opened
from server.jobs.durable import DurableJobs
from server.jobs.leftovers import Leftovers
from server.jobs.post_office import Composed, PostOffice
from server.jobs.runner import Runner
from server.services import channels, deployed
from server.services.attachments import FileStore
from server.services.outbox import Letter
from server.services.scanning import scanner
from server.settings import Settings
from server.store.database import Database
from server.web import letter_texts
from server.web.context import House
from server.web.language import preferred
from server.web.routes import mount
from server.web.security import PlainAddresses, SecurityHeaders

SETTLED = 1.0
"""Seconds after which a server that begins is listening, so that this does not keep it from that."""
_log = logging.getLogger("guicheng")


def create_app(
    settings: Settings, database: Database | None = None, *, jobs: bool = True, warm: bool = False
) -> FastAPI:
    """The application for these settings; a database that is already open is used as it is. With `jobs` the
    clock works while the server runs: timers fire, reminders go out, and what was missed is caught up. With
    `warm` each jurisdiction is made ready at once, so that the first who comes does not wait for it."""
    looks = scanner(settings.virus_scanner, keep_unscanned=settings.keep_unscanned)
    files = FileStore(settings.data_dir / "attachments", looks)
    opened_database = database or Database(settings.database_url)
    house = House(settings, opened_database, files, channels=channels.read(settings.data_dir))

    @asynccontextmanager
    async def open_hours(_: FastAPI) -> AsyncIterator[None]:
        durable = _jobs(house) if jobs else None
        if durable is not None:
            # before anybody comes in: a deployment whose day came while the server was down is in use by then
            await to_thread.run_sync(durable.runner.take_effects)
            await to_thread.run_sync(durable.start)
        closing = threading.Event()
        warming = threading.Thread(target=_warm, args=(house.database, closing), name="warm", daemon=True)
        if warm:
            warming.start()
        yield
        closing.set()
        if warm:
            await to_thread.run_sync(warming.join)
        if durable is not None:
            await to_thread.run_sync(durable.stop)
        house.database.close()

    app = FastAPI(title="Guicheng", docs_url=None, redoc_url=None, openapi_url=None, lifespan=open_hours)
    app.state.house = house
    app.add_middleware(PlainAddresses)
    app.add_middleware(SecurityHeaders, https=settings.secure_cookies)
    mount(app, house)
    door = _machine_door(house)
    app.state.waiting = door.room
    app.mount(engine_rest.ADDRESS, engine_rest.application(door))
    return app


def _warm(database: Database, closing: threading.Event) -> None:
    """Compile what is in use, one jurisdiction after the other, while the server answers already. What is in
    memory then stays: the garbage collector need not look at it again, and a tenth of the work was its."""
    if closing.wait(SETTLED):
        return
    with database.read() as session:
        tenants = deployed.in_use(session)
    for tenant_id in tenants:
        gc.freeze()
        if closing.is_set():
            return
        try:
            with database.read() as session:
                deployed.active(session, tenant_id)
        except Exception:
            _log.exception("%s could not be made ready; who opens it learns why", tenant_id)
    gc.freeze()


def _jobs(house: House) -> DurableJobs:
    """What wakes up by itself: timers and messages as they fall due, once a day the clearing of files."""
    leftovers = Leftovers(house.database, house.files)
    carriers = opened(house.channels, house.clock)
    office = PostOffice(house.database, carriers, partial(_composed, house.channels.address), house.clock)
    runner = Runner(house.database, post_office=office)
    return DurableJobs(house.database, runner, daily=[leftovers.clear, office.make_digests])


def _composed(address: str, letter: Letter) -> Composed:
    """A letter in its reader's language, with links to the office at this address."""
    subject, text = letter_texts.subject(letter), letter_texts.text(letter, address)
    link = letter_texts.link(letter.payload, letter.instance_id, address)
    kind = str(letter.payload["kind"])
    return Composed(letter.id, letter.tenant_id, kind, letter.address, subject, text, link)


def _machine_door(house: House) -> Door:
    """The interface for machines over the same house. Guests are let in on a demonstration only."""
    settings = house.settings
    admission = Admission(
        house.database, settings.secret, settings.demo, settings.session_hours, settings.second_factor
    )
    return Door(admission, partial(preferred, default=settings.language), house.clock)
