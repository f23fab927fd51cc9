"""An office for tests: Hongshan deployed, people with posts, and visitors that look at every answer."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from lxml import etree, html

from server.app import create_app
from server.bundles.archive import read_folder
from server.services import deployments, identity
from server.settings import Settings
from server.store.database import Database
from tests.web import strict

ROOT = Path(__file__).resolve().parents[2]
TENANT = "hongshan"
PASSWORD = "a long password"
PEOPLE = (
    ("clerk", "周明", "项目经办", "health", "project_unit"),
    ("other_clerk", "王芳", "项目经办", "education", "project_unit"),
    ("bureau", "李娜", "项目审批科", "data", "data_bureau"),
    ("second", "刘洋", "项目审批科", "data", "data_bureau"),
    ("centre", "赵磊", "技术审核", "centre", "mengdong_centre"),
    ("admin", "管理员", "系统管理", "data", "admin process_owner"),
)
UNITS = {"health": "区卫生健康委", "education": "区教育局", "data": "区政数局", "centre": "蒙东云计算中心"}


@dataclass
class Office:
    """The application over one database."""

    app: FastAPI
    database: Database

    def visitor(self, account: str = "") -> Visitor:
        """Someone with a browser of their own, signed in when an account is given."""
        visitor = Visitor(self.app)
        if account:
            page = visitor.get("/sign-in")
            answer = visitor.post("/sign-in", page, account=account, password=PASSWORD, tenant=TENANT)
            assert answer.status_code == 303, answer.text
        return visitor


def open_office(url: str, folder: Path, **settings: Any) -> Office:
    """The application over a database that was settled."""
    database = Database(url)
    return Office(
        create_app(Settings(folder, url, "s" * 40, secure_cookies=False, **settings), database), database
    )


def settle(url: str) -> None:
    """Enter the people in a database that has its tables, and deploy Hongshan."""
    now = datetime.now(UTC)
    database = Database(url)
    password_hash = identity.hash_password(PASSWORD)
    bundle = read_folder(ROOT, TENANT)
    with database.write() as session:
        identity.add_jurisdiction(session, TENANT, "赤峰市红山区", now)
        for unit, name in UNITS.items():
            identity.add_unit(session, TENANT, unit, name)
        for account, name, post, unit, groups in PEOPLE:
            identity.add_person(
                session, TENANT, account, name, post, unit, groups.split(), password_hash, now
            )
        admin = identity.person_by_account(session, TENANT, "admin")
        deployments.deploy(session, admin, TENANT, bundle.files, now, name="hongshan", source="test")
    database.close()


@dataclass
class Visitor:
    """A browser without JavaScript. Every page it gets must be sound."""

    app: FastAPI
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    address: str = "127.0.0.1"
    hostile: bool = False

    def get(self, address: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self.request("GET", address, headers=headers)

    def post(
        self, address: str, page: httpx.Response | None = None, *, files: Any = None, **answers: Any
    ) -> httpx.Response:
        """Send a form; the token is taken from the page it stands on."""
        token = {"csrf": csrf_of(page)} if page is not None else {}
        return self.request("POST", address, data={**token, **answers}, files=files)

    def request(self, method: str, address: str, **more: Any) -> httpx.Response:
        """Any request; answers in HTML are looked at."""
        # In a thread of its own: a browser test of the same worker leaves its event loop in the main one.
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(asyncio.run, self._request(method, address, **more)).result()
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text.startswith(
            "<!doctype"
        ):
            check_page(answer, echoes=self.hostile)
        return answer

    async def _request(self, method: str, address: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.address, 50_000))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies=self.cookies
        ) as client:
            answer = await client.request(method, address, **more)
            self.cookies = client.cookies
            return answer


def csrf_of(page: httpx.Response) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def check_page(answer: httpx.Response, *, echoes: bool = False) -> None:
    """What holds for every page: it parses, says what it is, and needs no script or style of its own. A page
    that
    `echoes` may show braces that a visitor typed."""
    where = f"{answer.request.method} {answer.request.url.path}"
    strict.parse(answer.text)
    tree = html.fromstring(answer.text)
    assert (tree.findtext(".//title") or "").strip(), where
    assert len(tree.findall(".//h1")) == 1, where
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), (where, sorted(i for i in ids if ids.count(i) > 1))
    for label in tree.xpath("//label[@for]"):
        assert label.get("for") in ids, (where, label.get("for"))
    for control in tree.xpath("//input[not(@type='hidden')]|//select|//textarea"):
        named = (
            control.get("aria-label")
            or control.xpath("ancestor::label")
            or tree.xpath("//label[@for=$id]", id=control.get("id") or "")
        )
        assert named, (where, etree.tostring(control))
    for described in tree.xpath("//@aria-describedby"):
        assert set(described.split()) <= set(ids), (where, described)
    assert not tree.xpath("//script[not(@src)]|//style|//@style|//@*[starts-with(name(), 'on')]"), where
    assert echoes or not re.search(r"\{\{|\{%|Undefined", answer.text), where
    for form in tree.xpath("//form[translate(@method, 'POST', 'post')='post']"):
        assert form.get("action"), where
        assert form.xpath(".//input[@name='csrf']/@value")[0], where
    for address in tree.xpath("//link/@href|//script/@src|//img/@src"):
        assert address.startswith(("/static/", "data:image/")), (where, address)


# --------------------------------------------------------------------------- what a person does
def form_answers(page: httpx.Response) -> list[tuple[str, str]]:
    """What a browser would send for the page's form, files left out."""
    form = html.fromstring(page.text).get_element_by_id("task-form")
    return [(name, value) for name, value in form.form_values()]


