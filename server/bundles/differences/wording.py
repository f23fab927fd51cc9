"""A difference as a sentence: a template of the catalogue with its params, translated where it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from server.bundles.differences.difference import Change, Difference, Said, Weight, quoted, said
from server.engine.findings import filled, mark

_IDS = frozenset(
    {"candidate groups", "who may start it", "body above it", "called process", "its form", "its decision"}
    | {"form shown inside"}
)
"""Aspects whose values are ids of the bundle."""


def sentence(difference: Difference, names: Mapping[str, str] | None = None) -> dict[str, object]:
    """The sentence (`message` and `params`, which may hold sentences themselves). `names` say what ids mean
    to people: they stand behind the ids of bodies, forms, decisions and processes."""
    one = difference
    known = names if names and one.key in _IDS else {}
    params: dict[str, object] = {"what": _word(one.what), "aspect": _word(one.aspect)}
    params |= {"before": quoted(_named(one.before, known)), "after": quoted(_named(one.after, known))}
    return said(_template(one), **params)


def _word(text: Said) -> Said:
    """A word of ours, marked as one for whoever tells the sentence."""
    return said(text) if isinstance(text, str) and text else text


def _named(value: str, names: Mapping[str, str]) -> str:
    parts = (part.strip() for part in value.split(","))
    return ", ".join(f"{part} {names[part]}" if part in names else part for part in parts) if names else value


def english(difference: Difference) -> str:
    """The sentence in English."""
    told = sentence(difference)
    params = told["params"]
    assert isinstance(params, dict)
    return filled(str(told["message"]), params)


def _template(one: Difference) -> str:
    if one.weight is Weight.DRAWING and not one.element:
        return mark("Only where shapes stand, or their colours, differs.")
    if one.weight is Weight.WRITING:
        return mark("It says the same, written differently: {what}.")
    if one.change is Change.ADDED:
        return mark("New: {what}.") if not one.after else mark("New: {what}, {after}.")
    if one.change is Change.REMOVED:
        return mark("Taken out: {what}.") if not one.before else mark("Taken out: {what}, {before}.")
    if one.change is Change.MOVED:
        return (
            mark("{what} moved from place {before} to place {after}.")
            if one.before
            else mark("{what} moved among the others.")
        )
    return _changed(one)


def _changed(one: Difference) -> str:
    if not one.aspect:
        return mark("{what} differs.")
    if one.key == "its name" and one.before and one.after:
        return mark("{what} was called {before} before.")
    if not one.before:
        return mark("{what}: {aspect} is now {after}; there was none before.")
    if not one.after:
        return mark("{what}: {aspect} {before} was taken out.")
    return mark("{what}: {aspect} was {before}, is now {after}.")
