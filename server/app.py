"""The application: pages over one house, safe headers on every answer."""

from __future__ import annotations

from fastapi import FastAPI

from server.services.attachments import FileStore
from server.settings import Settings
from server.store.database import Database
from server.web.context import House
from server.web.routes import mount
from server.web.security import SecurityHeaders


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The application for these settings; a database that is already open is used as it is."""
    house = House(
        settings, database or Database(settings.database_url), FileStore(settings.data_dir / "attachments")
    )
    app = FastAPI(title="Guicheng", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = house
    app.add_middleware(SecurityHeaders, https=settings.secure_cookies)
    mount(app, house)
    return app
