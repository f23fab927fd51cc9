"""Makes a file for word processors (DOCX) of a printed document: A4, after the habits of official papers."""

from __future__ import annotations

import io
import re
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import nsdecls, qn
from docx.oxml.parser import parse_xml
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from server.web.paper import Paper

_TITLE, _TEXT = "SimSun", "FangSong"
_RED, _GREY = RGBColor(0xB0, 0, 0), RGBColor(0x80, 0x80, 0x80)
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


def word_file(paper: Paper) -> bytes:
    """The document as DOCX."""
    book = Document()
    _prepare(book, paper)
    if paper.letterhead:
        head = _line(book, paper.letterhead, _CENTRE, _TITLE, 26, bold=True, colour=_RED)
        _rule_under(head)
    _line(book, paper.number, _CENTRE)
    _line(book, paper.title, _CENTRE, _TITLE, 22, bold=True)
    if paper.addressee:
        _line(book, paper.addressee)
    for text in paper.paragraphs:
        _line(book, text).paragraph_format.first_line_indent = Pt(32)
    _table(book, paper.fields)
    _line(book, "")
    _line(book, paper.signed, _RIGHT).paragraph_format.keep_with_next = True
    _line(book, paper.day, _RIGHT)
    if paper.basis:
        _line(book, f"依据：{paper.basis}", size=12)
    _line(book, f"办件编号：{paper.case_number}　办件记录校验码：{paper.digest}", size=8, colour=_GREY)
    if paper.code:
        _line(book, f"验证码：{paper.spaced_code}　核验：{paper.verify}", size=8, colour=_GREY)
        book.add_picture(_qr(paper), width=Mm(24))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _qr(paper: Paper) -> io.BytesIO:
    """The address at which the document is verified, as a picture."""
    import segno  # only for a paper that was given out

    picture = io.BytesIO()
    segno.make(f"{paper.verify}?code={paper.code}", error="m").save(picture, kind="png", scale=6, border=1)
    picture.seek(0)
    return picture


def _prepare(book: WordDocument, paper: Paper) -> None:
    """Page, margins, the number of the page below, the mark above, and who made it."""
    section = book.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    properties = book.core_properties
    properties.author, properties.title, properties.comments = paper.letterhead, paper.title, ""
    foot = section.footer.paragraphs[0]
    foot.alignment = _CENTRE
    _page_number(foot)
    if paper.mark:
        above = section.header.paragraphs[0]
        above.alignment = _CENTRE
        _dress(above.add_run(paper.mark), "SimHei", 22, bold=True, colour=_GREY)


def _line(
    book: WordDocument, text: str, align: WD_ALIGN_PARAGRAPH | None = None, font: str = _TEXT,
    size: float = 16, *, bold: bool = False, colour: RGBColor | None = None,
) -> Paragraph:  # fmt: skip
    line = book.add_paragraph()
    if align is not None:
        line.alignment = align
    layout = line.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.AT_LEAST, Pt(size * 1.75)
    _dress(line.add_run(_storable(text)), font, size, bold=bold, colour=colour)
    return line


def _dress(run: Run, font: str, size: float, *, bold: bool = False, colour: RGBColor | None = None) -> None:
    """Give a run its font, for Chinese characters too."""
    run.font.name, run.font.size, run.font.bold = font, Pt(size), bold
    run.font.color.rgb = colour
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _table(book: WordDocument, fields: tuple[tuple[str, str], ...]) -> None:
    if not fields:
        return
    table = book.add_table(rows=0, cols=2, style="Table Grid")
    for label, text in fields:
        cells = table.add_row().cells
        for cell, said, width in zip(cells, (label, text), (Mm(44), Mm(112)), strict=True):
            cell.width = width
            _dress(cell.paragraphs[0].add_run(_storable(said)), _TEXT, 12)


def _rule_under(line: Paragraph) -> None:
    """The red line under a letterhead."""
    borders = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="16" w:space="6" w:color="B00000"/></w:pBdr>'
    )
    line._p.get_or_add_pPr().insert_element_before(borders, *_BEHIND_BORDERS)


_BEHIND_BORDERS = ("w:shd", "w:tabs", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr")
"""What may stand in a paragraph's properties only behind its borders."""


def _page_number(line: Paragraph) -> None:
    run = line.add_run()
    begin, end = (f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>' for kind in ("begin", "end"))
    element: Any = run._element
    for part in (begin, f"<w:instrText {nsdecls('w')}>PAGE</w:instrText>", end):
        element.append(parse_xml(part))
    _dress(run, _TITLE, 14)


_UNSTORABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _storable(text: str) -> str:
    """Without characters that XML cannot hold."""
    return _UNSTORABLE.sub("", text)
