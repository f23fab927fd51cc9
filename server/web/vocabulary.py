"""What the variables of a deployment are called: labels of form fields, of options and of table columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from server.bundles.manifest import Manifest
from server.engine.dmn.model import DecisionTable
from server.engine.forms import Form, Kind
from server.engine.forms.values import number_text
from server.engine.model import Model
from server.services import deployed
from server.services.deployed import Deployed
from server.services.history import TimelineEntry
from server.web.context import Visit
from server.web.words import Words


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Labels by name, labels of a name's values, and terms: value words of decisions that mean the same
    wherever they stand. What has none is shown as it is. `counted` are names of numbers that are no amounts
    of money: they keep the digits they were typed with."""

    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()

    def name(self, name: str) -> str:
        """What people call a variable, or a part of one (`materials.total`): its label in a form or a
        decision, else the manifest's word of this id."""
        last = name.rpartition(".")[2]
        return self.names.get(name) or self.names.get(last) or self.terms.get(last, name)

    def value(self, name: str, value: Any, words: Words) -> str:
        """A variable's value in words."""
        if isinstance(value, str):
            known = self.values.get((name, value)) or self.terms.get(value)
            return known or words.moment(value) or words.value(value)
        if isinstance(value, list):
            return "、".join(self.value(name, item, words) for item in value) or words.none
        if isinstance(value, Mapping):
            return "；".join(f"{self.name(str(k))}：{self.value(str(k), v, words)}" for k, v in value.items())
        if isinstance(value, Decimal) and name.rpartition(".")[2] in self.counted:
            return number_text(value, "")
        return words.value(value)


def of_visit(visit: Visit) -> Vocabulary:
    """The vocabulary of the deployment that new cases use, in the reader's language."""
    return of(deployed.active(visit.session, visit.person.tenant_id), visit.language)


def told(visit: Visit, record: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """Entries of a record with the results of decisions in words, ready to be shown."""
    entries = list(record)
    if not any(entry.kind == "decision_evaluated" for entry in entries):
        return entries
    names, words = of_visit(visit), Words(visit.words)
    return [
        replace(entry, payload={**entry.payload, "outputs": names.value("", entry.payload["outputs"], words)})
        if entry.kind == "decision_evaluated"
        else entry
        for entry in entries
    ]


def of(used: Deployed, language: str) -> Vocabulary:
    """The vocabulary of a deployment."""
    read = _read(_ByDigest(used.model), language)
    return replace(read, terms={**read.terms, **_terms(used.manifest, language)})


def _terms(manifest: Manifest | None, language: str) -> dict[str, str]:
    """The manifest's words and the names of its bodies."""
    if manifest is None:
        return {}
    named = [(word.id, word.name, word.name_en) for word in manifest.words.values()]
    named += [(group.id, group.name, group.name_en) for group in manifest.groups.values()]
    return {key: (english or name) if language == "en" else name for key, name, english in named}


@dataclass(frozen=True, slots=True)
class _ByDigest:
    """A model as a cache knows it: by what it holds."""

    model: Model

    def __hash__(self) -> int:
        return hash(self.model.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and other.model.digest == self.model.digest


@lru_cache(maxsize=32)
def _read(key: _ByDigest, language: str) -> Vocabulary:
    names: dict[str, str] = {}
    values: dict[tuple[str, str], str] = {}
    columns: dict[str, str] = {}
    for decision_model in {id(m): m for m in key.model.decisions.values()}.values():
        for decision in decision_model.decisions.values():
            if isinstance(decision.logic, DecisionTable):
                columns |= _columns(decision.logic)
    names |= columns
    for form in key.model.forms.values():
        _add_form(form, language, names, values)
    return Vocabulary(names, values, columns, _counted(key.model.forms.values()))


def _counted(forms: Iterable[Form]) -> frozenset[str]:
    """Numbers that are money in no form: quantities, scores, years."""
    fields = (component for form in forms for component in form.fields if component.kind is Kind.NUMBER)
    numbers = [(component.key.rpartition(".")[2], component.meaning) for component in fields]
    return frozenset(name for name, _ in numbers) - {name for name, meaning in numbers if meaning == "money"}


def _columns(table: DecisionTable) -> dict[str, str]:
    inputs = {column.expression.text: column.label for column in table.inputs if column.label}
    return inputs | {column.name: column.label for column in table.outputs if column.name and column.label}


def _add_form(form: Form, language: str, names: dict[str, str], values: dict[tuple[str, str], str]) -> None:
    for component in form.fields:
        label = component.label.plain(language)
        if label and component.key not in names:
            names[component.key] = label
        for option in component.options.fixed if component.options else ():
            values.setdefault((component.key, option.token), option.label.plain(language))
