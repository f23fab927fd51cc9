"""Scenario files written: plain values as the YAML that process owners read, which reads back as the same."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

_WIDTH = 110


class _Writer(yaml.SafeDumper):
    """Decimals keep their places; a short map of plain values stands on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand under their key, indented."""
        super().increase_indent(flow, False)


def _decimal(writer: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"
    kind = "float" if "." in text else "int"
    return writer.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


def _text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and not any(line != line.rstrip() for line in value.split("\n")) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _map(writer: yaml.SafeDumper, value: Mapping[str, Any]) -> yaml.MappingNode:
    plain = not any(isinstance(item, dict | list) for item in value.values())
    short = sum(len(str(name)) + len(str(item)) + 4 for name, item in value.items()) < 60
    return writer.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=plain and short)


_Writer.add_representer(Decimal, _decimal)
_Writer.add_representer(str, _text)
_Writer.add_representer(dict, _map)


def scenario_text(content: Mapping[str, Any]) -> str:
    """A scenario's keys and values as YAML, in the order given."""
    return yaml.dump(dict(content), Dumper=_Writer, allow_unicode=True, sort_keys=False, width=_WIDTH)
