"""A deployment that was accepted once goes on, though a later release refuses what is in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.bundles.archive import Bundle
from server.cli import house
from server.services import deployed, deployments
from server.services.errors import DeploymentRejected
from tests.services.conftest import TENANT, Office

TABLE = "dmn/tier.dmn"


def twice(data: bytes) -> bytes:
    """The table with one id for a rule and for a cell of it, which was not always refused."""
    assert b'<inputEntry id="' in data
    head, _, rest = data.partition(b'<inputEntry id="')
    return head + b'<inputEntry id="large"' + rest.partition(b'"')[2]


def test_new_refusals_do_not_stop_what_runs(office: Office, bundle: Bundle) -> None:
    files = {**bundle.files, TABLE: twice(bundle.files[TABLE])}
    with office.database.write() as session, pytest.raises(DeploymentRejected) as refused:
        deployments.deploy(
            session, house.operator(session, TENANT), TENANT, files, office.now + timedelta(days=1),
            name="twice", source="test",
        )  # fmt: skip
    assert [finding.code for finding in refused.value.findings] == ["dmn.duplicate_id"]
    model, findings = deployed.compiled(files)
    assert model is not None
    assert [f.code for f in findings if f.level == "error"] == ["dmn.duplicate_id"]
