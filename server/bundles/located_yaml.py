"""YAML as process owners write it: plain values with their lines, exact decimals, no surprises."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,30})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9]\d{0,30})\.\d{1,30}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


class YamlRefused(ValueError):
    """Text that is not read; `line` from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Table(dict[str, Any]):
    """A mapping that knows the line on which it begins, and those of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def read(data: bytes) -> Any:
    """The value of a YAML document: mappings are `Table`s, numbers int or Decimal, dates stay text.

    Only `true` and `false` are truth values (not yes, no, on, off). Anchors, aliases, tags and repeated keys
    are refused. Raises YamlRefused."""
    if len(data) > MAX_BYTES:
        raise YamlRefused(f"the file has {len(data)} bytes; at most {MAX_BYTES} are read", 1)
    try:
        text = data.decode("utf-8-sig")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise YamlRefused("the file is not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlRefused(error.problem or "not YAML", line) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlRefused(str(error).splitlines()[0], 1) from None
    return None if node is None else _value(node, set(), 0)


def _value(node: yaml.Node, seen: set[int], depth: int) -> Any:
    line = node.start_mark.line + 1
    if depth > MAX_DEPTH:
        raise YamlRefused(f"nested more than {MAX_DEPTH} deep", line)
    if id(node) in seen:
        raise YamlRefused("aliases (*name) are not read; write the value again", line)
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen, depth + 1) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _table(node, seen, depth, line)
    return _scalar(node, line)


def _table(node: yaml.MappingNode, seen: set[int], depth: int, line: int) -> Table:
    table = Table(line)
    for key, value in node.value:
        place = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlRefused("a key must be a word", place)
        name = str(key.value)
        if name in table:
            raise YamlRefused(f"the key {name} stands twice", place)
        table[name] = _value(value, seen, depth + 1)
        table.lines[name] = place
    return table


def _scalar(node: yaml.Node, line: int) -> Any:
    text = str(node.value)
    if not node.tag.startswith("tag:yaml.org,2002:") or "binary" in node.tag:
        raise YamlRefused(f"the tag {node.tag} is not read", line)
    if getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
