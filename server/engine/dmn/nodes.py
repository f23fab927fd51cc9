"""The elements of a requirement graph, compiled: each gives its value within one evaluation, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from server.engine.feel import FunctionValue, Type

from . import model as m
from .boxed import compile_boxed, function_parts, typed
from .evaluation import DecisionTrace, Evaluation
from .guards import ANYTHING, Guard, guard
from .problems import Problem
from .scope import Evaluator, Scope, null
from .types import Types

_PENDING = object()


class Node(Protocol):
    """Anything an arrow of the graph can start from."""

    @property
    def name(self) -> str:
        """The name its value goes by."""
        ...

    def value(self, run: Evaluation) -> Any:
        """Its value in this evaluation."""
        ...


@dataclass(frozen=True, slots=True)
class Required:
    """An arrow: what it starts from, and the import prefix its value is seen under ("" within one model)."""

    node: Node
    prefix: str = ""


def visible(required: Sequence[Required], run: Evaluation) -> dict[str, Any]:
    """The values that arrows bring, by name; those of an imported model in a context named by its prefix."""
    names: dict[str, Any] = {}
    for arrow in required:
        if arrow.prefix:
            names.setdefault(arrow.prefix, {})[arrow.node.name] = _imported(arrow, run)
        else:
            names[arrow.node.name] = arrow.node.value(run)
    return names


def _imported(arrow: Required, run: Evaluation) -> Any:
    """The value of an element of another model. Its inputs may be given within a context named by the prefix:
    a model that is imported twice then has inputs, and values, of its own each time."""
    inner = run.inputs.get(arrow.prefix)
    if not isinstance(inner, Mapping):
        return arrow.node.value(run)
    outer, values = run.inputs, run.values
    run.inputs, run.values = {**outer, **inner}, {}
    try:
        return arrow.node.value(run)
    finally:
        run.inputs, run.values = outer, values


@dataclass(eq=False, slots=True)
class InputNode:
    """Input data: a process variable made to conform to its type."""

    data: m.InputData
    guard: Guard

    @property
    def name(self) -> str:
        return self.data.variable.name

    def value(self, run: Evaluation) -> Any:
        if self in run.values:
            return run.values[self]
        given = run.inputs.get(self.name, run.inputs.get(self.data.name))
        value = run.values[self] = self.guard.receive(given, run)
        return value


@dataclass(eq=False, slots=True)
class DecisionNode:
    """A decision with its compiled logic. `free` are process variables that its expressions name and no
    element provides, with the types that input columns give them."""

    decision: m.Decision
    required: tuple[Required, ...] = ()
    evaluate: Evaluator = null
    guard: Guard = ANYTHING
    free: Mapping[str, Guard] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.decision.variable.name

    def value(self, run: Evaluation) -> Any:
        found = run.values.get(self, _PENDING)
        if found is not _PENDING:
            return found
        run.values[self] = None  # a circle of decisions ends here; it was refused when the model was read
        parent = run.trace
        trace = run.trace = DecisionTrace(self.decision)
        if parent is not None:
            parent.required.append(trace)
        elif run.root is None:
            run.root = trace
        try:
            value = run.values[self] = trace.value = self._evaluate(run, trace)
        finally:
            run.trace = parent
        return value

    def _evaluate(self, run: Evaluation, trace: DecisionTrace) -> Any:
        if self.decision.name in run.given:
            return self.guard.receive(run.inputs[self.decision.name], run)
        env: dict[str, Any] = {}
        for name, place in self.free.items():
            if name in run.inputs:
                env[name] = place.receive(run.inputs[name], run)
            elif name in self.columns:  # not known yet; any other name is a mistake, of which FEEL warns
                env[name] = None
        if self.required:
            env |= visible(self.required, run)
        trace.environment = env
        return self.evaluate(env, run)


@dataclass(eq=False, slots=True)
class FunctionNode:
    """A business knowledge model or decision service: its value is a function, always the same; `guards`
    take its arguments from the host."""

    element: m.BusinessKnowledgeModel | m.DecisionService
    function: FunctionValue | None = None
    guards: tuple[Guard, ...] = ()

    @property
    def name(self) -> str:
        return self.element.variable.name

    def value(self, run: Evaluation) -> Any:
        return self.function


# --------------------------------------------------------------------------- compiling
def compile_decision(
    node: DecisionNode, required: tuple[Required, ...], scope: Scope, known: Mapping[str, str]
) -> None:
    """Fill a decision's node. `known` maps the names of the model's input data to their types; a table that
    draws none sees all process variables."""
    decision = node.decision
    place = Problem("", decision=decision.id, element=decision.id, line=decision.line)
    own = {arrow.prefix or arrow.node.name for arrow in required}
    node.required = required
    node.guard = guard(scope.types.get(decision.variable.type_ref, place), node.name, place)
    node.evaluate = typed(
        compile_boxed(decision.logic, scope, decision.name), decision.variable.type_ref, scope, decision.name
    )
    drawn = any(isinstance(arrow.node, InputNode) for arrow in required)
    everything = isinstance(decision.logic, m.DecisionTable) and not drawn
    hints = _column_types(decision.logic)
    node.columns = frozenset(hints)
    node.free = {
        name: guard(scope.types.get(hints.get(name) or known.get(name, "")), name, place)
        for name in sorted(scope.mentioned)
        if name not in own and (everything or name not in scope.declared)
    }
    if decision.logic is None:
        scope.problems.append(replace(place, code="dmn.no_logic", params={"decision": decision.name}))


def _column_types(logic: m.Expression | None) -> dict[str, str]:
    """The types that input columns state for the variables they show."""
    if not isinstance(logic, m.DecisionTable):
        return {}
    return {column.expression.text: column.type_ref for column in logic.inputs}


def compile_function(node: FunctionNode, required: tuple[Required, ...], scope: Scope) -> None:
    """Fill a business knowledge model's node. Its body sees its parameters and the functions it requires,
    itself included."""
    element = cast("m.BusinessKnowledgeModel", node.element)
    environment: dict[str, Any] = {}
    result = _result_type(element.variable.type_ref, scope.types)
    parameters: list[tuple[str, Type | None]] = []
    body: Evaluator = null
    if element.logic is not None:
        parameters, body = function_parts(element.logic, scope, element.name)
    run_body = cast("Callable[[Mapping[str, Any], Any], Any]", body)

    def evaluate(env: Mapping[str, Any], run: Any) -> Any:
        return run_body({**visible(required, run), **env}, run)

    node.function = FunctionValue(parameters, evaluate, environment, result, element.name)
    node.guards = _guards(parameters)
    environment[node.name] = node.function


def compile_service(node: FunctionNode, nodes: Callable[[str], Required | None], types: Types) -> None:
    """Fill a decision service's node: its parameters are its input data, then its input decisions."""
    service = cast("m.DecisionService", node.element)
    given = [a.node for href in (*service.input_data, *service.input_decisions) if (a := nodes(href))]
    outputs = [a.node for href in service.outputs if (a := nodes(href))]

    def evaluate(env: Mapping[str, Any], run: Any) -> Any:
        outer, inputs, chosen = run.values, run.inputs, run.given
        run.values, run.inputs, run.given = {n: env.get(n.name) for n in given}, {}, frozenset()
        try:
            results = {output.name: output.value(run) for output in outputs}
        finally:
            run.values, run.inputs, run.given = outer, inputs, chosen
        return results[outputs[0].name] if len(outputs) == 1 else results

    parameters = [(n.name, _type_of(n)) for n in given]
    result = _result_type(service.variable.type_ref, types)
    node.function = FunctionValue(parameters, evaluate, {}, result, service.name)
    node.guards = _guards(parameters)


