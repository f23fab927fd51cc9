"""Types flow from inputs through decisions into cells; what can never match is told with its place."""

from __future__ import annotations

from server.engine import dmn
from server.engine.feel import Shape
from tests.engine.dmn.models import decision, definitions, input_data, literal, table

TIERS = table([("total", "number")], [("tier", "string")], ['>= 600000 => "large"', '< 600000 => "small"'])
ROUTE = table([("tier", "string")], [("route", "string")], ['"large" => "committee"', '"huge" => "mayor"'])
MODEL = definitions(
    input_data("total", "number"),
    decision("tier", TIERS, ["in:total"]),
    decision("route", ROUTE, ["tier"]),
    decision("note", literal('if route = "mayor" then total + "x" else 1'), ["route", "in:total"]),
)


def told(model: bytes, identity: str, **given: Shape) -> list[str]:
    return [str(problem) for problem in dmn.mistaken(dmn.load(model), identity, given)]


def test_values_of_a_decision_upstream() -> None:
    """`tier` gives large or small: a rule for huge never fires."""
    model = dmn.load(MODEL)
    assert dmn.shape_of(model, "tier") == Shape("string", frozenset({"large", "small"}))
    (problem,) = dmn.mistaken(model, "route")
    assert (problem.code, problem.level, problem.row, problem.column, problem.cell) == (
        "dmn.never_matches", "warning", 2, "Column tier", '"huge"',
    )  # fmt: skip
    assert str(problem) == (
        '`"huge"` in rule 2 of table route, Column tier, can never match: '
        '"huge" can never be: only "large", "small".'
    )


def test_types_of_a_literal_expression() -> None:
    assert told(MODEL, "note") == [
        '`total + "x"` in `if route = "mayor" then total + "x" else 1` can never make sense: '
        "number + string has no result."
    ]


def test_what_the_caller_knows_of_variables() -> None:
    """A table that draws no inputs gets its types from the forms."""
    drawn = definitions(decision("d1", table([("kind", "string")], [("o", "")], ['"a" => 1', '"c" => 2'])))
    assert told(drawn, "d1") == []
    (said,) = told(drawn, "d1", kind=Shape("string", frozenset({"a", "b"})))
    assert 'only "a", "b"' in said
    (said,) = told(drawn, "d1", kind=Shape("number"))
    assert "number is given where string is wanted" in said


def test_a_text_may_be_a_date() -> None:
    """JSON has none: a column of dates takes texts."""
    drawn = definitions(decision("d1", table([("day", "date")], [("o", "")], ['> date("2026-01-01") => 1'])))
    assert told(drawn, "d1", day=Shape("string")) == []


def test_allowed_values_of_a_column_and_of_a_type() -> None:
    column = definitions(decision("d1", table([("k", "string", '"a", "b"')], [("o", "")], ['"c" => 1'])))
    assert len(told(column, "d1")) == 1
    kinds = (
        '<itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues><text>"a","b"</text>'
        "</allowedValues></itemDefinition>"
    )
    typed = definitions(
        kinds, input_data("k", "tKind"),
        decision("d1", table([("k", "tKind")], [("o", "")], ['"c" => 1', '"a" => 2']), ["in:k"]),
    )  # fmt: skip
    assert len(told(typed, "d1")) == 1


def test_outputs_of_another_type() -> None:
    drawn = definitions(decision("d1", table([("n", "number")], [("o", "number")], ['> 1 => "x"', "- => 2"])))
    assert told(drawn, "d1") == [
        '`"x"` in `"x"` can never make sense: string is given where number is wanted.'
    ]


