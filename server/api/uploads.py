"""Reads the body of a request within bounds: JSON, or a multipart form with files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from server.api.camunda_errors import Problem
from server.api.camunda_values import loads
from server.multipart import BodyRefused, BodyTooLarge, Bounds, body, multipart

MAX_JSON = 2 * 1024 * 1024
MAX_FORM = 20 * 1024 * 1024
MAX_FILES = 100
MAX_FIELDS = 50
MAX_TEXT = 64 * 1024


@dataclass(slots=True)
class Upload:
    """A form: its texts, and the contents of its files by their names."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text without blanks around it, "" when it is not there."""
        return self.texts.get(name, "").strip()


async def read_json(request: Request) -> Any:
    """The body as JSON with exact numbers, an empty object where there is none. Raises Problem."""
    with _told():
        chunks = [chunk async for chunk in body(request, MAX_JSON)]
    try:
        return loads(b"".join(chunks) or b"{}")
    except ValueError as error:
        raise Problem(400, "InvalidRequestException", f"The body is not JSON: {error}.") from None


async def read_form(request: Request) -> Upload:
    """The body as a multipart form. Raises Problem."""
    if not request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "NotSupportedException", "Send the files as multipart/form-data.")
    with _told():
        form = await multipart(request, Bounds(MAX_FORM, MAX_FILES, MAX_FIELDS, MAX_TEXT))
    upload = Upload()
    try:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                upload.texts[name] = value
            elif value.filename:
                _add(upload, _plain_name(value.filename), await value.read())
    finally:
        await form.close()
    return upload


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a body, as the interface says it."""
    try:
        yield
    except BodyTooLarge as error:
        told = f"At most {error.limit} bytes are taken at once."
        raise Problem(413, "InvalidRequestException", told) from error
    except BodyRefused as error:
        raise Problem(400, "InvalidRequestException", f"The body could not be read: {error}.") from error


def _add(upload: Upload, name: str, content: bytes) -> None:
    if name in upload.files:
        raise Problem(400, "InvalidRequestException", f"Two of the files are called {name[:80]}.")
    upload.files[name] = content


def _plain_name(name: str) -> str:
    """The name of a file without its folders and without what no page can show."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:200]
