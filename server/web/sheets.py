"""Tables as files: workbooks (XLSX) and CSV that a Chinese Excel opens rightly, with nothing in them that
runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import xlsxwriter

Cell: TypeAlias = "str | int | Decimal | date | None"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LONGEST = 32_767
_DIGITS = 15
_WIDEST = 46
_MEASURED = 500
"""Columns are as wide as their first cells need: to measure every row costs more than it gives."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its title, a line that says what it shows, names of columns, rows of as many cells."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def workbook(sheet: Sheet) -> bytes:
    """The table as a workbook that prints on A4 across. Texts are texts, never formulas or links; amounts are
    numbers with two places, days are dates."""
    import xlsxwriter  # only when a workbook is asked for

    out = io.BytesIO()
    settings = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, settings)
    try:
        _fill(book, sheet)
    finally:
        book.close()  # also where a row could not be told: it keeps files open
    return out.getvalue()


def _fill(book: xlsxwriter.Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet()
    formats = {name: book.add_format(look) for name, look in _LOOKS.items()}
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(2)
    page.freeze_panes(3, 0)
    page.set_footer("&C&P / &N")
    page.write_string(0, 0, sheet.title, formats["title"])
    page.write_string(1, 0, sheet.note)
    for column, name in enumerate(sheet.columns):
        page.write_string(2, column, name, formats["head"])
    widths = [_width(name) for name in sheet.columns]
    last = 2
    for last, row in enumerate(sheet.rows, 3):
        for column, cell in enumerate(row):
            _write(page, last, column, cell, formats)
            if last < _MEASURED:
                widths[column] = max(widths[column], _width(cell))
    for column, width in enumerate(widths):
        page.set_column(column, column, min(width, _WIDEST) + 2)
    page.autofilter(2, 0, last, len(widths) - 1)


_LOOKS = {
    "title": {"bold": True, "font_size": 14},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"},
    "whole": {"num_format": "0", "valign": "top"},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "number": {"valign": "top"},
}


def _write(
    page: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell, formats: dict[str, object]
) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, date):
        page.write_datetime(row, column, datetime.combine(cell, time()), formats["date"])
    elif isinstance(cell, int | Decimal) and _fits(cell):
        page.write_number(row, column, cell, formats[_number_look(cell)])
    else:
        page.write_string(row, column, str(cell)[:_LONGEST], formats["text"])


def _number_look(cell: int | Decimal) -> str:
    if isinstance(cell, int):
        return "whole"
    return "money" if cell.as_tuple().exponent == -2 else "number"


def _fits(cell: int | Decimal) -> bool:
    """Whether a spreadsheet, which counts in binary fractions, keeps every digit."""
    return len(str(cell).lstrip("-").replace(".", "")) <= _DIGITS


def csv_file(sheet: Sheet) -> bytes:
    """The table as CSV in UTF-8 with a mark by which Excel knows it. A text that a spreadsheet would take for
    a formula gets an apostrophe in front."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in sheet.columns])
    writer.writerows([_harmless(cell) for cell in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
    return (
        cell.isoformat()
        if isinstance(cell, date)
        else format(cell, "f" if isinstance(cell, Decimal) else "d")
    )


def _width(cell: Cell) -> int:
    """How wide a cell is, in Latin letters; a Chinese character takes two."""
    if isinstance(cell, date):
        return 10
    if not isinstance(cell, str):
        return 0 if cell is None else len(f"{cell:,}")
    return max(
        (sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in cell[:400].splitlines()), default=0
    )
