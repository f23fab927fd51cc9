"""Letters in words: what leaves the house, in the language of its reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.services.notices import address_of
from server.services.outbox import Letter
from server.web import notice_texts
from server.web.language import Translator, translator
from server.web.language import mark as _
from server.web.words import Words


def subject(letter: Letter) -> str:
    """The first line: what happened, in which case."""
    words = translator(letter.locale)
    sentence = notice_texts.sentence(words, letter.payload["kind"], letter.payload)
    number = letter.payload.get("number", "")
    return f"{sentence} · {number}" if number else sentence


def text(letter: Letter, house: str) -> str:
    """The whole letter, with links where the address of the house is known."""
    words = translator(letter.locale)
    items = letter.payload.get("items")
    single = [{**letter.payload, "case": letter.instance_id}]
    paragraphs = [_told(words, item, house) for item in items or single]
    head = [notice_texts.sentence(words, letter.payload["kind"], letter.payload)] if items else []
    foot = words.gettext(_("Choose in your notices what you hear about."))
    return "\n\n".join([*head, *paragraphs, foot]) + "\n"


def link(payload: Mapping[str, Any], case: str, house: str) -> str:
    """The page of the matter; "" where the address of the house is not known."""
    if not house:
        return ""
    if not case:
        return f"{house.rstrip('/')}/notices"
    return house.rstrip("/") + address_of(str(payload["kind"]), case, payload.get("task"))


def _told(words: Translator, payload: Mapping[str, Any], house: str) -> str:
    lines = [notice_texts.sentence(words, str(payload["kind"]), payload)]
    if payload.get("number"):
        lines.append(f"{payload['number']} {payload.get('title', '')}".strip())
    if payload.get("note"):
        lines.append(str(payload["note"]))
    if due := Words(words).moment(str(payload.get("due") or "")):
        lines.append(words.tell(_("Limit: {due}"), {"due": due}))
    if address := link(payload, str(payload.get("case", "")), house):
        lines.append(address)
    return "\n".join(lines)
