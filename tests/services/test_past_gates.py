"""A project that was contracted and on trial before the system came: payment and final acceptance, which
refused it, go through their gates once its documents were entered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.bundles.archive import read_folder
from server.cli import demo, house
from server.services import deployments, identity, instances, past_entering, past_facts
from server.services.attachments import FileStore
from server.services.errors import InvalidSubmission
from server.services.past_facts import Document, Told
from server.store.database import Database
from tests.originals import Originals
from tests.services.conftest import MORNING, Office

TENANT = "huaian"
CONTRACT = Document("合同 HASP-2024-07", date(2024, 7, 1))
TRIAL = Document("试运行验收单", date(2025, 11, 20))


def settle(url: str) -> None:
    """Deploy Huai'an and enter its demo people."""
    database, bundle = Database(url), read_folder(house.ROOT, TENANT)
    with database.write() as session:
        operator = house.operator(session, TENANT)
        identity.add_jurisdiction(session, TENANT, bundle.manifest.name, MORNING)
        deployments.deploy(session, operator, TENANT, bundle.files, MORNING, name="Huaian", source="test")
        demo.Office(database, FileStore(Path()), bundle, MORNING).enter(session, password_hash="")
    database.close()


@pytest.fixture
def huaian(database_kind: str, originals: Originals, tmp_path: Path) -> Iterator[Office]:
    """Huai'an deployed, the demo people entered, no case yet."""
    with originals.copied(database_kind, tmp_path, settle) as url:
        database = Database(url)
        with database.read() as session:
            people = {
                name: identity.person_by_account(session, TENANT, name)
                for name in ("haliuyan", "hawugang", "haadmin")
            }
        yield Office(database, FileStore(tmp_path / "files"), people=people)
        database.close()


def begin(office: Office, person: str, process: str, project: str, papers: str, **answers: Any) -> str:
    """Begin a case of the project; gives where it stands: its outcome, or the step that waits."""
    with office.database.write() as session:
        owner = f"start:{process}"
        file = office.attach(session, person, owner, papers)
        given = {"project_id": project, papers: [file], **answers}
        case = instances.start(session, office.people[person], process, office.now, given).instance_id
    (row,) = office.rows("select outcome from process_instance where id = :i", i=case)
    return row["outcome"] or "、".join(office.open(case))


def pay(office: Office, project: str) -> str:
    """Ask for a payment."""
    return begin(
        office, "haliuyan", "huaian.payment", project, "payment_basis",
        contract="HASP-2024-07", milestone="初验", amount="288000.00",
    )  # fmt: skip


def accept(office: Office, project: str) -> str:
    """Ask for the final acceptance."""
    given = {"content": "software", "tests": "pass"}
    return begin(office, "hawugang", "huaian.final_acceptance", project, "test_reports", **given)


def tell(office: Office, project: str, document: Document, reason: str = "", **values: Any) -> None:
    """Enter what a document says."""
    with office.database.write() as session:
        admin = office.people["haadmin"]
        seen = past_facts.sheet(session, admin, project).stands.digest
        past_entering.enter(session, admin, project, Told(document, values, reason), seen, office.now)


def test_payment_and_final_acceptance_open_for_a_project_from_before(huaian: Office) -> None:
    """Without a contract nothing is paid, and the day of the trial run is asked of whoever wants acceptance;
    once their documents were entered nobody is asked, and three months after that day it is accepted."""
    office, admin = huaian, huaian.people["haadmin"]
    told = Told(CONTRACT, {})
    with office.database.write() as session:
        made = past_entering.enter_project(session, admin, "智能叫号系统", "business", told, office.now)
    project = made.id
    assert pay(office, project) == "no_contract"
    with pytest.raises(InvalidSubmission) as asked:
        accept(office, project)
    assert [error.name for error in asked.value.submission.errors] == ["trial_accepted_on"]
    contract = {"contract_signed": True, "contract_no": "HASP-2024-07", "warranty_months": 24}
    tell(office, project, CONTRACT, contract_amount=Decimal("960000.00"), **contract)
    assert pay(office, project) == "check"
    tell(office, project, TRIAL, trial_accepted_on="2025-12-03", content="software")
    assert accept(office, project) == "too_early"
    tell(office, project, TRIAL, reason="日期录错", trial_accepted_on="2025-12-02")
    assert accept(office, project) == "collect_records"
