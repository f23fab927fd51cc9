"""Walks the pages as each kind of person and notes what they hold: real addresses of every page, and the
forms from which hostile ones are bent."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from lxml import html

from server.web.routes import PAGES

Pairs = list[tuple[str, str]]
Get = Callable[[str], str]
"""Opens an address; gives the page, "" when there is none."""

EACH = 5
"""How many addresses of one page each kind of person opens; of the others it is known that they are there."""
LARGE = (".pdf", ".docx", ".xlsx", ".csv", ".json")


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (page.method, page.path, re.compile(re.sub(r"\{\w+(?::path)?\}", "[^/]+", page.path)))
        for page in PAGES
    )


@lru_cache(maxsize=50_000)
def pattern_of(method: str, address: str) -> str:
    """The page that answers at an address, "" if none does."""
    path = address.partition("?")[0]
    found = (to for how, to, shape in _patterns() if how == method and shape.fullmatch(path))
    return next(found, "")


@dataclass
class Walk:
    """What one kind of person finds."""

    get: Get
    addresses: dict[str, set[str]] = field(default_factory=dict)
    forms: list[tuple[str, Pairs]] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)

    def go(self) -> None:
        """Open every page without an id, then what they lead to."""
        ways = deque(page.path for page in PAGES if page.method == "GET" and "{" not in page.path)
        while ways:
            address = ways.popleft()
            pattern = pattern_of("GET", address)
            if not pattern or self._is_enough(pattern, address):
                continue
            self.opened[pattern] = self.opened.get(pattern, 0) + 1
            if text := self.get(address):
                ways.extend(self._look(html.fromstring(text)))

    def _is_enough(self, pattern: str, address: str) -> bool:
        known = self.addresses.setdefault(pattern, set())
        seen = address in known
        known.add(address)
        return seen or self.opened.get(pattern, 0) >= EACH or pattern.endswith(LARGE)

    def _look(self, tree: html.HtmlElement) -> Iterator[str]:
        """Note the forms of a page; gives where its links lead."""
        for form in tree.forms:
            if (form.method or "").upper() == "POST":
                self._note(form)
        for element in tree.iter():
            for name in ("href", "hx-get"):
                if str(element.get(name, "")).startswith("/"):
                    yield str(element.get(name))

    def _note(self, form: html.FormElement) -> None:
        """A form as it stands, once for each address and each button it can be sent with."""
        pairs = [(str(name), str(value)) for name, value in form.form_values()]
        places = [form, *form.iter("button"), *(each for each in form.iter() if each.get("hx-post"))]
        for place in places:
            action = str(place.get("formaction") or place.get("hx-post") or form.action or "")
            name, value = str(place.get("name") or ""), str(place.get("value") or "")
            pressed = [(name, value)] if place.tag == "button" and name else []
            self.addresses.setdefault(pattern_of("POST", action), set()).add(action)
            if (noted := (action, [*pairs, *pressed])) not in self.forms:
                self.forms.append(noted)


def walk_all(
    kinds: Sequence[str], get: Callable[[str, str], str]
) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, Pairs]]]]:
    """Addresses of each page that anybody finds, and the forms that each kind of person finds."""
    addresses: dict[str, set[str]] = {}
    forms: dict[str, list[tuple[str, Pairs]]] = {}
    for kind in kinds:
        walk = Walk(lambda address, kind=kind: get(kind, address))  # type: ignore[misc]
        walk.go()
        forms[kind] = walk.forms
        for pattern, found in walk.addresses.items():
            addresses.setdefault(pattern, set()).update(found)
    return {pattern: sorted(found) for pattern, found in addresses.items()}, forms
