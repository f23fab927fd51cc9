"""Small conformance cases of our own: one line of FEEL, one value."""

from pathlib import Path

import pytest

from server.engine.feel import compile_expression, equal, text_of

HERE = Path(__file__).parent / "cases"


def _cases() -> list[object]:
    found = []
    for file in sorted(HERE.glob("*.feel")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if line and not line.startswith("#"):
                expression, _, value = line.rpartition(" => ")
                found.append(pytest.param(expression, value, id=f"{file.stem}:{number}"))
    return found


@pytest.mark.parametrize(("expression", "value"), _cases())
def test_value(expression: str, value: str) -> None:
    found = compile_expression(expression).evaluate({})
    wanted = compile_expression(value).evaluate({})
    same = found is None if wanted is None else type(found) is type(wanted) and equal(found, wanted) is True
    assert same, f"{expression} is {text_of(found)}, not {text_of(wanted)}"


def test_every_built_in_function_has_a_case() -> None:
    from server.engine.feel import BUILTINS

    text = "\n".join(file.read_text("utf-8") for file in HERE.glob("*.feel"))
    missing = [name for name in BUILTINS if f"{name}(" not in text and name not in ("now", "today")]
    assert not missing
