"""Looks at every answer of the office under fire: what holds for all of them, whoever asked for whatever."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

import html5lib
from lxml import html

from server.api import engine_rest
from tests.faults.fuzz_office import STRANGERS, Answer, FuzzOffice, Request

MAX_CPU_SECONDS = 4.0
OVERSEEN = b"/definitions/"
"""Where process owners see on which versions all cases run, to take them to another."""
REPORTED = {"code", "findings", "details", "fields"}
TO_EDITORS = {"by", "at", "revision", "findings"}
"""What an editor is told besides: who has saved the file meanwhile, or what is wrong with it."""
_UNFILLED = re.compile(r"\{[a-z_]+\}")
_SENTENCE = re.compile(r"<main\b(?s:.*)<p[^>]*>\s*[^<\s][^<]{4,}<")
"""What spares most refusals a closer look."""
_VALUES = re.compile(rb'="[^"]*"')
_BETWEEN = re.compile(rb">[^<]*<")


def judge_of(office: FuzzOffice, seconds: float = MAX_CPU_SECONDS) -> Judge:
    """The judge of an office, who knows what strangers must not see."""
    words = sorted(office.secrets, key=len, reverse=True)
    return Judge(office, re.compile("|".join(map(re.escape, words))), seconds)


@dataclass
class Judge:
    """Looks at every answer. `seen` are page skeletons that a strict parser has already read."""

    office: FuzzOffice
    leaks: re.Pattern[str]
    seconds: float = MAX_CPU_SECONDS
    seen: set[bytes] = field(default_factory=set)

    def look(self, request: Request, answer: Answer, kind: str, sent: str) -> None:
        """Assert what holds for every answer; `sent` is all that this kind has typed so far."""
        assert answer.status < 500 or answer.status == 503, f"status {answer.status}"
        assert answer.seconds < self.seconds, f"{answer.seconds:.1f} s"
        media_type = answer.headers.get("content-type", "")
        text = "" if media_type == "application/pdf" else answer.body.decode("utf-8", "replace")
        assert "Traceback" not in text
        if not (kind == "process owner" and request.target.startswith(OVERSEEN)):
            self._look_for_leaks(text, kind, sent)
        if 300 <= answer.status < 400:
            location = answer.headers.get("location", "/")
            assert location.startswith(("/", "http://")), location
            assert not location.startswith(("//", "/\\")), location
        elif request.method == "HEAD" or not answer.body:
            pass
        elif media_type.startswith("application/json"):
            self._look_at_json(answer, request)
        elif media_type.startswith("text/html"):
            assert answer.status < 400 or not _wants_json(request), "a machine was told in HTML"
            self._look_at_page(answer, request, text)

    def _look_for_leaks(self, text: str, kind: str, sent: str) -> None:
        if kind in STRANGERS:
            for found in set(self.leaks.findall(text)):
                assert found in sent, f"{kind} was shown {found}"

    def _look_at_json(self, answer: Answer, request: Request) -> None:
        told = json.loads(answer.body)
        if answer.status >= 400:
            asked = unquote(request.target.decode("latin-1").partition("?")[0])
            machine = asked.startswith(engine_rest.ADDRESS) and "\n" not in asked  # no mount has such a path
            kind, more = ("type", REPORTED) if machine else ("error", TO_EDITORS)
            assert {kind, "message"} <= set(told) <= {kind, "message"} | more, told
            assert all(isinstance(told[name], str) and told[name] for name in (kind, "message")), told

    def _look_at_page(self, answer: Answer, request: Request, text: str) -> None:
        skeleton = _BETWEEN.sub(b"><", _VALUES.sub(b"=", answer.body))
        is_new = skeleton not in self.seen
        self.seen.add(skeleton)
        if is_new:
            parser = html5lib.HTMLParser(strict=True)
            parser.parse(text) if text.startswith("<!doctype") else parser.parseFragment(text)
        refuses = answer.status >= 400 and (_UNFILLED.search(text) or not _SENTENCE.search(text))
        if text.startswith("<!doctype") and (is_new or refuses):
            tree = html.fromstring(answer.body)
            titles = [title.text_content().strip() for title in tree.iter("h1")]
            assert len(titles) == 1, titles
            assert titles[0]
            if answer.status >= 400:
                self._look_at_refusal(tree, request)

    def _look_at_refusal(self, tree: html.HtmlElement, request: Request) -> None:
        told = [p.text_content().strip() for p in tree.xpath("//main//p|//main//li|//*[@role='alert']")]
        assert any(len(sentence) >= 5 for sentence in told), "no sentence says what is wrong"
        for sentence in told:
            assert not _UNFILLED.search(sentence) or _UNFILLED.search(request.text), sentence


def _wants_json(request: Request) -> bool:
    accept = next((value for name, value in request.headers if name == b"accept"), b"")
    return b"application/json" in accept and b"text/html" not in accept
