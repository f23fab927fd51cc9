"""The pages about checks: each finding has one, in both languages, with a wrong and a right example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from server.bundles import refusal_list
from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS
from server.web.check_pages import check_page
from tests.bundles.refused_files import FILES
from tests.engine.bpmn.samples_structure import SAMPLES
from tests.web.office import Office

BUNDLES = Path(refusal_list.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODES = sorted({*CHECKS, *ANSWERED_BY_THE_ENGINE})


def shown(text: str) -> tuple[str, list[str], list[str]]:
    """The heading of a page, the headings of its parts, and its snippets."""
    main = html.fromstring(text).get_element_by_id("main")
    heads = [" ".join(h.text_content().split()) for h in main.iter("h2")]
    return main.xpath("string(.//h1)"), heads, [pre.text_content() for pre in main.iter("pre")]


@pytest.mark.parametrize("code", CODES)
def test_a_check_is_explained_in_both_languages(office: Office, code: str) -> None:
    title, heads, _ = shown(office.visitor("clerk").get(f"/checks/{code}").text)
    assert CHINESE.search(title)
    assert heads == ["✗ 错误示例", "✓ 正确示例"]
    english = check_page(code, "en")
    assert english is not None
    assert english.title == code
    assert not CHINESE.search(re.sub(r"（.*?）|退回", "", english.text))
    assert english.wrong != english.right


@pytest.mark.parametrize("code", sorted(refusal_list.by_code()))
def test_a_refusal_of_the_engine_has_a_page(office: Office, code: str) -> None:
    answer = office.visitor().get(f"/checks/{code}")
    assert answer.status_code == 200
    assert "→" in answer.text
    _, heads, snippets = shown(answer.text)
    assert heads or code not in FILES
    if (code in SAMPLES or code in FILES) and heads:
        assert len(snippets) >= 2
        assert snippets[0] != snippets[1]


def test_nearly_all_refusals_of_diagrams_are_shown_wrong_and_right(office: Office) -> None:
    bare = [code for code in SAMPLES if not shown(office.visitor().get(f"/checks/{code}").text)[1]]
    assert len(bare) <= 4, bare


def test_the_list_leads_to_all_of_them(office: Office) -> None:
    page = html.fromstring(office.visitor().get("/checks").text)
    links = {
        link.get("href").rpartition("/")[2]
        for link in page.iter("a")
        if "/checks/" in (link.get("href") or "")
    }
    assert set(CODES) | set(refusal_list.by_code()) <= links
    assert all(office.visitor().get(f"/checks/{code}").status_code == 200 for code in links)


def test_links_between_the_pages_lead_somewhere() -> None:
    for code in CODES:
        for language in ("zh-CN", "en"):
            page = check_page(code, language)
            assert page is not None
            targets = re.findall(r'href="([^"]*)"', page.text + page.right)
            assert all(t == "/checks" or t.removeprefix("/checks/") in CODES for t in targets), (
                code,
                targets,
            )


def test_what_is_told_of_bundles_has_pages_with_its_own_words() -> None:
    """These words are repeated in the list; here they are compared with those that are told."""
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(BUNDLES.glob("*.py")))
    for entry in refusal_list._OF_BUNDLES:
        assert f'"{entry.code}"' in source.replace(f'Entry("{entry.code}"', "")
        assert entry.code == "scenario-fails" or source.count(entry.meaning) >= 2, entry.meaning
        assert source.count(entry.remedy) >= 2, entry.remedy


def test_a_code_that_nobody_knows_is_not_found(office: Office) -> None:
    assert office.visitor().get("/checks/none").status_code == 404
