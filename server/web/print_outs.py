"""A page that stands alone, given out as PDF."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from server.web.downloads import download
from server.web.language import mark as _
from server.web.pdf import PdfUnavailable, pdf_of


def as_pdf(page: Response, name: str) -> Response:
    """The page as a PDF that a browser may show. HTTPException 503 where this server cannot make one."""
    try:
        content = pdf_of(bytes(page.body).decode())
    except PdfUnavailable as error:
        raise HTTPException(
            503,
            _("PDF cannot be made on this server: Pango is missing. Use the print function of the browser."),
        ) from error
    return download(content, "application/pdf", f"{name}.pdf", inline=True)
