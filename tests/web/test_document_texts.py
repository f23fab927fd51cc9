"""文书模板 in the studio: texts are changed on a page, checked, and nothing typed is lost."""

from __future__ import annotations

import re

from tests.web.office import Office
from tests.web.test_design import opened

DOCUMENT = "library_opinion"


def test_a_process_owner_changes_what_is_printed(office: Office) -> None:
    """The manifest of the draft says it; a place that is not FEEL is found and told; who was slower keeps
    what was typed."""
    admin = office.visitor("admin")
    admin.hostile = True  # templates are shown with their braces
    draft = opened(admin)
    listed = admin.get(f"{draft}/documents")
    address = f"{draft}/documents/{DOCUMENT}"
    assert f'href="{address}"' in listed.text
    page = admin.get(address)
    revision = re.search(r'name="revision" value="(\d+)"', page.text)
    assert revision
    texts = {
        "name": "入库意见书", "title": "{{ project_name }}入库意见", "number": "", "addressee": "各单位：",
        "signed": "红山区政务服务与数据管理局", "revision": revision[1],
    }  # fmt: skip
    sent = admin.post(address, page, **texts, text="你单位申报的项目已办理。\r\n结论：{{ library_result }}。")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{draft}/documents")
    source = admin.get(f"{draft}/files/jurisdiction.toml").text
    assert "text = '''\n你单位申报的项目已办理。\n结论：{{ library_result }}。'''" in source
    assert 'name = "入库意见书"' in source
    stale = admin.post(address, page, **texts, text="慢一步的文字")
    assert stale.status_code == 409
    assert "慢一步的文字" in stale.text
    page = admin.get(address)
    texts["revision"] = str(int(revision[1]) + 1)
    assert admin.post(address, page, **texts, text=" ").status_code == 422
    assert admin.post(address, page, **texts, text="{{ no such * }}").status_code == 303
    assert "入库意见书" in admin.get(f"{draft}/documents").text
    assert "library_opinion" in admin.get(f"{draft}/documents").text.partition("检查结果")[2]


def test_who_may_not(office: Office) -> None:
    """Only process owners and administrators."""
    draft = opened(office.visitor("admin"))
    clerk = office.visitor("clerk")
    assert clerk.get(f"{draft}/documents").status_code == 403
    assert clerk.get(f"{draft}/documents/{DOCUMENT}").status_code == 403
    sent = clerk.post(f"{draft}/documents/{DOCUMENT}", clerk.get("/phrases"), name="x", text="y")
    assert sent.status_code == 403
    assert office.visitor("admin").get(f"{draft}/documents/nothing").status_code == 404
