"""Makes a PDF of a page that needs nothing but our own style sheets. The only user of the PDF library."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STATIC = Path(__file__).parent / "static"


class PdfUnavailable(RuntimeError):
    """This machine cannot make PDFs: the library, or Pango which it draws with, is missing."""


def pdf_of(html: str) -> bytes:
    """The HTML as a PDF. Style sheets are read from our static folder; nothing else is fetched.

    Raises:
        PdfUnavailable: the library or what it needs is missing here.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise PdfUnavailable(str(error)) from error
    content: bytes = HTML(string=html, base_url="http://static.invalid/", url_fetcher=_fetch).write_pdf()
    return content


def _fetch(address: str, *_: Any, **__: Any) -> dict[str, Any]:
    """Only a file of the static folder; a form's text must not make the server call anybody."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        from weasyprint import default_url_fetcher

        fetched: dict[str, Any] = default_url_fetcher(address)
        return fetched
    file = (STATIC / parts.path.removeprefix("/static/")).resolve()
    if parts.netloc != "static.invalid" or not file.is_relative_to(STATIC.resolve()) or not file.is_file():
        raise ValueError(f"not fetched: {address}")
    return {"string": file.read_bytes(), "mime_type": "text/css" if file.suffix == ".css" else None}
