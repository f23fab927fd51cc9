"""The hit policies of decision tables: from the rules that matched to one value, or to a violation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from server.engine.feel import compile_expression, equal

from .model import Aggregation, HitPolicy

Value: TypeAlias = Any


class Matches(NamedTuple):
    """The rules that matched: indices from 0 in table order, what each gives, and how each ranks.

    `outputs(rule)` evaluates the conclusions of a rule: one value, or a context of several columns.
    `rank(value)` places a value in the table's list of output values: smaller tuples come first.
    """

    rules: Sequence[int]
    outputs: Callable[[int], Value]
    rank: Callable[[Value], tuple[int, ...]]


class Choice(NamedTuple):
    """What a policy makes of the matches: the value, the rules that made it (from 0), and the code of the
    violation, if any."""

    value: Value
    rules: Sequence[int]
    violation: str = ""


Policy: TypeAlias = Callable[[Matches], Choice]


def unique(matches: Matches) -> Choice:
    """Only one rule may match; null otherwise."""
    if len(matches.rules) == 1:
        return Choice(matches.outputs(matches.rules[0]), matches.rules)
    return Choice(None, matches.rules, "dmn.unique_violated")


def any_(matches: Matches) -> Choice:
    """All matching rules must give the same; null otherwise."""
    first, *others = (matches.outputs(rule) for rule in matches.rules)
    if all(equal(first, other) is True for other in others):
        return Choice(first, matches.rules)
    return Choice(None, matches.rules, "dmn.any_violated")


def first(matches: Matches) -> Choice:
    """The first matching rule in table order."""
    return Choice(matches.outputs(matches.rules[0]), matches.rules[:1])


def priority(matches: Matches) -> Choice:
    """The matching rule whose output stands first in the list of output values."""
    value, rule = _by_rank(matches)[0]
    return Choice(value, [rule])


def rule_order(matches: Matches) -> Choice:
    """The outputs of all matching rules in table order."""
    return Choice([matches.outputs(rule) for rule in matches.rules], matches.rules)


def output_order(matches: Matches) -> Choice:
    """The outputs of all matching rules in the order of the list of output values."""
    ranked = _by_rank(matches)
    return Choice([value for value, _ in ranked], [rule for _, rule in ranked])


def collect(matches: Matches) -> Choice:
    """The outputs of all matching rules; their order means nothing, so it is that of the table."""
    return rule_order(matches)


def _by_rank(matches: Matches) -> list[tuple[Value, int]]:
    found = [(matches.outputs(rule), rule) for rule in matches.rules]
    return sorted(found, key=lambda pair: matches.rank(pair[0]))


# --------------------------------------------------------------------------- collect with an aggregation
def aggregated(function: Callable[[list[Value]], Value]) -> Policy:
    """Collect, then one number (or least, greatest value) of each output column."""

    def policy(matches: Matches) -> Choice:
        values = [matches.outputs(rule) for rule in matches.rules]
        result = _by_column(function, values)
        violated = result is None or (isinstance(result, dict) and None in result.values())
        return Choice(result, matches.rules, "dmn.not_aggregable" if violated else "")

    return policy


def _by_column(function: Callable[[list[Value]], Value], values: list[Value]) -> Value:
    if not all(isinstance(value, dict) for value in values):
        return function(values)
    return {name: function([value[name] for value in values]) for name in values[0]}


def _count(values: list[Value]) -> Decimal:
    return Decimal(len(values))


def _built_in(name: str) -> Callable[[list[Value]], Value]:
    """A function of FEEL over a list."""
    expression = compile_expression(f"{name}(values)", ["values"])
    return lambda values: expression.evaluate({"values": values})


_AGGREGATIONS: Mapping[str, Policy] = {
    "SUM": aggregated(_built_in("sum")),
    "MIN": aggregated(_built_in("min")),
    "MAX": aggregated(_built_in("max")),
    "COUNT": aggregated(_count),
}
_POLICIES: Mapping[HitPolicy, Policy] = {
    HitPolicy.UNIQUE: unique,
    HitPolicy.ANY: any_,
    HitPolicy.FIRST: first,
    HitPolicy.PRIORITY: priority,
    HitPolicy.RULE_ORDER: rule_order,
    HitPolicy.OUTPUT_ORDER: output_order,
    HitPolicy.COLLECT: collect,
}


def policy_of(hit_policy: HitPolicy, aggregation: Aggregation) -> Policy:
    """The function of a table's policy. It is only called when at least one rule matched."""
    if hit_policy is HitPolicy.COLLECT and aggregation:
        return _AGGREGATIONS[aggregation]
    return _POLICIES[hit_policy]
