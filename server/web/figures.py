"""Numbers that lead to their lists, and bars beside them: a board has hundreds; their markup is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from markupsafe import Markup, escape

_NONE = Markup('<span class="none">0</span>')
_BAR = 'viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true"'


def number(n: int, address: str, label: str) -> Markup:
    """A number as a link to its list; `label` says to people who cannot see the table what is counted."""
    return Markup(f'{_opening(address, label)}: {n}">{n}</a>') if n else _NONE


@lru_cache(maxsize=4096)  # the next look at a board has the same
def _opening(address: str, label: str) -> str:
    return f'<a href="{escape(address)}" aria-label="{escape(label)}'


def cell(n: int, address: str, label: str) -> Markup:
    """The same as a cell of a table."""
    return Markup(f'<td class="figure">{number(n, address, label)}</td>')


def plain(n: int) -> Markup:
    """A number that leads nowhere, as a cell."""
    return Markup(f'<td class="figure">{n}</td>')


def beside(picture: Markup) -> Markup:
    """A bar as the last cell of its line."""
    return Markup(f'<td class="wide">{picture}</td>')


def row(name: str, beneath: str, cells: Iterable[Markup]) -> Markup:
    """A line of a table: what it counts, what that belongs to ("" for nothing), and its cells."""
    small = f'<br><span class="small muted">{escape(beneath)}</span>' if beneath else ""
    return Markup(f'<tr><th scope="row">{escape(name)}{small}</th>{"".join(cells)}</tr>')


def bar(n: int, most: int, kind: str = "") -> Markup:
    """How much a number is of the greatest one; `kind` is a class of the style sheet."""
    width = round(100 * n / most, 1) if most else 0
    frame = _BAR.format(width=100)
    return Markup(f'<svg class="bar {kind}" {frame}><rect width="{width}" height="10"/></svg>')


def mix(lights: Mapping[str, int]) -> Markup:
    """What of a number has which light, in the order given."""
    parts, at = [], 0
    for light, n in lights.items():
        if n:
            parts.append(f'<rect class="{light}" x="{at}" width="{n}" height="10"/>')
            at += n
    return Markup(f'<svg class="bar mix" {_BAR.format(width=at)}>{"".join(parts)}</svg>')
