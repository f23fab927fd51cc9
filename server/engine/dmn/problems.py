"""What can be wrong with a DMN model or an evaluation, told with its place and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from server.engine.feel import Told

Level = Literal["error", "warning", "info"]


class _Wording(NamedTuple):
    level: Level
    message: str
    remedy: str


WORDINGS: Mapping[str, _Wording] = {
    # ---- the file
    "dmn.not_xml": _Wording(
        "error", "The file is not well-formed XML: {reason}.", "Save it again with the modeler that drew it."
    ),
    "dmn.entities": _Wording(
        "error",
        "The file declares a document type or entities, which are refused for safety.",
        "Remove the DOCTYPE; modelers do not write one.",
    ),
    "dmn.not_dmn": _Wording(
        "error",
        "The root element is {root}, not the definitions of a DMN 1.1 to 1.5 model.",
        "Export the model as DMN.",
    ),
    "dmn.too_deep": _Wording(
        "error", "Boxed expressions are nested deeper than {limit} levels.", "Split the decision."
    ),
    "dmn.too_large": _Wording(
        "error", "The file has {size} bytes; at most {limit} are read.", "Split the file."
    ),
    "dmn.no_id": _Wording("error", "A {kind} has neither id nor name.", "Give it an id and a name."),
    "dmn.duplicate_id": _Wording(
        "error",
        "The id {id} is used twice: by the {first} in line {first_line} and by the {kind} in line {line}.",
        "Give each element its own id."
    ),
    "dmn.duplicate_name": _Wording(
        "warning", "The name {name} is used by more than one element; references by name take the first.",
        "Give each element its own name.",
    ),
    "dmn.unknown_import": _Wording(
        "error", "The imported model {namespace} is not among the files.",
        "Add the file, or remove the import."
    ),
    "dmn.unknown_requirement": _Wording(
        "error", "{decision} requires {href}, which does not exist.", "Draw the arrow again."
    ),
    "dmn.cycle": _Wording(
        "error", "{decision} requires itself: {path}.", "Remove one arrow of the circle."
    ),
    "dmn.unknown_type": _Wording(
        "error", "The type {type} is not known.{suggestion}",
        "Use a FEEL type or define the type in the model."
    ),
    "dmn.type_cycle": _Wording("error", "The type {type} is made of itself.", "Break the circle."),
    "dmn.no_logic": _Wording(
        "warning", "{decision} has no decision logic; it gives null.", "Add a table or an expression."
    ),
    "dmn.expression_language": _Wording(
        "error", "The expression language {language} is not supported.", "Write the expression in FEEL."
    ),
    "dmn.foreign_function": _Wording(
        "warning", "The {kind} function {name} is never run; calls give null.", "Write the function in FEEL."
    ),
    "dmn.unknown_hit_policy": _Wording(
        "error", "The hit policy {policy} is not known.",
        "Use UNIQUE, ANY, FIRST, PRIORITY, RULE ORDER, OUTPUT ORDER or COLLECT.",
    ),
    "dmn.unknown_aggregation": _Wording(
        "error", "The aggregation {aggregation} is not known.", "Use SUM, MIN, MAX or COUNT."
    ),
    "dmn.rule_width": _Wording(
        "error", "Rule {row} has {found} {part} cells; the table has {expected} {part} columns.",
        "Save the table again with a modeler.",
    ),
    "dmn.no_priorities": _Wording(
        "error", "Hit policy {policy} needs the output values in order of priority, and none are listed.",
        "List the values of an output column, most important first.",
    ),
    "dmn.unmatched_unknown": _Wording(
        "error", "The property nothingMatched is “{value}”.",
        "Write null (no answer is an answer) or error (a case is meant to stop).",
    ),
    "dmn.unmatched_reason": _Wording(
        "error", "nothingMatched = error and nothingMatchedReason belong together; one of them is missing.",
        "Write into nothingMatchedReason why no rule is needed there, or remove both.",
    ),
    "dmn.feel_syntax": _Wording(
        "error", "Not FEEL: {reason} (character {position} of `{cell}`).", "{suggestion}"
    ),
    "dmn.unknown_name": _Wording(
        "warning", "`{cell}` uses {name}, which nothing provides.{suggestion}", "Correct the name."
    ),
    # ---- the analysis of a table
    "dmn.overlap": _Wording(
        "error", "Rules {rows} of table {table} both match, for example where {example}.",
        "Table {table} is UNIQUE: make the conditions exclude each other.",
    ),
    "dmn.overlap_any": _Wording(
        "warning",
        "Rules {rows} of table {table} both match and give different outputs, for example where {example}.",
        "Give them the same outputs, or make the conditions exclude each other.",
    ),
    "dmn.gap": _Wording(
        "warning", "No rule of table {table} matches where {example}.",
        "Add a rule or default outputs, or say in the property nothingMatched what is meant: null or error.",
    ),
    "dmn.gap_meant": _Wording(
        "info", "No rule of table {table} matches where {example}; a case is meant to stop there: {reason}",
        "Add a rule if cases should go on.",
    ),
    "dmn.gap_null": _Wording(
        "info", "No rule of table {table} matches while an input is missing: {example}.",
        "Make sure that the input is always given, or add a rule with null.",
    ),
    "dmn.unreachable": _Wording(
        "warning", "Rule {row} of table {table} can never fire: rules that go before it take all its cases.",
        "Remove it, or let it go before them.",
    ),
    "dmn.duplicate_rule": _Wording(
        "warning", "Rule {row} of table {table} says the same as rule {first}.", "Remove one of them."
    ),
    "dmn.empty_condition": _Wording(
        "warning", "Rule {row} of table {table} can never fire: no allowed value meets the cell of {column}.",
        "Correct the cell or the list of allowed values.",
    ),
    "dmn.never_matches": _Wording(
        "warning", "`{part}` in rule {row} of table {table}, {column}, can never match: {reason}.",
        "Correct the cell, or what the column gets.",
    ),
    "dmn.makes_no_sense": _Wording(
        "warning", "`{part}` in `{cell}` can never make sense: {reason}.",
        "Correct the expression, or the types of what it reads.",
    ),
    "dmn.unused_input": _Wording(
        "info", "No rule of table {table} asks for {column}.", "Remove the column if nothing depends on it."
    ),
    "dmn.not_analysed": _Wording(
        "info", "Not analysed: `{cell}` in rule {row}, {column}, is more than a comparison with constants.",
        "Cover its boundaries by scenarios.",
    ),
    "dmn.too_large_to_analyse": _Wording(
        "info", "Not analysed: table {table} with {rules} rules takes too many steps.",
        "Split the table, or cover it by scenarios.",
    ),
    # ---- an evaluation
    "dmn.unknown_decision": _Wording(
        "error", "There is no decision {decision} in {file}.{suggestion}", "Name one of: {known}."
    ),
    "dmn.unique_violated": _Wording(
        "error", "Table {table} is UNIQUE, but rules {rows} all match ({inputs}); they give {values}.",
        "Make the conditions of these rules exclude each other.",
    ),
    "dmn.any_violated": _Wording(
        "error",
        "Table {table} is ANY, but the matching rules {rows} do not agree ({inputs}); they give {values}.",
        "Give these rules the same outputs, or choose another hit policy.",
    ),
    "dmn.nothing_matched": _Wording(
        "error", "No rule of table {table} matches ({inputs}).",
        "Correct what goes in, or add a rule if the regulation knows the case.",
    ),
    "dmn.not_a_value": _Wording(
        "error",
        "{name} cannot be used in a decision: {reason}.",
        "Give a text, number, truth value, list or context."
    ),
    "dmn.wrong_type": _Wording(
        "error", "{name} must be {expected}, but is {actual} ({value}).", "Correct the value or its type."
    ),
    "dmn.value_not_allowed": _Wording(
        "error", "{name} is {value}; allowed are: {allowed}.",
        "Correct the value or the list of allowed values."
    ),
    "dmn.output_not_allowed": _Wording(
        "error", "Rule {row} of table {table} gives {value} for {name}; allowed are: {allowed}.",
        "Correct the cell or the list of output values.",
    ),
    "dmn.not_boolean": _Wording(
        "error", "The condition `{cell}` gave {value}, not true or false.", "Write a comparison."
    ),
    "dmn.not_aggregable": _Wording(
        "error", "Table {table} cannot take the {aggregation} of {values}.",
        "Give only comparable values (numbers for SUM) in this column.",
    ),
    "dmn.limit": _Wording(
        "error", "The evaluation was stopped: {reason}.", "Make the expression smaller."
    ),
    "dmn.feel_warning": _Wording(
        "warning", "{reason}",
        "Where the missing value is not meant, correct the expression or what it reads.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `decision` is the id of the decision it belongs to, `element` the nearest id in the
    file, `row` counts from 1, `column` is a column's label, `cell` its text; `line` counts from 1, 0 is none.
    """

    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    decision: str = ""
    element: str = ""
    row: int | None = None
    column: str | None = None
    cell: str = ""
    line: int = 0

    @property
    def level(self) -> Level:
        """error: the model cannot run, or a case must not go on with this value."""
        return WORDINGS[self.code].level

    @property
    def message(self) -> str:
        """The English template of the message; `params` fills its places."""
        return WORDINGS[self.code].message

    @property
    def remedy(self) -> str:
        """The English template of what to do."""
        return WORDINGS[self.code].remedy

    def __str__(self) -> str:
        return self.message.format_map(_Open(self.params))


class _Open(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def did_you_mean(name: str | None) -> Told | str:
    """A guess for a message; nothing where there is none."""
    return Told(" Did you mean {name}?", {"name": name}) if name else ""


class DmnError(ValueError):
    """The file cannot be read as DMN at all, or the decision asked for does not exist."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
