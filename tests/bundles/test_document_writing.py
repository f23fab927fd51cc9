"""Texts of documents are written into the manifest; nothing else of it changes."""

from __future__ import annotations

import tomllib

import pytest

from server.bundles.document_writing import NotWritable, rewritten
from server.cli import house

MANIFEST = b"""# the town
[[document]]
id = "a"
text = '''
[[document]]
id = "not me"
'''  # fenced
fields = ["x"]

[[document]]
id = "b"
name = "B"
# why it is so
text = "old"
signed = "us"

[[word]]
id = "w"
name = "W"
"""


def document(manifest: bytes, document_id: str) -> dict[str, object]:
    found = tomllib.loads(manifest.decode())["document"]
    return next(dict(one) for one in found if one["id"] == document_id)


def test_only_what_was_changed_changes() -> None:
    """A text of several lines, one that is new, one that goes; comments stay."""
    texts = {"name": "B", "text": "first\nsecond {{ x }}", "title": 'a "b" \\ c', "signed": ""}
    after = rewritten(MANIFEST, "b", texts)
    told = document(after, "b")
    assert told == {"id": "b", "name": "B", "text": "first\nsecond {{ x }}", "title": 'a "b" \\ c'}
    assert document(after, "a") == document(MANIFEST, "a")
    assert b"# why it is so" in after
    assert after.startswith(MANIFEST[: MANIFEST.index(b'[[document]]\nid = "b"')])
    assert after.endswith(b'[[word]]\nid = "w"\nname = "W"\n')
    assert rewritten(after, "b", texts) == after


def test_a_header_within_a_text_is_none() -> None:
    """What looks like a table within a fenced text is text."""
    after = rewritten(MANIFEST, "a", {"text": "it's '''odd'''\nhere"})
    assert document(after, "a")["text"] == "it's '''odd'''\nhere"
    assert document(after, "a")["fields"] == ["x"]


@pytest.mark.parametrize("manifest", [b"[[document]\n", b"", b"document = [{id = 'b', text = 't'}]\n"])
def test_what_is_not_understood_is_refused(manifest: bytes) -> None:
    """Nothing is damaged."""
    with pytest.raises(NotWritable):
        rewritten(manifest, "b", {"text": "new"})


@pytest.mark.parametrize("jurisdiction", house.jurisdictions())
def test_every_document_that_ships_can_be_written(jurisdiction: str) -> None:
    """Written as it is, it stays byte for byte; another text comes back as it was typed."""
    manifest = (house.ROOT / "bpmn" / jurisdiction / "jurisdiction.toml").read_bytes()
    for one in tomllib.loads(manifest.decode()).get("document", []):
        assert rewritten(manifest, one["id"], {"text": one["text"]}) == manifest
        after = rewritten(
            manifest, one["id"], {"text": "甲\n乙：{{ case.number }}\n", "number": "〔2026〕1号"}
        )
        assert document(after, one["id"])["text"] == "甲\n乙：{{ case.number }}\n"
