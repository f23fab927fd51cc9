"""The commands about content, each on a copy of it that may be spoilt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from server.bundles.manifest import read_manifest
from server.cli.commands import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
TIER = "dmn/hongshan/tier.dmn"
ENTRY = "bpmn/hongshan/library_entry.bpmn"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the repository's content."""
    for folder in ("bpmn", "dmn", "forms", "tests/scenarios"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def guicheng(*words: object) -> Result:
    """Run a command; whatever it raises but an exit is a fault."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def change(file: Path, old: str, new: str) -> None:
    """Change every place of a text in a file."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_every_command_explains_itself() -> None:
    """`guicheng` alone lists them; each has a help of its own."""
    listed = guicheng("--help")
    assert listed.exit_code == 0
    for name in COMMANDS:
        assert name in listed.output
        told = guicheng(name, "--help")
        assert told.exit_code == 0
        assert len(told.output.splitlines()) > 5


def test_the_content_passes_its_checks() -> None:
    """As it is in the repository."""
    result = guicheng("check", "hongshan", "--root", ROOT)
    assert result.exit_code == 0, result.output
    assert "hongshan:" in result.output


def test_a_spoilt_diagram_fails_its_checks(content: Path) -> None:
    """File, element and remedy are named, for people and for machines."""
    change(
        content / ENTRY, 'camunda:candidateGroups="mengdong_centre"', 'camunda:candidateGroups="nobody_known"'
    )
    told = guicheng("check", "hongshan", "--root", content)
    assert told.exit_code == 1
    assert "candidate-group-exists" in told.output
    assert "nobody_known" in told.output
    rows = json.loads(guicheng("check", "hongshan", "--root", content, "--json").stdout)
    wrong = [row for row in rows if row["level"] == "error"]
    assert {row["code"] for row in wrong} == {"candidate-group-exists", "outline-is-current"}
    assert {row["file"].partition(".")[0] for row in wrong} == {"bpmn/library_entry"}
    assert all(row["jurisdiction"] == "hongshan" and row["help"] for row in wrong)


def test_one_cent_more_in_the_table_fails_the_scenarios(content: Path) -> None:
    """600000 is a figure of the regulation: 600001 in its place must not go unnoticed."""
    sound = guicheng("test", "hongshan", "--root", content)
    assert sound.exit_code == 0, sound.output
    change(content / TIER, "600000", "600001")
    spoilt = guicheng("test", "hongshan", "--root", content)
    assert spoilt.exit_code == 1
    assert "tier" in spoilt.output
    machine = guicheng("test", "hongshan", "--root", content, "--json")
    assert machine.exit_code == 1
    assert any("600000" in json.dumps(row, ensure_ascii=False) for row in json.loads(machine.stdout))


def test_scenarios_kept_elsewhere_are_played_instead(tmp_path: Path) -> None:
    """Somebody outside keeps their own proofs: those are played, and fail for their own reasons."""
    case = (
        "decision: hongshan_tier\ntitle: Outside\ncases:\n- with: {class: construction, total: 599999.99}\n"
    )
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "outside.yaml"
    file.write_text(case + "  expect: {tier: small}\n")
    words = ("test", "hongshan", "--root", ROOT, "--scenarios")
    right = guicheng(*words, file.parent)
    assert right.exit_code == 0, right.output
    assert "1 of 1 scenarios hold" in right.output
    file.write_text(case + "  expect: {tier: large}\n")
    wrong = guicheng(*words, file)
    assert wrong.exit_code == 1
    assert "outside.yaml" in wrong.output


def test_coverage_accounts_for_every_article() -> None:
    """Each article of the manifest once: proved, or left to people with a reason; none is open."""
    rows = json.loads(guicheng("coverage", "hongshan", "--root", ROOT, "--json").stdout)
    manifest = read_manifest((ROOT / "bpmn/hongshan/jurisdiction.toml").read_bytes())
    articles = [f"{r.id}#{a.id}" for r in manifest.regulations.values() for a in r.articles]
    assert [row["article"] for row in rows] == articles
    by_article = {row["article"]: row for row in rows}
    assert by_article["hongshan#12.1"]["scenarios"]
    assert any("project_approval" in place for place in by_article["hongshan#12.1"]["places"])
    assert by_article["hongshan#1"]["state"] == "manual"
    assert by_article["hongshan#1"]["reason"]
    assert by_article["hongshan#38"]["state"] == "proved"
    assert not [article for article, row in by_article.items() if row["state"] == "not_yet"]
    told = guicheng("coverage", "hongshan", "--root", ROOT)
    assert all(article in told.output for article in articles)


def test_outlines_are_compared_and_written(content: Path) -> None:
    """`--check` writes nothing; without it the outline is brought up to date."""
    assert guicheng("outline", "hongshan", "--root", content, "--check").exit_code == 0
    change(content / ENTRY, 'name="前置审核"', 'name="预先审核"')
    outline = content / "bpmn/hongshan/library_entry.outline.txt"
    before = outline.read_text("utf-8")
    stale = guicheng("outline", "hongshan", "--root", content, "--check")
    assert stale.exit_code == 1
    assert "library_entry.outline.txt" in stale.output
    assert outline.read_text("utf-8") == before
    assert guicheng("outline", "hongshan", "--root", content).exit_code == 0
    assert "预先审核" in outline.read_text("utf-8")
    assert guicheng("outline", "hongshan", "--root", content, "--check").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", sorted(folder.name for folder in (ROOT / "bpmn").iterdir() if folder.is_dir())
)
def test_the_diagrams_are_tidy(folder: str) -> None:
    """As they are in the repository: laid out again, they have the same bytes."""
    told = guicheng("tidy", ROOT / "bpmn" / folder, "--check")
    assert told.exit_code == 0, told.output


