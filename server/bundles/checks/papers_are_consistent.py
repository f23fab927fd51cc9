"""What registers and documents name exists: processes, outcomes, variables, articles; and their FEEL can be
read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from server.bundles.checks.subject import Rule, Subject
from server.bundles.manifest import FILE, ProcessEntry
from server.bundles.papers import Document, Register
from server.engine.dmn.model import DecisionTable
from server.engine.feel import compile_expression
from server.engine.forms.expressions import Compiler, Expression, ExpressionError, Part
from server.engine.model import Finding, Kind
from server.engine.refusals.variables import known_variables

CODE = "papers-are-consistent"
NO_PROCESS = Rule(
    CODE, "{where} names the process {process}, which no diagram holds.", "Correct it, or add the diagram."
)
NO_PROCESSES = Rule(CODE, "{where} names no process.", "Name in processes whose cases belong there.")
NO_OUTCOME = Rule(
    CODE,
    "{where} names the outcome {outcome}, which no end event of its processes has.{suggestion}",
    "Name the id of an end event, or its property “outcome”.",
)
NO_VARIABLE = Rule(
    CODE,
    "{where} names {variable}, which nothing in its processes gives.{suggestion}",
    "Correct the name, or declare it in the property “variables” of the process.",
)
NO_LABEL = Rule(
    CODE,
    "{where} shows {variable} to people, but nothing says what it is called.",
    "Give its field or its column a label, or add a [[word]] with this id.",
    level="warning",
)
NOT_FEEL = Rule(
    CODE, "{where}, {key}: a place is not FEEL: {reason}.", "Correct the text between the double braces."
)
NO_ARTICLE = Rule(
    CODE,
    "{where} names {citation}, which is no article of a [[regulation]].",
    "Correct it, or add the article.",
)

NO_READER = Rule(
    CODE, "{where} is for {group}, which is no [[group]].", "Correct the name, or add the group."
)

NO_DOCUMENT = Rule(
    CODE,
    "{where} prints {document}, which is no [[document]] of its cases.{suggestion}",
    "Name the id of a document whose processes name this one, or leave print out.",
)

HEADER = frozenset({"project_name", "project_code", "project_unit", "project_facts", "unit", "initiator"})
"""What every case begins with."""

GIVEN = frozenset({"case", "step", "steps", "words"})
"""What the text of a document sees besides the variables: the case itself, its steps by element and in order,
and every variable in words."""

_WITHIN = frozenset({"this", "parent", "i", "today", "now"})


def check(subject: Subject) -> Iterator[Finding]:
    """Registers that would stay empty and documents that would come out wrong."""
    known, labelled = _known(subject), _labelled(subject)
    papers: list[tuple[str, Register | Document]] = []
    papers += [(f"[[register]] {one.id}", one) for one in subject.manifest.registers.values()]
    papers += [(f"[[document]] {one.id}", one) for one in subject.manifest.documents.values()]
    for entry in subject.manifest.processes.values():
        yield from _unlabelled(f"[[process]] {entry.id}", entry.id, entry.facts, labelled)
        yield from _printed(subject, entry)
    for where, paper in papers:
        yield from _cases(subject, where, paper)
        names = HEADER.union(*(known.get(process, ()) for process in paper.processes))
        columns = paper.columns if isinstance(paper, Register) else paper.fields
        yield from _variables(where, paper.id, columns, names)
        yield from _unlabelled(where, paper.id, columns, labelled)
        groups = paper.readers if isinstance(paper, Register) else paper.issued_by
        for group in sorted(set(groups) - set(subject.manifest.groups)):
            yield NO_READER.at(FILE, paper.id, where=where, group=group)
        if isinstance(paper, Document):
            yield from _texts(where, paper, names)
        for citation in paper.regulation.split():
            if subject.manifest.article(citation) is None:
                yield NO_ARTICLE.at(FILE, citation, where=where, citation=citation)


def _printed(subject: Subject, entry: ProcessEntry) -> Iterator[Finding]:
    """The document that a process leads to is one of its cases'."""
    documents = subject.manifest.documents.values()
    its = [document.id for document in documents if entry.id in document.processes]
    if entry.print and entry.print not in its:
        where, close = f"[[process]] {entry.id}", _close(entry.print, its)
        yield NO_DOCUMENT.at(FILE, entry.id, where=where, document=entry.print, suggestion=close)


