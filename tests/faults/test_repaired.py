"""Requests that once met a fault: each has its refusal now."""

from __future__ import annotations

import pytest

from server.api.admission import _account
from server.api.camunda_errors import Problem


@pytest.mark.parametrize("sent", ["\xff", "字", "AAAA\x00", "/////w==", "A"])
def test_a_password_that_is_no_base64(sent: str) -> None:
    """A header may hold any byte: what cannot be read is a bad request, whatever it is made of."""
    with pytest.raises(Problem) as refused:
        _account(sent)
    assert refused.value.status == 400
