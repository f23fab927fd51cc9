"""A form as it was drawn, what came back from a person, and what a page needs to show it: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal, TypeAlias

from server.engine.forms.expressions import Computed, Condition, Text
from server.engine.values import Value, Variables

Path: TypeAlias = tuple[str, ...]
"""Where a field's value lies, from the record it belongs to (the whole submission, or one row of a list)."""

Pair: TypeAlias = "tuple[str, str | Upload]"
"""One name and value of a posted form; a name may come several times."""

MAX_ROWS = 200
"""Rows of a dynamic list unless the form says fewer (property `max_rows`)."""


class Kind(StrEnum):
    """The field types of form-js that the server shows and reads."""

    TEXT_FIELD = "textfield"
    TEXT_AREA = "textarea"
    NUMBER = "number"
    DATE_TIME = "datetime"
    CHECKBOX = "checkbox"
    CHECKLIST = "checklist"
    RADIO = "radio"
    SELECT = "select"
    TAG_LIST = "taglist"
    FILES = "filepicker"
    EXPRESSION = "expression"
    GROUP = "group"
    LIST = "dynamiclist"
    TEXT = "text"
    HTML = "html"
    TABLE = "table"
    IMAGE = "image"
    SEPARATOR = "separator"
    SPACER = "spacer"


KEYED = frozenset(
    {
        Kind.TEXT_FIELD,
        Kind.TEXT_AREA,
        Kind.NUMBER,
        Kind.DATE_TIME,
        Kind.CHECKBOX,
        Kind.CHECKLIST,
        Kind.RADIO,
        Kind.SELECT,
        Kind.TAG_LIST,
        Kind.FILES,
        Kind.EXPRESSION,
    }
)
"""Types that hold a value."""

CHOICES = frozenset({Kind.RADIO, Kind.SELECT, Kind.CHECKLIST, Kind.TAG_LIST})
"""Types with options."""

SEVERAL = frozenset({Kind.CHECKLIST, Kind.TAG_LIST})
"""Types whose value is a list of options."""

Meaning: TypeAlias = Literal["", "money", "boolean", "integer"]
"""What a value stands for beyond its type (property `kind`)."""

Auto: TypeAlias = Literal["", "officer", "officer_unit", "today", "now", "case"]
"""Who fills a field instead of the person (property `auto`); `case` shows what the case already knows."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: `token` is what a browser sends for `value`."""

    value: Value
    token: str
    label: Text


@dataclass(frozen=True, slots=True)
class Options:
    """Where choices come from: written in the form, a variable (`key`) or a FEEL expression."""

    fixed: tuple[Option, ...] = ()
    key: str = ""
    expression: Computed | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a value must satisfy. Bounds may be FEEL; `must_be_true` is a citation (`hongshan#15`) or
    "yes"; what is `unique` no two cases may have, which only those see who know all cases."""

    required: bool = False
    minimum: Computed | None = None
    maximum: Computed | None = None
    min_length: Computed | None = None
    max_length: Computed | None = None
    pattern: str = ""
    pattern_message: Text | None = None
    shape: Literal["", "phone", "email"] = ""
    must_be_true: str = ""
    min_items: int = 0
    max_items: int = MAX_ROWS
    no_past: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that a form shows."""

    key: str
    label: Text


@dataclass(frozen=True, slots=True)
class Look:
    """How a component is shown; lengths in pixels, `columns` of 16 (0: as wide as the line)."""

    row: str = ""
    columns: int = 0
    prefix: Text | None = None
    suffix: Text | None = None
    height: int = 0
    rows: int = 0


NO_TEXT = Text()


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a form.

    `path` places the value of a keyed component or list in its record; `children` belong to groups and lists.
    `decimals` is the number of decimal places of a number (None: any), `subtype` date, time or datetime,
    `content` the text of a text, HTML or image component, `computed` the value of an expression field or the
    data
    of a table. `regulation` are citations shown beside the field.
    """

    kind: Kind
    id: str
    path: Path = ()
    label: Text = NO_TEXT
    hint: Text = NO_TEXT
    hide: Condition | None = None
    readonly: Condition | None = None
    disabled: bool = False
    default: Value = None
    meaning: Meaning = ""
    auto: Auto = ""
    rules: Rules = Rules()
    look: Look = Look()
    options: Options | None = None
    decimals: int | None = None
    subtype: Literal["date", "time", "datetime"] = "date"
    accept: Computed | None = None
    multiple: Computed | None = None
    content: Text = NO_TEXT
    source: Computed | None = None
    alt: Text = NO_TEXT
    computed: Computed | None = None
    columns: tuple[Column, ...] = ()
    columns_from: Computed | None = None
    repetitions: int = 1
    fixed_rows: bool = False
    regulation: tuple[str, ...] = ()
    children: tuple[Component, ...] = ()

    @property
    def key(self) -> str:
        """The value's place with dots: the id by which variables, decisions and tests know it."""
        return ".".join(self.path)

    @property
    def keyed(self) -> bool:
        """Whether it holds a value of its own."""
        return self.kind in KEYED


