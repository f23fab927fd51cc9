"""What a DMN file says, as frozen values: decisions, tables, boxed expressions and types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias


class HitPolicy(StrEnum):
    """Which of the matching rules of a table count (DMN 1.5, 8.2.10)."""

    UNIQUE = "UNIQUE"
    ANY = "ANY"
    FIRST = "FIRST"
    PRIORITY = "PRIORITY"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"
    COLLECT = "COLLECT"

    @property
    def many(self) -> bool:
        """Whether the policy gives a list, so that an empty one is an answer."""
        return self in (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT)


Aggregation: TypeAlias = Literal["", "SUM", "MIN", "MAX", "COUNT"]


# --------------------------------------------------------------------------- names, types, text
@dataclass(frozen=True, slots=True)
class Variable:
    """A named, perhaps typed place: of input data, a decision, a parameter, a context entry or a column."""

    name: str = ""
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A FEEL text of the file with its place: `line` from 1, `language` empty for FEEL."""

    text: str = ""
    id: str = ""
    line: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A named type. Exactly one of `type_ref`, `components`, `function` says what it is made of; `allowed`
    limits the items, `constraint` the whole value; `collection` makes it a list of these."""

    name: str
    type_ref: str = ""
    components: tuple[ItemDefinition, ...] = ()
    function: FunctionItem | None = None
    collection: bool = False
    allowed: Text = Text()
    constraint: Text = Text()
    line: int = 0


@dataclass(frozen=True, slots=True)
class FunctionItem:
    """The signature of a function type."""

    parameters: tuple[Variable, ...]
    output: str = ""


# --------------------------------------------------------------------------- expressions
@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """FEEL text that gives one value; `imported` when its text lies outside the file (not supported)."""

    source: Text
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class InputClause:
    """A condition column. `label` is what its head shows; `variable` a name that its cells may use."""

    id: str
    label: str
    expression: Text
    type_ref: str = ""
    allowed: Text = Text()
    variable: str = ""


@dataclass(frozen=True, slots=True)
class OutputClause:
    """A conclusion column. `allowed` lists its values, most important first; `default` stands when nothing
    matched."""

    id: str
    name: str
    label: str
    type_ref: str = ""
    allowed: Text = Text()
    default: Text = Text()


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: `row` from 1; `annotations` are its remarks in column order, `description` the rule's own."""

    row: int
    id: str
    inputs: tuple[Text, ...]
    outputs: tuple[Text, ...]
    annotations: tuple[str, ...] = ()
    description: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table in any orientation. `allow_no_match` tells that null is meant when nothing matches;
    `stops_because` says why a case is meant to stop there instead, "" where nobody said so."""

    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = HitPolicy.UNIQUE
    aggregation: Aggregation = ""
    annotations: tuple[str, ...] = ()
    orientation: str = ""
    id: str = ""
    label: str = ""
    type_ref: str = ""
    allow_no_match: bool = False
    stops_because: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One line of a boxed context; without a name it is the result cell."""

    variable: Variable
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Context:
    """A boxed context."""

    entries: tuple[ContextEntry, ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """An argument of a boxed invocation."""

    parameter: str
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A boxed call of a function by parameter names."""

    function: Expression | None
    bindings: tuple[Binding, ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class BoxedList:
    """A boxed list."""

    items: tuple[Expression, ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A boxed relation: a list of contexts with the same keys."""

    columns: tuple[Variable, ...]
    rows: tuple[tuple[Expression | None, ...], ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A boxed function. Kinds other than FEEL (Java, PMML) are not run: calling one gives null."""

    parameters: tuple[Variable, ...]
    body: Expression | None
    kind: str = "FEEL"
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Conditional:
    """A boxed if-then-else."""

    condition: Expression | None
    consequence: Expression | None
    alternative: Expression | None
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A boxed filter: the items of `source` for which `match` holds."""

    source: Expression | None
    match: Expression | None
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Iterator:
    """A boxed `for`, `some` or `every` over the items of `source` named `variable`."""

    kind: Literal["for", "some", "every"]
    variable: Variable
    source: Expression | None
    body: Expression | None
    type_ref: str = ""


Expression: TypeAlias = (
    LiteralExpression
    | DecisionTable
    | Context
    | Invocation
    | BoxedList
    | Relation
    | FunctionDefinition
    | Conditional
    | Filter
    | Iterator
)


# --------------------------------------------------------------------------- the requirement graph
@dataclass(frozen=True, slots=True)
class InputData:
    """Something a decision is told from outside."""

    id: str
    name: str
    variable: Variable
    label: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: its logic and the hrefs (`#id` or `namespace#id`) of what it requires."""

    id: str
    name: str
    variable: Variable
    logic: Expression | None
    requires: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    regulation: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class BusinessKnowledgeModel:
    """A named function and the hrefs of the functions it calls."""

    id: str
    name: str
    variable: Variable
    logic: FunctionDefinition | None
    requires: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class DecisionService:
    """A set of decisions that is called as one function; all references are hrefs."""

    id: str
    name: str
    variable: Variable
    outputs: tuple[str, ...] = ()
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    input_data: tuple[str, ...] = ()
    line: int = 0


Element: TypeAlias = InputData | Decision | BusinessKnowledgeModel | DecisionService


@dataclass(frozen=True, slots=True)
class Import:
    """Another model used here under the prefix `name`."""

    name: str
    namespace: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Definitions:
    """One DMN file as read: elements and types in file order."""

    file: str
    id: str
    name: str
    namespace: str
    elements: tuple[Element, ...]
    types: tuple[ItemDefinition, ...] = ()
    imports: tuple[Import, ...] = ()
    unsupported: tuple[Text, ...] = ()
