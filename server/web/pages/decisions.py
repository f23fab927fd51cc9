"""决策试算: a decision of a deployment or draft tried over chosen values and around its boundaries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from server.engine.decision_trials import MAX_BOUNDARIES, BoundaryRow, Input, Trial
from server.engine.dmn.model import InputClause
from server.engine.model import Finding, Value
from server.services import replaying, trying_out
from server.services.deployed import Deployed
from server.services.history import finding_json
from server.services.replaying import Replayed
from server.services.trying_out import Compared, Given, Subject
from server.web import render, vocabulary
from server.web.context import Visit
from server.web.language import mark as _
from server.web.posting import storable
from server.web.routing import Pages, Permission
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()
OTHER = "…"
"""Stands for a text that no cell names."""

_LISTED = 60
_QUOTED = re.compile(r'"([^"\\]*)"')
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Field:
    """An input of the form: how it is asked for, what was typed, and the choices with their labels."""

    name: str
    label: str
    kind: str
    text: str
    options: tuple[tuple[str, str], ...]
    wrong: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A trial in the reader's words: the result, the rows that fired with their citations, what is wrong."""

    trial: Trial
    result: str
    findings: tuple[dict[str, Any], ...]
    failed: str


@dataclass(frozen=True, slots=True)
class ProbeView:
    """One side of a boundary in words; `live` is the result in use where that is another."""

    side: str
    value: str
    told: Told
    live: str | None


@dataclass(frozen=True, slots=True)
class BoundaryView:
    """A boundary in words, with the other values it was tried with."""

    label: str
    value: str
    row: int
    probes: dict[str, ProbeView]
    base: str
    differs: bool


@dataclass(frozen=True, slots=True)
class ReplayedView:
    """A decision that would go another way, its results in words."""

    one: Replayed
    before: str
    after: str


@pages.get("/decisions/{version}/{id}", Permission.PROCESS_OWNER)
def decision(visit: Visit) -> Response:
    """Inputs, the table with what every cell said, boundaries, the decision in use beside it."""
    found = trying_out.subject(visit.session, visit.person, visit.path("version"), visit.path("id"))
    typed = _typed(visit)
    given = trying_out.given(found, typed)
    words, names = Words(visit.words), _names(visit, found)
    told = live = None
    snippet = ""
    if given.any and not given.wrong:
        trial, other = trying_out.attempt(found, given.values, visit.now)
        told = _told(found, trial, words, names)
        live = None if other is None else _told(found, other, words, names)
        snippet = trying_out.snippet(found, given.values, trial)
    base = given.values if told is not None else None
    rows, computed = trying_out.around(found, base, visit.now)
    unread = visit.words.gettext(_("Write a value of the type that is named."))
    return render.page(
        visit, "decisions/decision.html", block="evaluation", found=found,
        fields=_fields(found, given, names), wrong=[(name, unread) for name in given.wrong],
        told=told, live=live, differs=bool(told and live and trying_out.differ(told.trial, live.trial)),
        snippet=snippet, boundaries=[_boundary(found, row, words, names) for row in rows], computed=computed,
        most=MAX_BOUNDARIES, own_values=base is not None, saved=_saved(visit, found), names=names,
        meant=_meant(found, names),
    )  # fmt: skip


def _typed(visit: Visit) -> dict[str, str]:
    """What the form sent: `in.<variable>`."""
    query = visit.request.query_params
    return {
        name[3:]: storable(query[name])[: trying_out.MAX_TEXT] for name in query if name.startswith("in.")
    }


def _names(visit: Visit, found: Subject) -> Vocabulary:
    version = found.version
    held = Deployed(
        visit.person.tenant_id, version.id, found.model, version.manifest, dict(version.files), {}
    )
    return vocabulary.of(held, visit.language)


@pages.get("/deployments/{a}/would-change", Permission.PROCESS_OWNER)
def would_change_by_deployment(visit: Visit) -> Response:
    """Which decisions of real cases a deployment would take differently."""
    return _would_change(visit, visit.path("a"))


@pages.get("/design/{draft_id}/would-change", Permission.PROCESS_OWNER)
def would_change_by_draft(visit: Visit) -> Response:
    """Which decisions of real cases a draft would take differently, before it is live."""
    return _would_change(visit, visit.path("draft_id"))


def _would_change(visit: Visit, reference: str) -> Response:
    asked = visit.query("latest")
    latest = int(asked) if asked.isdecimal() and len(asked) <= 6 else replaying.FEW
    found = replaying.replay(visit.session, visit.person, reference, latest)
    names, words = vocabulary.of_visit(visit), Words(visit.words)
    rows = [
        ReplayedView(
            one, names.value(one.decision, one.before, words),
            visit.words.tell(str(one.failed["message"]), _params(one.failed)) if one.failed
            else names.value(one.decision, one.after, words),
        )
        for one in found.differ
    ]  # fmt: skip
    return render.page(
        visit, "decisions/would_change.html", found=found, rows=rows, latest=latest,
        choices=(100, 1_000, 10_000),
        missing={key: "、".join(names.name(name) for name in some) for key, some in found.missing.items()},
    )  # fmt: skip


