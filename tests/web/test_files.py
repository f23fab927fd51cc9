"""Files on pages: shown in a closed frame, replaced by new versions, scanned before anybody waits for it."""

from __future__ import annotations

import re
from typing import Any

import httpx
from lxml import html

from server.services.scanning import Scan
from tests.web.office import Office, Visitor, apply, csrf_of, fill

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def first_file(visitor: Visitor, case: str) -> str:
    """The first file in the list of a case."""
    page = html.fromstring(visitor.get(f"/instances/{case}/materials").text)
    return str(page.xpath("//a[contains(@href, '/view')]/@href")[0]).removesuffix("/view")


def replace(
    visitor: Visitor, file: str, name: str = "改.pdf", content: bytes = b"%PDF-2", reason: str = "补正"
) -> httpx.Response:
    token = csrf_of(visitor.get("/phrases"))
    return visitor.request(
        "POST", f"{file}/replace", data={"csrf": token, "reason": reason}, files={"file": (name, content)}
    )


def test_a_pdf_is_shown_in_a_frame_of_its_own_page(office: Office) -> None:
    """Only that page may have frames, only our own pages may frame the file, and neither runs a script."""
    clerk = office.visitor("clerk")
    file = first_file(clerk, apply(clerk))
    page = clerk.get(f"{file}/view")
    assert f'<iframe class="preview" src="{file}/preview"' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "frame-src" not in clerk.get("/tasks").headers["content-security-policy"]
    shown = clerk.get(f"{file}/preview")
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'"
    assert shown.headers["x-frame-options"] == "SAMEORIGIN"
    kept = clerk.get(file)
    assert kept.headers["content-disposition"].startswith("attachment")
    assert kept.headers["x-frame-options"] == "DENY"
    assert office.visitor("other_clerk").get(f"{file}/preview").status_code == 403
    assert office.visitor("other_clerk").get(f"{file}/view").status_code == 403


def test_both_versions_stay_and_the_page_says_which_counts(office: Office) -> None:
    """A picture is shown in a sandbox; a page that calls itself a PDF is not shown at all."""
    clerk = office.visitor("clerk")
    case = apply(clerk)
    old = first_file(clerk, case)
    answer = replace(clerk, old, "扫描件.png", PNG)
    assert answer.status_code == 303
    new = answer.headers["location"].removesuffix("/view")
    assert "不再有效" in clerk.get(f"{old}/view").text
    assert clerk.get(old).content == b"%PDF-1.4 test"
    assert clerk.get(new).content == PNG
    assert clerk.get(f"{new}/preview").headers["content-security-policy"].startswith("sandbox; default-src")
    listed = clerk.get(f"/instances/{case}/materials").text
    assert "第 2 版" in listed
    assert old not in listed
    record = clerk.get(f"/instances/{case}/history").text
    assert "更换材料" in record
    assert "扫描件.png" in record
    disguised = replace(clerk, new, "页面.pdf", b"<script>alert(1)</script>").headers["location"]
    assert "<iframe" not in clerk.get(disguised).text
    assert clerk.get(disguised.replace("/view", "/preview")).status_code == 404


def test_what_is_refused_says_so_and_keeps_the_reason(office: Office) -> None:
    """No reason, no file, a kind that is not accepted; a stranger; somebody who was slower."""
    clerk = office.visitor("clerk")
    file = first_file(clerk, apply(clerk))
    assert replace(clerk, file, reason=" ").status_code == 422
    odd = replace(clerk, file, "病毒.exe", reason="内容有误")
    assert odd.status_code == 422
    assert 'value="内容有误"' in odd.text
    assert replace(clerk, file, content=b"").status_code == 422
    assert replace(office.visitor("other_clerk"), file).status_code == 403
    assert replace(office.visitor("bureau"), file).status_code == 403
    assert replace(clerk, file).status_code == 303
    stale = replace(clerk, file)
    assert stale.status_code == 409
    assert "周明" in stale.text


def test_uploads_are_scanned_before_anybody_waits(office: Office, monkeypatch: Any) -> None:
    """The scanner is asked while nobody holds the database, and only for people who may send at all."""
    house, asked = office.app.state.house, []

    class Watching:
        def look(self, content: bytes) -> Scan:
            asked.append(content)
            with house.database.write():  # another could write now
                return Scan("infected", "Eicar")

    monkeypatch.setattr(house.files, "scanner", Watching())
    clerk = office.visitor("clerk")
    page = clerk.get("/start/hongshan.library_entry")
    answer = fill(clerk, page, project_name="x", activity="new", total="1", is_state_secret="false")
    shown = [name for name in re.findall(r'id="f-(\w+)" type="file"', answer.text)][:1]
    refused = fill(clerk, answer, tuple(shown))
    assert refused.status_code == 422
    assert "病毒扫描发现该文件有问题" in refused.text
    assert asked == [b"%PDF-1.4 test"]
    stranger = office.visitor()
    stranger.request(
        "POST", "/start/hongshan.library_entry", data={"csrf": "x"}, files={"f": ("a.pdf", b"%PDF")}
    )
    assert len(asked) == 1