def test_tidy_is_compared_and_written(content: Path) -> None:
    """A diagram that was pushed about is not tidy, until it is laid out again."""
    file = content / ENTRY
    assert guicheng("tidy", file, "--check").exit_code == 0
    tidy = file.read_bytes()
    text = tidy.decode()
    at = text.index("<dc:Bounds ")
    file.write_text(text[:at] + text[at:].replace(' x="', ' x="1', 3), "utf-8")
    pushed = file.read_bytes()
    assert guicheng("tidy", file, "--check").exit_code == 1
    assert file.read_bytes() == pushed
    assert guicheng("tidy", file).exit_code == 0
    assert file.read_bytes() == tidy
    assert guicheng("tidy", content / "nowhere.bpmn").exit_code == 2


def test_a_bundle_has_the_same_bytes_each_time(content: Path, tmp_path: Path) -> None:
    """Whatever the files' dates; another content has other bytes."""
    packed = []
    for folder in ("one", "two", "three"):
        if folder == "three":
            change(content / TIER, "600000", "600001")
        (content / TIER).touch()
        assert guicheng("bundle", "hongshan", "--root", content, "--to", tmp_path / folder).exit_code == 0
        packed.append((tmp_path / folder / "hongshan.zip").read_bytes())
    assert packed[0] == packed[1]
    assert packed[0] != packed[2]


@pytest.mark.parametrize(
    ("total", "tier"),
    [("599999.99", "small"), ("600000", "large"), ("600000.00", "large"), ("600000.01", "large")],
)
def test_a_decision_is_tried(total: str, tier: str) -> None:
    """By names and values, or as JSON."""
    told = guicheng("evaluate", "hongshan_tier", "class=construction", f"total={total}", "--root", ROOT)
    assert told.exit_code == 0, told.output
    assert tier in told.output
    asked = f'{{"class": "construction", "total": {total}}}'
    machine = guicheng("evaluate", "hongshan_tier", asked, "--root", ROOT, "--json")
    answer = json.loads(machine.stdout)
    assert tier in json.dumps(answer["outputs"])
    assert len(answer["matched"]) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("evaluate", "hongshan_nothing", "a=1"), 2), (("evaluate", "elsewhere_tier", "a=1"), 2),
        (("evaluate", "hongshan_tier", "total"), 2), (("evaluate", "hongshan_tier", "{broken"), 2),
        (("evaluate", "hongshan_tier", "total=many"), 1), (("check", "nowhere"), 2), (("test", "nowhere"), 2),
        (("tidy",), 2), (("unheard-of",), 2), (("test", "--scenarios", "bpmn"), 2),
        (("test", "hongshan", "--scenarios", "no-such-folder"), 2),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_so(words: tuple[str, ...], code: int) -> None:
    """With an exit code that a script can tell apart, and no traceback."""
    root = ("--root", str(ROOT)) if words[0] in ("evaluate", "check", "test") else ()
    result = guicheng(*words, *root)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert result.output.strip()
