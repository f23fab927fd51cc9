"""Lists of people as offices send them: CSV in the encodings of Chinese workstations, and workbooks."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.services.errors import NotPermitted

COLUMNS: dict[str, tuple[str, ...]] = {
    "account": ("账号", "帐号", "account"),
    "name": ("姓名", "name"),
    "post": ("岗位", "职务", "post"),
    "unit": ("部门编码", "unit"),
    "unit_name": ("部门", "部门名称", "单位", "单位名称", "department"),
    "groups": ("用户组", "组", "groups"),
    "active": ("在岗", "在用", "active"),
}
"""What a list may tell, and the headings under which it does; the first is that of the template."""
NEEDED = ("account", "name")
MOST_ROWS = 5_000
_MOST_BYTES = 40_000_000
_ENCODINGS = ("utf-8-sig", "gb18030")
LONGEST_CELL = 300


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: its number as a spreadsheet shows it, and its cells by column; a column that the
    list does not have is not there."""

    number: int
    cells: dict[str, str]


def read(content: bytes, name: str) -> list[Row]:
    """The rows of a list. Raises NotPermitted saying what is wrong with the file as a whole."""
    table = _workbook(content) if content.startswith(b"PK") else _csv(content)
    heading = next((at for at, line in enumerate(table) if _known(line) >= set(NEEDED)), None)
    if heading is None:
        needed = "、".join(COLUMNS[column][0] for column in NEEDED)
        raise NotPermitted(
            _("{file} has no line with the headings {needed}. Take the template and fill it in."),
            {"file": name[:100] or "—", "needed": needed},
        )
    columns = [_column(cell) for cell in table[heading]]
    _refuse_doubles(columns)
    rows = [
        Row(number, {column: cell for column, cell in zip(columns, line, strict=False) if column})
        for number, line in enumerate(table[heading + 1 :], heading + 2)
        if any(line)
    ]
    if len(rows) > MOST_ROWS:
        raise NotPermitted(_("A list has at most {most} people: split it."), {"most": MOST_ROWS})
    return rows


def template() -> Sequence[Sequence[str]]:
    """The headings of a list, and one line as an example."""
    example = ("zhangsan", "张三", "科长", "data", "区政数局", "data_bureau heads", "是")
    return [headings(), example]


def headings() -> tuple[str, ...]:
    """The headings of the template."""
    return tuple(names[0] for names in COLUMNS.values())


def _csv(content: bytes) -> list[list[str]]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise NotPermitted(_("The file cannot be read: {what}."), {"what": str(error)}) from error
    return _plain(lines)


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotPermitted(_("The file is neither UTF-8 nor GB 18030: save it as CSV UTF-8, or as XLSX."))


def _workbook(content: bytes) -> list[list[str]]:
    import python_calamine  # only when a workbook comes

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > _MOST_BYTES:
            raise NotPermitted(_("The workbook is too large once it is unpacked."))
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        lines = book.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=MOST_ROWS + 100)
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, IndexError) as error:
        raise NotPermitted(_("The workbook cannot be read: save it again as XLSX.")) from error
    return _plain([[_cell(value) for value in line] for line in lines])


def _cell(value: object) -> str:
    """A cell as it looks: whole numbers without the point that a workbook keeps them with."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def _plain(lines: Iterable[Sequence[str]]) -> list[list[str]]:
    return [
        ["".join(c for c in cell if c.isprintable()).strip()[:LONGEST_CELL] for cell in line]
        for line in lines
    ]


def _known(line: Sequence[str]) -> set[str]:
    return {_column(cell) for cell in line}


def _column(heading: str) -> str:
    word = heading.strip().strip("*").lower()
    return next((column for column, names in COLUMNS.items() if word in names), "")


def _refuse_doubles(columns: Sequence[str]) -> None:
    twice = [column for column in COLUMNS if columns.count(column) > 1]
    if twice:
        what = "、".join(COLUMNS[column][0] for column in twice)
        raise NotPermitted(_("The heading {what} stands twice: take one away."), {"what": what})
