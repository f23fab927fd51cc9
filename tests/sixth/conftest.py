"""An office with Hongshan only, on a fresh database of either kind."""

from tests.web.conftest import own_office, settled_url

__all__ = ["own_office", "settled_url"]
