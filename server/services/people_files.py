"""Lists of people as offices send them: which columns they may have, and the rows below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services import table_files
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
    table = table_files.read(content, rows=MOST_ROWS + 100, longest=LONGEST_CELL)
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
