"""Makes hostile requests from a seed: real forms bent out of shape, and what no browser would send."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar
from urllib.parse import quote, urlencode

from server.api import engine_rest
from server.web.routing import Page
from tests.faults.fuzz_crawl import Pairs
from tests.faults.fuzz_office import Badge, FuzzOffice, Request
from tests.faults.fuzz_words import (
    BODIES,
    FILES,
    HEADERS,
    METHODS,
    NAMES,
    QUERIES,
    TEXTS,
    TYPES,
    VALUES,
    uploads,
)

BOUNDARY = "edge"
T = TypeVar("T")


class Fuzzer:
    """A seeded source of requests for one office. The same seed gives the same requests."""

    def __init__(self, office: FuzzOffice, seed: str) -> None:
        self.office = office
        self.random = Random(seed)

    def request(self, page: Page, kind: str, badge: Badge) -> Request:
        """A request for a page, as hostile as the dice say."""
        method = page.method if self._chance(0.94) else self._one(METHODS)
        actions = self.office.forms_at(kind, page)
        action, pairs = self._one(actions) if actions and self._chance(0.6) else ("", [])
        target = action.encode() if action and self._chance(0.8) else self._target(page)
        target += self._query() if self._chance(0.5) else b""
        headers = self._headers()
        machine = page.path.startswith(engine_rest.ADDRESS)
        if machine and badge.token and self._chance(0.9):
            headers = (*(h for h in headers if h[0] != b"authorization"), _bearer(badge))
        if method != "POST" and self._chance(0.97):
            return Request(method, target, headers)
        body, kind_of_body = self._body(pairs, badge) if not machine else self._machine_body(page)
        return Request(method, target, (*headers, (b"content-type", kind_of_body)), body)

    # ----------------------------------------------------------------------- address and headers
    def _target(self, page: Page) -> bytes:
        real = self.office.addresses.get(page.path, ())
        costly = page.path.endswith(".pdf")
        if real and self._chance(0.04 if costly else 0.5):
            target = self._one(real)
        else:
            target = re.sub(r"\{\w+(?::path)?\}", lambda _: self._part(costly), page.path)
        if self._chance(0.04):
            target = self._one((
                target + "/", "/" + target, target + "/../x", target + "%2e%2e", "/.." + target,
                target + ";x", target + "%00", target.upper(), target + "/%ff%fe", target + "\xe9",
            ))  # fmt: skip
        return target.encode("latin-1", "replace")

    def _part(self, costly: bool) -> str:
        """What stands at a place of an address: an id of something, or anything."""
        if not costly and self._chance(0.4):
            return self._one(self._one(list(self.office.ids.values())))
        return quote(self._text()[:3000], safe=self._one(("", "/", "/:@")), errors="surrogatepass")

    def _query(self) -> bytes:
        if self._chance(0.1):
            return b"?" + self._one(
                (b"%", b"%zz&%ff=%fe", b"&&&===", b"\xff\xfe=\x00", b"a" * 20_000, b"a&" * 3000, b"?#x")
            )
        pairs = [
            (self._one(QUERIES) if self._chance(0.6) else self._name([]), self._text())
            for _ in range(self.random.randint(1, 5))
        ]
        return b"?" + urlencode(pairs, errors="surrogatepass").encode()

    def _headers(self) -> tuple[tuple[bytes, bytes], ...]:
        chosen = self.random.sample(HEADERS, self.random.choice((0, 0, 0, 0, 1, 1, 2, 4)))
        return tuple((name.encode(), _bytes(self._one(values))) for name, values in chosen)

    # ----------------------------------------------------------------------- bodies
    def _body(self, pairs: Pairs, badge: Badge) -> tuple[bytes, bytes]:
        bent = self._bend(list(pairs))
        if self._chance(0.95):
            bent = [("csrf", badge.csrf), *((name, value) for name, value in bent if name != "csrf")]
        how = self.random.random()
        if how < 0.5:
            return urlencode(bent, errors="surrogatepass").encode(), b"application/x-www-form-urlencoded"
        body = self._multipart(bent)
        if how < 0.86:
            return body, f"multipart/form-data; boundary={BOUNDARY}".encode()
        if how < 0.93:
            return self._broken(body), f"multipart/form-data; boundary={BOUNDARY}".encode()
        return self._one((*BODIES, body)), self._type()

    def _machine_body(self, page: Page) -> tuple[bytes, bytes]:
        """JSON, or a form with files."""
        how = self.random.random()
        if how < 0.2:
            return self._one(BODIES), self._one((b"application/json", self._type()))
        if page.path.endswith("/create"):
            names = ("deployment-name", "deployment-source", "tenant-id", "deploy-changed-only", "x")
            body = self._multipart([(self._one(names), self._text()[:9000]) for _ in range(3)], files=0.9)
            body = self._broken(body) if how < 0.3 else body
            return body, f"multipart/form-data; boundary={BOUNDARY}".encode()
        names = (*self.office.ids.get("input", ()), "total", "", "a b", "字", "x" * 3000)
        values = {self._one(names): self._one(VALUES) for _ in range(self.random.choice((0, 1, 2, 5)))}
        more = {
            self._name([]): self._one((*VALUES, self._text()))
            for _ in range(self.random.choice((0, 0, 2, 6)))
        }
        told = {"variables": values} | more
        return json.dumps(told).encode(), b"application/json"

    def _type(self) -> bytes:
        return self._one((*TYPES, "application/x-www-form-urlencoded")).encode("latin-1")

    def _bend(self, pairs: Pairs) -> Pairs:
        """The pairs of a form with some changed, missing,
        doubled or added; seldom very many or very large."""
        for _ in range(self.random.choice((0, 1, 1, 2, 3, 6))):
            at = self.random.randrange(len(pairs)) if pairs else 0
            self._one(self._bends())(pairs, at)
        if self._chance(0.004):
            return pairs + [(self._name(pairs), "1")] * self.random.choice((3000, 21_000))
        if self._chance(0.004):
            return [*pairs, (self._name(pairs), "x" * 2_200_000)]
        return pairs

    def _bends(self) -> tuple[Callable[[Pairs, int], None], ...]:
        def change(pairs: Pairs, at: int) -> None:
            pairs[at : at + 1] = [(self._name(pairs), self._text())]

        def value(pairs: Pairs, at: int) -> None:
            pairs[at : at + 1] = [(pairs[at][0] if pairs else "q", self._text())]

        def drop(pairs: Pairs, at: int) -> None:
            del pairs[at : at + 1]

        def double(pairs: Pairs, at: int) -> None:
            pairs.extend([*pairs[at : at + 1], (self._name(pairs), self._text())])

        def deepen(pairs: Pairs, at: int) -> None:
            pairs.append(
                (f"{self._name(pairs)}.{self.random.randint(-1, 12)}.{self._name(pairs)}", self._text())
            )

        return change, value, value, value, drop, double, deepen

    def _multipart(self, pairs: Pairs, files: float = 0.5) -> bytes:
        parts = [
            _part(f'name="{_quoted(name)}"', value.encode("utf-8", "surrogatepass")) for name, value in pairs
        ]
        many = self._one((1, 1, 2, 60 if self._chance(0.1) else 3)) if self._chance(files) else 0
        for _ in range(many):
            name = f'name="{_quoted(self._name(pairs))}"; filename="{_quoted(self._one(FILES))}"'
            kind = self._one(("application/pdf", "text/html", "\xff", ""))
            parts.append(_part(name, self._one(uploads()), kind))
        return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()

    def _broken(self, body: bytes) -> bytes:
        at = self.random.randrange(len(body))
        edge = f"--{BOUNDARY}".encode()
        return self._one((
            body[:at], body[at:], body.replace(b"\r\n", b"\n"), body.replace(b"form-data", b"x"),
            body.replace(b'name="', b"name="), body.replace(edge, edge + b"x"),
                body[:at] + b"\xff\x00" + body[at:],
            edge + b"\r\n" + b"x: y\r\n" * 9000, edge + b"\r\ncontent-disposition\r\n\r\n\r\n", edge * 3000,
                b"\r\n",
            body.replace(b"form-data;", b"form-data; name*=utf-8''%ff; name=a; filename*=x'y'%zz;"),
            body.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1),
        ))  # fmt: skip

    # ----------------------------------------------------------------------- words
    def _name(self, pairs: Pairs) -> str:
        if pairs and self._chance(0.6):
            return self._one(pairs)[0]
        return self._one(NAMES)

    def _text(self) -> str:
        if self._chance(0.15):
            return self._one(self._one(list(self.office.ids.values())))
        if self._chance(0.15):
            return "".join(chr(self.random.randrange(0x110000)) for _ in range(self.random.randint(1, 30)))
        return self._one(TEXTS)

    def _one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share


def _bytes(text: str) -> bytes:
    """As programs send it: what Latin has in one byte each, anything else as it comes."""
    return text.encode("latin-1") if all(ord(c) < 256 for c in text) else text.encode()


def _bearer(badge: Badge) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + badge.token.encode()


def _part(name: str, content: bytes, media_type: str = "") -> bytes:
    kind = f"\r\nContent-Type: {media_type}".encode("latin-1") if media_type else b""
    head = f"Content-Disposition: form-data; {name}".encode("utf-8", "surrogatepass")
    return f"--{BOUNDARY}\r\n".encode() + head + kind + b"\r\n\r\n" + content + b"\r\n"


def _quoted(text: str) -> str:
    """As browsers write a name there; some of the dangerous characters are left as they are."""
    return text.replace('"', "%22")
