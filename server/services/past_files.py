"""Lists of projects from before as offices keep them: which columns they may have, and the rows below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.bundles.project_facts import PastFacts
from server.services import table_files
from server.services.errors import NotPermitted

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("项目编码", "project code"),
    "name": ("项目名称", "project name"),
    "unit": ("建设单位", "项目单位", "部门", "department"),
    "document": ("依据文件", "批文号", "document"),
    "day": ("依据日期", "文件日期", "date of the document"),
    "reason": ("更正理由", "reason for the correction"),
}
"""What a row tells beside the facts, and the headings under which it does; the first is that of the
template."""
NEEDED = ("name", "document", "day")
FACT = "fact:"
"""Before the name of a fact in the columns of a row."""
MOST_ROWS = 2_000
LONGEST_CELL = 2_000


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: its number as a spreadsheet shows it, and its cells by column; empty cells are not
    there."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as it was read: its rows, and the headings that are no column of a list."""

    rows: tuple[Row, ...]
    unknown: tuple[str, ...]


def read(facts: PastFacts, content: bytes, name: str) -> Listed:
    """The rows of a list. Raises NotPermitted saying what is wrong with the file as a whole."""
    table = table_files.read(content, rows=MOST_ROWS + 100, longest=LONGEST_CELL)
    known = _words(facts)
    heading = next((at for at, line in enumerate(table) if _columns(known, line) >= set(NEEDED)), None)
    if heading is None:
        needed = "、".join(COLUMNS[column][0] for column in NEEDED)
        raise NotPermitted(
            _("{file} has no line with the headings {needed}. Take the template and fill it in."),
            {"file": name[:100] or "—", "needed": needed},
        )
    columns = [known.get(_word(cell), "") for cell in table[heading]]
    _refuse_doubles(columns, table[heading])
    rows = tuple(
        Row(number, {column: cell for column, cell in zip(columns, line, strict=False) if column and cell})
        for number, line in enumerate(table[heading + 1 :], heading + 2)
        if any(line)
    )
    if len(rows) > MOST_ROWS:
        raise NotPermitted(_("A list has at most {most} rows: split it."), {"most": MOST_ROWS})
    unknown = tuple(cell for cell, column in zip(table[heading], columns, strict=True) if cell and not column)
    return Listed(rows, unknown)


def headings(facts: PastFacts, language: str = "zh-CN") -> tuple[tuple[str, str], ...]:
    """The columns of a list and the headings of its template; facts of the same label tell their name too."""
    labels = {fact.name: fact.field.label.plain(language) for fact in facts.facts}
    times = Counter([*labels.values(), *(names[0] for names in COLUMNS.values())])
    own = [
        (FACT + name, label if times[label] == 1 else f"{label}（{name}）") for name, label in labels.items()
    ]
    at = 0 if language.startswith("zh") else -1
    return (*((column, names[at]) for column, names in COLUMNS.items()), *own)


def columns(facts: PastFacts) -> frozenset[str]:
    """Every column that a row may have."""
    return frozenset([*COLUMNS, *(FACT + fact.name for fact in facts.facts)])


def _words(facts: PastFacts) -> Mapping[str, str]:
    """The column of each heading, in both languages, and of the names of facts."""
    words = {_word(heading): column for lang in ("en", "zh-CN") for column, heading in headings(facts, lang)}
    words |= {_word(fact.name): FACT + fact.name for fact in facts.facts}
    return words | {_word(name): column for column, names in COLUMNS.items() for name in names}


def _word(heading: str) -> str:
    return heading.strip().strip("*").replace("(", "（").replace(")", "）").replace(" ", "").lower()


def _columns(known: Mapping[str, str], line: Sequence[str]) -> set[str]:
    return {known.get(_word(cell), "") for cell in line}


def _refuse_doubles(columns: Sequence[str], line: Sequence[str]) -> None:
    twice = [cell for cell, column in zip(line, columns, strict=True) if column and columns.count(column) > 1]
    if twice:
        what = "、".join(dict.fromkeys(twice))
        raise NotPermitted(_("The heading {what} stands twice: take one away."), {"what": what})
