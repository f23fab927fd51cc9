"""The lab's databases, shared with the tests of the services."""

from __future__ import annotations

from tests.services.conftest import lab

__all__ = ["lab"]
