"""What a process remembers: the values its variables may have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""A process variable: None, bool, str, int, Decimal, or lists and string-keyed dicts of these. Dates are ISO
text.
"""

Variables: TypeAlias = Mapping[str, Value]
NOTHING: Mapping[str, Any] = MappingProxyType({})
