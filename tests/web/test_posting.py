"""Bodies of requests: read whole and within bounds, at the door of pages and at that of programs."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from server.api import uploads
from server.api.camunda_errors import Problem
from server.web import posting
from tests import aside

FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nfine\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.dmn"\r\n\r\n<x/>\r\n--edge--\r\n'
)


def request(
    body: bytes, kind: str = "multipart/form-data; boundary=edge", *, breaks: bool = False
) -> Request:
    """A POST whose body comes in two halves; one that breaks never sends the second."""
    halves = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> dict[str, Any]:
        if not halves or (breaks and len(halves) == 1):
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": halves.pop(0), "more_body": bool(halves)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", kind.encode())]}
    return Request(scope, receive)


def page(sent: Request, limit: int = 1000) -> posting.Posted:
    """As pages read it."""
    return aside.run(posting.read_posted(sent, limit))


def program(sent: Request) -> uploads.Upload:
    """As the interface for programs reads it."""
    return aside.run(uploads.read_form(sent))


def test_a_whole_form() -> None:
    """Texts and files, at either door."""
    read = page(request(FORM))
    assert read.texts == [("note", "fine")]
    assert [(file.field, file.name, file.content) for file in read.files] == [("file", "a.dmn", b"<x/>")]
    upload = program(request(FORM))
    assert (upload.texts, upload.files) == ({"note": "fine"}, {"a.dmn": b"<x/>"})


@pytest.mark.parametrize("end", range(1, len(FORM) - 4, 7))
def test_a_form_that_stops(end: int) -> None:
    """Wherever it stops before its last boundary: half a form must not count as a shorter one."""
    with pytest.raises(HTTPException) as told:
        page(request(FORM[:end]))
    assert told.value.status_code == 400
    with pytest.raises(Problem) as problem:
        program(request(FORM[:end]))
    assert problem.value.status == 400


def test_a_connection_that_breaks() -> None:
    """The half that came counts for nothing."""
    with pytest.raises(HTTPException) as told:
        page(request(FORM, breaks=True))
    assert told.value.status_code == 400
    with pytest.raises(Problem) as problem:
        aside.run(uploads.read_json(request(b'{"a": 1}', breaks=True)))
    assert problem.value.status == 400


def test_bodies_beyond_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused while they come, at either door, as a form and as JSON."""
    monkeypatch.setattr(posting, "MAX_TEXT_BYTES", 10)
    monkeypatch.setattr(uploads, "MAX_FORM", 100)
    monkeypatch.setattr(uploads, "MAX_JSON", 100)
    for sent in (request(FORM), request(b"a=" + b"x" * 100, "application/x-www-form-urlencoded")):
        with pytest.raises(HTTPException) as told:
            page(sent, 10)
        assert told.value.status_code == 413
    with pytest.raises(Problem) as problem:
        program(request(FORM))
    assert problem.value.status == 413
    with pytest.raises(Problem) as problem:
        aside.run(uploads.read_json(request(b"[" + b" " * 200 + b"]")))
    assert problem.value.status == 413
    assert "100 bytes" in problem.value.body["message"]


def test_a_form_with_many_fields() -> None:
    """Up to the bound all are read, whatever a library takes for many; one more is no form that we know."""
    kind = "application/x-www-form-urlencoded"
    assert len(page(request(b"&".join([b"a=1"] * posting.MAX_FIELDS), kind)).texts) == posting.MAX_FIELDS
    with pytest.raises(HTTPException) as told:
        page(request(b"&".join([b"a=1"] * (posting.MAX_FIELDS + 1)), kind))
    assert told.value.status_code == 400
    long = b"a=" + b"x" * 1_500_000
    assert len(page(request(long, kind)).first("a")) == 1_500_000
