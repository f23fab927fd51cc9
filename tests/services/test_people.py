"""People entered one by one and from lists: what would happen is told first, exactly that happens, and the
trail of rights keeps every change."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
import xlsxwriter

from server.services import departments, identity, people, people_files, people_import, rights_log
from server.services.errors import NotPermitted
from server.services.people import Record
from server.services.people_files import Row
from server.services.people_import import Plan, PlanStale
from tests.services.conftest import TENANT, Office
from tests.services.test_together import together

LIST = """账号,姓名,岗位,部门编码,部门,用户组,在岗
zhoumin,周敏,项目经办,health,,project_unit,是
chenwei,陈伟,新岗位,data,区政数局,data_bureau 区政数局,是
newcomer,新来的,科员,newunit,新设局,project_unit,是
wrong account,,科员,nowhere,,no_such_group,也许
sunlei,孙磊,局长,data,,admin,是
twice,甲,,data,,,
twice,乙,,data,,,
"""


def admin(office: Office) -> identity.Person:
    """An admin of the jurisdiction."""
    return replace(
        office.people["chenwei"], id="boss", account="boss", name="管理", groups=frozenset({"admin"})
    )


def planned(office: Office, rows: list[Row]) -> Plan:
    """What a list would do."""
    with office.database.read() as session:
        return people_import.plan(session, admin(office), rows)


def carry_out(office: Office, rows: list[Row], digest: str) -> people_import.Entered:
    """Do it."""
    with office.database.write() as session:
        return people_import.carry_out(session, admin(office), rows, digest, office.now)


def trail(office: Office) -> list[tuple[str, str]]:
    """The trail, oldest first, after it was verified."""
    with office.database.read() as session:
        assert all(isinstance(found, int) for found in rights_log.verify(session, TENANT))
        found = rights_log.entries(session, admin(office), limit=1000)
    return [(entry.kind, entry.user_id) for entry in reversed(found)]


def test_a_list_is_told_row_by_row_before_anything_is_written(office: Office) -> None:
    """New, changed, unchanged and faulty rows, by the numbers of the spreadsheet; nothing is written."""
    before = office.rows("select * from person order by id")
    found = planned(office, people_files.read(LIST.encode(), "人员.csv"))
    kinds = {line.number: line.kind for line in found.lines}
    assert kinds[4] == "new"
    assert (kinds[5], kinds[6], kinds[7], kinds[8]) == ("faulty",) * 4
    by_number = {line.number: line for line in found.lines}
    texts = " ".join(text for text, _params in by_number[5].problems)
    for word in ("made of letters", "name is missing", "no department", "no group", "yes or no"):
        assert word in texts
    assert "at the machine" in by_number[6].problems[0][0]
    assert "several rows" in by_number[7].problems[0][0]
    assert found.units == (("newunit", "新设局"),)
    assert dict((f, new) for f, _old, new in by_number[3].changes)["post"] == "新岗位"
    assert office.rows("select * from person order by id") == before
    assert office.rows("select * from right_event") == []


def test_exactly_what_was_told_happens(office: Office) -> None:
    """New people sign in with their first password, changed ones have changed, faulty ones are left out."""
    rows = people_files.read(LIST.encode(), "人员.csv")
    told = planned(office, rows)
    done = carry_out(office, rows, told.digest)
    ((newcomer, password),) = done.passwords
    assert newcomer.account == "newcomer"
    assert done.changed == told.count("changed")
    with office.database.read() as session:
        person = identity.person_by_account(session, TENANT, "newcomer")
        assert (person.unit_name, person.groups) == ("新设局", {"project_unit"})
        assert identity.check(session, TENANT, "newcomer", password, "", office.now).right
        assert not identity.is_known(session, TENANT, "twice")
    kept = trail(office)
    assert ("department_added", "") in kept
    assert ("person_entered", "newcomer") in kept
    assert ("group_given", "newcomer") in kept
    assert ("person_changed", "chenwei") in kept
    assert password not in str(office.rows("select * from right_event"))
    again = planned(office, rows)
    assert again.count("new") == again.count("changed") == 0


def test_a_list_that_is_stale_writes_nothing(office: Office) -> None:
    """Between looking and agreeing somebody changed a person of the list: look again."""
    rows = people_files.read(LIST.encode(), "人员.csv")
    digest = planned(office, rows).digest
    with office.database.write() as session:
        old = people.view(session, admin(office), "chenwei").record
        people.change(session, admin(office), replace(old, post="别的岗位"), office.now)
    with pytest.raises(PlanStale) as stale:
        carry_out(office, rows, digest)
    assert stale.value.plan.digest != digest
    assert office.rows("select id from person where id = 'newcomer'") == []


def test_of_two_who_agree_to_one_list_one_writes_it(office: Office) -> None:
    """The other is told to look again; nobody is entered twice, and the chain is whole."""
    rows = people_files.read(LIST.encode(), "人员.csv")
    digest = planned(office, rows).digest
    raised = together(lambda: carry_out(office, rows, digest), lambda: carry_out(office, rows, digest))
    assert [type(error) for error in raised] == [PlanStale]
    assert [kind for kind in trail(office) if kind == ("person_entered", "newcomer")] == [
        ("person_entered", "newcomer")
    ]


def workbook(lines: list[list[object]]) -> bytes:
    """A workbook as a spreadsheet writes it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("kind", ["gb18030", "utf-8", "semicolons", "workbook"])
