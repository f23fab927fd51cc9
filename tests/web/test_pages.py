"""Every page: who may open it, what it is made of, what it says when something is wrong."""

from __future__ import annotations

import re

import pytest
from lxml import html

from server.web.routes import PAGES
from server.web.routing import Permission
from tests.web.office import Office, Visitor, apply, csrf_of

LEADING = {
    "/supervision",
    *(page.path for page in PAGES if re.match("/projects/(new|import|past)", page.path)),
}
"""For those who lead, and for those whom the manifest lets enter projects from before."""
PLAIN = [page for page in PAGES if page.method == "GET" and "{" not in page.path]


def test_every_route_is_declared_and_no_get_writes(office: Office) -> None:
    declared = {(page.method, page.path) for page in PAGES}
    assert len(declared) == len(PAGES)
    for route in office.app.router.routes:
        path = getattr(route, "path", "")
        if path not in ("/static", "/engine-rest"):
            page = getattr(route, "page", None)
            assert page is not None, f"{path} is not declared"
            assert page.writes is (page.method == "POST")
            assert route.methods <= {page.method, "HEAD"}
    anyone = {page.path for page in PAGES if page.permission is Permission.ANYONE}
    well_known = "/.well-known/camunda-automation-platform/webapps"
    plain = {
        "/",
        "/sign-in",
        "/sign-in/step",
        "/sign-in/outside",
        "/sign-in/outside/back",
        "/sign-out",
        "/language",
        "/ui",
        "/verify",
        "/healthz",
        "/about/licences",
        well_known,
    }
    assert (
        anyone - {"/checks", "/checks/{code}"} == plain
    )  # the pages of the checks tell nothing of the house


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("account", ["clerk", "bureau", "admin"])
def test_plain_pages_answer(office: Office, account: str, language: str) -> None:
    visitor = office.visitor(account)
    visitor.post("/language", visitor.get("/ui"), language=language, back="/ui")
    for page in PLAIN:
        answer = visitor.get(page.path)
        allowed = page.permission in (Permission.ANYONE, Permission.SIGNED_IN) or account == "admin"
        allowed = allowed and (page.path not in LEADING or account == "admin")
        assert answer.status_code in ((200, 303) if allowed else (403,)), page.path
        if answer.text.startswith("<!doctype"):
            assert f'lang="{language}"' in answer.text
        if not allowed:
            asked = "请联系： 管理员（" if language == "zh-CN" else "Ask: 管理员 ("
            assert asked in answer.text, page.path  # whoever may is named
    visitor.post("/language", visitor.get("/ui"), language="zh-CN", back="/ui")


def test_a_stranger_is_asked_to_sign_in_everywhere(office: Office) -> None:
    for page in PAGES:
        if page.permission is Permission.ANYONE:
            continue
        stranger = Visitor(office.app)
        sign_in = stranger.get("/sign-in")
        address = re.sub(r"\{\w+\}", "01m80aaaaaaaaaaaaaaaaaaaaa", page.path)
        answer = stranger.get(address) if page.method == "GET" else stranger.post(address, sign_in)
        assert answer.status_code == 303, page.path
        assert answer.headers["location"].startswith("/sign-in"), page.path


def test_a_form_without_its_token_is_refused(office: Office) -> None:
    visitor = office.visitor("bureau")
    for page in PAGES:
        if page.method == "POST":
            address = re.sub(r"\{\w+\}", "x", page.path)
            assert visitor.request("POST", address, data={"csrf": "forged"}).status_code == 403, page.path


def test_things_that_do_not_exist(office: Office) -> None:
    visitor = office.visitor("admin")
    token = visitor.get("/tasks")
    for page in PAGES:
        if page.path.startswith(("/camunda/", "/open/")):
            continue  # addresses of Camunda's only lead on to ours
        if "{" in page.path:
            address = re.sub(r"\{\w+(:path)?\}", "nothing", page.path)
            answer = visitor.get(address) if page.method == "GET" else visitor.post(address, token)
            known = (
                (403, 404) if page.path != "/instances/{id}/unfollow" else (303,)
            )  # nobody follows it then
            assert answer.status_code in known, (page.path, answer.status_code)
    assert visitor.get("/nowhere").status_code == 404
    wrong = visitor.request("DELETE", "/tasks")
    assert wrong.status_code == 405
    assert "请从菜单打开页面" in wrong.text
    assert "Method Not Allowed" not in wrong.text
    json = visitor.get("/nowhere", Accept="application/json")
    assert json.json() == {"error": "HTTP", "message": "此处没有您要找的页面。"}


