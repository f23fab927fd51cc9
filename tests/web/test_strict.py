"""A strict parser sees every fault of a page, also where a page like it was read before."""

from __future__ import annotations

import html5lib
import pytest

from tests.web.strict import parse

PAGE = '<!doctype html><title>a</title><p id="b" title="c">%s</p><table><tr><td>d</table>'
FAULTS = (
    ("%s", "%s &nosuch; e"),
    ('title="c"', 'title="c &nosuch; e"'),
    ("%s", "%s \x01"),
    ('title="c"', 'title="\x01"'),
    ('title="c"', 'title="c" title="c"'),
    ("</p>", "</b>"),
    ("<table>", "<table><b>e</b>"),
    ("<td>", '<input type="text"><td>'),
)


@pytest.mark.parametrize(("sound", "faulty"), FAULTS)
def test_a_fault_is_seen(sound: str, faulty: str) -> None:
    """After pages with other words, and again."""
    for words in ("one", "two"):
        parse(PAGE % words)
    for _ in range(2):
        with pytest.raises(html5lib.html5parser.ParseError):
            parse(PAGE.replace(sound, faulty) % "one")
