"""Decisions of deployments and drafts tried out: over chosen values, around every boundary, beside the ones
in use. Nothing is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from sqlmodel import Session

from server.bundles import reading
from server.bundles.differences import TableComparison, alone
from server.bundles.scenario_files import DecisionCase, ScenarioRefused, read_scenario
from server.engine import decision_trials, dmn
from server.engine.business_calendar import ZONE
from server.engine.decision_trials import BoundaryRow, Input, Trial
from server.engine.dmn.model import Decision, DecisionTable
from server.engine.forms.model import Kind
from server.engine.model import Model, Value
from server.services import comparing
from server.services.authorization import Person
from server.services.comparing import Version
from server.services.errors import NotFound

WHOLE = Decimal(1)
MAX_TEXT = 20_000
MAX_DIGITS = 40
MAX_DEPTH = 20
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Subject:
    """A decision of a version: what it says, what it asks for; `live` is the same decision in the deployment
    in use, None where that has none or is this one."""

    version: Version
    model: Model
    id: str
    holder: dmn.DecisionModel
    live: dmn.DecisionModel | None

    @property
    def decision(self) -> Decision:
        """What the file says of it."""
        return self.holder.decisions[self.id]

    @property
    def table(self) -> TableComparison | None:
        """Its table; None for other logic."""
        logic = self.decision.logic
        return alone(logic) if isinstance(logic, DecisionTable) else None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks for."""
        return decision_trials.inputs(self.holder, self.id)


