"""Makes a PDF of a page that needs nothing but our own style sheets and fonts. The only place that knows PDF
libraries: PlutoPrint where it has a wheel, else WeasyPrint with the system's Pango."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

STATIC = Path(__file__).parent / "static"
ORIGIN = "https://static.invalid"
"""Addresses of resources are resolved against this; it leads nowhere but into our own folders."""

_TYPES = {".css": "text/css", ".otf": "font/otf", ".svg": "image/svg+xml", ".png": "image/png"}


class PdfUnavailable(RuntimeError):
    """This machine cannot make PDFs: no library is here, or the Pango that one draws with is missing."""


@dataclass(frozen=True, slots=True)
class _Resource:
    """What a page refers to."""

    content: bytes
    media_type: str


def pdf_of(html: str) -> bytes:
    """The HTML as a PDF, set in the fonts that come with the product where the machine has none of its own.

    Raises:
        PdfUnavailable: no PDF library can be used here.
    """
    try:
        return _by_plutoprint(html)
    except ImportError:
        return _by_weasyprint(html)


def _by_plutoprint(html: str) -> bytes:
    import plutoprint

    class Fetcher(plutoprint.ResourceFetcher):
        """Gives out our own files only."""

        def fetch_url(self, url: str) -> Any:
            found = _resource(url)
            return plutoprint.ResourceData(found.content, found.media_type, "utf-8")

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = Fetcher()
    book.load_html(html, base_url=f"{ORIGIN}/")
    out = io.BytesIO()
    book.write_to_pdf_stream(out)
    return out.getvalue()


def _by_weasyprint(html: str) -> bytes:
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:
        raise PdfUnavailable(str(error)) from error

    class Fetcher(URLFetcher):  # type: ignore[misc]
        """Gives out our own files only."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            found = _resource(url)
            return URLFetcherResponse(url, found.content, {"Content-Type": found.media_type})

    content: bytes = HTML(string=html, base_url=f"{ORIGIN}/", url_fetcher=Fetcher()).write_pdf()
    return content


def _resource(address: str) -> _Resource:
    """A file of the static folder, a font, or what the address itself holds. Nobody else is ever called."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return _inline(parts.path)
    if f"{parts.scheme}://{parts.netloc}" != ORIGIN:
        raise ValueError(f"not fetched: {address[:200]}")
    file = _font(parts.path) or (STATIC / parts.path.removeprefix("/static/")).resolve()
    if not (file.is_relative_to(STATIC.resolve()) or _font(parts.path)) or not file.is_file():
        raise ValueError(f"not fetched: {address[:200]}")
    return _Resource(file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream"))


def _font(path: str) -> Path | None:
    """The Chinese fonts that come as a package."""
    if path not in ("/fonts/serif.otf", "/fonts/sans.otf"):
        return None
    import pylopdf_fonts_zh_cn as fonts

    return Path(fonts.serif_path() if path == "/fonts/serif.otf" else fonts.sans_path())


def _inline(path: str) -> _Resource:
    head, _, body = path.partition(",")
    content = base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return _Resource(content, head.partition(";")[0] or "text/plain")
