"""Figures of articles: how the manifest writes them, and that no table of the five may leave them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from server.bundles import archive, reading, table_figures
from server.bundles.archive import Bundle
from server.bundles.checks import figure_agrees_with_article as the_check
from server.bundles.checks.subject import Subject
from server.bundles.figures import Figure, read_figure
from server.engine.dmn.model import DecisionTable
from server.engine.findings import filled
from server.engine.model import Finding
from server.web.language import translator
from tests.bundles.small import MANIFEST, bundle, table

ROOT = Path(__file__).resolve().parents[2]
JURISDICTIONS = ("hongshan", "huaian", "wuhai", "xinhua", "yunfu")


@cache
def shipped(jurisdiction: str) -> Bundle:
    return archive.read_folder(ROOT, jurisdiction)


def told(subject: Bundle) -> list[Finding]:
    return list(
        the_check.check(Subject(subject, subject.manifest, reading.read(subject.files), reading.KEPT))
    )


# --------------------------------------------------------------------------- how a figure is written
@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("600000 yuan", Figure(Decimal(600000), "yuan")),
        (">= 0.5 yuan", Figure(Decimal("0.5"), "yuan", ">=")),
        ("<= 15 %", Figure(Decimal(15), "%", "<=")),
        ("7 working_day", Figure(Decimal(7), "working_day")),
        ("06-30", Figure(Decimal(630), "day_of_year")),
        ("02-29", Figure(Decimal(229), "day_of_year")),
        ("day 5", Figure(Decimal(5), "day_of_month")),
        ("<= 2025-01-31", Figure(date(2025, 1, 31), "date", "<=")),
    ],
)
def test_figures_are_read(text: str, figure: Figure) -> None:
    assert read_figure(text) == figure


@pytest.mark.parametrize(
    "text", ["", "600000", "sixty yuan", "> 5 %", "13-01", "day 32", "2025-02-30", "-5 %", "5 %%"]
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^" + re.escape(text) + r"$|day|month"):
        read_figure(text)


def test_figures_in_words() -> None:
    chinese = translator("zh-CN").texts
    shown = [read_figure(text).words() for text in ("600000.5 yuan", "15 %", "06-30", "7 working_day")]
    assert [filled(str(w["message"]), w["params"]) for w in shown] == [  # type: ignore[arg-type]
        "600,000.5 yuan", "15 %", "the day 06-30", "7 working days",
    ]  # fmt: skip
    assert chinese[str(shown[3]["message"])] == "{number} 个工作日"


# --------------------------------------------------------------------------- one table
def small(figures: str, *rows: tuple[str, str], cited: str = "town#2") -> list[str]:
    named = MANIFEST.decode().replace('id = "2", title = "分级"', f'id = "2", figures = [{figures}]')
    named += '\n[[reading]]\nid = "R7"\ntext = "另有约定"\nfigures = ["70 yuan"]\n'
    rules = [(test.replace("<", "&lt;").replace(">", "&gt;"), out) for test, out in rows]
    changed = bundle(manifest=named.encode(), dmn=table(rules, cited=cited))
    return [f.text() for f in told(changed)]


@pytest.mark.parametrize(
    ("figures", "test", "says"),
    [
        ('">= 600000 yuan"', ">= 650000",
         "Row 1 has 650,000 yuan under 金额, but town#2 names 600,000 yuan."),
        ('">= 600000 yuan"', "< 599999.99",
         "Row 1 has 599,999.99 yuan under 金额, just beside 600,000 yuan, which town#2 names."),
        ('">= 600000 yuan"', "> 600000.01",
         "Row 1 has 600,000.01 yuan under 金额, just beside 600,000 yuan, which town#2 names."),
        ('">= 600000 yuan"', "> 600000",
         "Row 1 puts 600,000 yuan itself on the other side than town#2: > 600000 under 金额."),
        ('"<= 600000 yuan"', "[600000..900000]",
         "Row 1 puts 600,000 yuan itself on the other side than town#2: [600000..900000] under 金额."),
        ('"<= 15 %"', "? * 100 <= total * 16", "Row 1 has 16 % under 金额, but town#2 names 15 %."),
        ('"<= 15 %"', "total * 15 > ? * 100",
         "Row 1 puts 15 % itself on the other side than town#2: total * 15 > ? * 100 under 金额."),
        ('"2 year"', '<= begun + duration("P3Y")',
         "Row 1 has 36 months under 金额, but town#2 names 2 years."),
        ('"2020-02-01"', '< date("2020-02-02")',
         "Row 1 has the date 2020-02-02 under 金额, but town#2 names the date 2020-02-01."),
        ('"06-30"', "? <= date(?.year, 7, 31)",
         "Row 1 has the day 07-31 under 金额, but town#2 names the day 06-30."),
    ],
)  # fmt: skip
def test_a_figure_that_is_not_the_article_s(figures: str, test: str, says: str) -> None:
    assert says in small(figures, (test, "clerk"))


@pytest.mark.parametrize(
    ("figures", "test"),
    [
        ('">= 600000 yuan"', ">= 600000"),
        ('">= 600000 yuan"', "< 600000"),
        ('">= 600000 yuan"', "not(>= 600000)"),
        ('"<= 600000 yuan"', "> 600000"),
        ('"600000 yuan"', "(600000..1]"),
        ('"<= 15 %"', "? * 100 <= total * 15"),
        ('"<= 15 %"', "total * 15 >= ? * 100"),
        ('"15 %"', "<= total * 0.15"),
        ('"2 year"', '<= begun + duration("P24M")'),
        ('"2 year"', "< 24"),
        ('"<= 06-30"', "? <= date(?.year, 6, 30)"),
        ('">= 2020-02-01"', '< @"2020-02-01"'),
        ('"5 times"', '"x9"'),
        ("", ">= 650000"),
    ],
)
def test_a_figure_that_is_the_article_s(figures: str, test: str) -> None:
    assert small(figures, (test, "clerk")) == []


def test_a_reading_may_name_the_figure_and_another_article_may_not() -> None:
    assert small('"50 yuan"', (">= 70", "clerk"), cited="town#2 [R7]") == []
    assert small('"50 yuan"', (">= 70", "clerk"), cited="town#3") == []
    assert len(small('"50 yuan"', (">= 70", "clerk"))) == 1


def test_a_figure_that_cannot_be_read_is_told_at_its_article() -> None:
    assert small('"sixty"') == ["town#2 has the figure sixty, which cannot be read."]


# --------------------------------------------------------------------------- the five
@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_table_keeps_to_its_articles(jurisdiction: str) -> None:
    assert [f.text() for f in told(shipped(jurisdiction))] == []


def cells(jurisdiction: str) -> Iterator[tuple[str, str, str]]:
    """File, id and text of each cell with a figure that an article names."""
    subject = shipped(jurisdiction)
    figures = {key: texts for key, _, texts in the_check._written(subject.manifest) if texts}
    for identity, model in reading.read(subject.files).model.decisions.items():
        logic = model.decisions[identity].logic
        if not isinstance(logic, DecisionTable) or identity == subject.manifest.schedule:
            continue
        for row in logic.rules:
            if set(the_check._cited(row)) & figures.keys():
                for figure in table_figures.of_rule(model, logic, row):
                    if figure.value not in (0, 1, 100):
                        yield model.definitions.file, figure.cell.id, figure.cell.text


def moved(subject: Bundle, file: str, cell: str) -> Bundle:
    """The bundle with the last figure of a cell four off, as an editor might make it by mistake."""
    place = rb'(id="%b"[^>]*>\s*<text>)(.*?)(</text>)' % re.escape(cell).encode()
    found = re.search(place, subject.files[file], re.DOTALL)
    assert found, (file, cell)
    number = list(re.finditer(rb"\d+", found[2]))[-1]
    value = int(number[0])
    digits = str(value - 4 if value in (30, 31) else value + 4).zfill(len(number[0])).encode()
    text = found[2][: number.start()] + digits + found[2][number.end() :]
    data = subject.files[file]
    return Bundle({**subject.files, file: data[: found.start(2)] + text + data[found.end(2) :]})


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_no_figure_can_be_moved_unnoticed(jurisdiction: str) -> None:
    """Each cell in turn."""
    subject = shipped(jurisdiction)
    found = sorted(set(cells(jurisdiction)))
    assert len(found) >= {"wuhai": 1, "huaian": 9}.get(jurisdiction, 6)
    unnoticed = [(file, text) for file, cell, text in found if not told(moved(subject, file, cell))]
    assert unnoticed == []


def test_the_finding_names_its_place() -> None:
    subject = shipped("hongshan")
    data = subject.files["dmn/tier.dmn"].replace(b"600000", b"650000", 1)
    first, *_ = told(Bundle({**subject.files, "dmn/tier.dmn": data}))
    assert (first.file, first.row, first.level, first.family) == ("dmn/tier.dmn", 1, "error", "house")
    assert first.column
    assert first.line
    assert first.text() == (
        "Row 1 has 650,000 yuan under 总投资（元）, but hongshan#8p1 (建设、采购服务类入库材料) "
        "names 600,000 yuan."
    )
    chinese = translator("zh-CN").tell(first.message, first.params)
    assert chinese == (
        "第 1 行“总投资（元）”是 650,000 元，而 hongshan#8p1 (建设、采购服务类入库材料) 写明的是 600,000 元。"
    )
