"""The lab with limits behind the application, with a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from fastapi import FastAPI

from server.app import create_app
from server.services import identity
from server.settings import Settings
from tests.services.clocked import files
from tests.services.lab import TENANT, Lab, open_lab, open_settled
from tests.web.office import PASSWORD, Visitor

EXTENDABLE = 'number = "lab.limited-{year}-{n}"\nextension = "5 working days"\npromised = "20 working days"\n'


@dataclass
class ClockOffice:
    """The application, and the lab behind it."""

    app: FastAPI
    lab: Lab

    def visitor(self, account: str) -> Visitor:
        """Somebody signed in."""
        visitor = Visitor(self.app)
        page = visitor.get("/sign-in")
        answer = visitor.post("/sign-in", page, account=account, password=PASSWORD, tenant=TENANT)
        assert answer.status_code == 303, answer.text
        return visitor

    def days(self, count: int) -> None:
        """Let days pass."""
        self.lab.now += timedelta(days=count)


def settle(url: str) -> None:
    """The lab in a migrated database, with limits, and with people who can sign in."""
    lab = open_lab(url, Path())
    manifest = files()
    told = manifest["jurisdiction.toml"].decode().replace('number = "lab.limited-{year}-{n}"\n', EXTENDABLE)
    lab.deploy(manifest | {"jurisdiction.toml": told.encode()})
    secret = identity.hash_password(PASSWORD)
    with lab.database.write() as session:
        people = sa.table("person", sa.column("password_hash"))
        session.execute(people.update().values(password_hash=secret))
    lab.database.close()


def open_clock_office(url: str, folder: Path) -> ClockOffice:
    """The office that was settled in a database; its files lie in a folder."""
    lab = open_settled(url, folder)
    app = create_app(Settings(folder, url, "s" * 40, secure_cookies=False), lab.database)
    object.__setattr__(app.state.house, "clock", lambda: lab.now)
    return ClockOffice(app, lab)
