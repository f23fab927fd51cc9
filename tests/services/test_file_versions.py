"""A file of a case is replaced, never overwritten; a secret one is seen by those for whom it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from server.bundles.archive import Bundle
from server.cli import house
from server.services import attachments, deployments, file_versions, history, instance_views, instances, tasks
from server.services.attachments import FileStore
from server.services.errors import NotPermitted, StaleTask
from server.services.file_versions import FileView, Given
from server.services.scanning import Scan
from tests.services.conftest import TENANT, Office
from tests.services.test_together import together

SECRET = """
[[secret_file]]
id = "entry_application"
readers = ["secrecy_crypto_office"]
"""


def file_of(office: Office, instance: str) -> str:
    """The first file of a case."""
    rows = office.rows("select id from attachment where instance_id = :i order by id", i=instance)
    return str(rows[0]["id"])


def replace(office: Office, person: str, file: str, content: bytes = b"%PDF-2", reason: str = "补正") -> str:
    with office.database.write() as session:
        given = Given("申请（改）.pdf", content, reason)
        who = office.people[person]
        return file_versions.replace(session, office.files, who, file, given, office.now, limit=100)


def look(office: Office, person: str, file: str) -> FileView:
    with office.database.read() as session:
        return file_versions.look(session, office.files, office.people[person], file)


def test_both_versions_can_be_read_and_one_counts(office: Office) -> None:
    """The list shows the new one; the record names both digests and the reason."""
    instance = office.start()
    old = file_of(office, instance)
    new = replace(office, "zhoumin", old)
    found = look(office, "zhoumin", old)
    assert [version.number for version in found.all] == [2, 1]
    assert not found.current
    assert look(office, "zhoumin", new).current
    with office.database.read() as session:
        listed = instance_views.materials(session, office.people["zhoumin"], instance)
        first = attachments.open_file(session, office.files, office.people["zhoumin"], old)
        assert all(isinstance(one, int) for one in history.verify(session, TENANT))
    assert new in [file.id for file in listed]
    assert old not in [file.id for file in listed]
    assert first.path.read_bytes() == b"%PDF"
    (entry,) = office.rows("select payload from history_event where kind = 'file_replaced'")
    told = json.loads(entry["payload"])
    assert told["reason"] == "补正"
    assert told["new_sha256"] == hashlib.sha256(b"%PDF-2").hexdigest()
    third = replace(office, "zhoumin", new, b"%PDF-3")
    assert [version.number for version in look(office, "zhoumin", third).all] == [3, 2, 1]


def test_of_two_who_replace_a_file_one_is_told(office: Office) -> None:
    """The slower learns who was faster; there is one second version."""
    instance = office.start()
    old = file_of(office, instance)
    raised = together(
        lambda: replace(office, "zhoumin", old, b"%PDF-a"), lambda: replace(office, "zhoumin", old, b"%PDF-b")
    )
    assert [type(error) for error in raised] == [StaleTask]
    assert raised[0].by == office.people["zhoumin"].name  # type: ignore[attr-defined]
    assert [version.number for version in look(office, "zhoumin", old).all] == [2, 1]


@pytest.mark.parametrize(
    ("person", "reason", "why"),
    [("hejun", "补正", "another unit"), ("chenwei", "补正", "holds a task"), ("zhoumin", " ", "Say why")],
)
def test_who_may_not(office: Office, person: str, reason: str, why: str) -> None:
    """Strangers, those who only see the case, and nobody without a reason."""
    old = file_of(office, office.start())
    with pytest.raises(NotPermitted, match=why):
        replace(office, person, old, reason=reason)


def test_whoever_holds_a_task_may_and_nobody_after_the_end(office: Office) -> None:
    """A file of an ended case stays as it was."""
    instance = office.start()
    task = office.task(instance, "check_materials")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["chenwei"], task, office.now)
    new = replace(office, "chenwei", file_of(office, instance))
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], instance, "撤销", office.now)
    with pytest.raises(NotPermitted, match="has ended"):
        replace(office, "zhoumin", new)


def test_an_infected_version_is_not_kept(office: Office) -> None:
    """The old one still counts."""

    class Found:
        def look(self, content: bytes) -> Scan:
            return Scan("infected", "Eicar")

    old = file_of(office, office.start())
    office.files = FileStore(office.files.root, Found())
    with pytest.raises(NotPermitted, match="virus scanner"):
        replace(office, "zhoumin", old)
    assert look(office, "zhoumin", old).current


# --- secret files ---


@pytest.fixture
def secret_office(office: Office, bundle: Bundle) -> Office:
    """An office whose manifest keeps applications to the secrecy office."""
    files = {**bundle.files, "jurisdiction.toml": bundle.files["jurisdiction.toml"] + SECRET.encode()}
    with office.database.write() as session:
        admin = office.people["admin"] = house.operator(session, TENANT)
        deployments.deploy(session, admin, TENANT, files, office.now, name="s", source="test")
    return office


def begin_with_secret(office: Office) -> tuple[str, str]:
    """A case whose application is secret; gives the case and the file."""
    owner = "start:hongshan.library_entry"
    with office.database.write() as session:
        stored = attachments.store(
            session, office.files, office.people["zhoumin"], owner, "entry_application", "涉密申请.pdf",
            b"%PDF", office.now, limit=100,
        )  # fmt: skip
    return office.start(entry_application=[stored.id]), stored.id


def test_a_secret_file_has_no_name_where_others_can_read(secret_office: Office) -> None:
    """Its own name stands in no answer, record or state, only beside the bytes."""
    office = secret_office
    instance, secret = begin_with_secret(office)
    assert office.rows("select name from attachment where id = :i", i=secret) == [{"name": "涉密申请.pdf"}]
    states = office.rows("select state from instance_state where instance_id = :i", i=instance)
    said = "".join(bytes(row["state"]).decode("utf-8", "replace") for row in states)
    said += str(office.rows("select * from history_event where instance_id = :i", i=instance))
    assert secret in said
    assert f"不公开材料-{secret[-4:]}.pdf" in said
    assert "涉密申请" not in said


def test_who_sees_a_secret_file(secret_office: Office) -> None:
    """Its giver and the group see it; an administrator and the bureau learn that one is withheld, and whom to
    ask."""
    office = secret_office
    instance, secret = begin_with_secret(office)

    def listed(person: str) -> list[str]:
        with office.database.read() as session:
            return [file.name for file in instance_views.materials(session, office.people[person], instance)]

    assert sorted(listed("zhoumin")) == ["文件.pdf", "涉密申请.pdf"]
    assert sorted(listed("chenwei")) == ["", "文件.pdf"]
    assert look(office, "zhoumin", secret).this.name == "涉密申请.pdf"
    office.people["reader"] = dataclasses.replace(
        office.people["chenwei"], groups=office.people["chenwei"].groups | {"secrecy_crypto_office"}
    )
    assert look(office, "reader", secret).this.name == "涉密申请.pdf"
    for person in ("chenwei", "admin"):
        with pytest.raises(NotPermitted, match="may see this file") as refused:
            look(office, person, secret)
        assert refused.value.params["groups"]
        with pytest.raises(NotPermitted, match="may see this file"):
            replace(office, person, secret)
