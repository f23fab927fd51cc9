"""A compiled DMN model: the requirement graph of its decisions, ready to evaluate any of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from lxml import etree

from server.engine.feel import FeelError, Told, similar

from . import model as m
from .evaluation import Answers, DecisionTrace, Evaluation
from .guards import Guard, guard
from .nodes import (
    DecisionNode,
    FunctionNode,
    InputNode,
    Node,
    Required,
    circle,
    compile_decision,
    compile_function,
    compile_service,
    upstream,
)  # fmt: skip
from .problems import DmnError, Problem, did_you_mean
from .reader import read
from .scope import Scope
from .types import Types


@dataclass(frozen=True, slots=True)
class Result:
    """What came out: the value DMN prescribes, and all that was wrong on the way."""

    value: Any
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        """Whether something went wrong that a caller must not pass over."""
        return any(problem.level == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class DecisionResult(Result):
    """What a decision gave, and how."""

    trace: DecisionTrace


class DecisionModel:
    """One DMN file, compiled once, immutable in use, shared by all its evaluations.

    `definitions` is what the file says; `problems` what is wrong with it (any of level error: do not use it);
    `decisions` its decisions by id.
    """

    def __init__(
        self, definitions: m.Definitions, found: Iterable[Problem], imports: Iterable[DecisionModel]
    ) -> None:
        self.definitions = definitions
        self._problems = list(found)
        known = {model.definitions.namespace: model for model in imports}
        self._imports: dict[str, DecisionModel] = {}
        for wanted in definitions.imports:
            model = known.get(wanted.namespace)
            if model is not None:
                self._imports[wanted.name] = model
            else:
                params = {"namespace": wanted.namespace}
                self._problems.append(Problem("dmn.unknown_import", params, line=wanted.line))
        self.types: Types = Types(
            definitions, {p: model.types for p, model in self._imports.items()}, self._problems
        )
        self._nodes: dict[str, Node] = {}
        self._names: dict[str, Node] = {}
        self.decisions: dict[str, m.Decision] = {}
        self._make_nodes()
        self._compile()
        self._refuse_circles()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the model, in order of finding, each once."""
        return tuple({str(p) + str((p.element, p.row, p.column)): p for p in self._problems}.values())

    # ------------------------------------------------------------------ evaluating
    def evaluate(
        self,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime.datetime | None = None,
        given: Iterable[str] = (),
    ) -> DecisionResult:
        """Evaluate a decision, by id or name, over JSON values (or FEEL's own).

        Texts become dates where a type asks for it. `now` is what `now()` and `today()` tell. `given` names
        decisions whose value is taken from the variables instead of being made. Raises DmnError if there is
        no such decision.
        """
        node = self._decision(decision)
        run = Evaluation(variables, now, frozenset(given) & variables.keys() if given else frozenset())
        value = _guarded(node.value, run)
        return DecisionResult(value, tuple(run.problems), run.root or DecisionTrace(node.decision))

    def explain(
        self,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime.datetime | None = None,
        given: Iterable[str] = (),
    ) -> tuple[DecisionResult, Answers]:
        """As `evaluate`, with what every cell of the decision's own table said (nothing for other logic):
        the same compiled cells, asked beyond the first no of each rule."""
        node = self._decision(decision)
        run = Evaluation(variables, now, frozenset(given) & variables.keys())
        run.answers = {}
        value = _guarded(node.value, run)
        result = DecisionResult(value, tuple(run.problems), run.root or DecisionTrace(node.decision))
        return result, run.answers.get(id(node.decision.logic), ())

    def invoke(
        self, function: str, arguments: Mapping[str, Any], now: datetime.datetime | None = None
    ) -> Result:
        """Call a decision service or business knowledge model, by id or name, with arguments by name; a
        missing one is null. Raises DmnError if there is none of that name."""
        node = self._nodes.get(function) or self._names.get(function)
        if not isinstance(node, FunctionNode) or node.function is None:
            raise DmnError(self._unknown(function, self._names))
        run = Evaluation(arguments, now)
        called = node.function
        values = [place.receive(arguments.get(place.name), run) for place in node.guards]
        value = _guarded(lambda run: called.invoke(values, run, _NOWHERE), run)
        return Result(value, tuple(run.problems))

    def reads(self, decision: str) -> Mapping[str, str]:
        """The process variables a decision uses, directly or through what it requires, with the FEEL type
        each must have ("" when any will do). Raises DmnError if there is no such decision."""
        found: dict[str, str] = {}
        for node in upstream(self._decision(decision)):
            if isinstance(node, InputNode):
                found[node.name] = _type_name(node.guard)
            elif isinstance(node, DecisionNode):
                found |= {name: _type_name(place) for name, place in node.free.items()}
        return found

    def required(self, decision: str) -> tuple[Node, ...]:
        """What the arrows of a decision start from, imported elements left out."""
        node = self._decision(decision)
        return tuple(arrow.node for arrow in node.required if not arrow.prefix)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name an expression of the model may have to know beforehand."""
        return (*(node.name for node in self._nodes.values()), *self._imports, *self._members)

    def _decision(self, wanted: str) -> DecisionNode:
        node = self._nodes.get(wanted)
        if not isinstance(node, DecisionNode):
            node = self._names.get(wanted)
        if not isinstance(node, DecisionNode):
            raise DmnError(self._unknown(wanted, self.decisions))
        return node

    def _unknown(self, wanted: str, known: Iterable[str]) -> Problem:
        names = list(known)
        near = similar(wanted, names)
        params = {
            "decision": wanted, "file": self.definitions.file or self.definitions.name,
            "known": ", ".join(names), "suggestion": did_you_mean(near),
        }  # fmt: skip
        return Problem("dmn.unknown_decision", params, decision=wanted)

    # ------------------------------------------------------------------ compiling
    def _make_nodes(self) -> None:
        for element in self.definitions.elements:
            node: Node
            if isinstance(element, m.InputData):
                place = Problem("", element=element.id)
                kind = self.types.get(element.variable.type_ref, place)
                node = InputNode(element, guard(kind, element.variable.name, place))
            elif isinstance(element, m.Decision):
                node = DecisionNode(element)
                self.decisions[element.id] = element
            else:
                node = FunctionNode(element)
            self._nodes.setdefault(element.id, node)
            self._names.setdefault(element.name, node)

    def _compile(self) -> None:
        declared = frozenset(node.name for node in self._nodes.values())
        inputs = {
            e.variable.name: e.variable.type_ref
            for e in self.definitions.elements
            if isinstance(e, m.InputData)
        }
        for node in self._nodes.values():
            if isinstance(node, DecisionNode):
                required = self._required(node.decision.id, node.decision.requires, node.decision.line)
                compile_decision(node, required, self._scope(node.decision.id, required, declared), inputs)
            elif isinstance(node, FunctionNode) and isinstance(node.element, m.BusinessKnowledgeModel):
                element = node.element
                required = self._required(element.id, element.requires, element.line)
                scope = replace(self._scope(element.id, required, declared), closed=True)
                compile_function(node, required, scope.inside(node.name))
        for node in self._nodes.values():
            if isinstance(node, FunctionNode) and isinstance(node.element, m.DecisionService):
                compile_service(node, self._arrow, self.types)

    def _scope(self, element: str, required: tuple[Required, ...], declared: frozenset[str]) -> Scope:
        names = [arrow.prefix or arrow.node.name for arrow in required]
        names += [arrow.node.name for arrow in required if arrow.prefix]
        drawn = any(isinstance(arrow.node, InputNode) for arrow in required)
        seen = tuple(names) + self._members
        return Scope(element, self.types, seen, self._problems, declared, closed=drawn)

    @cached_property
    def _members(self) -> tuple[str, ...]:
        """Names that stand behind a point or in a filter: components of types, columns, context entries."""
        return self.types.members + tuple(_member_names(self.definitions))

    def _required(self, element: str, hrefs: Iterable[str], line: int) -> tuple[Required, ...]:
        arrows = []
        for href in hrefs:
            arrow = self._arrow(href)
            if arrow is not None:
                arrows.append(arrow)
            else:
                params = {"decision": element, "href": href}
                self._problems.append(Problem("dmn.unknown_requirement", params, element, element, line=line))
        return tuple(arrows)

    def _arrow(self, href: str) -> Required | None:
        namespace, _, identity = href.partition("#")
        if not namespace or namespace == self.definitions.namespace:
            node = self._nodes.get(identity)
            return None if node is None else Required(node)
        direct = {model.definitions.namespace: prefix for prefix, model in self._imports.items()}
        node = self.find(namespace, identity)
        return None if node is None else Required(node, direct.get(namespace, ""))

    def find(self, namespace: str, identity: str) -> Node | None:
        """An element of this model or of those it imports."""
        if namespace == self.definitions.namespace:
            return self._nodes.get(identity)
        found = (model.find(namespace, identity) for model in self._imports.values())
        return next((node for node in found if node is not None), None)

    def _refuse_circles(self) -> None:
        for node in self._nodes.values():
            if isinstance(node, DecisionNode):
                path = circle(node)
                if path:
                    identity = node.decision.id
                    params = {"decision": identity, "path": " → ".join(path)}
                    self._problems.append(
                        Problem("dmn.cycle", params, identity, identity, line=node.decision.line)
                    )


def _type_name(place: Guard) -> str:
    return place.expected.text if place.expected is not None else ""


def _guarded(evaluate: Callable[[Evaluation], Any], run: Evaluation) -> Any:
    """A value; null, with a problem, when the evaluation asked for more than it may have."""
    try:
        return evaluate(run)
    except FeelError as error:
        run.report(Problem("dmn.limit", {"reason": error.told}))
    except (RecursionError, MemoryError):
        run.report(Problem("dmn.limit", {"reason": Told("the expression is nested too deeply")}))
    return None


def _member_names(definitions: m.Definitions) -> Iterator[str]:
    """The names that boxed contexts, relations and tables give to parts of their values."""
    for element in definitions.elements:
        if isinstance(element, (m.Decision, m.BusinessKnowledgeModel)) and element.logic is not None:
            yield from _names_within(element.logic)


def _names_within(part: object) -> Iterator[str]:
    if isinstance(part, tuple):
        for item in part:
            yield from _names_within(item)
    elif isinstance(part, m.DecisionTable):
        yield from (output.name for output in part.outputs)
    elif isinstance(part, m.Relation):
        yield from (column.name for column in part.columns)
        yield from _names_within(part.rows)
    elif is_dataclass(part) and not isinstance(part, (m.Text, type)):
        if isinstance(part, m.ContextEntry):
            yield part.variable.name
        for item in fields(part):
            yield from _names_within(getattr(part, item.name))


class _Nowhere:
    """A call from outside stands in no text."""

    start = end = 0


_NOWHERE = _Nowhere()


def load(
    source: etree._Element | bytes, file: str = "", imports: Iterable[DecisionModel] = ()
) -> DecisionModel:
    """Read and compile a DMN file. `source` is its bytes, or its root element when the caller has parsed it
    safely; `imports` are the models it may import. What is wrong stands in `problems`; DmnError is raised
    only for what is no DMN at all."""
    definitions, problems = read(source, file)
    return DecisionModel(definitions, problems, imports)
