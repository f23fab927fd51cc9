"""A jurisdiction that nobody programmed: from its files alone through checks, scenarios, deployment on the
page, a case of its own people, its printed document and its register, to the articles proved."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from lxml import html
from typer.testing import CliRunner

from server.bundles.archive import read_folder, write_zip
from server.cli.commands import app
from server.services import identity
from tests.web.office import PASSWORD, ROOT, TENANT, Office, Visitor, fill, first_task

TOWN = "qinghe"
FILES = Path(__file__).parent / "town"
PEOPLE = (
    ("qhclerk", "田甜", "会计", "east", "village_clerk"),
    ("qhother", "高山", "会计", "west", "village_clerk"),
    ("qhmoney", "钱进", "所长", "town", "finance_office"),
    ("qhhead", "江流", "镇长", "town", "town_head"),
)
UNITS = {"east": "东青村", "west": "西青村", "town": "镇政府"}


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """The town's files beside the shared ones of the repository, as its process owner keeps them."""
    shutil.copytree(FILES, tmp_path / "town")
    for folder in ("bpmn", "dmn", "forms"):
        if (ROOT / folder / "shared").exists():
            shutil.copytree(ROOT / folder / "shared", tmp_path / "town" / folder / "shared")
    return tmp_path / "town"


def guicheng(*words: object) -> Result:
    """Run a command; whatever it raises but an exit is a fault."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def deploy(admin: Visitor, root: Path) -> None:
    """Receive the town's zip on the page, see its scenarios played, deploy it."""
    packed = write_zip(read_folder(root, TOWN))
    page = admin.get("/deployments")
    sent = admin.post("/deployments", page, files={"bundle": ("qinghe.zip", packed, "application/zip")})
    assert sent.status_code == 303, sent.text
    address = sent.headers["location"]
    seen = admin.get(f"{address}?play=1")
    (form,) = html.fromstring(seen.text).xpath("//form[@action=$to]", to=address)
    answers = {**dict(form.form_values()), "note": "办法今日施行", "ticked": "1"}
    done = admin.post(address, seen, **answers)
    assert done.status_code == 303, done.text


def enter_people(office: Office) -> None:
    """The town's villages and people, as an operator enters them."""
    with office.database.write() as session:
        for unit, name in UNITS.items():
            identity.add_unit(session, TOWN, unit, name)
        for account, name, post, unit, group in PEOPLE:
            identity.add_person(
                session, TOWN, account, name, post, unit, [group],
                identity.hash_password(PASSWORD), datetime.now(UTC),
            )  # fmt: skip


def sign_in(office: Office, account: str) -> Visitor:
    """One of the town's people at the sign-in page, where the town can be chosen now."""
    visitor = Visitor(office.app)
    done = visitor.post("/sign-in", visitor.get("/sign-in"), account=account, password=PASSWORD, tenant=TOWN)
    assert done.status_code == 303, done.text
    assert "青河镇" in visitor.get("/tasks").text
    return visitor


def begin(clerk: Visitor, name: str, price: str) -> str:
    """Apply for a purchase; gives the case's id."""
    start = f"/start/{TOWN}.purchase"
    sent = fill(clerk, clerk.get(start), project_name=name, price=price, purpose="春灌")
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"{start}/check"
    begun = clerk.post(f"{start}/submit", clerk.get(f"{start}/check"))
    assert begun.status_code == 303, begun.text
    return str(begun.headers["location"].rpartition("/")[2])


def answer(officer: Visitor, **answers: str) -> None:
    """Claim and do the first task of somebody's list."""
    task = f"/tasks/{first_task(officer)}"
    officer.post(f"{task}/claim", officer.get(task))
    page = officer.get(task)
    assert "第2条" in page.text, "a task names the articles it rests on"
    sent = fill(officer, page, **answers)
    if sent.status_code == 200:  # a field that an answer calls for comes with the next page
        sent = fill(officer, sent, **answers)
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"{task}/check"
    check = officer.get(f"{task}/check")
    (form,) = html.fromstring(check.text).xpath("//form[@action=$to]", to=f"{task}/complete")
    done = officer.post(f"{task}/complete", check, **dict(form.form_values()))
    assert done.status_code == 303, done.text


