"""Texts of templates: put in when a template is compiled, with nothing else changed."""

from __future__ import annotations

import pytest
from jinja2 import Environment
from jinja2.ext import Extension
from markupsafe import Markup

from server.web.spoken import SpokenTexts, WesternMarks

SAID = {"Subject": "事项", "100%% sure": "100%% 确定", "Reminded %(who)s": "已催办 %(who)s"}


def _environment(asked: list[str], *extensions: type[Extension]) -> Environment:
    environment = Environment(autoescape=True, extensions=extensions)

    def speak(text: str, /, **places: object) -> Markup:
        asked.append(text)
        return Markup(SAID[text]) % places

    environment.globals["_"] = speak
    return environment


@pytest.mark.parametrize(
    "source",
    [
        '<th>{{ _("Subject") }}</th>{{_("100%% sure")}}',
        '{% for n in (1, 2) %}{{ n }} {{ _("Subject") }}{% endfor %}',
        '{{ _("Subject") | upper }}{{ _("Subject") ~ "<" }}{{ other("Subject") }}',
        '{{ _("Reminded %(who)s", who="<b>") }}{% set subject = _("Subject") %}{{ subject }}',
        '{{ "_" }}{{ ("Subject") }}',
    ],
)
def test_a_template_says_the_same(source: str) -> None:
    """Whether its texts were put in before or looked up each time."""
    texts = {"other": lambda text: text, "n": 0}
    plain = _environment([]).from_string(source).render(texts)
    assert _environment([], SpokenTexts).from_string(source).render(texts) == plain


def test_marks_between_texts_are_those_of_the_language() -> None:
    """Those after a Chinese word belong to it, and what fills a template is not touched."""
    source = '{{ who }}（{{ post }}）：{{ some | join("、") }}；验证码：{{ code }}'
    told = {"who": "李娜", "post": "科长", "some": ["甲", "乙"], "code": "一：二"}
    assert _environment([]).from_string(source).render(told) == "李娜（科长）：甲、乙；验证码：一：二"
    english = _environment([], SpokenTexts, WesternMarks).from_string(source)
    assert english.render(told) == "李娜 (科长): 甲, 乙; 验证码：一：二"


def test_a_text_is_looked_up_once() -> None:
    """When the template is compiled; where places are filled, each time."""
    asked: list[str] = []
    source = '{% for n in (1, 2, 3) %}{{ _("Subject") }}{{ _("Reminded %(who)s", who=n) }}{% endfor %}'
    template = _environment(asked, SpokenTexts).from_string(source)
    assert asked == ["Subject"]
    assert template.render().count("事项") == 3
    assert asked == ["Subject"] + ["Reminded %(who)s"] * 3
