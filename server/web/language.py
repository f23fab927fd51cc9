"""The languages of the pages: English texts are the keys, Chinese ones come from `server/locale`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh-CN", "en")
CATALOGUES = Path(__file__).parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Translator:
    """Gives texts in one language. A text that the catalogue does not have stays English."""

    language: str
    texts: Mapping[str, str]

    def gettext(self, text: str) -> str:
        """The text in this language."""
        return self.texts.get(text) or text

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The text for this number of things; Chinese has one form for all."""
        return self.texts.get(one) or (one if n == 1 else many)

    def tell(self, template: str, params: Mapping[str, object] | None = None) -> str:
        """A sentence of the engine or of a service, translated first, its `{places}` filled afterwards."""
        places = _Places({name: self._said(value) for name, value in (params or {}).items()})
        try:
            return self.gettext(template).format_map(places)
        except (ValueError, IndexError, AttributeError, KeyError):
            return self.gettext(template)

    def _said(self, value: object) -> object:
        """What fills a place: a sentence or a word of ours, marked as one by its `message`, is told the same
        way; any other text is somebody's name, number or words and stays as it was typed."""
        if isinstance(value, Mapping) and isinstance(value.get("message"), str):
            return self.tell(value["message"], value.get("params"))
        return value


class _Places(dict[str, object]):
    """A place without a value shows its own name: a refusal must never fail while it is told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def translator(language: str) -> Translator:
    """The translator of a language; catalogues are read once."""
    if language not in LANGUAGES:
        language = LANGUAGES[0]
    return Translator(language, {} if language == "en" else _texts(language.replace("-", "_")))


def preferred(accepted: str, default: str) -> Translator:
    """The translator of the language a header `Accept-Language` names first among ours."""
    wanted = (part.partition(";")[0].strip().lower() for part in accepted[:200].split(","))
    ours = {"zh": "zh-CN", "en": "en"}
    return translator(next((ours[name[:2]] for name in wanted if name[:2] in ours), default))


def _texts(locale: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted((CATALOGUES / locale).glob("*.po")):
        with file.open("rb") as content:
            for message in read_po(content, locale=locale):
                key = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
                if key and text and not message.fuzzy:
                    texts[key] = text
    return texts


def mark(text: str) -> str:
    """Mark an English text for the catalogue; it is translated where it is shown."""
    return text
