"""What lists and boards cost over ten thousand cases: CPU and statements of each page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote

import sqlalchemy as sa

from bench import cases
from bench.http import Ask, browser, inside, server_cpu
from bench.measure import Result
from bench.place import TENANT, Place
from server.bundles import archive
from server.cli import demo, house
from server.services import deployments, identity
from server.services.attachments import FileStore
from server.services.errors import ServiceError

COUNT, PATTERNS, REPEAT = 10_000, 40, 20
PAGES = (
    "/tasks", "/tasks/done", "/instances", "/followed", "/projects", "/notices", "/calendar", "/search",
    f"/search?q={quote('智慧校园')}", f"/search?q={quote('项目')}", f"/search?q={quote('核对 平台')}",
    "/search?process=hongshan.library_entry&state=ended", "/registers", "/board", "/board?months=12",
    "/board/tasks?light=red", "/board/tasks?kind=completed&months=12", "/board/tasks?kind=returned",
    "/board/cases",
)  # fmt: skip
SUPERVISION = ("/supervision", "/supervision?list=case_red", "/calendar?whose=all")
ADMINISTRATION = ("/instances/all", "/people", "/departments", "/admin/jobs", "/admin/outbox", "/rights")
READERS = (
    ("chenwei", PAGES), ("zhoumin", PAGES), ("sunlei", (*PAGES, *SUPERVISION)),
    ("yanming", (*PAGES, *SUPERVISION, "/instances/all")), ("fangzheng", ADMINISTRATION),
)  # fmt: skip
"""An officer of a body of the whole installation, a clerk of a unit, the head of a body, an auditor of all
jurisdictions, an administrator; what each of them opens in one jurisdiction."""


def fill(where: Place, count: int = COUNT) -> int:
    """Deploy every jurisdiction, enter its demo people and cases, and copy these; gives how many were."""
    files, now = FileStore(where.folder / "attachments"), house.now()
    for name in house.jurisdictions():
        bundle = archive.read_folder(house.ROOT, name)
        with where.database.write() as session:
            operator = house.operator(session, name)
            deployments.deploy(session, operator, name, bundle.files, now, name=name, source="bench")
        office = demo.Office(where.database, files, bundle, now)
        office.settle()
        for play in office.plays(PATTERNS):
            try:
                office.play(play)
            except ServiceError as error:
                print(f"{play.scenario.title} stops early: {error}")
    added = cases.multiply(where.database, count, now)
    if not where.database.is_sqlite:
        with where.database.engine.connect() as link:  # as an installation's server does by itself
            link.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("VACUUM ANALYZE"))
    return added


def measure(where: Place) -> Iterator[Result]:
    """Each page as each reader opens it: CPU of the server and its database, statements of the same
    application in this process."""
    tokens = {account: _token(where, account) for account, _pages in READERS}
    counts = {account: _counts(where, tokens[account], pages) for account, pages in READERS}
    with browser(where, next(iter(tokens.values()))) as client:
        for account, pages in READERS:
            client.token = tokens[account]
            for page in pages:
                cpu = server_cpu(where, client, partial(client.ask, "GET", page, {}), REPEAT, warm=3)
                name = f"GET {unquote(page)} as {account}, {where.kind}"
                yield Result(name, cpu, counts[account][page])


def _token(where: Place, account: str) -> str:
    now = datetime.now(UTC)
    with where.database.write() as session:
        token = identity.sign_in(session, TENANT, account, identity.DEMO_PASSWORD, "127.0.0.1", now, 8)
    assert token is not None, account
    return token


def _counts(where: Place, token: str, pages: tuple[str, ...]) -> dict[str, int]:
    """How many statements each page sends."""
    with inside(where, token, jobs=False) as (ask, sent):
        for page in pages:
            ask("GET", page, {})
        return {page: _asked(ask, sent, page) for page in pages}


def _asked(ask: Ask, sent: list[str], page: str) -> int:
    sent.clear()
    ask("GET", page, {})
    return sum(text.split()[0] not in ("BEGIN", "COMMIT", "ROLLBACK") for text in sent)


def existing(folder: Path) -> Iterator[Result]:
    """The pages over a SQLite folder that is filled already."""
    yield from measure(Place("SQLite", f"sqlite:///{folder / 'guicheng.db'}", folder, None))


def main() -> None:
    """Fill an office, or take a filled one, and print what its pages cost."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="a data folder that is filled already")
    given = parser.parse_args()
    if given.folder:
        results = existing(given.folder)
    else:
        from bench.place import place

        with place("SQLite") as where:
            began = time.process_time()
            print(f"{fill(where)} cases copied in {time.process_time() - began:.0f} s CPU")
            results = iter(list(measure(where)))
    for result in results:
        print(f"{result.cpu_ms:8.2f} ms {result.statements:>4} statements  {result.name}")


if __name__ == "__main__":
    main()
