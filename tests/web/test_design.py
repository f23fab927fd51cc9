"""The studio on pages: a draft opened, a file saved by an editor and by hand, locks, words, findings."""

from __future__ import annotations

import json
import re
from typing import Any

from server.bundles.archive import read_folder
from tests.web.office import PASSWORD, ROOT, TENANT, Office, Visitor

TABLE = "dmn/tier.dmn"
JSON = {"Accept": "application/json"}


def opened(visitor: Visitor, name: str = "第八条") -> str:
    """A draft of the deployment in use; gives its address."""
    page = visitor.get("/design")
    sent = visitor.post("/design", page, **{"from": "", "name": name})
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


def send(visitor: Visitor, address: str, page: Any, **fields: Any) -> Any:
    """As an editor sends: it wants JSON."""
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    return visitor.request("POST", address, data={"csrf": token[1], **fields}, headers=JSON)


def test_an_editor_saves_and_is_told_the_findings(office: Office) -> None:
    """The threshold of the article is changed; the answer names the table, and who was slower is told."""
    admin = office.visitor("admin")
    draft = opened(admin)
    page = admin.get(draft)
    assert "与部署" in page.text or "tier.dmn" in page.text
    file = admin.get(f"{draft}/files/{TABLE}")
    assert file.headers["etag"] == '"1"'
    assert file.content == read_folder(ROOT, TENANT).files[TABLE]
    changed = file.text.replace("600000", "650000")
    assert changed != file.text
    saved = send(admin, f"{draft}/files/{TABLE}", page, content=changed, revision='"1"')
    assert saved.status_code == 200, saved.text
    assert saved.json()["revision"] == 2
    for finding in saved.json()["findings"]:
        assert {"severity", "file", "element", "field", "row", "message", "remedy", "check", "page"} <= set(
            finding
        )
    again = send(admin, f"{draft}/files/{TABLE}", page, content=file.text, revision="1")
    assert again.status_code == 409
    assert (again.json()["by"], again.json()["revision"]) == ("管理员", 2)
    by_hand = admin.post(f"{draft}/files/{TABLE}", page, content=file.text, revision="1")
    assert by_hand.status_code == 409
    assert "inputExpression" in by_hand.text
    assert admin.get(f"{draft}/files/{TABLE}").text == changed
    broken = send(admin, f"{draft}/files/{TABLE}", page, content="<definitions>", revision="2")
    assert broken.status_code == 422
    assert broken.json()["findings"][0]["file"] == TABLE
    told = admin.get(f"{draft}/findings", **JSON)
    assert told.json() == {**saved.json(), "revision": 2}
    assert admin.get(f"{draft}/findings").status_code == 200


def test_locks_and_words(office: Office) -> None:
    """What an editor asks while it is open."""
    admin = office.visitor("admin")
    draft = opened(admin)
    page = admin.get(draft)
    taken = send(admin, f"{draft}/locks/{TABLE}", page, action="take")
    assert taken.json()["holder"] == "管理员"
    assert "管理员" in admin.get(draft).text
    assert send(admin, f"{draft}/locks/{TABLE}", page, action="keep").status_code == 200
    assert send(admin, f"{draft}/locks/{TABLE}", page, action="release").json()["holder"] is None
    assert send(admin, f"{draft}/locks/{TABLE}", page, action="other").status_code == 404
    assert send(admin, f"{draft}/locks/dmn/none.dmn", page, action="take").status_code == 404
    words = admin.get(f"{draft}/vocabulary", **JSON).json()
    assert {"id": "data_bureau", "name": "区政数局"}.items() <= words["groups"][0].items()
    tier = next(one for one in words["decisions"] if one["id"] == "hongshan_tier")
    assert [one["name"] for one in tier["inputs"]] == ["class", "total"]
    assert "large" in tier["outputs"][0]["values"]
    assert {"citation": "hongshan#12.1"}.items() <= next(
        a for a in words["articles"] if a["article"] == "12.1"
    ).items()
    total = next(one for one in words["variables"] if one["name"] == "total")
    assert total["type"] == "number"
    assert {"kind": "form"}.items() <= total["produced_by"][0].items()
    assert all(words[kind] for kind in ("processes", "forms", "messages"))
    assert json.dumps(words)


