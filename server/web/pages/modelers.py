"""The studio's editors: diagrams, tables, forms and texts of a draft, drawn in the browser and saved."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.responses import Response

from server.bundles import single_file
from server.bundles.vocabulary import Entry
from server.services import authoring, authoring_files, bundle_review
from server.services.errors import NotFound
from server.web import render
from server.web.context import Visit
from server.web.editor_words import texts
from server.web.element_templates import Choices, Template, templates
from server.web.pages.design import files_of, path_of
from server.web.routing import Later, Pages, Permission

pages = Pages()

_EDITORS = {"diagram": "bpmn", "table": "dmn", "form": "form"}
_LIMIT_GIVES = {"clock_start", "limit", "unit", "rule"}
LICENCES = render.STATIC / "vendor/LICENCES.txt"


@pages.get("/design/{draft_id}/edit/{path:path}", Permission.PROCESS_OWNER)
def editor(visit: Visit) -> Response:
    """The editor of a file; with `?as=text` its source."""
    draft = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    path = path_of(visit)
    found = authoring_files.read(visit.session, visit.person, draft.id, path)
    kind = single_file.kind_of(path)
    drawn = _EDITORS.get(kind)
    shown = "text" if drawn is None or visit.query("as") == "text" else drawn
    base, here = f"/design/{draft.id}", quote(visit.request.url.path)
    may_edit = draft.is_open and kind != "outline"
    places = {
        "file": f"{base}/files/{quote(path)}", "templates": f"{base}/element-templates",
        "as_text": f"{here}?as=text",
    }  # fmt: skip
    facts = {
        **places, "kind": shown, "path": path, "name": PurePosixPath(path).name,
        "lock": f"{base}/locks/{quote(path)}", "vocabulary": f"{base}/vocabulary",
        "findings": f"{base}/findings", "edit": f"{base}/edit/", "csrf": visit.csrf,
        "person": visit.person.name, "may_edit": may_edit, "texts": texts(visit.words),
    }  # fmt: skip
    return render.whole(
        visit, "modeler/editor.html", **places, draft=draft, path=path, name=facts["name"], kind=shown,
        may_edit=may_edit, revision=found.revision, outline=_outline(visit, draft.id, path),
        drawn=here if drawn else "", saves="" if kind == "outline" else f"{base}/saves/{quote(path)}",
        facts=json.dumps(facts, ensure_ascii=False),
    )  # fmt: skip


@pages.get("/design/{draft_id}/element-templates", Permission.PROCESS_OWNER)
def element_templates(visit: Visit) -> Later:
    """The element templates with this draft's forms, decisions and processes to choose from; with
    `?download=1` as a file for `.camunda/element-templates` beside the desktop modeler's diagrams."""
    files = files_of(visit)
    wanted = visit.query("download") == "1"
    return Later(
        lambda: _told_templates(templates(visit.words, choices(bundle_review.vocabulary(files))), wanted)
    )


def _told_templates(made: list[Template], as_file: bool) -> Response:
    text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    headers = {"Content-Disposition": 'attachment; filename="guicheng.json"'} if as_file else {}
    return Response(text, media_type="application/json", headers=headers)


@pages.get("/about/licences", Permission.ANYONE)
def licences(visit: Visit) -> Response:
    """The licences of the libraries that browsers are given, each in its own words."""
    if not LICENCES.is_file():
        raise NotFound("document", LICENCES.name)
    return render.page(visit, "modeler/licences.html", text=LICENCES.read_text("utf-8"))


def choices(names: dict[str, list[Entry]]) -> dict[str, Choices]:
    """What element templates offer of a vocabulary: value and how it reads."""
    decisions = names["decisions"]
    limits = [one for one in decisions if {output["name"] for output in one["outputs"]} >= _LIMIT_GIVES]
    return {
        "forms": [(one["id"], f"{one['title'] or one['id']} ({one['id']})") for one in names["forms"]],
        "decisions": [_named(one) for one in decisions],
        "limits": [_named(one) for one in limits],
        "processes": [_named(one) for one in names["processes"]],
    }


def _named(entry: Entry) -> tuple[str, str]:
    return entry["id"], f"{entry['name'] or entry['id']} ({entry['id']})"


def _outline(visit: Visit, draft_id: str, path: str) -> str:
    """The page of the text that says what a diagram says; "" where there is none."""
    if not path.endswith(".bpmn"):
        return ""
    beside = path.removesuffix(".bpmn") + ".outline.txt"
    try:
        authoring_files.read(visit.session, visit.person, draft_id, beside)
    except NotFound:
        return ""
    return f"/design/{draft_id}/edit/{quote(beside)}"
