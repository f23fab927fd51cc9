"""How much room Chinese and Latin text takes, wrapped as bpmn-js wraps it, and the sizes of shapes."""

from __future__ import annotations

import re
import unicodedata
from math import ceil

from server.bundles.tidy.graph import Node, NodeKind

INSIDE_FONT = 12
OUTSIDE_FONT = 11
LINE_HEIGHT = 1.2
LABEL_WIDTH = 90
TASK_PADDING = 7
TASK_SIZES = ((100, 80), (120, 80), (140, 80), (160, 90), (180, 100), (200, 120))
EVENT_SIZE = 36
GATEWAY_SIZE = 50
DATA_OBJECT_SIZE = (36, 50)
DATA_STORE_SIZE = (50, 50)
ANNOTATION_WIDTH = 130

_NARROW = set("iljtfrI.,:;'|!()[]{} ")
_WIDE = set("mwMW@%")


def char_width(char: str, font: float) -> float:
    """Advance of one character in px: a full em for Chinese, an Arial-like share of it for the rest."""
    if unicodedata.east_asian_width(char) in "WFA":
        return font
    if char in _NARROW:
        return font * 0.34
    if char in _WIDE:
        return font * 0.92
    return font * (0.7 if char.isupper() else 0.58)


def text_width(text: str, font: float) -> float:
    """Width in px of a text on one line."""
    return sum(char_width(char, font) for char in text)


def wrap(text: str, width: float, font: float) -> list[str]:
    """The lines bpmn-js makes of `text` in a box of `width` px.

    It breaks at blanks and hyphens where it can. Words without either, which all Chinese names are, it cuts
    one character before the point where a proportional share of the line would end.
    """
    lines: list[str] = []
    for paragraph in re.split(r"\r?\n", text.strip()):
        rest = paragraph
        while rest:
            line = _fitting(rest, width, font)
            lines.append(line.strip())
            rest = rest[len(line) :].lstrip()
    return lines or [""]


def _fitting(text: str, width: float, font: float) -> str:
    line = text
    while len(line) > 1 and text_width(line, font) > width:
        share = max(len(line) * width / text_width(line, font), 1)
        line = _up_to_blank(line, share) or line[: max(round(share - 1), 1)]
    return line


def _up_to_blank(line: str, share: float) -> str:
    parts = re.split(r"(\s|-)", line)
    taken = ""
    for part in parts:
        if len(taken) + len(part) >= share:
            break
        taken += part
    return taken if taken.strip() and len(parts) > 1 else ""


def label_size(text: str, width: float = LABEL_WIDTH) -> tuple[float, float]:
    """Width and height in px of a label outside its shape; both 0 without text.

    Of the widths that need no more lines than `width`, the one that fills the lines most evenly is taken.
    """
    if not text.strip():
        return 0, 0
    best = wrap(text, width, OUTSIDE_FONT)
    room = width
    while room > 2 * OUTSIDE_FONT:
        tried = wrap(text, room - OUTSIDE_FONT / 2, OUTSIDE_FONT)
        if len(tried) > len(best):
            break
        room, best = room - OUTSIDE_FONT / 2, tried
    widest = max(text_width(line, OUTSIDE_FONT) for line in best)
    return ceil(max(widest, min(room, width) if len(best) > 1 else widest)) + 2, ceil(
        len(best) * OUTSIDE_FONT * LINE_HEIGHT
    )


def line_count(text: str, width: float) -> int:
    """How many lines a name takes inside a task of that width."""
    return len(wrap(text, width - 2 * TASK_PADDING, INSIDE_FONT))


def task_size(name: str) -> tuple[float, float]:
    """The smallest task in which the name is clear of the type icon: two lines, or three in a wide one."""
    for width, height in TASK_SIZES:
        room = 2 if width < 140 else int((height - 34) / (INSIDE_FONT * LINE_HEIGHT))
        if line_count(name, width) <= room:
            return width, height
    width = TASK_SIZES[-1][0]
    needed = ceil(line_count(name, width) * INSIDE_FONT * LINE_HEIGHT / 10) * 10 + 40
    return width, max(TASK_SIZES[-1][1], needed)


def annotation_size(text: str) -> tuple[float, float]:
    """Size of a text annotation that shows all its text."""
    lines = wrap(text, ANNOTATION_WIDTH - 12, INSIDE_FONT)
    return ANNOTATION_WIDTH, max(30, ceil(len(lines) * INSIDE_FONT * LINE_HEIGHT) + 12)


def node_size(node: Node) -> tuple[float, float]:
    """Width and height in px of a node that contains no other nodes."""
    if node.kind is NodeKind.EVENT:
        return EVENT_SIZE, EVENT_SIZE
    if node.kind is NodeKind.GATEWAY:
        return GATEWAY_SIZE, GATEWAY_SIZE
    if node.kind is NodeKind.DATA:
        return DATA_STORE_SIZE if node.tag == "dataStoreReference" else DATA_OBJECT_SIZE
    if node.kind is NodeKind.ANNOTATION:
        return annotation_size(node.name)
    return task_size(node.name)
