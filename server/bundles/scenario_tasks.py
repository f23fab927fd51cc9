"""What a story may call a task, and what it is told of open tasks and their forms to go on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.bundles.scenario_agreement import shown
from server.engine.forms import Component, Form, Kind
from server.engine.model import Model, UserTask


def is_meant(task: UserTask, called: str) -> bool:
    """Whether a story that says `called` means this task: its id, its form's id, or its name.

    Forms have ids that follow from the regulation, so that a story can be written without the diagram."""
    return bool(called) and called in (task.element, task.form, task.name)


def element_meant(model: Model, called: str) -> str:
    """The id of the step that a story means, in any process of the model: as `is_meant`. Empty where none
    or several steps bear the form or the name."""
    nodes = [node for definition in model.processes.values() for node in definition.nodes.values()]
    if any(node.id == called for node in nodes):
        return called
    found = {node.id for node in nodes if called and called in (node.assignment.form, node.name)}
    return found.pop() if len(found) == 1 else ""


def allowed_of(task: UserTask) -> list[str]:
    """Groups and people who may do a task, as a story names them in `by`."""
    holder = [task.assignee] if task.assignee else []
    return [*task.candidate_groups, *task.candidate_users, *holder]


def offered(form: Form) -> str:
    """The fields that people fill in, in the order of the page: `verdict* (pass/fail), experts* [name*]`; a
    star marks what must be answered while the field is shown."""
    return ", ".join(_told(form.components)) or "–"


def attached(form: Form, values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with files: one wherever a story says `true`, none where `false`. A file that the form
    demands and the story does not mention counts as attached, if the case does not hold one already."""
    ticks = {
        field.key: values.get(field.key, field.rules.required and not known.get(field.key))
        for field in _files(form.components)
    }
    given = {
        key: [f"{key}.pdf"] if tick else []
        for key, tick in ticks.items()
        if tick is True or values.get(key) is False
    }
    return {**values, **given}


def _files(components: Sequence[Component]) -> Iterator[Component]:
    """Fields for files, but for those in the rows of lists."""
    for component in components:
        if component.kind is Kind.GROUP:
            yield from _files(component.children)
        elif component.kind is Kind.FILES:
            yield component


def _told(components: Sequence[Component]) -> Iterator[str]:
    for component in components:
        if component.kind is Kind.GROUP:
            yield from _told(component.children)
        elif component.kind is Kind.LIST:
            yield f"{_starred(component)} [{', '.join(_told(component.children))}]"
        elif component.keyed and component.kind is not Kind.EXPRESSION and not component.auto:
            options = component.options.fixed if component.options else ()
            words = "/".join(shown(option.value) for option in options)
            yield f"{_starred(component)} ({words})" if words else _starred(component)


def _starred(component: Component) -> str:
    rules = component.rules
    needed = rules.required or rules.must_be_true or rules.min_items
    return f"{component.key}*" if needed else component.key
