"""The words of hostile requests: texts, names, headers, types and files that have broken programs before."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from pathlib import Path

from tests.engine.dmn.models import decision, definitions, table
from tests.engine.hostile.attacks import attacks

DEEP = "[" * 60_000
TEXTS = (
    "", " ", "0", "-1", "1e999", "NaN", "Infinity", "-0", "9" * 400, "0." + "3" * 200, "1_000", "１２３", "٣",
    "600,000.00", "600000.00", "true", "false", "True", "null", "None", "[]", "{}", '{"a":1}', "\x00",
    "a\x00b", "\x1b[31m", "\x7f", "\r\nSet-Cookie: a=b", "\u2028", "\u202e", "\ufeff", "\ufffe", "\ud800",
    "\U0010ffff", "é" * 3, "字" * 5000, "x" * 70_000, "../../etc/passwd", "..\\..\\x", "file:///etc/passwd",
    "//evil.example", "/\\evil.example", "javascript:alert(1)", "' OR 1=1 --", '"; DROP TABLE task; --', "%",
    "_", "\\", "{{7*7}}", "{0}", "{x.__class__}", "%s%n", "${7*7}", "<script>alert(1)</script>",
    '"><img src=x onerror=a>', "<!--", "]]>", "&amp;", "&#0;", "0001-01-01", "9999-12-31", "2026-02-30",
    "2026-13-01", "24:00", "2026-W10-1", "20260305", "2026-03-05T09:00:00+08:00", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "2026-03-05T09:00:00", "0001-01-01T00:00:00+23:59~x",
    "9999-12-31T23:59:59-23:59~x", "2026-03-01T00:00:00~x", "~", "2026-03-01~\x00",
    "2026-03-01T00:00:00+08:00~zzzzzzzzzz", "-999999999-01-01", "99999999999999999999", "2026-03-05",
    "-9223372036854775809", "2147483648", "１", "²", "-50", "1.5", "+1", "0x10", "demo", "hongshan", "wuhai",
    '{"a":' * 5000, DEEP, '{"__proto__":{"x":1}}', "=cmd|'/c calc'!A1", "a~b~c~d", "title", "-", ".",
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
    ("cookie", ("guicheng=", "guicheng=\xff", "guicheng=a;guicheng=b", "=;;=", "visitor=\x00", "language=xx",
                "visitor", 'guicheng="\\777"', "visitor=<script>", "a=b; " * 500, "guicheng=" + "x" * 9000,
                "visitor=\xe9")),
    ("host", ("", "a b", "[::1", "evil.example", "127.0.0.1:99999", "127.0.0.1:x", "\xff", "a/../b", "[x]:1",
              "@", "a" * 4000, "[::1%25eth0]:8000", "127.0.0.1:-1", "127.0.0.1:８", "xn--\xff")),
    ("range", ("bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=a-b", "bytes=0-0,1-1,2-2",
               "bytes=" + "0-1," * 900, "x", "bytes=-99999999999999999999", "bytes=99999999999999999999-",
               "bytes=0-99999999999999999999", "bytes=٣-", "bytes=-0", "bytes=0-0", "bytes=--1")),
    ("if-range", ("x", "\xff", "Thu, 01 Jan 1970 00:00:00 GMT")),
    ("if-none-match", ('"x"', "*", "\xff")),
    ("if-modified-since", ("yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT")),
    ("content-length", ("-1", "x", "0", "99999999999999999999")),
    ("transfer-encoding", ("chunked", "x")),
    ("content-encoding", ("gzip", "x")),
    ("x-http-method-override", ("DELETE",)),
    ("x-forwarded-for", ("' OR 1=1", "\xff")),
    ("forwarded", ("for=[::1", "\xff")),
    ("referer", ("//evil", "\xff")),
    ("origin", ("null", "http://evil.example")),
    ("sec-fetch-site", ("cross-site", "\xff")),
    ("authorization", ("Basic \xff", "Bearer x", "Basic", "Basic Og==", "Basic /////w==", "Basic bm9ib2R5",
                       "Bearer \xe9", "Basic aHVhaWFuL2E6Yg==", "Digest " + "x" * 9000)),
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW", "")
TYPES = (
    "application/json", "text/plain", "text/xml", "application/x-www-form-urlencoded; charset=utf-16", "",
    "application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data",
    "multipart/mixed; boundary=x", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "b" * 5000, "multipart/form-data; charset=x",
    'multipart/form-data; boundary="x; charset=utf-7', "multipart/form-data; boundary=x; charset=rot13",
    "/", ";", "multipart/form-data; boundary=\xe9", "multipart/form-data; boundary=x; charset=utf-32",
    "application/json; charset=utf-16", "application/json; charset=\xff",
)  # fmt: skip
FILES = (
    "a.pdf", "../../../a.pdf", "..\\a.pdf", "C:\\a.exe", "a.pdf\x00.exe", "a" * 5000 + ".pdf", ".pdf", "",
    ".", "a.php", "a.svg", "字.PDF", "a.pdf\r\nX: y", '"; name="csrf', "\u202egpj.exe", "con.pdf", "a.pdf/",
    "a.ｐｄｆ", "<script>.pdf", "\ud800.pdf", "%00.pdf", "a\tb.docx", "\u3000.pdf", "b.zip", "d.dmn",
    "p.bpmn", "f.form", "s.yaml", "jurisdiction.toml", "a.DMN", "data",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"\xff\xfe%00=%ff&\x00", b"csrf", b"&" * 5000, b"=" * 5000, b"%" * 99, b"null", b"[]", b"0",
    b'"', DEEP.encode(), b'{"variables": null}', b'{"variables": []}', b'{"variables": {"a": 1}}',
    b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b'{"a": NaN}', b'{"a": 1e999999999}', b'{"a": "\\ud800"}',
    b'{"a": ' + b"9" * 20_000 + b"}", b'{"a": 1, "a": 2}', b'{"variables": ' * 3000,
)  # fmt: skip
"""What is sent instead of a form."""

VALUES = (
    None, True, "", "x", 0, -1, 10**400, "1e999999999", 1e308, [], [[]], {}, {"value": {}}, "\ud800", "\x00",
    {"value": 600_000, "type": "Integer"}, {"value": "600000", "type": "Long"},
    {"value": "1e999999999", "type": "Double"}, {"value": "construction", "type": "String"},
    {"value": "2026-02-30", "type": "Date"}, {"value": "9999-12-31T23:59:59.999+2359", "type": "Date"},
    {"value": "x", "type": "Object"}, {"value": "[" * 4000, "type": "Json"},
    {"value": "e30=", "type": "Json"},
    {"value": 1, "type": 7}, {"value": 1, "type": ""}, {"value": [1, {"a": [None]}], "type": "Object",
     "valueInfo": {"serializationDataFormat": "application/json"}}, {"type": "Null"}, {"value": 10**30},
    {"value": "￥6", "type": "字"}, {"value": "x", "type": "File", "valueInfo": 7}, ["a"] * 2000,
)  # fmt: skip
"""What stands for a variable in JSON."""


def _asked(how: str) -> tuple[str, ...]:
    """The names under which the pages really look for something."""
    rooms = Path(__file__).resolve().parents[2] / "server"
    asked = re.compile(rf"""\.(?:{how})\("([^"/]+)"\)""")
    files = sorted([*rooms.glob("web/**/*.py"), *rooms.glob("api/*.py")])
    return tuple(sorted({name for file in files for name in asked.findall(file.read_text("utf-8"))}))


