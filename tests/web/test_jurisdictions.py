"""Several jurisdictions on pages: changing from one to another, loading a file, going back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import html

from server.bundles.archive import Bundle, read_folder, write_zip
from server.services import identity
from tests.web.office import PASSWORD, ROOT, TENANT, Office, Visitor


def elsewhere() -> bytes:
    """A jurisdiction of one line, zipped."""
    text = (
        'format = 1\nid = "field"\nname = "田野县"\n'
        '[[regulation]]\nid = "field"\ntitle = "办法"\nstatus = "draft"\n'
        'articles = [{ id = "1", manual = true, reason = "-" }]\n'
    )
    return write_zip(Bundle({"jurisdiction.toml": text.encode()}))


def changed() -> bytes:
    """Hongshan under another name, zipped."""
    files = dict(read_folder(ROOT, TENANT).files)
    files["jurisdiction.toml"] = files["jurisdiction.toml"].replace(
        b'"\xe8\xb5\xa4', b'"\xe6\x96\xb0\xe8\xb5\xa4', 1
    )
    return write_zip(Bundle(files))


def receive(visitor: Visitor, data: bytes) -> tuple[int, str]:
    page = visitor.get("/deployments")
    sent = visitor.post("/deployments", page, files={"bundle": ("j.zip", data, "application/zip")})
    return sent.status_code, sent.headers.get("location", sent.text)


def load(visitor: Visitor, data: bytes, note: str = "试") -> str:
    """Receive a file, play its scenarios, deploy it; gives the address of what comes then."""
    status, address = receive(visitor, data)
    assert status == 303, address
    page = visitor.get(f"{address}?play=1")
    form = html.fromstring(page.text).xpath("//form[@action=$to]", to=address)[0]
    done = visitor.post(address, page, **{**dict(form.form_values()), "note": note, "ticked": "1"})
    assert done.status_code == 303, done.text
    return str(done.headers["location"])


def offered(visitor: Visitor, query: str = "") -> list[str]:
    """The jurisdictions to choose from at sign-in, the one that is chosen with a star."""
    options = html.fromstring(visitor.get(f"/sign-in{query}").text).xpath("//select[@name='tenant']/option")
    return [option.get("value") + " *" * ("selected" in option.attrib) for option in options]


def test_an_admin_of_the_installation_brings_a_jurisdiction_and_goes_there(own_office: Office) -> None:
    """And back; what is shown is always of one of them, with how its law stands."""
    with own_office.database.write() as session:
        identity.add_person(
            session, TENANT, "root", "方正", "平台管理员", "data", ["admin"],
            identity.hash_password(PASSWORD), datetime.now(UTC), identity="root",
        )  # fmt: skip
    root = own_office.visitor("root")
    assert "赤峰市红山区" in root.get("/tasks").text
    assert load(root, elsewhere()).startswith("/deployments/")
    page = root.get("/jurisdictions")
    assert "田野县" in page.text
    assert "征求意见稿" in page.text
    there = root.get("/start").text
    assert "田野县" in there
    assert "没有施行中的办法" in there
    assert root.post("/jurisdictions", root.get("/jurisdictions"), tenant=TENANT).status_code == 303
    assert "征求意见稿" not in root.get("/tasks").text
    assert root.post("/jurisdictions", page, tenant="nowhere").status_code == 403
    assert offered(own_office.visitor()) == ["field", TENANT], "where nobody chose before, none is chosen"
    assert root.post("/jurisdictions", page, tenant="field").status_code == 303
    root.post("/sign-out", root.get("/jurisdictions"))
    assert offered(root) == ["field *", TENANT], "where somebody worked last with this browser"
    assert offered(root, f"?tenant={TENANT}") == ["field", f"{TENANT} *"], "what a link asks for"
    assert offered(root, "?tenant=nowhere") == ["field", TENANT]


def test_a_file_is_refused_with_its_reasons(own_office: Office) -> None:
    """Nothing, no zip, somebody else's jurisdiction; and never from a clerk."""
    admin, clerk = own_office.visitor("admin"), own_office.visitor("clerk")
    page = admin.get("/deployments")
    assert admin.post("/deployments", page).status_code == 422
    status, told = receive(admin, b"no zip")
    assert (status, "文件没有装入" in told) == (422, True)
    assert receive(admin, elsewhere())[0] == 403
    assert clerk.get("/deployments").status_code == 403
    assert (
        clerk.post("/deployments", clerk.get("/tasks"), files={"bundle": ("j.zip", b"")}).status_code == 403
    )


def test_an_admin_goes_back_to_an_earlier_deployment(own_office: Office) -> None:
    """The list marks the one in use, and tells who switched and why."""
    admin = own_office.visitor("admin")
    address = load(admin, changed())
    assert "新办件使用此部署" in admin.get(address).text
    earlier = re.findall(r'href="(/deployments/[0-9a-z]{26})"', admin.get("/deployments").text)[-1]
    page = admin.get(earlier)
    assert "新办件使用另一部署" in page.text
    form = html.fromstring(page.text).xpath("//form[@action=$to]", to=f"{earlier}/activate")[0]
    sent = dict(form.form_values())
    assert admin.post(f"{earlier}/activate", page, **{**sent, "note": " "}).status_code == 422
    assert admin.post(f"{earlier}/activate", page, note="回到原来的", active="x").status_code == 409
    assert admin.post(f"{earlier}/activate", page, **{**sent, "note": "回到原来的"}).status_code == 303
    assert "新办件使用此部署" in admin.get(earlier).text
    assert "回到原来的" in admin.get("/deployments").text
    assert admin.get("/deployments/nowhere").status_code == 404
