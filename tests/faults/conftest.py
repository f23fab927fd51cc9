"""The databases of the services' tests, shared with the tests of what breaks."""

from __future__ import annotations

from tests.services.conftest import bundle, deployed_file, deployed_template, lab, office, office_url

__all__ = ["bundle", "deployed_file", "deployed_template", "lab", "office", "office_url"]
