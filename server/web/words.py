"""How facts are said on a page: dates, lights, citations, sizes, values of cases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from server.engine.forms.values import moment_words, number_text
from server.web.language import Translator
from server.web.language import mark as _

_HOME = ZoneInfo("Asia/Shanghai")
_CITATION = re.compile(r"(?:[\w-]*#)?(\d+)(?:\.(\d+))?(?:p(\d+))?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)")
_LEADING_CITATIONS = re.compile(r"^(?:[\w-]+#[\w.]+\s*)+")
_UNCOUNTED = {"green": _("on time"), "yellow": _("nearly due"), "red": _("overdue")}
LIGHTS = {"green": "●", "yellow": "▲", "red": "■", "stopped": "‖"}


class Words:
    """The sayings of one language, as filters and functions of the templates."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self.chinese = translator.language.startswith("zh")

    @property
    def none(self) -> str:
        """An empty list in words."""
        return self.translator.gettext(_("none"))

    def day(self, value: datetime | date | None) -> str:
        """A date with its weekday, on the clocks of the office: 2026-03-05 周四."""
        if value is None:
            return ""
        day = value.astimezone(_HOME).date() if isinstance(value, datetime) else value
        return moment_words(day.isoformat(), self.translator.language)

    def clock(self, value: datetime | None) -> str:
        """A date and time of day: 2026-03-05 10:32."""
        return value.astimezone(_HOME).strftime("%Y-%m-%d %H:%M") if value else ""

    def hour(self, value: datetime | None) -> str:
        """A time of day: 10:32."""
        return value.astimezone(_HOME).strftime("%H:%M") if value else ""

    def citation(self, citation: str) -> str:
        """An article as people cite it: `town#12.1` is 第12条第1项, `town#8p2` 第8条第2款."""
        found = _CITATION.fullmatch(citation)
        if not found:
            return citation
        article, item, paragraph = found.groups()
        if self.chinese:
            return (
                f"第{article}条" + (f"第{item}项" if item else "") + (f"第{paragraph}款" if paragraph else "")
            )
        return (
            f"Art. {article}" + (f"({item})" if item else "") + (f" para. {paragraph}" if paragraph else "")
        )

    def annotation(self, text: str) -> str:
        """A rule's own words without the citations in front of them, which are shown as articles."""
        return _LEADING_CITATIONS.sub("", text).strip()

    def time_left(self, light: str, days: int | None) -> str:
        """What a light says: on time, near, overdue, and how many working days."""
        gettext, n = self.translator.gettext, self.translator.ngettext
        if light == "stopped":
            return gettext(_("clock stopped"))
        if days is None:
            return gettext(_UNCOUNTED[light])
        if light == "red":
            late = max(-days, 0)
            return (
                n("overdue by %(n)d working day", "overdue by %(n)d working days", late) % {"n": late}
                if late
                else gettext(_("overdue since today"))
            )
        if days <= 0:
            return gettext(_("due today"))
        return n("%(n)d working day left", "%(n)d working days left", days) % {"n": days}

    def size(self, count: int) -> str:
        """A file size: 12 KB, 3.4 MB."""
        return f"{count / 1_048_576:.1f} MB" if count >= 1_048_576 else f"{max(1, round(count / 1024))} KB"

    def moment(self, text: str) -> str:
        """A moment that a case keeps as text: 2026-03-05 10:30, or its day alone where it is a limit (the
        last second of a day). Nothing for other text, and for days, which people read as they are."""
        if not _MOMENT.fullmatch(text):
            return ""
        try:
            found = datetime.fromisoformat(text).astimezone(_HOME)
        except (ValueError, OverflowError):
            return ""
        return f"{found:%Y-%m-%d}" if (found.hour, found.minute) == (23, 59) else f"{found:%Y-%m-%d %H:%M}"

    def value(self, value: Any) -> str:
        """A variable in words, for decisions and facts that have no form."""
        if value is None:
            return "—"
        if isinstance(value, bool):
            return self.translator.gettext(_("Yes") if value else _("No"))
        if isinstance(value, int | Decimal | float):
            return number_text(
                value, "money" if isinstance(value, Decimal) and value.as_tuple().exponent == -2 else ""
            )
        if isinstance(value, list | tuple):
            return "、".join(self.value(item) for item in value) or "—"
        if isinstance(value, Mapping):
            return "；".join(f"{name}：{self.value(item)}" for name, item in value.items())
        return str(value) or "—"

    def finding(self, finding: Mapping[str, Any]) -> str:
        """A kept finding, in the reader's language."""
        return self.translator.tell(str(finding.get("message", "")), finding.get("params") or {})

    def remedy(self, finding: Mapping[str, Any]) -> str:
        """What to do about a kept finding."""
        return self.translator.tell(str(finding.get("remedy", "")), finding.get("params") or {})


def light_shape(light: str) -> Markup:
    """The shape of a light; colour is never alone."""
    return Markup(LIGHTS.get(light, "●"))
