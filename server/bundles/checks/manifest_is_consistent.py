"""What the manifest names exists: bodies, articles, processes, decisions; and each process is in the menu."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles import duties, terms
from server.bundles.checks.subject import Rule, Subject, is_shared
from server.bundles.manifest import FILE
from server.engine.forms import Kind
from server.engine.model import EventKind, Finding

CODE = "manifest-is-consistent"
NO_GROUP = Rule(
    CODE, "{where} names the group {group}, which does not exist.", "Correct it, or add a [[group]]."
)
NO_ARTICLE = Rule(
    CODE,
    "{where} names {citation}, which is no article of a [[regulation]].",
    "Correct it, or add the article.",
)
NO_PROCESS = Rule(
    CODE,
    "The manifest lists the process {process}, which no diagram holds.",
    "Add the diagram, or take it out.",
)
NOT_LISTED = Rule(
    CODE, "The process {element} does not stand in jurisdiction.toml.", "Add a [[process]] for it."
)
NO_DECISION = Rule(
    CODE, "{where} takes its limit from {decision}, which is not among the files.", "Add the DMN file."
)
BAD_NUMBER = Rule(
    CODE,
    "The number {number} of {process} has no place for the running number.",
    "Write {{n}} where it belongs.",
)
NO_REASON = Rule(
    CODE,
    "The article {citation} is left to people without a reason.",
    "Write the reason why nothing is modelled.",
)
NO_STARTER = Rule(
    CODE,
    "Nobody may start {process}, nor does a message or the schedule begin it.",
    "Enter started_by, or called = true if only other processes call it.",
)
NO_WARNING = Rule(
    CODE,
    "[lights] yellow_when_left is “{text}”, which is no number of working days.",
    "Write how many working days before a limit its light turns yellow, for example 2 working days.",
)
NO_FILES = Rule(
    CODE,
    "[[secret_file]] {field} is the key of no field for files in any form.",
    "Write the key of the field, so that its files do not lie open.",
)
NO_READERS = Rule(
    CODE,
    "[[secret_file]] {field} names nobody who may see its files.",
    "Name groups in readers, or take the entry out.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Names in the manifest that lead nowhere."""
    yield from _groups(subject)
    yield from _processes(subject)
    yield from _articles(subject)
    yield from _secret_files(subject)
    text = subject.manifest.lights.yellow_when_left
    found = terms.read(text)
    if found is None or found.unit != "working_day" or not found.count:
        yield NO_WARNING.at(FILE, "lights", text=text)


def _secret_files(subject: Subject) -> Iterator[Finding]:
    forms = subject.loaded.model.forms.values()
    fields = {field.key for form in forms for field in form.fields if field.kind is Kind.FILES}
    for secret in subject.manifest.secret_files.values():
        if secret.id not in fields:
            yield NO_FILES.at(FILE, secret.id, field=secret.id)
        if not secret.readers:
            yield NO_READERS.at(FILE, secret.id, field=secret.id)


def _groups(subject: Subject) -> Iterator[Finding]:
    groups = subject.manifest.groups
    named = [(f"[[group]] {g.id}", g.parent) for g in groups.values() if g.parent]
    named += [(f"[[process]] {p.id}", g) for p in subject.manifest.processes.values() for g in p.started_by]
    named += [("[reopening]", g) for g in subject.manifest.reopening.by]
    named += [("[past_projects]", g) for g in subject.manifest.past_projects.by]
    named += [
        (f"[[process]] {p.id}: reopening", g)
        for p in subject.manifest.processes.values()
        for g in (p.reopening.by if p.reopening else ())
    ]
    named += [(f"[[clock_stop]] {c.id}", g) for c in subject.manifest.clock_stops.values() for g in c.by]
    named += [("[lights]", group) for group in subject.manifest.lights.overdue_told]
    secrets = subject.manifest.secret_files.values()
    named += [(f"[[secret_file]] {secret.id}", group) for secret in secrets for group in secret.readers]
    for where, group in named:
        if group not in groups:
            yield NO_GROUP.at(FILE, group, where=where, group=group)


def _processes(subject: Subject) -> Iterator[Finding]:
    model, listed = subject.loaded.model, subject.manifest.processes
    begun = duties.scheduled(model, subject.manifest.schedule) | set(_begun_by_messages(subject))
    for entry in listed.values():
        if entry.id not in model.processes:
            yield NO_PROCESS.at(FILE, entry.id, process=entry.id)
        if entry.number and "{n}" not in entry.number:
            yield BAD_NUMBER.at(FILE, entry.id, process=entry.id, number=entry.number)
        if not entry.started_by and not entry.called and entry.id not in begun:
            yield NO_STARTER.at(FILE, entry.id, process=entry.id)
        decision = entry.statutory.removeprefix("decision:")
        if entry.statutory.startswith("decision:") and decision not in model.decisions:
            yield NO_DECISION.at(FILE, entry.id, where=f"[[process]] {entry.id}", decision=decision)
    for process in model.processes.values():
        if process.id not in listed and not is_shared(process.file):
            yield NOT_LISTED.at(process.file, process.id)


def _begun_by_messages(subject: Subject) -> Iterator[str]:
    for process in subject.loaded.model.processes.values():
        if any(start.event.kind is EventKind.MESSAGE for start in process.starts):
            yield process.id


def _articles(subject: Subject) -> Iterator[Finding]:
    manifest = subject.manifest
    named = [(f"[[group]] {g.id}", g.regulation) for g in manifest.groups.values()]
    named += [(f"[[process]] {p.id}", p.regulation) for p in manifest.processes.values()]
    named += [(f"[[reading]] {r.id}", r.regulation) for r in manifest.readings.values()]
    named += [(f"[[clock_stop]] {c.id}", c.basis) for c in manifest.clock_stops.values()]
    for where, citations in named:
        for citation in citations.split():
            if manifest.article(citation) is None:
                yield NO_ARTICLE.at(FILE, citation, where=where, citation=citation)
    for regulation in manifest.regulations.values():
        for article in regulation.articles:
            if article.manual and not article.reason:
                yield NO_REASON.at(FILE, article.id, citation=f"{regulation.id}#{article.id}")
