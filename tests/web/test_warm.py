"""A server that has just begun compiles what is in use by itself."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from server import app as application
from server.app import create_app
from server.services import deployed
from server.settings import Settings
from server.store.database import Database
from server.store.identity import Jurisdiction
from tests import aside

_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]


def test_makes_ready_what_is_in_use(
    migrated_database_url: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each jurisdiction with an active deployment is compiled before anybody asks for it."""
    database, asked = Database(migrated_database_url), []
    with database.write() as session:
        row = {"name": "x", "calendar_revision": 0, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
        for tenant, deployment in (("none", None), ("one", "d1"), ("two", "d2")):
            session.execute(
                _jurisdictions.insert(), {**row, "tenant_id": tenant, "deployment_id": deployment}
            )
    monkeypatch.setattr(deployed, "active", lambda _session, tenant: asked.append(tenant))
    settings = Settings(tmp_path, migrated_database_url, "x" * 32, secure_cookies=False)  # type: ignore[arg-type]
    monkeypatch.setattr(application, "SETTLED", 0.0)
    app = create_app(settings, database, jobs=False, warm=True)

    async def begin() -> None:
        async with app.router.lifespan_context(app):
            until = time.monotonic() + 20
            while len(asked) < 2 and time.monotonic() < until:
                await asyncio.sleep(0.02)

    aside.run(begin())
    assert asked == ["one", "two"]
