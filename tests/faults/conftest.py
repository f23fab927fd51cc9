"""The databases of the services' tests, shared with the tests of what breaks."""

from __future__ import annotations

from tests.services.conftest import lab, office, office_url

__all__ = ["lab", "office", "office_url"]