@dataclass(frozen=True, slots=True)
class Given:
    """Values as they were typed and as they are meant; `wrong` names the inputs that cannot be read."""

    texts: Mapping[str, str]
    values: Mapping[str, Value]
    wrong: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything was filled in."""
        return any(text.strip() for text in self.texts.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """A boundary with what the decision in use says to the same values; None where it cannot be asked."""

    row: BoundaryRow
    live: tuple[Trial | None, ...] = field(default=())

    @property
    def differs(self) -> bool:
        """Whether some value goes another way than in use."""
        pairs = zip(self.row.probes, self.live, strict=False)
        return any(other is not None and differ(probe.trial, other) for probe, other in pairs)


def subject(session: Session, person: Person, reference: str, decision_id: str) -> Subject:
    """A decision of a deployment or draft. Raises NotFound; NotPermitted for those who may not deploy."""
    version = comparing.version(session, person, reference)
    model = reading.read(version.files).model
    if decision_id not in model.decisions:
        raise NotFound("decision", decision_id)
    live = None
    if not version.active:
        in_use = comparing.version(session, person, comparing.ACTIVE)
        live = reading.read(in_use.files).model.decisions.get(decision_id)
    return Subject(version, model, decision_id, model.decisions[decision_id], live)


def decisions_of(found: Version) -> list[Decision]:
    """All decisions of a version, by id."""
    model = reading.read(found.files).model
    return [holder.decisions[identity] for identity, holder in sorted(model.decisions.items())]


def given(found: Subject, texts: Mapping[str, str]) -> Given:
    """Typed texts as values of the types the decision asks for; nothing typed is null."""
    values: dict[str, Value] = {}
    wrong: list[str] = []
    for one in found.inputs:
        try:
            values[one.name] = _value(texts.get(one.name, "").strip()[:MAX_TEXT], one.type)
        except ValueError:
            wrong.append(one.name)
    return Given({one.name: texts.get(one.name, "") for one in found.inputs}, values, tuple(wrong))


def attempt(found: Subject, values: Mapping[str, Value], now: datetime) -> tuple[Trial, Trial | None]:
    """The decision over these values, and the one in use over the same."""
    local = now.astimezone(ZONE)
    live = decision_trials.attempt(found.live, found.id, values, local) if found.live else None
    return decision_trials.attempt(found.holder, found.id, values, local), live


def around(
    found: Subject, base: Mapping[str, Value] | None, now: datetime
) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    """Every boundary with its neighbours, compared with the decision in use; and the columns that cannot be
    varied. Whole numbers, as forms ask for them, go up and down by one, money by a cent."""
    local = now.astimezone(ZONE)
    rows, computed = decision_trials.around(found.holder, found.id, base, local, _steps(found.model))
    return tuple(Compared(row, tuple(_live(found, row, local))) for row in rows), computed


def differ(one: Trial, other: Trial) -> bool:
    """Whether two trials give different results, or one of them none."""
    first, second = one.evaluation, other.evaluation
    return first.outputs != second.outputs or first.failed != second.failed


def snippet(found: Subject, values: Mapping[str, Value], trial: Trial) -> str:
    """What was tried as the case of a scenario, to be copied."""
    told = {name: value for name, value in values.items() if value is not None}
    lines = [f"decision: {found.id}", f"title: {found.decision.label or found.decision.name}", "cases:"]
    lines.append(f"  - with: {_yaml(told)}")
    errors = [finding.code for finding in trial.evaluation.findings if finding.level == "error"]
    if errors:
        lines.append(f"    error: {errors[0]}")
    else:
        lines.append(f"    expect: {_yaml(trial.evaluation.outputs)}")
        rules = [rule.id or str(rule.row) for rule in trial.evaluation.matched]
        if len(rules) == 1:
            lines.append(f"    rule: {_yaml(rules[0])}")
    return "\n".join(lines) + "\n"


def saved(found: Subject) -> list[tuple[str, DecisionCase]]:
    """The cases that scenarios of the version tell of this decision, each with the title of its file."""
    cases: list[tuple[str, DecisionCase]] = []
    for path, data in found.version.files.items():
        if not path.startswith("scenarios/") or found.id.encode() not in data:
            continue
        try:
            told = read_scenario(data, path)
        except ScenarioRefused:
            continue
        if told.decision == found.id:
            cases += [(told.title, case) for case in told.cases]
    return cases


def _live(found: Subject, row: BoundaryRow, now: datetime) -> Iterator[Trial | None]:
    for probe in row.probes:
        if found.live is None:
            yield None
            continue
        values = decision_trials.with_value(row.base, row.variable, probe.value)
        yield decision_trials.attempt(found.live, found.id, values, now)


def _steps(model: Model) -> dict[str, Decimal]:
    """By how much a number goes up and down: by one where a form asks for a whole number."""
    found: dict[str, Decimal] = {}
    for form in model.forms.values():
        for one in form.fields:
            whole = one.meaning == "integer" or (one.kind is Kind.NUMBER and one.decimals == 0)
            if whole and one.key not in found:
                found[one.key] = WHOLE
    return found


def _value(text: str, kind: str) -> Value:
    """A typed text as a value of a FEEL type. Raises ValueError."""
    if not text:
        return None
    if kind == "boolean" or (not kind and text in _TRUTH):
        if text not in _TRUTH:
            raise ValueError(text)
        return _TRUTH[text]
    if kind == "number":
        return _number(text)
    if kind.startswith(("list", "context")) or (not kind and text[0] in "[{"):
        return _json(text)
    if not kind:
        try:
            return _number(text)
        except ValueError:
            return text
    return text


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text.replace(",", "").replace("，", ""))
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not found.is_finite() or len(text) > MAX_DIGITS or abs(found.adjusted()) > MAX_DIGITS:
        raise ValueError(text)
    return found


def _json(text: str) -> Value:
    try:
        found: Value = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _require_shallow(found, 0)
    return found


def _require_shallow(value: Value, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _require_shallow(part, depth + 1)


def _yaml(value: Value) -> str:
    """A value as scenarios are written."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_yaml(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(part) for part in value) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Decimal | int | float):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    text = str(value)
    plain = text.replace("_", "").replace("-", "").isalnum() and not text[0].isdigit()
    return text if plain and text not in ("true", "false", "null") else json.dumps(text, ensure_ascii=False)


def typed(value: Value) -> str:
    """A value as somebody types it, such that `given` reads the same again."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
