"""Two versions of a form: fields added, taken out, moved, and what each says differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.bundles.differences.difference import Area, Change, Difference, Said, Weight, quoted, said
from server.bundles.differences.plain import changed, flat, moved
from server.engine.findings import mark

_ASPECTS = {
    "type": mark("its type"),
    "key": mark("its variable"),
    "path": mark("its path"),
    "label": mark("its label"),
    "description": mark("its hint"),
    "text": mark("its text"),
    "defaultValue": mark("value at first"),
    "validate.required": mark("must be answered"),
    "validate.min": mark("least value"),
    "validate.max": mark("greatest value"),
    "validate.minLength": mark("least length"),
    "validate.maxLength": mark("greatest length"),
    "validate.pattern": mark("its pattern"),
    "conditional.hide": mark("hidden when"),
    "readonly": mark("when it is read only"),
    "disabled": mark("whether it is disabled"),
    "expression": mark("computed by"),
    "valuesKey": mark("options from the variable"),
    "valuesExpression": mark("options computed by"),
    "decimalDigits": mark("decimal places"),
    "properties.regulation": mark("its articles"),
    "properties.kind": mark("meaning of the value"),
    "properties.auto": mark("filled by the server"),
    "properties.must_be_true": mark("must be affirmed"),
    "properties.include": mark("form shown inside"),
}
_WORDS = ("label", "description", "text", "appearance.", "validate.patternErrorMessage")
_LAYOUT = ("layout.", "rowCount")
_ROOT_QUIET = frozenset({"schemaVersion", "exporter", "executionPlatform", "executionPlatformVersion"})


@dataclass(slots=True)
class _Field:
    """A component: its own leaves, its options by value, and the component it stands in."""

    id: str
    within: str
    name: str
    leaves: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    regulation: tuple[str, ...] = ()


def between(file: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """All that differs between two versions of a form."""
    yield from _Telling(file, after).all(before)


def whole(file: str, form: Mapping[str, Any], change: Change) -> Difference:
    """A form that is new or was taken out."""
    name = _title(form) or file
    return _Telling(file, form).told(change, said(mark("form {name}"), name=quoted(name)))


@dataclass(frozen=True, slots=True)
class _Telling:
    file: str
    form: Mapping[str, Any]

    def told(
        self, change: Change, what: Said, weight: Weight = Weight.EFFECT, one: _Field | None = None,
        aspect: Said = "", values: tuple[str, str] = ("", ""),
    ) -> Difference:  # fmt: skip
        identity = str(self.form.get("id") or self.file)
        return Difference(
            Area.FORM, self.file, identity, change, what, title=_title(self.form) or identity,
            weight=weight, element=one.id if one else "", aspect=aspect, before=values[0], after=values[1],
            regulation=one.regulation if one else (),
        )  # fmt: skip

    def all(self, before: Mapping[str, Any]) -> Iterator[Difference]:
        yield from self._root(before)
        old, new = _fields(before), _fields(self.form)
        pairs = _paired(old, new)
        for identity, one in new.items():
            if identity not in pairs:
                yield self.told(Change.ADDED, _named(one), _weight(one), one)
            else:
                yield from self._field(old[pairs[identity]], one)
        kept = set(pairs.values())
        for identity, one in old.items():
            if identity not in kept:
                yield self.told(Change.REMOVED, _named(one), _weight(one), one)
        places = {second: first for first, second in pairs.items()}
        order = [places[identity] for identity in old if identity in places]
        for identity in moved(order, list(new)):
            if old[pairs[identity]].within == new[identity].within:
                yield self.told(Change.MOVED, _named(new[identity]), Weight.WORDS, new[identity])

    def _root(self, before: Mapping[str, Any]) -> Iterator[Difference]:
        old, new = (
            flat({k: v for k, v in form.items() if k != "components"}) for form in (before, self.form)
        )
        for path, first, second in changed(old, new):
            if path not in _ROOT_QUIET:
                weight = Weight.WORDS if path == "title" else Weight.EFFECT
                aspect: Said = mark("its title") if path == "title" else _entry(path)
                values = (first, second)
                yield self.told(Change.CHANGED, said(mark("the form")), weight, None, aspect, values)

    def _field(self, old: _Field, new: _Field) -> Iterator[Difference]:
        what = _named(new)
        if old.within != new.within:
            values = (old.within or "–", new.within or "–")
            yield self.told(Change.CHANGED, what, Weight.EFFECT, new, mark("group around it"), values)
        for path, first, second in changed(old.leaves, new.leaves):
            yield self.told(
                Change.CHANGED, what, _of_path(path), new, _ASPECTS.get(path) or _entry(path), (first, second)
            )
        for value in dict.fromkeys((*new.options, *old.options)):
            shown, said_now = old.options.get(value), new.options.get(value)
            if shown != said_now:
                renamed = shown is not None and said_now is not None
                weight = Weight.WORDS if renamed else Weight.EFFECT
                aspect = said(mark("option {name}"), name=quoted(value))
                yield self.told(Change.CHANGED, what, weight, new, aspect, (shown or "", said_now or ""))
        common = [value for value in old.options if value in new.options]
        if moved(common, list(new.options)):
            values = ("、".join(common), "、".join(v for v in new.options if v in old.options))
            yield self.told(Change.CHANGED, what, Weight.WORDS, new, mark("order of the options"), values)


def _entry(path: str) -> Said:
    return said(mark("entry {name}"), name=quoted(path))


def _named(one: _Field) -> Said:
    return said(mark("field {name}"), name=quoted(one.name))


def _weight(one: _Field) -> Weight:
    return (
        Weight.WORDS if one.leaves.get("type") in ("text", "html", "separator", "spacer") else Weight.EFFECT
    )


def _of_path(path: str) -> Weight:
    if path.startswith(_LAYOUT):
        return Weight.DRAWING
    is_words = path.startswith(_WORDS) or path.endswith("_en")
    return Weight.WORDS if is_words else Weight.EFFECT


# --------------------------------------------------------------------------- reading
def _title(form: Mapping[str, Any]) -> str:
    """What a form is called: its title, else its id."""
    properties = form.get("properties")
    named = properties.get("title") if isinstance(properties, dict) else ""
    return str(named or form.get("title") or form.get("id") or "")


def _fields(form: Mapping[str, Any]) -> dict[str, _Field]:
    """Every component by its id (its key or place where it has none), in the order of the page."""
    found: dict[str, _Field] = {}
    _gather(form.get("components"), "", found)
    return found


def _gather(components: object, within: str, found: dict[str, _Field]) -> None:
    for number, one in enumerate(components if isinstance(components, list) else (), 1):
        if not isinstance(one, dict):
            continue
        identity = str(one.get("id") or one.get("key") or f"{within}.{number}")
        while identity in found:
            identity += "'"
        found[identity] = _field(identity, within, one)
        _gather(one.get("components"), identity, found)


def _field(identity: str, within: str, one: Mapping[str, Any]) -> _Field:
    options = one.get("values")
    by_value = _options(options)
    skipped = {"components", "id"} | ({"values"} if by_value is not None else set())
    leaves = flat({key: value for key, value in one.items() if key not in skipped})
    name = str(one.get("label") or one.get("key") or one.get("text") or one.get("type") or identity)
    properties = one.get("properties")
    cited = str(properties.get("regulation") or "") if isinstance(properties, dict) else ""
    return _Field(identity, within, name, leaves, by_value or {}, tuple(cited.split()))


def _options(options: object) -> dict[str, str] | None:
    """Labels by value; None where the options are something else."""
    if not isinstance(options, list):
        return None
    plain = [o for o in options if isinstance(o, dict) and set(o) <= {"label", "value"} and "value" in o]
    found = {str(o["value"]): str(o.get("label", "")) for o in plain}
    return found if len(found) == len(options) else None


def _paired(old: Mapping[str, _Field], new: Mapping[str, _Field]) -> dict[str, str]:
    """Which field of before a field of after is: by id, else by the variable it fills."""
    pairs = {identity: identity for identity in new if identity in old}
    by_key: dict[str, str] = {}
    for identity, one in old.items():
        if identity not in new and one.leaves.get("key"):
            by_key.setdefault(one.leaves["key"], identity)
    for identity, one in new.items():
        if identity not in pairs and (found := by_key.pop(one.leaves.get("key", ""), None)):
            pairs[identity] = found
    return pairs
