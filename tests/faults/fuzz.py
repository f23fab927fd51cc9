"""Makes hostile requests from a seed: real forms bent out of shape, and what no browser would send."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar
from urllib.parse import quote, urlencode

from server.web.routing import Page
from tests.faults.fuzz_office import Badge, FuzzOffice, Pairs, Request

TEXTS = (
    "", " ", "0", "-1", "1e999", "NaN", "Infinity", "-0", "9" * 400, "0." + "3" * 200, "1_000", "１２３", "٣",
    "600,000.00", "600000.00", "true", "false", "True", "null", "None", "[]", "{}", '{"a":1}', "\x00",
    "a\x00b",
    "\x1b[31m", "\x7f", "\r\nSet-Cookie: a=b", "\u2028", "\u202e", "\ufeff", "\ufffe", "\ud800", "\U0010ffff",
    "é" * 3, "字" * 5000, "x" * 70_000, "../../etc/passwd", "..\\..\\x", "file:///etc/passwd",
    "//evil.example",
    "/\\evil.example", "javascript:alert(1)", "' OR 1=1 --", '"; DROP TABLE task; --', "%", "_", "\\",
    "{{7*7}}", "{0}", "{x.__class__}", "%s%n", "${7*7}", "<script>alert(1)</script>",
    '"><img src=x onerror=a>',
    "<!--", "]]>", "&amp;", "&#0;", "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "24:00",
    "2026-W10-1",
    "0001-01-01T00:00:00+23:59~x", "9999-12-31T23:59:59-23:59~x", "2026-03-01T00:00:00~x", "~",
    "2026-03-01~\x00",
    "2026-03-01T00:00:00+08:00~zzzzzzzzzz", "-999999999-01-01", "99999999999999999999", "2026-03-05",
)  # fmt: skip
NAMES = (
    "q", "process", "group", "mine", "after", "before", "ended", "saved", "next", "task", "day", "working",
    "note", "kind", "key", "revision", "element", "reason", "project_id", "project_name", "project_code",
    "total",
    "_add", "_remove", "_shown", "_save", "_detach", "_keep", "csrf", "account", "password", "tenant", "who",
    "demo", "language", "back", "items.0", "items.0.name", "items.-1", "items.99999999999999999999",
    "items..x",
    "a.b.c.0.1.2.3.4", ".".join("a" * 3000), ".0" * 2000, "", ".", "__proto__", "constructor", "now",
    "x" * 9000,
    "total[]", "total[0]", "\x00", "\ud800", "字段", "opinion_text", "activity", "is_state_secret",
    "budget.0.amount",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW", "")
TYPES = (
    "application/json", "text/plain", "text/xml", "application/x-www-form-urlencoded; charset=utf-16", "",
    "application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data",
    "multipart/mixed; boundary=x",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 5000,
    "multipart/form-data; charset=x",
    'multipart/form-data; boundary="x; charset=utf-7', "multipart/form-data; boundary=x; charset=rot13",
    "/", ";",
    "multipart/form-data; boundary=\xe9", "multipart/form-data; boundary=x; charset=utf-32",
)  # fmt: skip
FILES = (
    "a.pdf", "../../../a.pdf", "..\\a.pdf", "C:\\a.exe", "a.pdf\x00.exe", "a" * 5000 + ".pdf", ".pdf", "",
    ".",
    "a.php", "a.svg", "字.PDF", "a.pdf\r\nX: y", '"; name="csrf', "\u202egpj.exe", "con.pdf", "a.pdf/",
    "a.ｐｄｆ",
    "<script>.pdf", "\ud800.pdf", "%00.pdf", "a\tb.docx", "\u3000.pdf",
)  # fmt: skip
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("accept", ("application/json", "*/*", "application/json;q=9e99", "text/html,application/json", "\xff",
        "," * 999)),
    ("accept-language", ("en", "zz-ZZ;q=x", "\xff\xfe", "*", "a" * 5000)),
    ("accept-encoding", ("gzip;q=NaN", "br, , ,", "\xff")),
    ("hx-request", ("true", "false", "\xff", "true, true")),
    ("hx-target", ("fields", "#x<script>", "\xff" * 300)),
    ("hx-history-restore-request", ("true", "")),
    ("hx-current-url", ("javascript:1", "//evil", "\xff")),
    ("hx-trigger", ("../x", "\xe5\xad\x97")),
    ("cookie", ("guicheng=", "guicheng=\xff", "guicheng=a;guicheng=b", "=;;=", "visitor=\x00",
        "language=xx", "visitor",
                'guicheng="\\777"', "visitor=<script>", "a=b; " * 500, "guicheng=" + "x" * 9000,
                "visitor=\xe9")),
    ("host", ("", "a b", "[::1", "evil.example", "127.0.0.1:99999", "127.0.0.1:x", "\xff", "a/../b",
        "[x]:1", "@", "a" * 4000)),
    ("range", ("bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=a-b", "bytes=0-0,1-1,2-2",
        "bytes=" + "0-1," * 900, "x")),
    ("if-range", ("x", "\xff")),
    ("if-none-match", ('"x"', "*", "\xff")),
    ("if-modified-since", ("yesterday", "Thu, 01 Jan 1970 00:00:00 GMT")),
    ("content-length", ("-1", "x", "0", "99999999999999999999")),
    ("transfer-encoding", ("chunked", "x")),
    ("x-http-method-override", ("DELETE",)),
    ("x-forwarded-for", ("' OR 1=1", "\xff")),
    ("referer", ("//evil", "\xff")),
    ("origin", ("null", "http://evil.example")),
    ("authorization", ("Basic \xff", "Bearer x")),
)  # fmt: skip
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
        actions = [form for form in self.office.forms[kind] if _matches(page, form[0])]
        action, pairs = self._one(actions) if actions and self._chance(0.6) else ("", [])
        target = action.encode() if action and self._chance(0.8) else self._target(page)
        target += self._query() if self._chance(0.4) else b""
        headers = self._headers()
        if method != "POST" and self._chance(0.97):
            return Request(method, target, headers)
        body, kind_of_body = self._body(pairs, badge)
        return Request(method, target, (*headers, (b"content-type", kind_of_body)), body)

    # ----------------------------------------------------------------------- address and headers
    def _target(self, page: Page) -> bytes:
        ids = self.office.ids
        rare = 0.04 if page.path.endswith(".pdf") else 0.55

        def part(found: re.Match[str]) -> str:
            fitting = ids["key"] if found[1] == "key" else ids[_thing(page.path)]
            if self._chance(rare):
                return self._one(fitting)
            if self._chance(0.3) and not page.path.endswith(".pdf"):
                return self._one(self._one(list(ids.values())))
            return quote(self._text()[:3000], safe=self._one(("", "/", "/:@")), errors="surrogatepass")

        target = re.sub(r"\{(\w+)\}", part, page.path)
        if self._chance(0.04):
            target = self._one((target + "/", "/" + target, target + "/../x", target + "%2e%2e",
                "/.." + target,
                                target + ";x", target + "%00", target.upper(), target + "/%ff%fe",
                                    target + "\xe9"))  # fmt: skip
        return target.encode("latin-1", "replace")

    def _query(self) -> bytes:
        if self._chance(0.1):
            return b"?" + self._one(
                (b"%", b"%zz&%ff=%fe", b"&&&===", b"\xff\xfe=\x00", b"a" * 20_000, b"a&" * 3000, b"?#x")
            )
        pairs = [(self._name([]), self._text()) for _ in range(self.random.randint(1, 5))]
        return b"?" + urlencode(pairs, errors="surrogatepass").encode()

    def _headers(self) -> tuple[tuple[bytes, bytes], ...]:
        chosen = self.random.sample(HEADERS, self.random.choice((0, 0, 0, 0, 1, 1, 2, 4)))
        return tuple((name.encode(), self._one(values).encode("latin-1")) for name, values in chosen)

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
        raw = self._one(
            (b"", b"{}", b"\xff\xfe%00=%ff&\x00", b"csrf", b"&" * 5000, b"=" * 5000, b"%" * 99, body)
        )
        return raw, self._one((*TYPES, "application/x-www-form-urlencoded")).encode("latin-1")

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

    def _multipart(self, pairs: Pairs) -> bytes:
        parts = [
            _part(f'name="{_quoted(name)}"', value.encode("utf-8", "surrogatepass")) for name, value in pairs
        ]
        for _ in range(self.random.choice((0, 0, 1, 2, 60) if self._chance(0.2) else (0, 0, 1, 2))):
            content = self._one(
                (b"", b"%PDF-1.4 x", b"MZ\x90", b"<svg onload=a>", b"\x00" * 300, b"x" * 100_001)
            )
            name = f'name="{_quoted(self._name(pairs))}"; filename="{_quoted(self._one(FILES))}"'
            parts.append(_part(name, content, self._one(("application/pdf", "text/html", "\xff", ""))))
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


def _matches(page: Page, action: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page.path), action) is not None


def _thing(path: str) -> str:
    """What an id in an address names."""
    if path.startswith("/attachments"):
        return "attachment"
    return "instance" if path.startswith(("/instances", "/start/done")) else "task"


def _part(name: str, content: bytes, media_type: str = "") -> bytes:
    kind = f"\r\nContent-Type: {media_type}".encode("latin-1") if media_type else b""
    head = f"Content-Disposition: form-data; {name}".encode("utf-8", "surrogatepass")
    return f"--{BOUNDARY}\r\n".encode() + head + kind + b"\r\n\r\n" + content + b"\r\n"


def _quoted(text: str) -> str:
    """As browsers write a name there; some of the dangerous characters are left as they are."""
    return text.replace('"', "%22")
