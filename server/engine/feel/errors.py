"""What FEEL refuses, and what it lets pass with a warning."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def mark(template: str) -> str:
    """Mark a sentence that stands by itself for those who gather what is to be translated."""
    return template


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence whose words can still be translated: an English template (a gettext msgid) and what fills
    its ``{places}``, other sentences among it. As text it is the filled English sentence."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


class FeelError(Exception):
    """Anything that keeps an expression from being read or evaluated.

    ``template`` is the English sentence with ``{placeholders}`` (a gettext msgid), ``values`` fills it,
    ``message`` is the filled sentence.
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        self.message = template.format(**values)
        super().__init__(self.message)

    @property
    def told(self) -> Told:
        """The sentence, still to be translated."""
        return Told(self.template, self.values)


class NotFeelValue(FeelError, ValueError):
    """Data from outside has a value FEEL cannot hold."""


class NotFeelType(FeelError, TypeError):
    """Data from outside has a kind of value FEEL does not know."""


class FeelSyntaxError(FeelError):
    """The text is not FEEL. ``position`` counts characters from 0, ``line`` and ``column`` from 1."""

    def __init__(
        self, template: str, text: str, position: int, suggestion: str | None = None, **values: object
    ) -> None:
        super().__init__(template, **values)
        self.text = text
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        self.column = position - (text.rfind("\n", 0, position) + 1) + 1
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"line {self.line}, column {self.column}: {self.message}{hint}"


class FeelLimitError(FeelError):
    """Evaluation was stopped because it asks for more steps, memory, depth or time than it may have."""


class FeelClockError(FeelError):
    """The expression asks for the present time and the caller gave none (``now=``)."""


@dataclass(frozen=True, slots=True)
class FeelWarning:
    """Why a value became null (or a condition was not true): FEEL goes on, people should know.

    ``start`` and ``end`` are character offsets into the text of the expression.
    """

    template: str
    start: int
    end: int
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The English sentence, filled."""
        return self.template.format(**self.values)

    @property
    def told(self) -> Told:
        """The sentence, still to be translated."""
        return Told(self.template, self.values)

    def __str__(self) -> str:
        return self.message
