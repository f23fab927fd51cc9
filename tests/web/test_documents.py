"""Printed documents on pages: offered on the case, the same as page, PDF and DOCX; and the project's page."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from docx import Document
from lxml import etree

from server.bundles.archive import read_folder
from server.engine.load import load
from server.services import deployments, identity
from server.services.deployed import Deployed
from server.web import vocabulary
from server.web.language import translator
from server.web.word_files import Paper, word_file
from server.web.words import Words
from tests.web.office import ROOT, TENANT, Office, apply, check_page

RECEIPT = """
[[document]]
id = "t_receipt"
name = "收件回执"
name_en = "Receipt"
processes = ["hongshan.library_entry"]
state = "open"
title = "{{ project_name }}收件回执"
addressee = "{{ project_unit }}："
text = '''
你单位{{ case.started_on }}报送的{{ project_name }}（{{ activity }}，总投资{{ total }}元）收悉。
国家秘密：{{ is_state_secret }}。
'''
fields = ["activity", "total", "expert_review"]
regulation = "hongshan#8p1 hongshan#8p2"

[[document]]
id = "t_reply"
name = "复函"
name_en = "Reply"
processes = ["hongshan.library_entry"]
state = "open"
number = "红复〔{{ string(case.started_on.year) }}〕{{ total }}号"
signed = "{{ project_unit }}"
text = "收悉。"
regulation = "hongshan#8p1"
"""


@pytest.fixture(scope="module", autouse=True)
def _described(office: Office) -> None:
    files = dict(read_folder(ROOT, TENANT).files)
    files["jurisdiction.toml"] += RECEIPT.encode()
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        deployments.deploy(session, admin, TENANT, files, datetime.now(UTC), name="h", source="test")


def test_a_document_says_the_same_on_page_pdf_and_docx(office: Office) -> None:
    clerk = office.visitor("clerk")
    case = apply(clerk, "<智慧>平台", "600,000.00")
    overview = clerk.get(f"/instances/{case}").text
    here = f"/instances/{case}/documents/t_receipt"
    assert f'href="{here}"' in overview
    assert "收件回执" in overview
    page = clerk.get(here)
    check_page(page)
    today = datetime.now(UTC).astimezone().date()
    assert "&lt;智慧&gt;平台收件回执</h1>" in page.text
    assert re.search(
        r"你单位\d{4}年\d+月\d+日报送的&lt;智慧&gt;平台（新建，总投资600,000.00元）收悉。", page.text
    )
    assert "国家秘密：否。" in page.text
    assert "《红山区政务信息化项目管理暂行办法》第8条第1款、第8条第2款" in page.text
    assert f"{today.year}年" in page.text
    pdf = clerk.get(f"{here}/print.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-disposition"].startswith("inline; filename*=UTF-8''")
    word = clerk.get(f"{here}/print.docx")
    book = Document(io.BytesIO(word.content))
    said = "\n".join(paragraph.text for paragraph in book.paragraphs)
    assert "（新建，总投资600,000.00元）收悉。" in said
    assert [[cell.text for cell in row.cells] for row in book.tables[0].rows][1][1] == "600,000.00"
    assert book.core_properties.author == "赤峰市红山区人民政府"


def test_a_document_has_the_number_and_the_head_of_who_signs_it_and_no_empty_lines(office: Office) -> None:
    clerk = office.visitor("clerk")
    case = apply(clerk, "平台丁", "70.00")
    here = f"/instances/{case}/documents"
    reply, receipt = clerk.get(f"{here}/t_reply").text, clerk.get(f"{here}/t_receipt").text
    (unit,) = re.findall(r'class="letterhead">([^<]+)<', reply)
    assert f"<p>{unit}</p>" in reply.split("seal-block")[1]
    assert unit != "赤峰市红山区人民政府"
    assert re.search(r'class="number">红复〔\d{4}〕70.00号<', reply)
    (of_the_case,) = re.findall(r'class="number">([^<]+)<', receipt)
    assert f"办件编号：{of_the_case}" in reply, "the case can be found from a paper with a number of its own"
    assert receipt.count("<tr>") == 2, "nothing was reviewed yet"


def test_english_readers_get_the_chinese_document(office: Office) -> None:
    clerk = office.visitor("clerk")
    case = apply(clerk, "平台乙")
    clerk.post("/language", clerk.get("/ui"), language="en", back="/ui")
    assert "Receipt</a>" in clerk.get(f"/instances/{case}").text
    assert "平台乙收件回执" in clerk.get(f"/instances/{case}/documents/t_receipt").text
    clerk.post("/language", clerk.get("/ui"), language="zh-CN", back="/ui")


def test_documents_that_are_not_there(office: Office) -> None:
    clerk, other = office.visitor("clerk"), office.visitor("other_clerk")
    case = apply(clerk, "平台丙")
    for document in ("none", "none/print.pdf", "none/print.docx"):
        assert clerk.get(f"/instances/{case}/documents/{document}").status_code == 404
    for document in ("t_receipt", "t_receipt/print.pdf", "t_receipt/print.docx"):
        assert other.get(f"/instances/{case}/documents/{document}").status_code == 403


# --------------------------------------------------------------------------- the file by itself
def paper(**changed: object) -> Paper:
    values = {
        "letterhead": "某镇人民政府", "number": "请〔2026〕1号", "case_number": "1",
        "title": "关于请示的批复",
        "addressee": "某办：", "paragraphs": ("同意。",), "fields": (("金额", "1.00"),),
        "signed": "某镇", "day": "2026年3月2日", "basis": "第1条", "mark": "",
        "digest": "0" * 64, "instance_id": "i", "document_id": "d",
    }  # fmt: skip
    return Paper(**{**values, **changed})  # type: ignore[arg-type]


def part(content: bytes, name: str) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return etree.fromstring(parts.read(name))


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ORDER = ("pStyle", "keepNext", "keepLines", "pBdr", "spacing", "ind", "jc", "rPr")


def test_the_word_file_keeps_the_order_that_its_schema_asks() -> None:
    """A word processor calls a file broken whose parts stand in another order."""
    body = part(word_file(paper()), "word/document.xml")
    for properties in body.iter(f"{W}pPr"):
        names = [child.tag.removeprefix(W) for child in properties]
        assert names == sorted(names, key=ORDER.index), names
    for run in body.iter(f"{W}r"):
        assert [child.tag for child in run].index(f"{W}rPr") == 0
    fonts = {font.get(f"{W}eastAsia") for font in body.iter(f"{W}rFonts")}
    assert fonts == {"SimSun", "FangSong"}
    size = body.find(f".//{W}pgSz")
    assert size is not None
    assert (size.get(f"{W}w"), size.get(f"{W}h")) == ("11906", "16838")


def test_a_paper_without_effect_says_so_on_each_page() -> None:
    content = word_file(
        paper(mark="试运行", paragraphs=("坏\x00字\ud800\x0b符",), fields=(), basis="", addressee="")
    )
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        headers = [parts.read(name).decode() for name in parts.namelist() if "header" in name]
    assert any("试运行" in header for header in headers)
    text = "".join(part(content, "word/document.xml").itertext())
    assert "坏字符" in text


def test_quantities_keep_the_digits_they_were_typed_with_and_amounts_have_two_places() -> None:
    words = Words(translator("zh-CN"))
    names = vocabulary.Vocabulary(counted=frozenset({"quantity"}))
    told = {
        ("quantity", "200"): "200", ("quantity", "1200.50"): "1200.50", ("asked.quantity", "0.25"): "0.25",
        ("total", "600000.00"): "600,000.00",
    }  # fmt: skip
    assert {place: names.value(place[0], Decimal(place[1]), words) for place in told} == told


def test_a_number_is_money_only_where_a_form_says_so() -> None:
    model, _ = load(read_folder(ROOT, "yunfu").files)
    used = Deployed("yunfu", "x", model, None, {}, {})
    counted = vocabulary.of(used, "zh-CN").counted
    assert {"quantity", "allocated", "score"} <= counted
    assert not {"total_investment", "amount", "cost"} & counted
