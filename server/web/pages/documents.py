"""文书: the printed documents of a case, as a page, a PDF, and a file for word processors. They are Chinese
in every language of the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from server.services import documents, instance_views, issuing
from server.services.documents import Printed
from server.services.errors import NotFound
from server.services.issuing import Issued
from server.web import print_outs, render, vocabulary
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.language import translator
from server.web.paper import WORD, Paper
from server.web.routing import Pages
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()
LANGUAGE = "zh-CN"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@pages.get("/instances/{id}/documents/{document}")
def show(visit: Visit) -> Response:
    """A document as it was given out or, before that, as it would be; for the browser's print."""
    return _page(visit, _paper(visit), for_pdf=False)


@pages.post("/instances/{id}/documents/{document}/issue")
def issue(visit: Visit) -> Response:
    """出具: give it out as it reads now, with a verification code."""
    instance_id, document_id, seen = visit.path("id"), visit.path("document"), visit.sent("seen")
    texts = asdict(_made(visit))
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else 0
    issuing.issue(visit.session, visit.person, instance_id, document_id, texts, known, visit.now)
    return render.redirect(visit, f"/instances/{instance_id}/documents/{document_id}")


@pages.get("/instances/{id}/documents/{document}/print.pdf")
def as_pdf(visit: Visit) -> Response:
    """A document as PDF."""
    paper = _paper(visit)
    return print_outs.as_pdf(_page(visit, paper, for_pdf=True), _file_name(paper))


@pages.get("/instances/{id}/documents/{document}/print.docx")
def as_word_file(visit: Visit) -> Response:
    """A document for word processors."""
    paper = _paper(visit)
    from server.web.word_files import word_file  # its library is loaded by who asks for such a file

    return download(word_file(paper), WORD, f"{_file_name(paper)}.docx")


# --------------------------------------------------------------------------- parts
@dataclass(frozen=True, slots=True)
class _Speech:
    """How values stand in a document: in the words of forms and manifest, days as 2026年3月2日."""

    names: Vocabulary
    words: Words

    def say(self, name: str, value: Any) -> str:
        """A value of a variable; nothing for None."""
        if value is None:
            return ""
        if isinstance(value, str) and _DAY.match(value):
            return _chinese_day(value)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return "、".join(self.say(name, item) for item in value)
        if isinstance(value, Mapping) and not value:
            return ""
        return self.names.value(name, value, self.words)


def _chinese_day(text: str) -> str:
    """The day that an ISO text begins with, if it is a date or a moment; other text unchanged."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day.year}年{day.month}月{day.day}日" if len(text) == 10 or text[10] == "T" else text


def _paper(visit: Visit) -> Paper:
    """The document as it was given out last; as it reads now where it never was."""
    issued = issuing.latest(visit.session, visit.person, visit.path("id"), visit.path("document"))
    return _made(visit) if issued is None else paper_of(issued, _verify_address(visit))


def paper_of(issued: Issued, address: str) -> Paper:
    """A document that was given out, as it was kept; `address` is where it can be verified."""
    kept = dict(issued.paper) | {"code": issued.code, "verify": address}
    fields = tuple((label, text) for label, text in kept["fields"])
    return Paper(**(kept | {"paragraphs": tuple(kept["paragraphs"]), "fields": fields}))


def _verify_address(visit: Visit) -> str:
    return str(visit.request.url.replace(path="/verify", query=""))


def _issuable(visit: Visit) -> tuple[Issued | None, bool]:
    """How the document was given out last, and whether this person can give it out (anew, where it would
    read otherwise now)."""
    instance_id, document_id = visit.path("id"), visit.path("document")
    row, used = instance_views.see(visit.session, visit.person, instance_id)
    issued = issuing.latest(visit.session, visit.person, instance_id, document_id)
    try:
        may = bool(issuing.may_issue(visit.session, visit.person, row, used, document_id))
        made = _made(visit) if may else None
    except NotFound:  # the case has it no longer: what was given out stays
        made = None
    if issued is None or made is None:
        return issued, made is not None
    reads = asdict(made) | {"digest": issued.paper["digest"]}  # the record went on, if only by giving it out
    return issued, issuing.digest_of(reads) != issued.digest


def _made(visit: Visit) -> Paper:
    """The document as it reads now."""
    instance_id, document_id = visit.path("id"), visit.path("document")
    _row, used = instance_views.see(visit.session, visit.person, instance_id)
    speech = _Speech(vocabulary.of(used, LANGUAGE), Words(translator(LANGUAGE)))
    found = documents.printed(visit.session, visit.person, instance_id, document_id, visit.now, speech.say)
    return Paper(
        letterhead=found.letterhead, number=found.number, case_number=found.case_number,
        title=found.title, addressee=found.addressee,
        paragraphs=found.paragraphs,
        fields=tuple((speech.names.name(name), speech.say(name, value)) for name, value in found.fields),
        signed=found.signed, day=_chinese_day(found.day.isoformat()),
        basis="、".join(_citation(found, speech.words, used.manifest.regulations if used.manifest else {})),
        mark=_mark(found), digest=found.digest, instance_id=instance_id, document_id=document_id,
    )  # fmt: skip


def _citation(found: Printed, words: Words, regulations: Mapping[str, Any]) -> list[str]:
    """The articles it rests on; the first of each regulation with its title."""
    told: list[str] = []
    title = ""
    for citation in found.regulation:
        regulation = regulations.get(citation.partition("#")[0])
        named = f"《{regulation.title}》" if regulation else ""
        told.append(("" if named == title else named) + words.citation(citation))
        title = named
    return told


def _mark(found: Printed) -> str:
    """What stands across a document that has no effect."""
    return translator(LANGUAGE).gettext(_("Rehearsal")) if found.rehearsed else ""


def _page(visit: Visit, paper: Paper, *, for_pdf: bool) -> Response:
    address = f"/instances/{paper.instance_id}/documents/{paper.document_id}"
    issued, issuable = (None, False) if for_pdf else _issuable(visit)
    return render.whole(
        visit, "documents/print.html", paper=paper, address=address, for_pdf=for_pdf, issued=issued,
        issuable=issuable, qr=verification_qr(paper),
    )  # fmt: skip


def verification_qr(paper: Paper) -> str:
    """The address at which the document is verified, as a picture; "" where it has no code."""
    if not paper.code:
        return ""
    import segno  # only for a paper that was given out

    code = segno.make(f"{paper.verify}?code={paper.code}", error="m")
    return str(code.svg_data_uri(scale=3, border=0))


def _file_name(paper: Paper) -> str:
    return re.sub(r'[\\/:*?"<>|\s]+', " ", f"{paper.title} {paper.number}").strip()[:120]
