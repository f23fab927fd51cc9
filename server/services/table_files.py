"""Tables as offices send them: CSV in the encodings of Chinese workstations, and workbooks."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, time

from server.services.errors import NotPermitted

_MOST_BYTES = 40_000_000
_ENCODINGS = ("utf-8-sig", "gb18030")


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


def read(content: bytes, *, rows: int, longest: int) -> list[list[str]]:
    """The lines of the first sheet as plain texts of at most `longest` characters; of a workbook at most so
    many `rows`. Raises NotPermitted saying what is wrong with the file as a whole."""
    lines = _workbook(content, rows) if content.startswith(b"PK") else _csv(content)
    return _plain(lines, longest)


def _csv(content: bytes) -> list[list[str]]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise NotPermitted(_("The file cannot be read: {what}."), {"what": str(error)}) from error


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotPermitted(_("The file is neither UTF-8 nor GB 18030: save it as CSV UTF-8, or as XLSX."))


def _workbook(content: bytes, rows: int) -> list[list[str]]:
    import python_calamine  # only when a workbook comes

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > _MOST_BYTES:
            raise NotPermitted(_("The workbook is too large once it is unpacked."))
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        lines = book.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=rows)
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, IndexError) as error:
        raise NotPermitted(_("The workbook cannot be read: save it again as XLSX.")) from error
    return [[_cell(value) for value in line] for line in lines]


def _cell(value: object) -> str:
    """A cell as it looks: whole numbers without the point that a workbook keeps them with, days without the
    hour that it adds to them."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)


def _plain(lines: Iterable[Sequence[str]], longest: int) -> list[list[str]]:
    return [
        ["".join(c for c in cell if c.isprintable()).strip()[:longest] for cell in line] for line in lines
    ]
