"""Files that stay as they are are read once, and a check that remembers says what one that does not says."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.bundles import archive, reading
from server.bundles.archive import Bundle
from server.bundles.checks import check
from server.engine import load
from server.engine.memo import Memo
from tests.bundles.small import diagram, files, form, table
from tests.stopwatch import cpu_time

ROOT = Path(__file__).resolve().parents[2]
MOST = 40
"""As many diagrams as the aim speaks of; the largest jurisdictions have about thirty."""
BUSY = 2.5
"""How much slower a machine may be whose cores are shared with all the other tests; alone it takes 1.4 s."""


def edited() -> list[dict[str, bytes]]:
    """The same bundle as somebody edits it: each differs from the one before by a file, some are broken."""
    group = {"components": [{"type": "group", "id": "g", "properties": {"include": "town.opinion"}}]}
    including = b'{"type": "default", "id": "town.apply", ' + str(group)[1:].replace("'", '"').encode()
    return [
        files(),
        files(bpmn=diagram().replace(b'candidateGroups="head"', b'candidateGroups="haed"')),
        files(bpmn=b"<bpmn"),
        files(),
        files(dmn=table([("&lt; 600000", "clerk"), ("&gt; 600000", "head")])),
        files(apply=form("town.apply", "amuont")),
        files(apply=including),
        files(apply=including, opinion=form("town.opinion", "amount")),
        files(apply=including, opinion=None),
        files(apply=b"{"),
        files(manifest=b"format = 2"),
        files(),
    ]


def test_a_check_that_remembers_says_the_same() -> None:
    memo = Memo()
    told = [check(Bundle(step), memo) for step in edited()]
    assert told == [check(Bundle(step), Memo()) for step in edited()]
    assert len(set(map(len, told))) > 3


def test_a_form_is_read_again_when_one_it_includes_has_changed() -> None:
    memo = Memo()
    before, after = (reading.read(step, memo).model.forms["town.apply"] for step in edited()[6:8])
    assert sorted(before.keys) == ["opinion"]
    assert sorted(after.keys) == ["amount"]


def test_what_stays_as_it_is_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memo, read = Memo(), []
    parse = load.parse_xml
    monkeypatch.setattr(load, "parse_xml", lambda data, file: read.append(file) or parse(data, file=file))
    for step in (edited()[0], edited()[1], edited()[0], edited()[4]):
        check(Bundle(step), memo)
    assert read == ["bpmn/leave.bpmn", "dmn/level.dmn", "bpmn/leave.bpmn", "dmn/level.dmn"]


def test_a_memo_keeps_no_more_than_it_may() -> None:
    made: list[int] = []

    def number(n: int) -> int:
        made.append(n)
        return n

    memo = Memo(limit=3, size=100)
    for n in (1, 2, 3, 1, 4, 1, 2):
        assert memo.once(n, lambda n=n: number(n), 10) == n
    assert made == [1, 2, 3, 4, 2]
    memo.once("large", lambda: number(99), 95)
    memo.once("small", lambda: number(98), 5)
    assert memo.once("large", lambda: number(97), 95) == 99
    memo.once(1, lambda: number(1), 10)
    assert made[-1] == 1


# --------------------------------------------------------------------------- while somebody waits
@pytest.fixture(scope="module")
def many() -> Bundle:
    """A jurisdiction with forty diagrams, made of two that exist."""
    own = archive.read_folder(ROOT, "xinhua").files
    more = [path for path in sorted(archive.read_folder(ROOT, "yunfu").files) if path.endswith(".bpmn")]
    other = archive.read_folder(ROOT, "yunfu").files
    lacking = MOST - sum(path.endswith(".bpmn") for path in own)
    assert lacking > 0
    added = [path for path in more if path not in own][:lacking]
    return Bundle({**other, **own} | {path: other[path] for path in added})


def seconds(bundle: Bundle, memo: Memo) -> float:
    with cpu_time() as taken:
        check(bundle, memo)
    return taken.seconds


def test_forty_diagrams_are_checked_within_two_seconds(many: Bundle) -> None:
    assert sum(path.endswith(".bpmn") for path in many.files) >= MOST
    assert any(seconds(many, Memo()) < 2 * BUSY for _ in range(3))


def test_a_save_of_one_file_is_answered_at_once(many: Bundle) -> None:
    memo = Memo()
    check(many, memo)
    for path in ("bpmn/project_approval.bpmn", "forms/f_prelim_apply.form", "dmn/recurring_duties.dmn"):
        saved = Bundle({**many.files, path: many.files[path] + b"\n"})
        assert seconds(saved, memo) < 0.4 * BUSY, path