def _guards(parameters: Iterable[tuple[str, Type | None]]) -> tuple[Guard, ...]:
    return tuple([guard(kind, name, Problem("")) for name, kind in parameters])


def _type_of(node: Node) -> Type | None:
    return node.guard.expected if isinstance(node, InputNode | DecisionNode) else None


def _result_type(type_ref: str, types: Types) -> Type | None:
    """What a function returns: its variable names the function's type, or at once the result's."""
    kind = types.get(type_ref)
    return kind.result if kind is not None and kind.kind == "function" else kind


# --------------------------------------------------------------------------- walking the graph
def upstream(node: Node) -> Iterator[Node]:
    """A node and everything it requires, each once."""
    seen: set[int] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            if isinstance(current, DecisionNode):
                pending.extend(arrow.node for arrow in reversed(current.required))


def circle(start: DecisionNode) -> list[str]:
    """The names along the arrows from a decision back to itself; empty when there is no such way."""
    pending: list[tuple[Node, list[str]]] = [(arrow.node, [start.name]) for arrow in start.required]
    seen: set[int] = set()
    while pending:
        node, path = pending.pop()
        if node is start:
            return [*path, start.name]
        if isinstance(node, DecisionNode) and id(node) not in seen:
            seen.add(id(node))
            pending.extend((arrow.node, [*path, node.name]) for arrow in node.required)
    return []