def fill(
    visitor: Visitor, page: httpx.Response, files: tuple[str, ...] = (), **answers: str
) -> httpx.Response:
    """Fill the page's form and press its button; file fields get a small PDF."""
    address = html.fromstring(page.text).get_element_by_id("task-form").get("action")
    kept = [(name, value) for name, value in form_answers(page) if name not in answers]
    parts: list[Any] = [(name, (None, value)) for name, value in [*kept, *answers.items()]]
    parts += [(name, (f"{name}.pdf", b"%PDF-1.4 test", "application/pdf")) for name in files]
    return visitor.request("POST", address, files=parts)


SELF_CHECK = {
    name: "false"
    for name in (
        "can_be_met_by_upgrade", "can_be_shared", "isolated", "needs_unclear", "earlier_low_use",
        "still_usable",
    )
}  # fmt: skip


def fill_start(visitor: Visitor, start: str, name: str, total: str = "600,000.00", **found: str) -> str:
    """Fill the start form of a library entry; gives the address where it is confirmed. `found` are answers to
    the self-check that are not no."""
    page = visitor.get(start)
    page = fill(visitor, page, project_name=name, activity="new", total=total, is_state_secret="false")
    if page.status_code == 303:  # what was filed before answers the rest
        return str(page.headers["location"])
    assert page.status_code == 200, page.text
    papers = ("entry_application", "feasibility_report_two_in_one", "implementation_plan_three_in_one")
    shown = [paper for paper in papers if f'id="f-{paper}"' in page.text]
    sent = fill(visitor, page, tuple(shown), **{**SELF_CHECK, **found})
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"{start}/check"
    return f"{start}/check"


def apply(visitor: Visitor, name: str = "智慧政务一体化平台", total: str = "600,000.00", **found: str) -> str:
    """Start a library entry; gives the instance's id."""
    start = "/start/hongshan.library_entry"
    check = visitor.get(fill_start(visitor, start, name, total, **found))
    begun = visitor.post(f"{start}/submit", check)
    assert begun.status_code == 303, begun.text
    return begun.headers["location"].rpartition("/")[2]


def first_task(visitor: Visitor) -> str:
    """The first task of the visitor's worklist."""
    found = re.search(r'href="/tasks/([0-9a-z]{20,})"', visitor.get("/tasks").text)
    assert found
    return found[1]
