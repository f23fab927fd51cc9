"""How a limit was counted, in words: one list of facts for the task page, the case and the paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from server.engine.business_calendar import Day
from server.services.limits import Limit, Shift
from server.web.language import Translator
from server.web.language import mark as _
from server.web.words import Words

_UNITS: Mapping[str, Callable[[Translator, int], str]] = {
    "working_day": lambda t, n: t.ngettext("%(n)d working day", "%(n)d working days", n),
    "day": lambda t, n: t.ngettext("%(n)d day", "%(n)d days", n),
    "month": lambda t, n: t.ngettext("%(n)d month", "%(n)d months", n),
    "year": lambda t, n: t.ngettext("%(n)d year", "%(n)d years", n),
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A limit as people read it: what set it, where it stands, and how that came about (label and text)."""

    limit: Limit
    name: str
    facts: tuple[tuple[str, str], ...]


def explained(words: Words, limits: Sequence[Limit]) -> list[Explained]:
    """Limits with their facts."""
    return [Explained(limit, limit.name, tuple(_facts(words, limit))) for limit in limits]


def span(words: Words, limit: Limit) -> str:
    """The length of a limit: 7 working days; a named day has none."""
    unit = _UNITS.get(limit.term.unit)
    if unit is None:
        return words.translator.gettext(_("a named day"))
    return unit(words.translator, limit.term.limit) % {"n": limit.term.limit}


def _facts(words: Words, limit: Limit) -> Iterator[tuple[str, str]]:
    gettext = words.translator.gettext
    if limit.regulation:
        yield gettext(_("Basis")), "、".join(words.citation(one) for one in limit.regulation)
    yield gettext(_("Runs from")), _start(words, limit)
    yield gettext(_("Length")), span(words, limit)
    if limit.counted.skipped:
        yield gettext(_("Not counted")), _days(words, limit.counted.skipped)
    if limit.counted.made_up:
        yield gettext(_("Counted although a weekend")), _days(words, limit.counted.made_up)
    if limit.shifts:
        yield gettext(_("At first until")), words.day(limit.counted.due if not limit.recounted else None)
    for shift in limit.shifts:
        yield _label(words, shift), _shift(words, shift)
    yield (
        gettext(_("First possible on") if limit.counted.earliest else _("Until the end of")),
        words.day(limit.due),
    )
    if limit.recounted is not None:
        told = gettext(_("by the calendar of today it would be %(day)s; what was set stays"))
        yield gettext(_("Calendar changed")), told % {"day": words.day(limit.recounted)}
    elif limit.counted.uncertain:
        told = gettext(_("the holidays of %(years)s are not published yet"))
        yield (
            gettext(_("May still move")),
            told % {"years": "、".join(map(str, limit.counted.uncertain_years))},
        )


def _start(words: Words, limit: Limit) -> str:
    day = words.day(limit.term.start)
    counts = limit.term.unit == "fixed_date"
    said = _("%(day)s, a named day is looked for from there") if counts else _("%(day)s, not counted itself")
    return words.translator.gettext(said) % {"day": day}


def _label(words: Words, shift: Shift) -> str:
    return words.translator.gettext(_("Stop of the clock") if shift.kind == "stop" else _("Extended"))


def _shift(words: Words, shift: Shift) -> str:
    n = _UNITS["working_day"](words.translator, shift.days) % {"n": shift.days}
    if shift.kind == "extension":
        told = words.translator.gettext(_("%(n)s more, granted by %(who)s: until %(to)s"))
        return told % {"n": n, "who": shift.name, "to": words.day(shift.to)}
    basis = f"（{words.citation(shift.basis)}）" if shift.basis else ""
    told = words.translator.gettext(_("%(since)s to %(until)s, %(name)s: %(n)s not counted, until %(to)s"))
    return told % {
        "since": _iso(shift.since), "until": _iso(shift.until), "name": shift.name + basis, "n": n,
        "to": words.day(shift.to),
    }  # fmt: skip


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _days(words: Words, days: Sequence[Day]) -> str:
    """Days in a row as one: 2026-04-04 to 2026-04-06."""
    runs: list[list[date]] = []
    for one in sorted(day.date for day in days):
        if runs and one - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(one)
        else:
            runs.append([one])
    to = words.translator.gettext(_("%(first)s to %(last)s"))
    told = [
        run[0].isoformat()
        if len(run) == 1
        else to % {"first": run[0].isoformat(), "last": run[-1].isoformat()}
        for run in runs
    ]
    return "、".join(told)
