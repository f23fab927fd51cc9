"""Printed documents (文书): which a case has, and what stands in one, from the case and its record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from server.bundles.papers import Document
from server.engine import process
from server.engine.forms.expressions import Compiler, Expression, Part, Scope, feel_value, fill
from server.engine.schedule import CIVIL
from server.services import instance_views, issuing, readings
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.history import TimelineEntry

Saying = Callable[[str, Any], str]
"""Says the value of a variable in the words of the people: name ("" for a computed value) and value."""

_PATH = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True, slots=True)
class Printed:
    """A document as it is printed: texts filled, `fields` by name and value. `day` is that of the outcome,
    or today while the case runs; `number` is its own or, like `case_number`, that of the case; `digest` is
    that of the record it was made from; `rehearsed` says that it has no effect."""

    document: Document
    instance_id: str
    letterhead: str
    number: str
    case_number: str
    title: str
    addressee: str
    paragraphs: tuple[str, ...]
    fields: tuple[tuple[str, Any], ...]
    signed: str
    day: date
    regulation: tuple[str, ...]
    digest: str
    rehearsed: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """The documents that can be had of a case. `main` is the one its process leads to (`print` of its entry
    in the manifest), None where there is none or not yet; it is the first of `papers`."""

    papers: tuple[Document, ...] = ()
    main: Document | None = None


def offered(session: Session, person: Person, instance_id: str, now: datetime) -> Offered:
    """The documents that can be had of a case now or were given out, in the order of the manifest but for
    the main one."""
    row, used = instance_views.see(session, person, instance_id)
    if not _documents(used):
        return Offered()
    issued = {name for name, _paper in issuing.of_case(session, person.tenant_id, instance_id)}
    found = [document for document in _documents(used) if document.id in issued or _fits(document, row)]
    if any(document.when and document.id not in issued for document in found):
        scope = _scope(session, person, row, used, now, _plain)
        found = [document for document in found if document.id in issued or _holds(document, scope)]
    return _main_first(found, used, row["process_key"])


def _main_first(found: Sequence[Document], used: Deployed, process_key: str) -> Offered:
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    main = next((document for document in found if entry and document.id == entry.print), None)
    return Offered(tuple(sorted(found, key=lambda document: document is not main)), main)


def printed(
    session: Session, person: Person, instance_id: str, document_id: str, now: datetime, say: Saying
) -> Printed:
    """A document of a case. Raises NotFound where the case does not have it now."""
    row, used = instance_views.see(session, person, instance_id)
    document = next((d for d in _documents(used) if d.id == document_id and _fits(d, row)), None)
    if document is None:
        raise NotFound("document", document_id)
    scope = _scope(session, person, row, used, now, say)
    if not _holds(document, scope):
        raise NotFound("document", document_id)

    def filled(text: str) -> str:
        return fill(_parts(text), scope, lambda place, value: say(_name(place), value)).strip()

    signed = filled(document.signed) or (used.manifest.letterhead if used.manifest else "")
    variables = process.variables_of(used.model, row["process_key"], row["state"])
    fields = ((name, _reach(variables, name)) for name in document.fields)
    return Printed(
        document, instance_id, signed, filled(document.number) or row["business_key"], row["business_key"],
        filled(document.title) or document.name, filled(document.addressee),
        tuple(line.strip() for line in filled(document.text).splitlines() if line.strip()),
        tuple((name, value) for name, value in fields if value not in (None, "", [])),
        signed, _day(row["ended_at"] or row["rehearsal_at"] or now),
        _basis(document, used, row["process_key"]), row["history_head"], row["rehearsal_at"] is not None,
    )  # fmt: skip


def _documents(used: Deployed) -> tuple[Document, ...]:
    return tuple(used.manifest.documents.values()) if used.manifest else ()


def _basis(document: Document, used: Deployed, process_key: str) -> tuple[str, ...]:
    """The articles printed below a document: of one that several processes share, those on which the diagram
    of the case rests (all of them where it cites none)."""
    cited = document.regulation.split()
    diagram = used.model.processes[process_key].regulation
    own = [place for place in cited if any(readings.touches(place, article) for article in diagram)]
    return tuple(own if own and len(document.processes) > 1 else cited)


def _fits(document: Document, row: Mapping[str, Any]) -> bool:
    return document.takes(row["process_key"], row["status"], row["outcome"])


def _holds(document: Document, scope: Scope) -> bool:
    return not document.when or _condition(document.when).value(scope) is True


@lru_cache(maxsize=512)
def _parts(text: str) -> tuple[Part, ...]:
    return Compiler(frozenset(), set()).text(text).zh


@lru_cache(maxsize=128)
def _condition(text: str) -> Expression:
    return Compiler(frozenset(), set()).expression(text)


def _name(place: Expression) -> str:
    """The variable that a place names by itself, "" for anything computed."""
    return place.source.rpartition(".")[2] if _PATH.fullmatch(place.source) else ""


# --------------------------------------------------------------------------- what the texts see
def _scope(
    session: Session, person: Person, row: Mapping[str, Any], used: Deployed, now: datetime, say: Saying
) -> Scope:
    """The variables of the case, the case itself, its steps, and every variable in words."""
    variables = process.variables_of(used.model, row["process_key"], row["state"])
    record = reversed(instance_views.record(session, person, row["id"]))
    steps = [_step(entry) for entry in record if entry.kind == "task_completed"]
    seen = {
        **variables,
        "case": _case(row, used),
        "steps": steps,
        "step": {step["element"]: step for step in steps},
        "words": {name: say(name, value) for name, value in variables.items()},
    }
    at = (row["rehearsal_at"] or now).astimezone(CIVIL)
    scope = Scope({name: feel_value(value) for name, value in {**seen, "today": at.date()}.items()})
    scope.now = at
    return scope


def _case(row: Mapping[str, Any], used: Deployed) -> dict[str, Any]:
    days = {"started_on": row["started_at"], "ended_on": row["ended_at"], "due": row["due_at"]}
    return {
        "number": row["business_key"], "title": row["title"], "starter": row["starter"] or "",
        "process": used.process(row["process_key"]).name, "outcome": row["outcome_name"] or "",
        "letterhead": used.manifest.letterhead if used.manifest else "",
        **{name: _day(moment) if moment else None for name, moment in days.items()},
    }  # fmt: skip


def _step(entry: TimelineEntry) -> dict[str, Any]:
    """A task that was done: every answer of its form, and who gave it when."""
    answers = entry.payload.get("values") or {}
    return {
        **answers, "element": entry.element, "name": entry.payload.get("name", ""),
        "officer": entry.actor_name, "post": entry.actor_post, "acting_for": entry.acting_for,
        "date": _day(entry.at), "verdict": entry.payload.get("outcome"),
        "opinion": answers.get("opinion_text") or "",
    }  # fmt: skip


def _reach(variables: Mapping[str, Any], path: str) -> Any:
    found: Any = variables
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _day(moment: datetime) -> date:
    return moment.astimezone(CIVIL).date()


def _plain(_name: str, value: Any) -> str:
    return str(value)