def test_headers_keep_pages_safe(office: Office) -> None:
    answer = office.visitor("clerk").get("/tasks")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "HX-Request" in answer.headers["vary"]
    styles = re.search(r'href="(/static/app\.css\?v=\w+)"', answer.text)
    assert styles
    assert "immutable" in Visitor(office.app).get(styles[1]).headers["cache-control"]


def test_sign_in_cookies_and_limits(office: Office) -> None:
    visitor = Visitor(office.app, address="10.0.0.9")
    page = visitor.get("/sign-in")
    wrong = visitor.post("/sign-in", page, account="clerk", password="wrong", tenant="hongshan")
    assert wrong.status_code == 422
    assert "账号或密码不正确" in wrong.text
    right = visitor.post(
        "/sign-in", page, account="clerk", password="a long password", tenant="hongshan", next="//evil"
    )
    assert right.headers["location"] == "/tasks"
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visitor.post("/sign-out", visitor.get("/tasks")).status_code == 303
    assert visitor.get("/tasks").status_code == 303
    for _ in range(10):
        visitor.post("/sign-in", page, account="nobody", password="x", tenant="hongshan")
    assert (
        visitor.post("/sign-in", page, account="nobody", password="x", tenant="hongshan").status_code == 429
    )


def test_swapped_is_reloaded(office: Office) -> None:
    """What htmx swaps in is what a reload shows."""
    case = apply(office.visitor("clerk"), name="交换测试项目")
    bureau = office.visitor("bureau")
    wanted = [("/tasks", "worklist"), ("/tasks?q=交换", "worklist")]
    wanted += [
        (f"/instances/{case}{tab}", "instance-tab") for tab in ("", "/diagram", "/history", "/decisions")
    ]
    for address, id_ in wanted:
        part = bureau.get(address, **{"HX-Request": "true"})
        assert not part.text.lstrip().startswith("<!doctype"), address
        whole = bureau.get(address)
        assert tokens_of(part.text, id_) == tokens_of(whole.text, id_), address
        restored = bureau.get(address, **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
        assert restored.text.startswith("<!doctype"), address


def tokens_of(text: str, id_: str) -> str:
    found = html.fromstring(f"<div>{text}</div>" if not text.startswith("<!") else text).get_element_by_id(
        id_
    )
    return re.sub(r"\s+", " ", html.tostring(found, encoding="unicode").strip())


def test_redirects_tell_htmx_where_to_go(office: Office) -> None:
    visitor = office.visitor("clerk")
    token = csrf_of(visitor.get("/tasks"))
    answer = visitor.request("POST", "/language", data={"csrf": token, "language": "zh-CN", "back": "/start"},
                             headers={"HX-Request": "true"})  # fmt: skip
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/start")


def test_bodies_are_bounded(office: Office) -> None:
    visitor = office.visitor("clerk")
    token = csrf_of(visitor.get("/tasks"))
    large = visitor.request("POST", "/language", data={"csrf": token, "x": "x" * 3_000_000})
    assert large.status_code == 413
    assert (
        visitor.request(
            "POST", "/language", content=b"{}", headers={"Content-Type": "application/json"}
        ).status_code
        == 415
    )
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert visitor.request("POST", "/language", content=b"--y\r\nnonsense", headers=broken).status_code in (
        400,
        403,
    )


def test_the_calendar_is_set_and_taken_back(office: Office) -> None:
    admin = office.visitor("admin")
    page = admin.get("/admin/calendar")
    assert admin.post("/admin/calendar", page, day="someday", working="1").status_code == 422
    assert (
        admin.post("/admin/calendar", page, day="2026-03-07", working="1", note="本地停电").status_code == 303
    )
    assert "本地停电" in admin.get("/admin/calendar").text
    assert admin.post("/admin/calendar/clear", page, day="2026-03-07").status_code == 303
    assert "本地停电" not in admin.get("/admin/calendar").text
