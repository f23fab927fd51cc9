"""Reads a posted form within bounds: texts in their order, and files."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

MAX_FIELDS = 20_000
MAX_FILES = 50
MAX_TEXT_BYTES = 2 * 1024 * 1024
_NO_CHARACTERS = "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNSTORABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]")


@dataclass(frozen=True, slots=True)
class PostedFile:
    """A file as it came."""

    field: str
    name: str
    content: bytes


@dataclass(slots=True)
class Posted:
    """What a form sent."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    files: list[PostedFile] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The first text under a name, "" if there is none."""
        return next((value for key, value in self.texts if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every text under a name."""
        return [value for key, value in self.texts if key == name]


def storable(text: str) -> str:
    """Text without what no page can show and no database can keep: control characters, halves of
    characters, code points that are none."""
    return text if text.isascii() and text.isprintable() else _UNSTORABLE.sub("", text)


async def read_posted(request: Request, max_upload_bytes: int) -> Posted:
    """The body of a POST.

    Raises:
        HTTPException: 413 when it is too large, 400 when it is no form.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded", ""):
        raise HTTPException(415, "Send a form.")
    many = kind == "multipart/form-data"
    stream = _bounded(request, max_upload_bytes * 4 + MAX_TEXT_BYTES if many else MAX_TEXT_BYTES)
    try:
        if many:
            parser = _WholeForm(
                request.headers,
                stream,
                max_files=MAX_FILES,
                max_fields=MAX_FIELDS,
                max_part_size=MAX_TEXT_BYTES,
            )
            return await _gather(parser, max_upload_bytes)
        return await _gather(FormParser(request.headers, stream), max_upload_bytes)
    except (MultiPartException, UnicodeError, KeyError) as error:
        raise HTTPException(400, "The form could not be read.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The connection broke.") from error


class _WholeForm(MultiPartParser):
    """Refuses a body that stops before its end: the library would take it for a shorter form, and leave open
    the file in which it stopped."""

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
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise HTTPException(413, "This is more than the server takes at once.")
        yield chunk


async def _gather(parser: MultiPartParser | FormParser, max_upload_bytes: int) -> Posted:
    form = await parser.parse()
    posted = Posted()
    try:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                posted.texts.append((storable(name), storable(value)))
            elif value.filename:
                content = await value.read(
                    max_upload_bytes + 1
                )  # one more than allowed tells that it is too large
                posted.files.append(PostedFile(storable(name), storable(value.filename), content))
    finally:
        await form.close()
    return posted