@dataclass(frozen=True)
class Form:
    """A form of a deployment. `controls` are the names on which some other part of the form depends."""

    id: str
    file: str
    title: Text
    components: tuple[Component, ...]
    controls: frozenset[str] = frozenset()
    properties: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fields(self) -> tuple[Component, ...]:
        """Every component that holds a value, those inside groups and lists too, in the order of the page."""
        return tuple(_keyed(self.components))

    @cached_property
    def lists(self) -> tuple[Component, ...]:
        """The repeating lists, in the order of the page."""
        return tuple(c for c in _all(self.components) if c.kind is Kind.LIST)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Names of the variables a submission may set: the first part of each value's place."""
        inside = {
            c.path[0] for c in _all(self.components, into_lists=False) if c.path and c.kind is not Kind.GROUP
        }
        return frozenset(inside)


def _all(components: tuple[Component, ...], into_lists: bool = True) -> list[Component]:
    found: list[Component] = []
    for component in components:
        found.append(component)
        if component.kind is not Kind.LIST or into_lists:
            found.extend(_all(component.children, into_lists))
    return found


def _keyed(components: tuple[Component, ...]) -> list[Component]:
    return [c for c in _all(components) if c.keyed]


# --------------------------------------------------------------------------- what came back
@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a submission: `id` names what was stored; `problem` (a message) says why it was not."""

    name: str
    size: int = 0
    media_type: str = ""
    id: str = ""
    problem: str = ""

    def value(self) -> dict[str, Value]:
        """What a process variable holds of it."""
        return {"id": self.id, "name": self.name, "size": self.size, "media_type": self.media_type}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `message` is an English template; translate it first, fill it afterwards.

    `name` is the name in the page (`items.0.price`), `label` the field's own label (already in the reader's
    language), also found in `params`.
    """

    name: str
    label: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self) -> str:
        """The message in English with its places filled."""
        return self.message.format_map(dict(self.params) | {"label": self.label})


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person sent. `values` are clean and typed: hidden, read-only and disabled fields are not in it.
    `raw` is what was typed, text by text, to show it again or keep as a draft. `unseen` are names of fields
    which
    the answers made visible though the page did not show them: ask for them before going on. `edited` tells
    that
    the person only added or removed a row."""

    values: Mapping[str, Value]
    errors: tuple[FieldError, ...] = ()
    raw: Mapping[str, Value] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    edited: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the values may be used."""
        return not (self.errors or self.unseen or self.edited)


# --------------------------------------------------------------------------- what a page shows
@dataclass(frozen=True, slots=True)
class RenderContext:
    """What a form is shown with: the case's variables, values the server fills, known files, what was wrong.

    `errors` hold the texts under each name, ready to be read. `readonly` shows everything as text. `prefix`
    is put
    before each HTML id, for two forms on one page.
    """

    variables: Variables = field(default_factory=dict)
    autos: Variables = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    language: str = "zh-CN"
    readonly: bool = False
    prefix: str = "f-"


@dataclass(frozen=True, slots=True)
class OptionView:
    """A choice on the page."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a repeating list; `number` counts from 1, `name` is what a remove button sends."""

    number: int
    name: str
    children: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One visible node of a page. `text` goes into the input; `display` is the value in words for reading.

    `input` is the HTML input type, `error_id`/`hint_id` are for aria-describedby. `controls` tells that other
    fields depend on this one, `asked` that people answer it (though it may be shown as text here). `body`
    holds the rows of a table, `columns` its headings.
    """

    kind: str
    id: str
    name: str = ""
    label: str = ""
    hint: str = ""
    text: str = ""
    display: str = ""
    checked: bool = False
    required: bool = False
    readonly: bool = False
    disabled: bool = False
    asked: bool = False
    controls: bool = False
    errors: tuple[str, ...] = ()
    input: str = "text"
    mode: str = ""
    span: int = 16
    line: str = ""
    prefix: str = ""
    suffix: str = ""
    height: int = 0
    max_length: int | None = None
    accept: str = ""
    multiple: bool = False
    can_edit_rows: bool = False
    source: str = ""
    options: tuple[OptionView, ...] = ()
    files: tuple[Upload, ...] = ()
    columns: tuple[str, ...] = ()
    body: tuple[tuple[str, ...], ...] = ()
    regulation: tuple[str, ...] = ()
    children: tuple[FieldView, ...] = ()
    rows: tuple[RowView, ...] = ()

    @property
    def hint_id(self) -> str:
        """HTML id of the hint, or ""."""
        return f"{self.id}-hint" if self.hint else ""

    @property
    def error_id(self) -> str:
        """HTML id of the error text, or ""."""
        return f"{self.id}-error" if self.errors else ""

    @property
    def described_by(self) -> str:
        """Value of aria-describedby."""
        return " ".join(filter(None, (self.hint_id, self.error_id)))
