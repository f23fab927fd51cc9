"""Reads the body of a request within bounds and to its end, for every door that takes one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, Headers
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request


class BodyRefused(Exception):
    """The body cannot be read: it is no form, or the connection broke before its end."""


class BodyTooLarge(BodyRefused):
    """The body has more bytes than the server takes at once (`limit`)."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a form may hold: bytes in all, files, texts, bytes of one text."""

    bytes: int
    files: int
    fields: int
    text: int


async def body(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises BodyTooLarge as soon as it is, BodyRefused when the connection breaks."""
    seen = 0
    try:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen > limit:
                raise BodyTooLarge(limit)
            yield chunk
    except ClientDisconnect as error:
        raise BodyRefused("the connection broke") from error


async def multipart(request: Request, bounds: Bounds) -> FormData:
    """The parts of a multipart form. Raises BodyRefused; whoever gets the form closes it."""
    parser = _WholeForm(
        request.headers, body(request, bounds.bytes),
        max_files=bounds.files, max_fields=bounds.fields, max_part_size=bounds.text,
    )  # fmt: skip
    return await _parsed(parser)


async def urlencoded(request: Request, bounds: Bounds) -> FormData:
    """The texts of a plain form. Raises BodyRefused."""
    stream = body(request, bounds.bytes)
    parser = FormParser(request.headers, stream, max_fields=bounds.fields, max_part_size=bounds.text)
    return await _parsed(parser)


async def _parsed(parser: MultiPartParser | FormParser) -> FormData:
    try:
        return await parser.parse()
    except (MultiPartException, UnicodeError, KeyError) as error:
        raise BodyRefused("no form") from error


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