def test_everything_works_without_a_script(office: Office) -> None:
    """Open, download, upload, add, rename, remove, name, pack, discard."""
    admin = office.visitor("admin")
    draft = opened(admin)
    page = admin.get(draft)
    changed = admin.get(f"{draft}/files/{TABLE}").content.replace(b"600000", b"650000")
    sent = admin.post(f"{draft}/upload", page, files={"files": ("tier.dmn", changed)}, revision="1")
    assert sent.headers["location"] == draft
    assert admin.get(f"{draft}/files/{TABLE}").content == changed
    assert admin.post(f"{draft}/upload", page).status_code == 422
    assert admin.post(f"{draft}/upload", page, files={"files": ("x.exe", b"x")}).status_code == 422
    unnamed = admin.post(f"{draft}/add", page, kind="table", stem=" ", title="新期限")
    assert unnamed.status_code == 422
    assert "未填写文件名" in unnamed.text
    added = admin.post(f"{draft}/add", page, kind="table", stem="new_limit", title="新期限")
    assert added.headers["location"] == f"{draft}/edit/dmn/new_limit.dmn"
    page = admin.get(draft)
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert seen
    renamed = admin.post(
        f"{draft}/rename", page, path="dmn/new_limit.dmn", to="dmn/other_limit.dmn", seen=seen[1]
    )
    assert renamed.status_code == 303, renamed.text
    seen = re.search(r'name="seen" value="(\d+)"', admin.get(draft).text)
    assert seen
    assert admin.post(f"{draft}/remove", page, path="dmn/other_limit.dmn", seen=seen[1]).status_code == 303
    assert admin.post(f"{draft}/name", page, name="第八条（二）").status_code == 303
    assert "第八条（二）" in admin.get("/design").text
    packed = admin.get(f"{draft}/zip").content
    again = admin.post("/design", page, files={"bundle": ("h.zip", packed, "application/zip")})
    assert again.status_code == 303
    assert admin.get(f"{again.headers['location']}/files/{TABLE}").content == changed
    assert admin.post("/design", page, files={"bundle": ("h.zip", b"no")}).status_code == 422
    assert admin.post(f"{draft}/discard", page).headers["location"] == "/design"
    assert "这份草稿已放弃" in admin.get(draft).text


def test_a_clerk_has_no_studio(office: Office) -> None:
    """Neither the pages nor the files nor what editors ask for."""
    draft = opened(office.visitor("admin"))
    clerk = office.visitor("clerk")
    page = clerk.get("/tasks")
    assert "/design" not in page.text
    for address in ("/design", draft, f"{draft}/files/{TABLE}", f"{draft}/vocabulary", f"{draft}/zip"):
        assert clerk.get(address).status_code == 403
    for address in ("/design", f"{draft}/files/{TABLE}", f"{draft}/locks/{TABLE}", f"{draft}/discard"):
        assert clerk.post(address, page, revision="1").status_code == 403


def test_a_missing_file_does_not_spoil_the_sign_in_page(office: Office) -> None:
    """A 404 beside the page keeps the visitor's cookie, with which its form is signed."""
    visitor = office.visitor()
    page = visitor.get("/sign-in")
    assert visitor.get("/static/missing.js").status_code == 404
    sent = visitor.post("/sign-in", page, account="admin", password=PASSWORD, tenant=TENANT)
    assert sent.status_code == 303


def test_an_earlier_save_is_looked_at_and_brought_back(office: Office) -> None:
    """Who saved what when, in words what became different, and the way back, which leaves a save too."""
    admin = office.visitor("admin")
    draft = opened(admin)
    page, first = admin.get(draft), admin.get(f"{draft}/files/{TABLE}")
    changed = first.text.replace("600000", "650000")
    assert send(admin, f"{draft}/files/{TABLE}", page, content=changed, revision="1").status_code == 200
    saves = f"{draft}/saves/{TABLE}"
    assert f'href="{saves}"' in admin.get(draft).text
    assert f'href="{saves}"' in admin.get(f"{draft}/edit/{TABLE}").text
    assert re.findall(r"\?at=(\d+)\"", admin.get(saves).text) == ["2", "1"]
    shown = admin.get(f"{saves}?at=1")
    assert "由“&gt;= 600000”改为“&gt;= 650000”" in shown.text
    assert admin.get(f"{saves}?at=1&download=1").content == first.content
    back = admin.post(saves, shown, at="1", revision="2")
    assert (back.status_code, back.headers["location"]) == (303, saves)
    assert admin.get(f"{draft}/files/{TABLE}").content == first.content
    assert "除书写方式外" in admin.get(f"{saves}?at=1").text
    assert admin.post(saves, shown, at="2", revision="2").status_code == 409
    assert admin.post(saves, shown, at="x", revision="3").status_code == 404
    assert [admin.get(f"{saves}?at={at}").status_code for at in ("9", "x")] == [404, 404]
    clerk = office.visitor("clerk")
    assert clerk.get(saves).status_code == 403
    assert clerk.post(saves, clerk.get("/tasks"), at="1", revision="3").status_code == 403