def _known(subject: Subject) -> Mapping[str, Collection[str]]:
    """The variables of each process; facts of a project are known to all."""
    entries = subject.manifest.processes.values()
    facts = {name for entry in entries for name in (*entry.facts, *entry.outcome_facts)}
    return {process: names | facts for process, names in known_variables(subject.loaded.model).items()}


def _labelled(subject: Subject) -> Collection[str]:
    """The variables that have a name for people: labels of fields and of columns, words of the manifest."""
    model = subject.loaded.model
    found = {*HEADER, *subject.manifest.words}
    found.update(field.key for form in model.forms.values() for field in form.fields if field.label.plain())
    for decision_model in model.decisions.values():
        for decision in decision_model.decisions.values():
            if isinstance(decision.logic, DecisionTable):
                found.update(column.name for column in decision.logic.outputs if column.label)
                found.update(column.expression.text for column in decision.logic.inputs if column.label)
    return found


def _unlabelled(
    where: str, element: str, shown: Collection[str], labelled: Collection[str]
) -> Iterator[Finding]:
    for name in shown:
        if name not in labelled and name.rpartition(".")[2] not in labelled:
            yield NO_LABEL.at(FILE, element, where=where, variable=name)


def _cases(subject: Subject, where: str, paper: Register | Document) -> Iterator[Finding]:
    processes = subject.loaded.model.processes
    if not paper.processes:
        yield NO_PROCESSES.at(FILE, paper.id, where=where)
    for process in paper.processes:
        if process not in processes:
            yield NO_PROCESS.at(FILE, paper.id, where=where, process=process)
    ends = [
        node
        for process in paper.processes if process in processes
        for node in processes[process].nodes.values() if node.kind is Kind.END_EVENT
    ]  # fmt: skip
    outcomes = {node.properties.get("outcome") or node.id for node in ends}
    for outcome in paper.outcomes:
        if outcome not in outcomes:
            yield NO_OUTCOME.at(
                FILE, paper.id, where=where, outcome=outcome, suggestion=_close(outcome, outcomes)
            )


def _variables(
    where: str, element: str, wanted: Collection[str], known: Collection[str]
) -> Iterator[Finding]:
    for name in wanted:
        if name.partition(".")[0] not in known:
            yield NO_VARIABLE.at(FILE, element, where=where, variable=name, suggestion=_close(name, known))


def _texts(where: str, document: Document, known: Collection[str]) -> Iterator[Finding]:
    names = frozenset({*known, *GIVEN, *_WITHIN})
    compiler = Compiler(names, set())
    read: set[str] = set()
    for key, text in document.texts.items():
        try:
            parts: tuple[Part, ...] = compiler.text(text).zh
            if key == "when" and text:
                parts = (compiler.expression(text),)
        except ExpressionError as error:
            yield NOT_FEEL.at(FILE, document.id, where=where, key=key, reason=str(error).rstrip("."))
            continue
        for expression in _outside_loops(parts):
            compiled = compile_expression(expression.source, names)
            read |= {use.name for use in compiled.unknown_names(names)}
            read |= {use.name for use in compiled.unknown_functions(names)}
    yield from _variables(where, document.id, sorted(read), names)


def _outside_loops(parts: tuple[Part, ...]) -> Iterator[Expression]:
    """The expressions whose names are variables: within a loop a name may be a field of the item."""
    for part in parts:
        if isinstance(part, Expression):
            yield part
        elif not isinstance(part, str):
            yield part.expression
            yield from () if part.loop else _outside_loops(part.parts)


def _close(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    return f" ({close[0]}?)" if close else ""
