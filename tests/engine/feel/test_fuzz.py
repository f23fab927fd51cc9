"""Hostile texts from a seed: nothing escapes but what FEEL refuses, nothing takes long.

A million were tried with `python -m tests.engine.feel.fuzz 1000000`; here some thousands of other ones, other
ones each day that the seed is changed.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from tests.engine.feel.fuzz import texts, try_out


@pytest.mark.parametrize("seed", range(20261122, 20261126))
def test_a_thousand_hostile_texts(seed: int) -> None:
    told = Counter(try_out(text) for text in islice(texts(seed), 1500))
    assert told["value"] > 20, "too few are read for the rest to mean anything"
    assert told["null"] > 100
