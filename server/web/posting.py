"""Reads a posted form within bounds: texts in their order, and files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from server.multipart import BodyRefused, BodyTooLarge, Bounds, multipart, urlencoded
from server.services.scanning import Scan

_OURS = frozenset({"csrf", "revision", "seen", "_save", "_detach", "_back", "_insert"})
MAX_FIELDS = 20_000
MAX_FILES = 50
MAX_TEXT_BYTES = 2 * 1024 * 1024
_NO_CHARACTERS = "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNSTORABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]")


@dataclass(frozen=True, slots=True)
class PostedFile:
    """A file as it came, and what the virus scanner said of it once it was asked."""

    field: str
    name: str
    content: bytes
    scan: Scan | None = None


@dataclass(slots=True)
class Posted:
    """What a form sent."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    files: list[PostedFile] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The first text under a name, "" if there is none."""
        return next((value for key, value in self.texts if key == name), "")

    def answers(self) -> list[tuple[str, str]]:
        """The texts without what the page itself needs."""
        return [pair for pair in self.texts if pair[0] not in _OURS]

    def typed(self) -> list[str]:
        """Texts that somebody typed rather than chose, for a page that can only show them once more."""
        return [value.strip() for _name, value in self.answers() if len(value.strip()) > 1]

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
    try:
        if kind == "multipart/form-data":
            bounds = Bounds(max_upload_bytes * 4 + MAX_TEXT_BYTES, MAX_FILES, MAX_FIELDS, MAX_TEXT_BYTES)
            return await _gather(await multipart(request, bounds), max_upload_bytes)
        plain = Bounds(MAX_TEXT_BYTES, 0, MAX_FIELDS, MAX_TEXT_BYTES)
        return await _gather(await urlencoded(request, plain), max_upload_bytes)
    except BodyTooLarge as error:
        raise HTTPException(413, "This is more than the server takes at once.") from error
    except BodyRefused as error:
        raise HTTPException(400, "The form could not be read.") from error


async def _gather(form: FormData, max_upload_bytes: int) -> Posted:
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