# --------------------------------------------------------------------------- boxed expressions
def boxed(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def relation(*columns: str, rows: list[list[str]]) -> str:
    heads = "".join(f'<column name="{name}"/>' for name in columns)
    lines = "".join("<row>" + "".join(map(boxed, row)) + "</row>" for row in rows)
    return f"<relation>{heads}{lines}</relation>"


RATES = relation("kind", "rate", rows=[['"a"', "1"], ['"b"', "2"]])


def function(parameters: str, body: str, arrows: str = "") -> str:
    return (
        f'<businessKnowledgeModel id="fun" name="fun"><variable name="fun"/>'
        f"<encapsulatedLogic>{parameters}{body}</encapsulatedLogic>{arrows}</businessKnowledgeModel>"
    )


def invocation(**arguments: str) -> str:
    bound = "".join(
        f'<binding><parameter name="{key}"/>{boxed(value)}</binding>' for key, value in arguments.items()
    )
    return f"<invocation>{boxed('fun')}{bound}</invocation>"


def never(logic: str, function: str = "") -> list[str]:
    """What is told of a decision `d` with this logic; it may use the decision `rates` and the number `n`."""
    arrows = ["rates", "in:n", *(["fn:fun"] if function else [])]
    model = definitions(
        input_data("n", "number"), decision("rates", RATES), function, decision("d", logic, arrows)
    )
    assert dmn.load(model).problems == ()
    return [text.split(" can never make sense: ")[1] for text in told(model, "d")]


def test_a_relation_is_a_list_of_contexts() -> None:
    shape = dmn.shape_of(dmn.load(definitions(decision("rates", RATES))), "rates")
    assert shape.element is not None
    assert shape.element.fields == {
        "kind": Shape("string", frozenset({"a", "b"})),
        "rate": Shape("number", frozenset({1, 2})),
    }
    assert never(literal('rates[1].rate + "x"')) == ["number + string has no result."]
    assert never(literal("rates[2].rat")) == ["there is no rat, only kind, rate."]
    assert never(relation("x", rows=[["n"], ['n + "y"']])) == ["number + string has no result."]


def test_a_filter_sees_the_fields_of_its_items() -> None:
    def filtered(match: str) -> str:
        return f"<filter><in>{boxed('rates')}</in><match>{boxed(match)}</match></filter>"

    assert never(filtered('kind = "a"')) == []
    assert never(filtered("item.rate &gt; n")) == []
    assert never(filtered('kind = "c"')) == ['"c" can never be: only "a", "b".']
    assert never(filtered("kind &gt; n")) == ["string and number can never be compared."]
    assert never(filtered("kind")) == ["the condition is string, not true or false."]


def test_an_iterator_sees_the_items_of_its_source() -> None:
    def iterated(kind: str, body: str) -> str:
        last = "return" if kind == "for" else "satisfies"
        source = f"<in>{boxed('rates')}</in>"
        return f'<{kind} iteratorVariable="r">{source}<{last}>{boxed(body)}</{last}></{kind}>'

    assert never(iterated("for", "r.rate * n")) == []
    assert never(iterated("for", "r.kind * n")) == ["string * number has no result."]
    assert never(iterated("some", 'r.kind = "z"')) == ['"z" can never be: only "a", "b".']
    assert never(iterated("every", "r.rate")) == ["the condition is number, not true or false."]


def test_a_conditional_asks_what_is_true_or_false() -> None:
    parts = f"<if>{boxed('n')}</if><then>{boxed('1')}</then><else>{boxed('2')}</else>"
    assert never(f"<conditional>{parts}</conditional>") == ["the condition is number, not true or false."]


def test_an_invocation_looks_into_the_function_with_its_arguments() -> None:
    typed = '<formalParameter name="x" typeRef="number"/>'
    half = function(typed, boxed("x / 2"))
    assert never(invocation(x="n"), half) == []
    assert never(invocation(x='"ten"'), half) == ["string is given where number is wanted."]
    bare = function('<formalParameter name="x"/>', boxed("x / 2"))
    assert never(invocation(x="n"), bare) == []
    assert never(invocation(x='"ten"'), bare) == ["string / number has no result."]


def test_values_of_one_call_say_nothing_about_a_function() -> None:
    """Another call may ask for the other row."""
    rows = table([("x", "string")], [("o", "")], ['"a" => 1', '"b" => 2'])
    chosen = function('<formalParameter name="x"/>', rows)
    assert never(invocation(x='"a"'), chosen) == []


def test_a_function_that_calls_itself_ends() -> None:
    itself = '<knowledgeRequirement><requiredKnowledge href="#fun"/></knowledgeRequirement>'
    again = function('<formalParameter name="x"/>', invocation(x="x"), itself)
    assert never(invocation(x="n"), again) == []
