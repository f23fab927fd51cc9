"""出具 and 核验 on pages: given out with a code, kept as it read, confirmed to strangers."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from docx import Document

from server.bundles.archive import read_folder
from server.services import deployments, identity
from tests.web.office import ROOT, TENANT, Office, Visitor, apply, check_page
from tests.web.test_documents import RECEIPT
from tests.web.test_phrases import step


@pytest.fixture(scope="module", autouse=True)
def _described(office: Office) -> None:
    files = dict(read_folder(ROOT, TENANT).files)
    files["jurisdiction.toml"] += RECEIPT.encode()
    with office.database.write() as session:
        admin = identity.person_by_account(session, TENANT, "admin")
        deployments.deploy(session, admin, TENANT, files, datetime.now(UTC), name="h", source="test")


def issued(office: Office, document: str = "t_receipt") -> tuple[Visitor, str]:
    """A document that the bureau gave out, and its address."""
    case = apply(office.visitor("clerk"), "数字红山平台")
    step(office, case, "bureau", materials_verdict="complete")
    bureau, address = office.visitor("bureau"), f"/instances/{case}/documents/{document}"
    page = bureau.get(address)
    assert "验证码" not in page.text.replace("附验证码", "")
    answer = bureau.post(f"{address}/issue", page, seen="0")
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    return bureau, address


def test_a_stranger_learns_that_a_document_is_genuine(office: Office) -> None:
    """Only title, number, date and digest; a wrong code says so."""
    bureau, address = issued(office)
    page = bureau.get(address)
    check_page(page)
    code = re.search(r"验证码：<strong>([0-9A-Z ]{19})</strong>", page.text)
    assert code
    stranger = office.visitor()
    asked = stranger.get(f"/verify?code={code[1].replace(' ', '')}")
    assert asked.status_code == 200
    assert "核验属实" not in asked.text
    told = stranger.post("/verify", asked, code=code[1])
    assert told.status_code == 200
    assert "核验属实" in told.text
    assert "数字红山平台收件回执" in told.text
    assert "600,000.00" not in told.text
    wrong = stranger.post("/verify", asked, code="2222 2222 2222 2222")
    assert wrong.status_code == 422
    assert "并非本机关出具" in wrong.text
    assert stranger.post("/verify", asked, code=" ").status_code == 422


def test_the_paper_has_the_code_in_every_form(office: Office) -> None:
    """The page, the PDF and the file for word processors are made of what was kept."""
    bureau, address = issued(office)
    page = bureau.get(address)
    code = re.search(r"<strong>([0-9A-Z ]{19})</strong>", page.text)
    assert code
    assert "data:image/svg+xml" in page.text
    book = Document(io.BytesIO(bureau.get(f"{address}/print.docx").content))
    assert code[1] in "\n".join(paragraph.text for paragraph in book.paragraphs)
    assert len(book.inline_shapes) == 1
    assert f"{address}/issue" not in page.text  # it reads as it was given out
    assert bureau.get(f"{address}/print.pdf").content.startswith(b"%PDF-")
    assert "文书" in bureau.get(address.partition("/documents")[0] + "/history").text


def test_who_may_not_and_who_was_slower(office: Office) -> None:
    """The applicant sees the paper without a button; an old page changes nothing."""
    bureau, address = issued(office)
    clerk = office.visitor("clerk")
    page = clerk.get(address)
    assert f"{address}/issue" not in page.text
    assert clerk.post(f"{address}/issue", clerk.get("/phrases"), seen="1").status_code == 403
    stale = bureau.post(f"{address}/issue", bureau.get("/phrases"), seen="0")
    assert stale.status_code == 409
    assert "李娜" in stale.text
