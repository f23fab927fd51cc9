"""Damaged files: whatever happens to the bytes, loading answers with findings and never with an exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from server.engine.load import load

ROOT = Path(__file__).parents[3]
FILES = [
    ROOT / "bpmn/hongshan/project_approval.bpmn",
    ROOT / "bpmn/shared/expert_panel.bpmn",
    ROOT / "dmn/hongshan/project_class.dmn",
    ROOT / "forms/hongshan/f_library_entry.form",
]
ROUNDS = 25


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Words exchanged, cut out, doubled or overwritten, so that much of it still parses."""
    text = data.decode()
    for _ in range(dice.randrange(1, 4)):
        start = dice.randrange(len(text))
        end = min(len(text), start + dice.choice((1, 3, 20, 200)))
        other = dice.randrange(len(text))
        piece = dice.choice(
            ("", text[start:end] * 2, text[other : other + end - start], '"', "bpmn:", "${", "-1")
        )
        text = text[:start] + piece + text[end:]
    return text.encode()


def renamed(data: bytes, dice: random.Random) -> bytes:
    """One word of the file put in the place of another everywhere: well formed, and senseless."""
    words = sorted({word for word in data.decode().replace('"', " ").split() if word.isidentifier()})
    one, other = dice.sample(words, 2)
    return data.decode().replace(f'"{one}"', f'"{other}"').replace(f":{one} ", f":{other} ").encode()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
@pytest.mark.parametrize("harm", [damaged, renamed])
def test_damage_gives_findings(file: Path, harm: object) -> None:
    dice = random.Random(file.name)
    assert callable(harm)
    data = file.read_bytes()
    for _ in range(ROUNDS):
        model, findings = load({file.name: harm(data, dice)})
        assert model is not None or findings
        assert all(finding.text() and finding.code for finding in findings)
