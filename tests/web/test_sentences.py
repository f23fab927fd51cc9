"""What FEEL and DMN say within our own sentences is told in the reader's language to the last word."""

from __future__ import annotations

import re

import pytest

from server.engine import decisions, expressions, load
from server.engine.errors import StepFailed
from server.engine.model import Finding
from server.services.history import finding_json
from server.web.language import translator
from tests.engine.dmn.models import one_table
from tests.engine.process.build import at

QUOTED = re.compile(r"`[^`]*`|“[^”]*”|\([^)]*\)")
ENGLISH = re.compile(r"\b(the|is|not|must|expected|found|has|there|did|you|mean|and|of)\b")
TABLE = ([("amount", "number")], [("result", "string")])


def chinese(finding: Finding) -> str:
    """A finding as it is kept and then shown to a reader of Chinese."""
    kept = finding_json(finding)
    tell = translator("zh-CN").tell
    return tell(kept["message"], kept["params"]) + tell(kept["remedy"], kept["params"])


@pytest.mark.parametrize(
    ("rule", "amount", "said"),
    [
        ('>= (600 => "a"', 1, "此处应为 )，却是 结尾"),
        ("- => upper case(1)", 1, "函数 upper case()：参数 string 必须是 string 类型"),
        ("- => string(amuont)", 1, "没有变量 amuont"),
        ("- => string(amount - null)", 1, "number - null 没有结果"),
        ('matches("a", "(") => "a"', 1, "不是正则表达式：括号没有闭合"),
        ("- => string(1..1000000000)", 1, "此处应为 )，却是 .."),
        ("- => string(for i in 1..1000000000 return i)", 1, "表达式的计算超过 150000 步"),
        ('- => "a"', {"a": "x" * 3}, "amount 应为 number"),
        ("- => number(“1”)", 1, "此处不应出现字符 “"),
        ("- => uper case(result)", 1, "您要写的是否是 upper case？"),
    ],
)
def test_a_decision_speaks_chinese(rule: str, amount: object, said: str) -> None:
    model = one_table(*TABLE, [rule])
    found = [*decisions.problems(model), *decisions.evaluate(model, "d1", {"amount": amount}).findings]
    told = [chinese(finding) for finding in found]
    assert any(said in sentence for sentence in told), told
    assert [sentence for sentence in told if ENGLISH.search(QUOTED.sub("", sentence))] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("total > limit", "而是 null (没有变量 limit)"),
        ("total >", "此处应为表达式，却是 结尾"),
        ("for i in 1..1000000000 return i", "表达式的计算超过"),
    ],
)
def test_a_condition_speaks_chinese(text: str, said: str) -> None:
    with pytest.raises(StepFailed) as stopped:
        expressions.holds(text, {"total": 1}, at(), "gateway")
    assert said in chinese(stopped.value.finding)


def test_a_form_speaks_chinese() -> None:
    """Also where the expression stands in a field."""
    form = b"""{"id": "f", "type": "default", "components": [
        {"type": "textfield", "key": "a", "label": "A", "conditional": {"hide": "=1 +"}}]}"""
    told = [chinese(finding) for finding in load.read({"f.form": form}).findings]
    assert any(
        "`1 +` 在第 4 个字符处不是 FEEL：此处应为表达式，却是 结尾" in sentence for sentence in told
    ), told
