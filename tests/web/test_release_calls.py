"""A release that failed, or that waits for a second person, is told where process owners begin their day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from server.store.authoring import BundleRelease
from tests.web.office import TENANT, Office

_releases = BundleRelease.metadata.tables["bundle_release"]


@pytest.mark.parametrize(
    ("status", "by", "told"), [("failed", "admin", "部署失败"), ("proposed", "second", "有部署待您同意")]
)
def test_whoever_deploys_is_told_of_a_release_that_calls_for_them(
    office: Office, status: str, by: str, told: str
) -> None:
    owner, clerk = office.visitor("admin"), office.visitor("clerk")
    for address in ("/tasks", "/design"):
        assert told not in owner.get(address).text
    with office.database.write() as session:
        asker = session.execute(sa.text("select id from person where account = :a"), {"a": by}).scalar_one()
        row = {
            "tenant_id": TENANT, "id": f"r-{status}", "status": status, "note": "n", "requested_by": asker,
            "requested_at": datetime.now(UTC), "failure": "x",
        }  # fmt: skip
        session.execute(_releases.insert().values(**row))
    for address in ("/tasks", "/design"):
        page = owner.get(address).text
        assert told in page
        assert f'href="/deployments/releases/r-{status}"' in page
    assert told not in clerk.get("/tasks").text


def test_nobody_is_called_to_agree_to_their_own_proposal(office: Office) -> None:
    with office.database.write() as session:
        asker = session.execute(sa.text("select id from person where account = 'admin'")).scalar_one()
        session.execute(_releases.update().where(_releases.c.status == "proposed").values(requested_by=asker))
    assert "有部署待您同意" not in office.visitor("admin").get("/tasks").text
