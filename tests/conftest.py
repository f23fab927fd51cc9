"""What every test may ask for: a fresh database of either kind, a browser, equal surroundings everywhere."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from argon2 import PasswordHasher

from tests import compiled, loops
from tests.originals import Originals
from tests.patience import BROWSER
from tests.provision import chromium, postgresql

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[1]
ARTIFACTS = ROOT / "artifacts"
KINDS = ("sqlite", "postgresql")
SESSION_FOLDER = pytest.StashKey[Path]()
FAILED = pytest.StashKey[bool]()
LONG = (
    "tests/faults/test_fuzz", "tests/e2e/test_every_page", "tests/faults", "tests/e2e", "tests/jobs",
    "tests/api", "tests/bundles", "tests/sixth", "tests/web", "tests/services",
)  # fmt: skip
"""What takes longest, longest first."""

# The same examples every time: a change is judged by what it changes, never by how busy the machine is.
# `--hypothesis-profile=explore` looks for others.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=(hypothesis.HealthCheck.too_slow,)
)
patient = hypothesis.settings.get_profile("patient")
hypothesis.settings.register_profile("dev", patient, derandomize=True)
hypothesis.settings.register_profile("ci", patient, derandomize=True, max_examples=200)
hypothesis.settings.register_profile("explore", patient, max_examples=1_000, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


# --- The session ---


def pytest_configure(config: pytest.Config) -> None:
    """Give all workers one folder, and surroundings that hide nothing."""
    folder = getattr(config, "workerinput", {}).get("session_folder") or tempfile.mkdtemp(
        prefix="guicheng-tests-", dir=postgresql.roomy()
    )
    config.stash[SESSION_FOLDER] = Path(folder)
    if config.option.basetemp is None:
        config.option.basetemp = f"{folder}/tmp"  # gone with the run; --basetemp names one that stays
    loops.name_them()
    for name in [name for name in os.environ if name.startswith("GUICHENG_")]:
        del os.environ[name]
    # Neither China nor UTC: code that trusts the machine's zone gets limits wrong here.
    os.environ["TZ"] = "America/New_York"
    time.tzset()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the shared PostgreSQL is noted."""
    node.workerinput["session_folder"] = str(node.config.stash[SESSION_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that made the folder stops the server and removes it."""
    if not hasattr(config, "workerinput") and SESSION_FOLDER in config.stash:
        postgresql.stop_shared(config.stash[SESSION_FOLDER])
        shutil.rmtree(config.stash[SESSION_FOLDER], ignore_errors=True)


def pytest_collection_finish() -> None:
    """All modules and tests stay to the end: the garbage collector need not look through them again and
    again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m browser` selects what drives a browser without anybody having to mark it. Modules that take long
    come first: else one worker would sit over such a one while the others have nothing left."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: next((n for n, long in enumerate(LONG) if item.nodeid.startswith(long)), 99))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Remember a failure, for the fixtures that then keep evidence."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session", autouse=True)
def house_hasher() -> Iterator[PasswordHasher | None]:
    """The house's hasher of passwords. It takes a third of a second each time, and hundreds sign in here, so
    meanwhile they are hashed in no time. None where nobody can sign in."""
    identity = sys.modules.get("server.services.identity")
    if identity is None:
        yield None
        return
    with pytest.MonkeyPatch.context() as patch:
        house = identity._hasher
        patch.setattr(identity, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield house


# --- Databases ---


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[None]:
    """What one test's database was asked is known to the next test's."""
    database = sys.modules.get("server.store.database")
    with compiled.once_for_all(database) if database else nullcontext():
        yield


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> postgresql.Server:
    """The PostgreSQL of this run, shared by all workers, started when first asked for."""
    return postgresql.shared(pytestconfig.stash[SESSION_FOLDER])


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The test runs once on each kind."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a new, empty database."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        yield from _postgresql_database(request, template="template0")


@pytest.fixture
def migrated_database_url(database_kind: str, originals: Originals, tmp_path: Path) -> Iterator[str]:
    """Address of a new database with all tables and no rows; a copy, for migrations take time."""
    with originals.copied(database_kind, tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def originals(request: pytest.FixtureRequest) -> Originals:
    """Databases to be copied, shared by all workers."""
    folder = request.config.stash[SESSION_FOLDER]
    return Originals(folder, partial(request.getfixturevalue, "postgresql_server"))


def _postgresql_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    name = f"test_{os.getpid()}_{time.monotonic_ns()}"
    yield server.create(name, template)
    server.drop(name)


# --- The browser ---


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for each worker."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        expect.set_options(timeout=BROWSER)
        running = playwright.chromium.launch(**chromium.launch_options())
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor who has never been here."""
    visitor = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
    )
    visitor.set_default_timeout(BROWSER)
    yield visitor
    visitor.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An open tab. A script error fails the test; a failure leaves its picture and text in artifacts/."""
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    if request.node.stash.get(FAILED, False) or errors:
        _keep_evidence(tab, request.node.nodeid, errors)
    assert not errors, f"script errors on {tab.url}: {errors}"


def _keep_evidence(tab: Page, nodeid: str, errors: list[str]) -> None:
    folder = ARTIFACTS / re.sub(r"[^\w.-]+", "_", nodeid)
    folder.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=folder / "page.png", full_page=True)
    (folder / "page.html").write_text(tab.content(), "utf-8")
    (folder / "errors.txt").write_text("\n".join([tab.url, *errors]), "utf-8")
