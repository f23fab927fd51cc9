"""The documentation is true: what exists is mentioned, what is mentioned exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from scripts import refusals_page
from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS
from server.bundles.manifest import Group, ProcessEntry
from server.bundles.scenario_files import read_scenario
from server.cli.commands import COMMANDS, GROUPS
from server.settings import KNOWN
from server.web.routes import PAGES

ROOT = Path(__file__).resolve().parents[2]
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_OURS = {"node_modules", ".venv", "vendor", "build", "dist", "data", ".pytest_cache", "artifacts"}


def pages() -> list[Path]:
    """Every Markdown file of the repository."""
    found = ROOT.rglob("*.md")
    return sorted(p for p in found if NOT_OURS.isdisjoint(p.relative_to(ROOT).parts))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """The anchors that headings give, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def fences(path: Path, language: str) -> Iterator[str]:
    for kind, body in FENCE.findall(path.read_text(encoding="utf-8")):
        if kind == language:
            yield body


def documentation() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


# --------------------------------------------------------------------------- links
@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)} links to {link}, which does not exist"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link}: no such heading"


def test_no_page_is_unreachable_from_the_readme() -> None:
    seen, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        paths = (unquote(link).partition("#")[0] for link in links if not re.match(r"[a-z]+:", link))
        waiting.extend((page.parent / path).resolve() for path in paths if path)
    lost = {named(p) for p in (ROOT / "docs").rglob("*.md")} - {named(p) for p in seen}
    assert not lost, f"no link leads to {sorted(lost)}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(page: Path) -> None:
    cells = 0
    for line in FENCE.sub("\n", page.read_text(encoding="utf-8")).splitlines():
        found = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert found == cells or not (found and cells), f"{named(page)}: {line[:80]}"
        cells = found


# --------------------------------------------------------------------------- what exists is mentioned
@pytest.mark.parametrize("command", [*COMMANDS, *GROUPS])
def test_every_command_is_mentioned(command: str) -> None:
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert f"`guicheng {command}" in operations or f"`{command}`" in operations
    assert f"guicheng {command}" in documentation()


def test_no_command_is_made_up() -> None:
    text = documentation()
    shown = set(re.findall(r"(?:\.venv/bin/|`|\$ )guicheng ([a-z][a-z-]+)", text))
    known = COMMANDS.keys() | GROUPS.keys()
    assert shown <= known, f"mentioned but missing: {shown - known}"
    assert len(shown) > len(COMMANDS) // 2


def test_every_make_target_is_mentioned() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    text = documentation()
    assert len(targets) >= 8
    assert {t for t in targets if not re.search(rf"`make {t}\b|^make {t}\b", text, re.MULTILINE)} == set()
    mentioned = set(re.findall(r"`make ([a-z]+)", text))
    assert mentioned <= targets, f"mentioned but missing: {mentioned - targets}"


@pytest.mark.parametrize("page", [ROOT / "README.zh-CN.md", ROOT / "docs/operations.md"], ids=named)
def test_every_setting_stands_in_the_table(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [name for name in KNOWN if f"| `{name}` |" not in text] == []
    assert set(re.findall(r"GUICHENG_[A-Z_]*[A-Z]", text)) <= set(KNOWN)


def test_every_check_has_its_page_and_every_page_its_check() -> None:
    folder = ROOT / "docs/checks"
    codes = set(CHECKS) | set(ANSWERED_BY_THE_ENGINE)
    assert {p.stem for p in folder.glob("*.md")} - {"README", "refusals", "refusal-examples"} == codes
    assert {p.stem for p in folder.glob("zh/*.md")} - {"README"} == codes
    for place, wrong, right in ((folder, "Wrong", "Right"), (folder / "zh", "错误示例", "正确示例")):
        index = (place / "README.md").read_text(encoding="utf-8")
        for code in codes:
            page = (place / f"{code}.md").read_text(encoding="utf-8")
            assert page.startswith("# " if place.name == "zh" else f"# {code}\n")
            assert f"({code}.md)" in index
            _, first, second = re.split(rf"^(?:{wrong}|{right})[:：]$", page, flags=re.MULTILINE)
            assert all(re.search(r"^(```|\|)", example, re.MULTILINE) for example in (first, second)), page
            assert first.strip() != second.strip()


def test_the_list_of_refusals_is_the_one_the_code_gives() -> None:
    for path, text in refusals_page.pages().items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m scripts.refusals_page"
    text = refusals_page.PAGE.read_text(encoding="utf-8")
    for code in (code for codes in ANSWERED_BY_THE_ENGINE.values() for code in codes):
        assert f"| `{code}` |" in text


def test_every_key_of_a_group_and_a_process_is_explained() -> None:
    text = (ROOT / "docs/content.md").read_text(encoding="utf-8")
    for part in (Group, ProcessEntry):
        assert [key for key in part.__struct_fields__ if f"`{key}`" not in text] == []


# --------------------------------------------------------------------------- what is shown works
def test_the_two_commands_of_the_readme_are_those_of_the_build() -> None:
    build = (ROOT / ".ci/run").read_text(encoding="utf-8")
    for readme in READMES:
        first = next(fences(readme, "sh"))
        commands = [shlex.split(line, comments=True) for line in first.splitlines() if line.strip()]
        assert commands == [["make", "run"], ["make", "test"]]
    assert "\nmake test " in build


def test_the_scenarios_that_are_shown_can_be_read() -> None:
    page = ROOT / "docs/content.md"
    shown = list(fences(page, "yaml"))
    assert len(shown) == 2
    for text in shown:
        assert yaml.safe_load(text)["title"]
        told = read_scenario(text.encode(), named(page))
        assert told.steps or told.cases


def test_the_addresses_that_are_mentioned_exist() -> None:
    mentioned = set(re.findall(r"`(?:GET |POST )?(/[a-z][a-z/{}.-]*)`", documentation()))
    assert {"/start", "/tasks", "/admin/jobs", "/healthz"} <= mentioned
    machines = {"/engine-rest", "/engine-rest/docs", "/engine-rest/openapi.json"}
    assert mentioned <= {page.path for page in PAGES} | machines


@pytest.mark.parametrize("readme", READMES, ids=named)
def test_the_people_of_the_readme_are_in_the_demo(readme: Path) -> None:
    demo = (ROOT / "demo/hongshan.toml").read_text(encoding="utf-8")
    text = readme.read_text(encoding="utf-8")
    people = [name for name in ("周敏", "陈伟", "钱岳", "于洋", "郝明") if name in text]
    assert len(people) == 5
    assert [name for name in people if f'name = "{name}"' not in demo] == []


def test_pictures_are_small_come_in_both_widths_and_stand_in_the_gallery() -> None:
    pictures = sorted((ROOT / "docs/screens").glob("*.png"))
    desktop = {p.stem.removesuffix("-desktop") for p in pictures if p.stem.endswith("-desktop")}
    phone = {p.stem.removesuffix("-phone") for p in pictures if p.stem.endswith("-phone")}
    assert desktop - phone == {"modeler", "table-editor", "deploy"}  # drawing needs a wide screen
    assert phone <= desktop
    gallery = (ROOT / "docs/screens/README.md").read_text(encoding="utf-8")
    assert [p.name for p in pictures if f"({p.name})" not in gallery] == []
    assert {"sign-in", "start", "worklist", "task", "check", "result", "case", "print"} <= desktop
    assert [p.name for p in pictures if p.stat().st_size > 200 * 1024] == []
