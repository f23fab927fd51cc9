"""Texts with markup from uploaded forms, made harmless: Markdown of text fields, HTML of HTML fields."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "a",
    "b",
    "br",
    "caption",
    "code",
    "dd",
    "dl",
    "dt",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
}
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}


@lru_cache(maxsize=1_000)  # what stands in diagrams and forms comes again with each page
def safe_html(source: str) -> Markup:
    """HTML with only harmless tags left: no scripts, styles, pictures, frames, handlers or foreign
    addresses."""
    cleaned = nh3.clean(
        source,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener",
    )
    return Markup(cleaned)


@lru_cache(maxsize=1_000)
def markdown(source: str) -> Markup:
    """Markdown as harmless HTML; HTML within it is shown as text. Headings start below the page's own."""
    return safe_html(_markdown().render(source))


def without_marks(source: str) -> str:
    """The text without the marks of readings (`[R7]`), for pages that do not list the readings beside it."""
    return re.sub(r"\s*\[R\d+\]", "", source)


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")
