"""审计视图: why a case went as it did, to read, to print, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.responses import Response

from server.services import explaining
from server.services.explaining import Cause, Explanation
from server.web import render, sheets, vocabulary
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.routing import Pages, Permission
from server.web.sheets import Cell, Sheet
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()
KINDS = {
    "instance_started": _("Case begun"),
    "task_completed": _("Task completed"),
    "task_returned": _("Returned"),
    "task_withdrawn": _("Withdrawn"),
    "instance_cancelled": _("Ended without an outcome"),
    "instance_ended": _("Case ended"),
    "instance_reopened": _("Taken up again"),
    "instance_migrated": _("Goes on in another version of the process"),
    "message_delivered": _("Message delivered"),
    "message_received": _("Message received"),
    "work_done": _("Work of a program done"),
    "timer_fired": _("A date was reached"),
}


@pages.get("/instances/{id}/why", Permission.AUDITOR)
def show(visit: Visit) -> Response:
    """Each cause with its decisions and ways, in order."""
    return render.page(
        visit, "why/why.html", found=_found(visit), names=vocabulary.of_visit(visit), kinds=KINDS
    )


@pages.get("/instances/{id}/why.json", Permission.AUDITOR)
def as_json(visit: Visit) -> Response:
    """The same for programs, whole: every input, rule, condition and digest."""
    found = _found(visit)
    content = json.dumps(asdict(found), ensure_ascii=False, indent=1, default=_plain).encode()
    return download(content, "application/json", f"{found.business_key}.json")


@pages.get("/instances/{id}/why.xlsx", Permission.AUDITOR)
def as_workbook(visit: Visit) -> Response:
    """The same as a workbook, a row for each decision's input, result and rule, and for each way."""
    found, gettext = _found(visit), visit.words.gettext
    heads = (
        _("Entry"), _("When"), _("Who"), _("Step"), _("What"), _("Name"), _("Value"), _("Articles"),
        _("Version"),
    )  # fmt: skip
    note = visit.words.tell(_("{entries} entries, digest {head}"), _told(found))
    lines = _Lines(visit, found)
    sheet = Sheet(f"{found.business_key} {found.title}", note, [gettext(head) for head in heads], lines.all())
    return download(sheets.workbook(sheet), sheets.WORKBOOK, f"{found.business_key}.xlsx")


def _found(visit: Visit) -> Explanation:
    return explaining.explain(visit.session, visit.person, visit.path("id"))


def _told(found: Explanation) -> dict[str, object]:
    return {"entries": found.proof.entries, "head": found.proof.head}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class _Lines:
    """The rows of the workbook."""

    def __init__(self, visit: Visit, found: Explanation) -> None:
        self.gettext, self.words = visit.words.gettext, Words(visit.words)
        self.names: Vocabulary = vocabulary.of_visit(visit)
        self.found = found

    def all(self) -> Iterator[list[Cell]]:
        """Every cause, and under it its answers, decisions and ways."""
        for cause in self.found.causes:
            kind = self.gettext(KINDS[cause.kind])
            yield self._row(cause, kind, "", str(cause.payload.get("reason", "")), cause.regulation)
            for name, value in (cause.payload.get("values") or {}).items():
                yield self._row(cause, self.gettext(_("Answer")), name, value)
            for decision in cause.decisions:
                version = str(decision.version)
                for name, value in decision.inputs.items():
                    yield self._row(cause, f"{decision.name} · {self.gettext(_('Input'))}", name, value)
                for rule in decision.matched:
                    said = f"{self.gettext(_('Rule'))} {rule['row']}"
                    yield self._row(cause, decision.name, said, "；".join(rule["annotations"]),
                                    tuple(rule["regulation"]), version)  # fmt: skip
                result = f"{decision.name} · {self.gettext(_('Result'))}"
                yield self._row(cause, result, decision.decision_id, decision.outputs, version=version)
            for way in cause.ways:
                condition = way.condition or self.gettext(_("no other condition held"))
                yield self._row(cause, f"{way.name} → {way.target}", condition, way.values, way.regulation)

    def _row(
        self, cause: Cause, what: str, name: str, value: Any, articles: tuple[str, ...] = (),
        version: str = "",
    ) -> list[Cell]:  # fmt: skip
        told = value if isinstance(value, str) else self.names.value(name, value, self.words)
        who = f"{cause.actor}（{cause.post}）" if cause.post else cause.actor
        return [
            cause.seq, self.words.clock(cause.at), who, cause.step, what, self.names.name(name), told,
            "；".join(map(self.words.citation, articles)), version,
        ]  # fmt: skip