def _params(told: Mapping[str, object]) -> Mapping[str, object]:
    params = told.get("params")
    return params if isinstance(params, Mapping) else {}


# --------------------------------------------------------------------------- in words
def _fields(found: Subject, given: Given, names: Vocabulary) -> list[Field]:
    fields = []
    for one in found.inputs:
        choices = dict.fromkeys([*one.choices, *(value for name, value in names.values if name == one.name)])
        choices.pop("true", None)
        choices.pop("false", None)
        kind = _kind(one, bool(choices))
        options = tuple((value, _choice(one.name, value, names)) for value in choices)
        text = given.texts.get(one.name, "")
        label = one.label if one.label != one.name else names.name(one.name)
        fields.append(Field(one.name, label, kind, text, options, one.name in given.wrong))
    return fields


def _choice(name: str, value: str, names: Vocabulary) -> str:
    label = names.values.get((name, value)) or names.terms.get(value)
    return f"{label} ({value})" if label and label != value else value


def _kind(one: Input, has_choices: bool) -> str:
    if one.type == "boolean":
        return "truth"
    if one.type in ("number", "date"):
        return one.type
    if one.type.startswith(("list", "context")):
        return "json"
    return "choice" if has_choices else "text"


def _meant(found: Subject, names: Vocabulary) -> list[list[str]]:
    """What the value words of each cell mean, row by row; "" for a cell that names none that has a label."""
    columns = found.table.columns if found.table else ()
    called = [
        (one.new.expression.text if isinstance(one.new, InputClause) else one.new.name if one.new else "")
        or found.decision.name
        for one in columns
    ]
    return [
        [_cell_meant(name, cell.shown, names) for name, cell in zip(called, rule.cells, strict=True)]
        for rule in (found.table.rules if found.table else ())
    ]


def _cell_meant(name: str, text: str, names: Vocabulary) -> str:
    quoted = dict.fromkeys(_QUOTED.findall(text))
    labels = [names.values.get((name, value)) or names.terms.get(value) or "" for value in quoted]
    return "、".join(label for label in labels if label)


def _told(found: Subject, trial: Trial, words: Words, names: Vocabulary) -> Told:
    evaluation = trial.evaluation
    findings = tuple(finding_json(finding) for finding in evaluation.findings)
    errors = [f for f in evaluation.findings if f.level == "error"]
    failed = _shortly(errors[0], words) if errors else ""
    return Told(trial, _value(found.decision.name, evaluation.outputs, words, names), findings, failed)


def _shortly(finding: Finding, words: Words) -> str:
    """An error as an entry of a table of boundaries."""
    known = {
        "dmn.nothing_matched": _("no rule matches"),
        "dmn.unique_violated": _("several rules match"),
        "dmn.any_violated": _("several rules match"),
        "dmn.value_not_allowed": _("value not allowed"),
    }
    told = known.get(finding.code)
    return words.translator.gettext(told) if told else words.finding(finding_json(finding))


def _value(name: str, value: Value, words: Words, names: Vocabulary) -> str:
    if isinstance(value, str) and value == OTHER:
        return words.translator.gettext(_("another value"))
    return names.value(name, value, words)


def _boundary(found: Subject, compared: Compared, words: Words, names: Vocabulary) -> BoundaryView:
    row = compared.row
    probes: dict[str, ProbeView] = {}
    for probe, live in zip(row.probes, compared.live, strict=True):
        told = _told(found, probe.trial, words, names)
        other = None
        if live is not None and trying_out.differ(probe.trial, live):
            beside = _told(found, live, words, names)
            other = beside.failed or beside.result
        value = _value(row.variable, _with_cents(probe.value, row), words, names)
        probes[probe.side] = ProbeView(probe.side, value, told, other)
    base = "；".join(
        f"{names.name(name)}：{_value(name, value, words, names)}"
        for name, value in row.base.items()
        if value is not None and name != row.variable
    )
    value = _value(row.variable, _with_cents(row.value, row), words, names)
    return BoundaryView(row.label, value, row.row, probes, base, compared.differs)


def _with_cents(value: Value, row: BoundaryRow) -> Value:
    """Money has its two places on all sides of a boundary."""
    by_cents = any(isinstance(p.value, Decimal) and p.value.as_tuple().exponent == -2 for p in row.probes)
    return value.quantize(_CENT) if by_cents and isinstance(value, Decimal) else value


def _saved(visit: Visit, found: Subject) -> list[tuple[str, str, str]]:
    """The cases of scenarios: title, values in short, address that fills the form with them."""
    rows = []
    here = visit.request.url.path
    for title, case in trying_out.saved(found)[:_LISTED]:
        query = urlencode({f"in.{name}": _typed_as(value) for name, value in case.inputs.items()})
        short = "，".join(f"{name} = {_typed_as(value)}" for name, value in case.inputs.items())
        rows.append((title, short, f"{here}?{query}"))
    return rows


def _typed_as(value: Value) -> str:
    """A value as somebody types it into the form."""
    return "" if value is None else trying_out.typed(value)