def test_a_list_is_read_in_every_form_that_offices_send(kind: str) -> None:
    """The same rows with the same numbers, under a title line, and account numbers as numbers."""
    lines = [["人员名单", ""], ["账号*", "姓名"], ["12345", "张三"], ["", ""], ["lisi", "李四"]]
    text = "\r\n".join(",".join(line) for line in lines)
    content = {
        "gb18030": text.encode("gb18030"), "utf-8": text.encode("utf-8-sig"),
        "semicolons": text.replace(",", ";").encode(),
        "workbook": workbook([[int(c) if c.isdigit() else c for c in line] for line in lines]),
    }[kind]  # fmt: skip
    assert people_files.read(content, "x") == [
        Row(3, {"account": "12345", "name": "张三"}), Row(5, {"account": "lisi", "name": "李四"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "no line with the headings"),
        (b"\xff\xff\xff", "neither UTF-8 nor"),
        (b"PK nothing", "workbook cannot be read"),
        ("账号,姓名,账号\nx,y,z\n".encode(), "stands twice"),
        ("账号,姓名\n".encode() + b"x,y\n" * 5001, "at most"),
    ],
)
def test_a_file_that_is_no_list_says_what_it_lacks(content: bytes, told: str) -> None:
    """One sentence with what to do."""
    with pytest.raises(NotPermitted, match=told):
        people_files.read(content, "x.csv")


def test_a_bomb_is_no_workbook() -> None:
    """A small file that unpacks to very much is refused before it is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 45_000_000)
    with pytest.raises(NotPermitted, match="too large"):
        people_files.read(out.getvalue(), "x.xlsx")


def test_the_template_is_a_list(office: Office) -> None:
    """What is offered for download can be read again."""
    heading, example = people_files.template()
    text = ",".join(heading) + "\n" + ",".join(example)
    (row,) = people_files.read(text.encode(), "x")
    assert set(row.cells) == set(people_files.COLUMNS)


def test_whoever_leaves_office_is_signed_out(office: Office) -> None:
    """Their sessions end in the same unit of work; back in office they must sign in again."""
    with office.database.write() as session:
        token = identity.sign_in(session, TENANT, "chenwei", "demo", "", office.now, 8)
    record = Record("chenwei", "陈伟", "审批科", "data", frozenset({"data_bureau"}), active=False)
    with office.database.write() as session:
        people.change(session, admin(office), record, office.now)
        people.change(session, admin(office), replace(record, active=True), office.now)
    assert token is not None
    assert office.rows("select token_hash from sign_in_session") == []
    assert [kind for kind, _who in trail(office)][-2:] == ["person_left", "person_returned"]


@pytest.mark.parametrize("verb", ["enter", "change", "plan", "view", "departments"])
def test_only_admins_look_after_people(office: Office, verb: str) -> None:
    """Everybody else is refused with the reason."""
    someone, record = office.people["chenwei"], Record("x", "X", "", "data")
    works = {
        "enter": lambda s: people.enter(s, someone, record, office.now),
        "change": lambda s: people.change(s, someone, record, office.now),
        "plan": lambda s: people_import.plan(s, someone, []),
        "view": lambda s: people.view(s, someone, "sunlei"),
        "departments": lambda s: departments.add(s, someone, "x", "X", office.now),
    }
    with pytest.raises(NotPermitted, match="Only administrators"), office.database.write() as session:
        works[verb](session)


def test_an_admin_gives_no_post_of_the_machine_and_stays_in_office(office: Office) -> None:
    """Admins neither make admins nor put themselves out."""
    record = Record("eva", "Eva", "", "data", frozenset({"admin"}))
    with pytest.raises(NotPermitted, match="at the machine"), office.database.write() as session:
        people.enter(session, admin(office), record, office.now)
    with office.database.write() as session:
        people.enter(session, admin(office), record, office.now, at_machine=True)
        eva = identity.person_by_account(session, TENANT, "eva")
    with pytest.raises(NotPermitted, match="out of office"), office.database.write() as session:
        people.change(session, eva, replace(record, active=False), office.now)


def test_a_changed_trail_is_found(office: Office) -> None:
    """Somebody with the database in hand takes a change of rights away: the chain breaks there."""
    with office.database.write() as session:
        people.enter(session, admin(office), Record("eva", "Eva", "", "data"), office.now)
        departments.rename(session, admin(office), "data", "新名", office.now)
    with office.database.write() as session:
        session.connection().exec_driver_sql("update right_event set user_id = 'other' where seq = 1")
    with office.database.read() as session:
        (fault,) = rights_log.verify(session, TENANT)
    assert not isinstance(fault, int)
    assert (fault.seq, fault.fault) == (1, "entry changed")
