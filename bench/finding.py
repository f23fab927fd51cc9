"""What lists and boards cost over ten thousand cases: CPU and statements of each page."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

import sqlalchemy as sa

from bench import cases
from bench.measure import Result, counted, cpu_ms
from bench.place import TENANT, Place
from server.app import create_app
from server.bundles import archive
from server.cli import demo, house
from server.services import deployments, identity
from server.services.attachments import FileStore
from server.services.errors import ServiceError
from server.settings import Settings
from server.store.database import Database

COUNT, PATTERNS, REPEAT = 10_000, 40, 10
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
        with where.database.write() as session:
            session.execute(sa.text("ANALYZE"))  # an installation's server does so by itself
    return added


def measure(where: Place) -> Iterator[Result]:
    """Each page as each reader opens it."""
    for account, pages in READERS:
        yield from _pages(where, TENANT, account, pages)


def _pages(where: Place, tenant: str, account: str, pages: tuple[str, ...]) -> Iterator[Result]:
    now = datetime.now(UTC)
    with where.database.write() as session:
        token = identity.sign_in(session, tenant, account, identity.DEMO_PASSWORD, "127.0.0.1", now, 8)
    assert token is not None, account
    settings = Settings(where.folder, where.url, "x" * 32, secure_cookies=False)
    app = create_app(settings, Database(where.url), jobs=False)
    database = app.state.house.database
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starlette would like another httpx
        from starlette.testclient import TestClient
    with TestClient(app, follow_redirects=False, cookies={"guicheng": token}) as client:
        for page in pages:

            def ask(page: str = page) -> None:
                answer = client.get(page)
                assert answer.status_code == 200, (page, answer.status_code, answer.text[:400])

            for _ in range(4):
                ask()
            with counted(database.engine, database._reader) as sent:
                ask()
            statements = len(
                [text for text in sent if text.split()[0] not in ("BEGIN", "COMMIT", "ROLLBACK")]
            )
            cpu = cpu_ms(ask, repeat=REPEAT, others=where.others)
            yield Result(f"GET {unquote(page)} as {account}, {where.kind}", cpu, statements)


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
