"""Reads the body of a request within bounds: JSON, or a multipart form with files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from server.api.camunda_errors import Problem
from server.api.camunda_values import loads

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
    chunks = [chunk async for chunk in _bounded(request, MAX_JSON)]
    try:
        return loads(b"".join(chunks) or b"{}")
    except ValueError as error:
        raise Problem(400, "InvalidRequestException", f"The body is not JSON: {error}.") from None


async def read_form(request: Request) -> Upload:
    """The body as a multipart form. Raises Problem."""
    if not request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "NotSupportedException", "Send the files as multipart/form-data.")
    parser = _WholeForm(
        request.headers,
        _bounded(request, MAX_FORM),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_TEXT,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError, KeyError) as error:
        raise Problem(400, "InvalidRequestException", "The form could not be read.") from error
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


class _WholeForm(MultiPartParser):
    """Refuses a body that stops before its end, which the library would take for a shorter form."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], **limits: int) -> None:
        super().__init__(headers, self._to_the_end(stream), **limits)
        self._ended = False

    def on_end(self) -> None:
        """The last boundary has come."""
        self._ended = True

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self._ended:
            raise MultiPartException("The form stops before its end.")


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    try:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen > limit:
                raise Problem(413, "InvalidRequestException", f"At most {limit} bytes are taken at once.")
            yield chunk
    except ClientDisconnect as error:
        raise Problem(400, "InvalidRequestException", "The connection broke.") from error


def _add(upload: Upload, name: str, content: bytes) -> None:
    if name in upload.files:
        raise Problem(400, "InvalidRequestException", f"Two of the files are called {name[:80]}.")
    upload.files[name] = content


def _plain_name(name: str) -> str:
    """The name of a file without its folders and without what no page can show."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:200]