QUERIES = _asked("query")
"""What pages look for in the query of their address."""

NAMES = (
    *_asked("query|sent|first|all|text|get"), "total", "_add", "_remove", "_shown", "_keep", "items.0",
    "items.0.name", "items.-1",
    "items.99999999999999999999", "items..x", "a.b.c.0.1.2.3.4", ".".join("a" * 3000), ".0" * 2000, "", ".",
    "__proto__", "constructor", "now", "x" * 9000, "total[]", "total[0]", "\x00", "\ud800", "字段",
    "opinion_text", "activity", "is_state_secret", "budget.0.amount", "rehearsal_day", "variables", "bundle",
)  # fmt: skip


@cache
def uploads() -> tuple[bytes, ...]:
    """What files are made of: nothing, other things than their names say, and all the hostile files that we
    keep for the checks of deployments, as they are and in archives."""
    small = definitions(decision("tier", table([("a", "number")], [("b", "string")], ['> 1 => "x"'])))
    hostile = [attack.data for attack in attacks() if len(attack.data) <= 100_000]
    plain = (
        b"", b"%PDF-1.4 x", b"MZ\x90", b"<svg onload=a>", b"\x00" * 300, b"x" * 100_001, small,
        small.replace(b"tier", b"\xff\xfe"), small[: len(small) // 2], b"PK\x03\x04" + b"\x00" * 60,
    )  # fmt: skip
    return (*plain, *hostile, _zip({"../a": b"x", "a.dmn": small}), _zip({"manifest.toml": b"\x00" * 90_000}))


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()
