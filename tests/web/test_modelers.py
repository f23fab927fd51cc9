"""The editors' pages by request: what they are given, what they allow, what there is without scripts."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from server.web.element_templates import templates
from server.web.language import translator
from server.web.pages.modelers import LICENCES
from server.web.render import STATIC
from tests.web.office import ROOT, Office
from tests.web.test_design import opened

DIAGRAM = "bpmn/project_approval.bpmn"
DESKTOP = ROOT / ".camunda/element-templates/guicheng.json"


def facts(page: str) -> dict[str, Any]:
    """What the page tells its editor."""
    found = re.search(r'data-facts="([^"]+)"', page)
    assert found is not None
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (DIAGRAM, "bpmn"),
        ("dmn/tier.dmn", "dmn"),
        ("forms/f_library_entry.form", "form"),
        ("jurisdiction.toml", "text"),
    ],
)
def test_each_kind_of_file_has_its_editor(office: Office, path: str, kind: str) -> None:
    admin = office.visitor("admin")
    draft = opened(admin)
    page = admin.get(f"{draft}/edit/{path}")
    assert page.status_code == 200
    told = facts(page.text)
    assert (told["kind"], told["path"], told["may_edit"]) == (kind, path, True)
    assert admin.get(told["file"]).status_code == 200
    assert f"vendor/studio/{kind}.js" in page.text
    assert facts(admin.get(f"{draft}/edit/{path}?as=text").text)["kind"] == "text"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self' 'unsafe-inline';" in policy


def test_styles_on_elements_are_allowed_in_the_editors_only(office: Office) -> None:
    admin = office.visitor("admin")
    draft = opened(admin)
    for address in ("/tasks", "/design", draft, f"{draft}/files/{DIAGRAM}", "/about/licences"):
        assert "unsafe" not in admin.get(address).headers["Content-Security-Policy"]


def test_without_scripts_a_file_goes_out_and_comes_back(office: Office) -> None:
    admin = office.visitor("admin")
    draft = opened(admin)
    page = admin.get(f"{draft}/edit/{DIAGRAM}")
    without = page.text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "JavaScript" in without
    assert f'href="{draft}/files/{DIAGRAM}"' in without
    action = re.search(r'<form method="post" action="([^"]+)" enctype="multipart/form-data">', without)
    assert action is not None
    file = admin.get(action[1]).content
    token = re.search(r'name="csrf" value="([^"]+)"', without)
    revision = re.search(r'name="revision" value="([^"]+)"', without)
    assert token is not None
    assert revision is not None
    changed = file.replace("文本评审".encode(), "文本会审".encode())
    sent = admin.request(
        "POST", action[1], data={"csrf": token[1], "revision": revision[1]},
        files={"content": ("project_approval.bpmn", changed)},
    )  # fmt: skip
    assert sent.status_code == 303, sent.text
    assert admin.get(action[1]).content == changed
    outline = re.search(rf'href="({draft}/edit/[^"]+\.outline\.txt)"', page.text)
    assert outline is not None  # the diagram in words
    assert facts(admin.get(outline[1]).text)["may_edit"] is False


def test_templates_offer_what_the_draft_has(office: Office) -> None:
    admin = office.visitor("admin")
    draft = opened(admin)
    answer = admin.get(f"{draft}/element-templates?download=1")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="guicheng.json"'
    by_id = {one["id"]: one for one in answer.json()}
    assert [one["name"] for one in answer.json()][:5] == ["审批环节", "会签", "备案", "决策", "时限"]

    def offered(template: str, field: str) -> set[str]:
        found = next(one for one in by_id[f"guicheng.{template}"]["properties"] if one["id"] == field)
        return {choice["value"] for choice in found["choices"]}

    assert "hongshan.f_library_entry" in offered("approval", "form")
    assert "hongshan_tier" in offered("decision", "decision")
    assert "hongshan_approval_clock" in offered("limit", "limit")
    assert "hongshan_tier" not in offered("limit", "limit")  # it gives no limit
    assert "shared.expert_panel" in offered("call", "process")


def test_the_templates_for_the_desktop_are_the_same() -> None:
    """They lie where the desktop modeler finds them by itself; `choices` it cannot know."""
    assert json.loads(DESKTOP.read_text("utf-8")) == templates(translator("zh-CN"))


def test_no_template_clears_a_name_or_writes_what_c7_does_not_know() -> None:
    for template in templates(translator("en")):
        for one in template["properties"]:
            assert one["type"] in {"String", "Dropdown", "Hidden"}
            assert one["binding"]["type"] in {"property", "camunda:property"}
            assert one["binding"]["name"] != "name"
            if one["type"] == "Dropdown":
                assert one["value"] in {choice["value"] for choice in one["choices"]}


def test_licences_are_shown_to_everybody(office: Office) -> None:
    page = office.visitor().get("/about/licences")
    assert page.status_code == 200
    for part in ("bpmn-js 18.31.1", "dmn-js 17.10.2", "@bpmn-io/form-js-editor 1.23.0", "htmx.org 4.0.1",
                 "watermark"):  # fmt: skip
        assert part in page.text


def test_each_bundled_package_has_its_licence() -> None:
    """A package without a text says what it declares; none has nothing."""
    parts = LICENCES.read_text("utf-8").split("\n" + "-" * 78 + "\n")
    assert len(parts) > 100
    for part in parts:
        head, _, text = part.partition("\n\n")
        assert re.fullmatch(r"\S+ \d+\.\S+ \(.+\)", head), head
        assert len(text.strip()) > 40, head


def test_the_bundles_name_no_other_site_to_fetch_from() -> None:
    """Fonts and pictures come with the sheets."""
    for sheet in (STATIC / "vendor/studio").glob("*.css"):
        for address in re.findall(r"url\(([^)]+)\)", sheet.read_text("utf-8")):
            assert re.match(r"""['"]?(data:|\./|#|[\w-]+\.woff2)""", address), (sheet.name, address[:80])


NAMED = {
    "www.w3.org", "www.omg.org", "camunda.org", "bpmn.io", "json-schema.org", "api.example.com",
    "fontawesome.com", "github.com",
}  # fmt: skip
"""Hosts in names of XML, in the mark of bpmn.io, in what is said to programmers, in an example."""


def test_the_editors_lead_to_no_other_site() -> None:
    """The manuals of their makers cannot be reached from a closed network: our own pages stand in their
    place."""
    for script in (STATIC / "vendor/studio").glob("*.js"):
        text = script.read_text("utf-8")
        links = re.findall(r"""href\s*[:=]\s*\\?["'`]https?://([\w.-]+)""", text)
        assert set(links) <= {"bpmn.io", "json-schema.org"}, script.name  # the mark; a schema of schemas
        assert set(re.findall(r"https?://([\w.-]+\w)", text)) <= NAMED, script.name


def test_others_have_no_editor(office: Office) -> None:
    admin, clerk = office.visitor("admin"), office.visitor("clerk")
    draft = opened(admin)
    for address in (f"{draft}/edit/{DIAGRAM}", f"{draft}/element-templates"):
        assert clerk.get(address).status_code == 403
        assert office.visitor().get(address).status_code == 303
    assert admin.get(f"{draft}/edit/bpmn/none.bpmn").status_code == 404
