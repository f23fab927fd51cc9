"""What a request costs: the server runs as `guicheng serve` runs it, one browser works through cases."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.measure import Result, counted, cpu_ms
from bench.place import OFFICER, Office, Place
from bench.serving import Client, served
from server.app import create_app
from server.settings import Settings

ROUNDS, REPEAT, WARM, REST = 3, 40, 15, 10
SERVER = ["-c", "from server.cli import main; main()", "serve"]
ANSWERS = {"materials_verdict": "complete"}
WAY: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("task page before claim", "GET", "", {}),
    ("claim", "POST", "/claim", {}),
    ("task page", "GET", "", {}),
    ("answers sent", "POST", "", ANSWERS),
    ("check page", "GET", "/check", {}),
    ("task completion", "POST", "/complete", {"revision": "1"}),
    ("result page", "GET", "/done", {}),
)
"""What a person does with a task, from opening it to what they see when it is sent."""

Ask = Callable[[str, str, dict[str, str]], object]


def measure(where: Place, office: Office) -> Iterator[Result]:
    """Each request of a task's way: CPU of server and database, and the statements."""
    tasks = [office.start() for _ in range(WARM + ROUNDS * REPEAT)]
    token = office.token(OFFICER)
    with inside(where, token) as (ask, sent):
        counts = [_count(ask, sent, step, task) for task in (office.start(), office.start()) for step in WAY]
    with browser(where, token) as client:
        yield Result(f"HTTP server at rest, a second, {where.kind}", client.idle * 1000)
        for (name, method, path, values), statements in zip(WAY, counts[len(WAY) :], strict=True):
            turn = iter(tasks)

            def operation(turn: Iterator[str] = turn, method: str = method, path: str = path,
                          values: dict[str, str] = values) -> object:  # fmt: skip
                return client.ask(method, f"/tasks/{next(turn)}{path}", values)

            cpu = server_cpu(where, client, operation, REPEAT)
            commits = sum(statement == "COMMIT" for statement in statements)
            yield Result(f"HTTP {name}, {where.kind}", cpu, len(statements), extra={"commits": commits})


def pages(where: Place, office: Office, count: int) -> Iterator[Result]:
    """The whole worklist page while `count` tasks are open."""
    token = office.token(OFFICER)
    with inside(where, token) as (ask, sent):
        ask("GET", "/tasks", {})
        statements = _count(ask, sent, ("", "GET", "/tasks", {}), "")
    with browser(where, token) as client:
        cpu = server_cpu(where, client, lambda: client.ask("GET", "/tasks", {}), REPEAT)
        yield Result(f"HTTP worklist page, {count:,} open tasks, {where.kind}", cpu, len(statements))


def server_cpu(
    where: Place, client: Client, operation: Callable[[], object], repeat: int, warm: int = WARM
) -> float:
    """CPU of a request in the server and its database, without what both use while nobody asks: the clock
    looks for wake-ups all the time."""
    for _ in range(warm):
        operation()

    def used() -> float:
        return _both(where, client) - client.idle * time.monotonic()

    return cpu_ms(operation, repeat=repeat, rounds=ROUNDS, own=False, others=used)


def _both(where: Place, client: Client) -> float:
    return client.cpu() + (where.others() if where.others else 0.0)


def _at_rest(where: Place, client: Client) -> float:
    """CPU seconds that server and database use in a second while nobody asks."""
    client.connection.close()  # the server would do so after five seconds; the next request opens it again
    _settle(where, client)
    start, before = time.monotonic(), _both(where, client)
    time.sleep(REST)
    return (_both(where, client) - before) / (time.monotonic() - start)


def _settle(where: Place, client: Client) -> None:
    """Wait until what a server does after its start is done: it compiles what is in use."""
    for _ in range(60):
        before = _both(where, client)
        time.sleep(1)
        if _both(where, client) - before < 0.1:
            return
    raise SystemExit("The server does not come to rest.")


@contextmanager
def browser(where: Place, token: str) -> Iterator[Client]:
    """A server over the database of a place, and somebody signed in."""
    settings = {
        "GUICHENG_DATABASE_URL": where.url,
        "GUICHENG_DATA_DIR": str(where.folder),
        "GUICHENG_SECURE_COOKIES": "false",
    }
    with served(SERVER, where.folder, settings) as client:
        client.token = token
        page = client.ask("GET", "/tasks", {})
        client.csrf = _csrf(page)
        client.idle = _at_rest(where, client)
        yield client


@contextmanager
def inside(where: Place, token: str, jobs: bool = True) -> Iterator[tuple[Ask, list[str]]]:
    """The same application in this process, and the statements it sends; without `jobs` nothing but what is
    asked sends any."""
    settings = Settings(where.folder, where.url, "x" * 32, secure_cookies=False)
    app = create_app(settings, where.database.__class__(where.url), jobs=jobs)
    database = app.state.house.database
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starlette would like another httpx
        from starlette.testclient import TestClient
    with TestClient(app, follow_redirects=False, cookies={"guicheng": token}) as client:
        time.sleep(2 if jobs else 0)  # the clock's first sweep is not a request's
        csrf = _csrf(client.get("/tasks").content)

        def ask(method: str, path: str, values: dict[str, str]) -> None:
            data = {"csrf": csrf, **values} if method == "POST" else None
            answer = client.request(method, path, data=data)
            assert answer.status_code == (303 if method == "POST" else 200), answer.text[:2000]

        with counted(database.engine, database._reader) as sent:
            yield ask, sent


def _count(ask: Ask, sent: list[str], step: tuple[str, str, str, dict[str, str]], task: str) -> list[str]:
    _, method, path, values = step
    sent.clear()
    ask(method, f"/tasks/{task}{path}" if task else path, values)
    return list(sent)


def _csrf(page: bytes) -> str:
    found = re.search(rb'name="csrf" value="([^"]+)"', page)
    assert found, "every page of somebody who is signed in has a form"
    return found[1].decode()