def test_a_jurisdiction_needs_files_only(own_office: Office, town: Path) -> None:
    with own_office.database.write() as session:
        identity.add_person(
            session, TENANT, "root", "方正", "平台管理员", "data", ["admin"],
            identity.hash_password(PASSWORD), datetime.now(UTC), identity="root",
        )  # fmt: skip
    checked = guicheng("check", TOWN, "--root", town)
    assert (checked.exit_code, "no findings" in checked.output) == (0, True), checked.output
    played = guicheng("test", TOWN, "--root", town)
    assert "2 of 2 scenarios hold, 2/2 branches, 2/2 rules" in played.output
    deploy(own_office.visitor("root"), town)
    enter_people(own_office)
    clerk, other = sign_in(own_office, "qhclerk"), sign_in(own_office, "qhother")
    money, head = sign_in(own_office, "qhmoney"), sign_in(own_office, "qhhead")

    case = begin(clerk, "灌溉水泵", "49,999.99")
    assert other.get(f"/instances/{case}").status_code == 403
    assert "灌溉水泵" not in head.get("/tasks").text
    answer(money, verdict="pass", opinion_text="同意", approval_no="青财采〔2026〕7号")
    paper = clerk.get(f"/instances/{case}/documents/purchase_approval")
    assert "关于采购灌溉水泵的批复</h1>" in paper.text
    assert re.search(r'class="number">青财采〔2026〕7号<', paper.text)
    assert "东青村：" in paper.text
    assert "预算49,999.99元，经镇财政所审批，同意采购。" in paper.text
    assert "《青河镇设备采购办法》第2条" in paper.text
    printed = clerk.get(f"/instances/{case}/documents/purchase_approval/print.pdf")
    assert printed.content.startswith(b"%PDF-")

    large = begin(clerk, "面包车", "50,000.00")
    assert "面包车" not in money.get("/tasks").text
    answer(head, verdict="fail", opinion_text="不予采购")
    assert clerk.get(f"/instances/{large}/documents/purchase_approval").status_code == 404

    listed = html.fromstring(clerk.get("/registers/purchases").text).xpath("//tbody/tr")
    rows = [[" ".join(cell.text_content().split()) for cell in row.findall("td")] for row in listed]
    assert [row[1].split()[0] for row in rows] == ["面包车", "灌溉水泵"]
    assert {"同意采购", "49,999.99", "镇财政所", "青财采〔2026〕7号"} <= set(rows[1]), rows[1]
    assert {"不同意采购", "50,000.00", "镇长"} <= set(rows[0]), rows[0]
    assert "灌溉水泵" in clerk.get("/registers/purchases/register.csv").text

    told = guicheng("coverage", TOWN, "--root", town)
    assert (told.exit_code, f"{TOWN}: 1 manual, 3 proved" in told.output) == (0, True), told.output


def test_nothing_of_the_program_knows_a_jurisdiction() -> None:
    """Not this one, nor any other by name, but for those whose texts are examples in docstrings."""
    names = re.compile(rf"{TOWN}|青河|yunfu|huaian|xinhua|wuhai|云浮|淮安|新华区|乌海", re.IGNORECASE)
    code = re.compile(r'""".*?"""|#[^\n]*', re.DOTALL)
    for path in sorted((ROOT / "server").rglob("*.py")):
        found = names.findall(code.sub("", path.read_text("utf-8")))
        assert not found, (path, found)
    for path in sorted((ROOT / "server" / "web" / "templates").rglob("*.html")):
        assert not names.findall(path.read_text("utf-8")), path
