"""What is fired at, and how: kinds of people take turns, and each different complaint is kept once."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import pytest
from argon2 import PasswordHasher
from starlette.routing import Route

from server.api import engine_rest
from server.services import identity
from server.web.routes import PAGES
from server.web.routing import Page, Permission
from tests.faults.fuzz import Fuzzer
from tests.faults.fuzz_judge import Judge
from tests.faults.fuzz_office import COLLEAGUES, KINDS, STRANGERS, Badge, FuzzOffice, Request

SEED = os.environ.get("FUZZ_SEED", "1")
CHUNK = 500
"""After so many requests the office is put back as it was."""
_log = logging.getLogger("fuzz")


def _machine_pages() -> list[Page]:
    """The interface for machines, as if each of its addresses were a page."""
    routes = engine_rest.application(None).routes  # type: ignore[arg-type]
    return [
        Page(method, engine_rest.ADDRESS + route.path, Permission.ANYONE, PAGES[0].answer)
        for route in routes
        if isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


STATIC = Page("GET", "/static/{path:path}", Permission.ANYONE, PAGES[0].answer)
NOWHERE = Page("GET", "/{id}/{key}", Permission.ANYONE, PAGES[0].answer)
FIRED_AT = (*PAGES, *_machine_pages(), STATIC, NOWHERE)
"""All that is fired at. NOWHERE stands for the addresses that no page has."""


@contextmanager
def in_haste() -> Iterator[None]:
    """One request is answered at a time, so what the application hands to threads is done at once: two thirds
    of the time would go into handing it over. Passwords are hashed in no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", _at_once)
        patch.setattr(identity, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


async def _at_once(function: Any, *args: Any, **_: Any) -> Any:
    return function(*args)


class Faults(logging.Handler):
    """Keeps where each fault of ours came from."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the innermost lines of a traceback."""
        if record.exc_info and record.exc_info[1]:
            self.last = "".join(traceback.format_exception(record.exc_info[1])[-4:])


@contextmanager
def faults_seen() -> Iterator[Faults]:
    """What our own handlers of faults tell the log meanwhile."""
    faults, logs = Faults(), [logging.getLogger(name) for name in ("guicheng.web", "guicheng.api")]
    for log in logs:
        log.addHandler(faults)
    try:
        yield faults
    finally:
        for log in logs:
            log.removeHandler(faults)


@dataclass
class Outcome:
    """What came of requests to one page: each different complaint with the first request that earned it, and
    the CPU seconds of the answers."""

    complaints: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0


def bombard(office: FuzzOffice, judge: Judge, page: Page, count: int, seed: str = SEED) -> Outcome:
    """Send `count` requests to a page."""
    outcome = Outcome()
    for start in range(0, count, CHUNK):
        fire(office, judge, page, range(start, min(start + CHUNK, count)), outcome, seed)
    return outcome


def fire(
    office: FuzzOffice, judge: Judge, page: Page, numbers: range, outcome: Outcome, seed: str = SEED
) -> None:
    """Send the requests of these numbers to a page of the office as it was prepared."""
    office.restore()
    fuzzer = Fuzzer(office, f"{seed} {page.method} {page.path} {numbers.start}")
    sent = dict.fromkeys(STRANGERS, "")
    kinds = list(KINDS)
    with faults_seen() as faults:
        for number in numbers:
            kind = kinds[number % len(kinds)]
            leaving = page.path == "/sign-out" and kind != "nobody"
            badge = office.open_session(KINDS[kind]) if leaving else office.badges[kind]
            request = fuzzer.request(page, kind, badge)
            for other in {kind, *(COLLEAGUES if kind in COLLEAGUES else ())} & sent.keys():
                sent[other] += request.text
            try:
                _ask(office, judge, request, badge, kind, sent.get(kind, ""), outcome)
            except Exception as error:  # each complaint is told once, at the end
                what = faults.last or f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"
                if what not in outcome.complaints:
                    outcome.complaints[what] = f"{number} as {kind}: {str(request)[:1500]}"
                    _log.critical("%s %s: %s\n%s", page.method, page.path, what, outcome.complaints[what])
            faults.last = ""


def _ask(
    office: FuzzOffice, judge: Judge, request: Request, badge: Badge, kind: str, sent: str, outcome: Outcome
) -> None:
    version = office.version()
    answer = office.send(request, badge)
    outcome.seconds += answer.seconds
    outcome.slowest = max(outcome.slowest, answer.seconds)
    judge.look(request, answer, kind, sent)
    may_write = request.method == "POST" or _signs_in(request)
    assert may_write or office.version() == version, f"{request.method} has written"


def _signs_in(request: Request) -> bool:
    """Whether a program sends a password or what is no token along: wrong ones are counted."""
    sent = [value for name, value in request.headers if name == b"authorization"]
    return any(not value.startswith(b"Bearer guicheng_") for value in sent)
