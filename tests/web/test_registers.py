"""Registers and projects on pages, without JavaScript: found, filtered, taken away as files and on paper."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from lxml import html

from server.bundles.archive import read_folder
from server.services import deployments, identity
from server.web import sheets
from tests.web.office import ROOT, TENANT, Office, apply, check_page

REGISTER = """
[[register]]
id = "t_entries"
name = "入库申请台账"
name_en = "Register of entries"
processes = ["hongshan.library_entry"]
state = "open"
columns = ["total", "is_state_secret"]
regulation = "hongshan#8p1"
"""
REGISTER += (
    REGISTER.replace("t_entries", "t_secret").replace("台账", "密账") + 'readers = ["mengdong_centre"]\n'
)
HERE = "/registers/t_entries"


@pytest.fixture(scope="module", autouse=True)
def _described(office: Office) -> None:
    files = dict(read_folder(ROOT, TENANT).files)
    files["jurisdiction.toml"] += REGISTER.encode()
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        deployments.deploy(session, admin, TENANT, files, datetime.now(UTC), name="h", source="test")


def cells(text: str) -> list[list[str]]:
    """The rows of the register's table, as they are read."""
    rows = html.fromstring(text).xpath("//table[contains(@class, 'register')]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.findall("td")] for row in rows]


def test_a_register_is_found_filtered_and_ordered(office: Office) -> None:
    clerk, bureau = office.visitor("clerk"), office.visitor("bureau")
    apply(clerk, "甲平台", "600,000.00")
    apply(clerk, "乙系统", "700,000.00")
    overview = bureau.get("/registers")
    assert "入库申请台账" in overview.text
    assert "第8条第1款" in overview.text
    page = bureau.get(HERE)
    assert [row[1].split()[0] for row in cells(page.text)] == ["乙系统", "甲平台"]
    row = cells(page.text)[0]
    assert (row[2:4], row[5:]) == (["区卫生健康委", "办理中"], ["700,000.00", "否"])
    assert [r[1].split()[0] for r in cells(bureau.get(f"{HERE}?sort=oldest").text)] == ["甲平台", "乙系统"]
    assert [r[1].split()[0] for r in cells(bureau.get(f"{HERE}?q=甲").text)] == ["甲平台"]
    nothing = bureau.get(f"{HERE}?q=无此")
    assert "没有符合" in nothing.text
    assert cells(bureau.get(f"{HERE}?first=2999-01-01").text) == []
    for odd in ("first=never", "after=x~y", "sort=none", "sort=title&after=~", "last=9999-12-31", "q=%25"):
        assert bureau.get(f"{HERE}?{odd}").status_code == 200
    fragment = bureau.get(f"{HERE}?q=甲", **{"HX-Request": "true"})
    assert fragment.text.lstrip().startswith('<div id="register"')


def test_other_units_and_unknown_registers(office: Office) -> None:
    apply(office.visitor("clerk"), "丙网络")
    other = office.visitor("other_clerk")
    assert cells(other.get(HERE).text) == []
    assert "丙网络" not in other.get(f"{HERE}/register.csv").text
    assert 'name="unit"' not in other.get(HERE).text
    assert 'name="unit"' in office.visitor("bureau").get(HERE).text
    assert office.visitor("bureau").get("/registers/none").status_code == 404
    assert office.visitor("bureau").get("/registers/none/register.xlsx").status_code == 404


def test_a_register_with_readers_is_for_them_alone(office: Office) -> None:
    clerk, bureau, centre = office.visitor("clerk"), office.visitor("bureau"), office.visitor("centre")
    apply(clerk, "密平台")
    project = html.fromstring(clerk.get(HERE).text).xpath("//td/a[starts-with(@href, '/projects/')]/@href")[0]
    for visitor, sees in ((clerk, False), (bureau, False), (centre, True), (office.visitor("admin"), True)):
        assert ("入库申请密账" in visitor.get("/registers").text) is sees
        for end in ("", "/print", "/register.csv", "/register.xlsx"):
            assert visitor.get(f"/registers/t_secret{end}").status_code == (200 if sees else 404), end
    assert "入库申请台账" in bureau.get(project).text
    assert "入库申请密账" not in bureau.get(project).text
    assert "密平台" in centre.get("/registers/t_secret").text


def test_files_hold_exactly_the_filtered_list(office: Office) -> None:
    apply(office.visitor("clerk"), "丁，“引号”平台", "810,000.50")
    bureau = office.visitor("bureau")
    answer = bureau.get(f"{HERE}/register.csv?q=丁")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "filename*=UTF-8''%E5%85%A5%E5%BA%93" in answer.headers["content-disposition"]
    heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert heads[:4] == ["办件编号", "事项", "项目编号", "单位"]
    assert [row[1] for row in rows] == ["丁，“引号”平台"]
    assert rows[0][heads.index("总投资（元）")] == "810000.50"
    book = bureau.get(f"{HERE}/register.xlsx?q=丁")
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>810000.50</v>" in sheet
    assert sheet.count("<row ") == 4
    everything = bureau.get(f"{HERE}/register.csv")
    assert len(everything.text.splitlines()) > 2


def test_the_print_is_the_same_list(office: Office) -> None:
    apply(office.visitor("clerk"), "戊中心")
    answer = office.visitor("bureau").get(f"{HERE}/print?q=戊")
    check_page(answer)
    assert "戊中心" in answer.text
    assert "甲平台" not in answer.text
    assert "李娜" in answer.text


def test_english(office: Office) -> None:
    bureau = office.visitor("bureau")
    bureau.post("/language", bureau.get("/ui"), language="en", back="/ui")
    assert "Register of entries" in bureau.get("/registers").text
    assert "Register of entries" in bureau.get(HERE).text
    bureau.post("/language", bureau.get("/ui"), language="zh-CN", back="/ui")


# --------------------------------------------------------------------------- files by themselves
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd()", "＝1", "\n=1")


def sheet(*cells_: sheets.Cell) -> sheets.Sheet:
    return sheets.Sheet("t", "n", ["c"] * len(cells_), [cells_])


def test_nothing_in_a_csv_runs() -> None:
    _, row = csv.reader(io.StringIO(sheets.csv_file(sheet(*EVIL)).decode("utf-8-sig"), newline=""))
    assert all(cell.startswith("'") for cell in row)
    numbers = sheets.csv_file(sheet(Decimal("-600000.00"), -3, None, "a=1")).decode("utf-8-sig")
    assert numbers.splitlines()[1] == "-600000.00,-3,,a=1"


def test_nothing_in_a_workbook_runs_and_numbers_are_exact() -> None:
    longest = Decimal("12345678901234567.89")
    content = sheets.workbook(
        sheet(*EVIL, "http://x.invalid", Decimal("0.10"), date(2026, 3, 2), longest, "字" * 40_000)
    )
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        tree = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    ns = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    assert not tree.findall(".//m:f", ns)
    assert not tree.findall(".//m:hyperlink", ns)
    assert not [name for name in names if "externalLink" in name or "vba" in name.lower()]
    kinds = [(c.get("t"), "".join(c.itertext())) for c in tree.findall(".//m:row", ns)[3].findall("m:c", ns)]
    assert [kind for kind, _ in kinds[:10]] == ["inlineStr"] * 10
    assert [text for kind, text in kinds[10:12]] == ["0.10", "46083"]
    assert kinds[12] == ("inlineStr", "12345678901234567.89")
    assert len(kinds[13][1]) == 32_767
