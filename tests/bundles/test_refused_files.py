"""Refusals of tables, forms and whole files: each is earned by one file, and not by its twin."""

from __future__ import annotations

import pytest

from server.bundles import refusal_list
from tests.bundles.refused_files import FILES, codes


@pytest.mark.parametrize("code", FILES)
def test_the_wrong_file_is_refused_and_the_right_one_is_not(code: str) -> None:
    path, wrong, right = FILES[code]
    assert code in codes(path, wrong)
    assert codes(path, right) == []
    assert code in refusal_list.by_code()
