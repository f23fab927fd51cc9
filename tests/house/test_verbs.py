"""Every verb of docs/verbs.md has its four proofs: `verbs.toml` names them, and they are what they say."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from server.web.routes import PAGES

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "server" / "web" / "templates" / "events"
ROW = re.compile(r"^\| ([a-z ]+) [^|]*\| ([^|]+) \| (`[^|]+) \| ([^|]+) \|$", re.MULTILINE)
PLACES = ("admin", "attachments", "copies", "instances", "questions", "substitutions", "supervision", "tasks")
"""Where what is sent moves a task or a case, or says who acts for whom."""
NO_VERBS = re.compile(
    r"/tasks/\{id\}|.*/(fields|draft|check|play|follow|unfollow|clock|scenario)|/instances/\{id\}/reopen"
    r"|/instances/\{id\}/work/\{token\}|/admin/(?!hand-over).*"
)
"""Typing, looking and following, the clock of rehearsals, programs, and the machine's own matters."""
OF_ITSELF = {
    "clock_moved", "deadline_uncertain", "decision_evaluated", "error_reported", "incident_raised",
    "incident_retried", "instance_ended", "instance_migrated", "instance_started", "light_turned",
    "materials_attached", "message_received", "message_thrown", "other", "signal_thrown", "steps_taken",
    "task_cancelled", "task_opened", "task_put_back", "task_signed", "timer_fired", "work_done",
    "work_failed", "work_handed_out",
}  # fmt: skip
"""What follows from something else, or is done by programs, the clock and process owners."""
PROOFS = {
    "browser": r"\.click\(|\.press\(|Desk\(",
    "refused": r"NotPermitted|Refused|403|denied",
    "together": r"together\(|409|StaleTask",
    "record": r"history|record|right|told\(|entries\(",
}
"""What the text of such a test cannot do without."""


@dataclass(frozen=True)
class Verb:
    """A row of the tables."""

    name: str
    addresses: tuple[str, ...]
    kinds: tuple[str, ...]


def verbs() -> list[Verb]:
    """The verbs as readers find them."""
    rows = ROW.findall((ROOT / "docs" / "verbs.md").read_text("utf-8"))
    told = re.compile(r"`([^`]+)`")
    return [Verb(name, tuple(told.findall(to)), tuple(told.findall(kinds))) for name, _who, to, kinds in rows]


def named() -> dict[str, dict[str, str]]:
    """The tests that prove each."""
    return tomllib.loads((Path(__file__).parent / "verbs.toml").read_text("utf-8"))


@cache
def functions(module: str) -> dict[str, str]:
    """The functions and methods of a test module with their text."""
    text = (ROOT / "tests" / f"{module}.py").read_text("utf-8")
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_source_segment(text, node) or "" for node in found}


def text_of(test: str) -> str:
    """The text of a test and of the functions of its module that it uses, "" where there is none."""
    module, _, name = test.partition("::")
    if not (ROOT / "tests" / f"{module}.py").exists() or name not in functions(module):
        return ""
    known, ways, seen = functions(module), [name], set()
    while ways:
        if (here := ways.pop()) not in seen:
            seen.add(here)
            ways += [other for other in known if re.search(rf"\b{other}\b", known[here])]
    return "\n".join(known[each] for each in sorted(seen))


def test_every_verb_is_proved() -> None:
    """No verb without its tests, no tests of a verb that is not there."""
    assert sorted(verb.name for verb in verbs()) == sorted(named())


@pytest.mark.parametrize(("verb", "proof"), [(verb, proof) for verb in named() for proof in PROOFS])
def test_a_proof_is_one(verb: str, proof: str) -> None:
    """The named test exists, asserts, and does what it is named for; with a browser where one is meant."""
    test = named()[verb].get(proof, "")
    text = text_of(test)
    assert text, f"{verb}: no test {test!r} for {proof}"
    assert re.search(r"\bassert\b|expect\(|pytest\.raises", text), f"{test} asserts nothing"
    assert re.search(PROOFS[proof], text), f"{test} is no proof that {verb} is {proof}"
    assert (proof != "browser") or test.startswith("e2e/")
    kinds = next(one.kinds for one in verbs() if one.name == verb)
    if proof == "record" and kinds and not test.startswith("e2e/"):  # a person reads words there
        assert any(kind in text for kind in kinds), f"{test} does not look for {kinds}"


def test_whatever_can_be_sent_is_a_verb() -> None:
    """A new address that moves a task or a case needs its row; a row needs its address."""
    sent = {page.path for page in PAGES if page.method == "POST" and page.path.split("/")[1] in PLACES}
    assert {path for path in sent if not NO_VERBS.fullmatch(path)} == {
        address for verb in verbs() for address in verb.addresses
    }


def test_every_verb_has_its_line() -> None:
    """What it records is shown in words of its own; what is shown is some verb's, or follows from one."""
    recorded = {kind for verb in verbs() for kind in verb.kinds}
    shown = {template.stem for template in EVENTS.glob("*.html")}
    assert recorded | OF_ITSELF == shown
    assert not recorded & OF_ITSELF
