"""Tasks of people: listed, shown, claimed, put back, done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlmodel import Session

from server.api import camunda_answers, camunda_values
from server.api.calls import Call, Operation, Plain
from server.api.camunda_errors import Problem
from server.api.criteria import Asked
from server.api.process_definitions import variables
from server.api.process_instances import data_of, variables_of
from server.api.uploads import read_json
from server.services import delegating, identity, reassigning, sandbox, sandbox_cases, task_lists, tasks
from server.services.authorization import Person, denied
from server.services.errors import NotFound, NotPermitted
from server.services.task_lists import COLUMNS, Criterion, Listed

EQUAL = {
    "taskId": "id", "assignee": "assignee", "processInstanceId": "instance", "name": "name",
    "processInstanceBusinessKey": "business_key", "processDefinitionKey": "process_key",
    "taskDefinitionKey": "element",
}  # fmt: skip
LIKE = {
    "nameLike": "name", "assigneeLike": "assignee", "taskDefinitionKeyLike": "element",
    "processInstanceBusinessKeyLike": "business_key",
}  # fmt: skip
IN = {
    "taskIdIn": "id", "assigneeIn": "assignee", "processInstanceIdIn": "instance", "tenantIdIn": "tenant",
    "processDefinitionKeyIn": "process_key", "taskDefinitionKeyIn": "element",
    "processInstanceBusinessKeyIn": "business_key",
}  # fmt: skip
MOMENTS = {"due": "due", "followUp": "follow_up", "created": "created"}
CRITERIA = (
    *EQUAL, *LIKE, *IN, "priority", "minPriority", "maxPriority", "processDefinitionId", "unassigned",
    "assigned", "active", "suspended", "candidateGroup", "candidateGroups", "candidateUser",
    "includeAssignedTasks", "withoutTenantId", "dueBefore", "dueAfter", "followUpBefore", "followUpAfter",
    "createdBefore", "createdAfter", "createdOn",
)  # fmt: skip
SORTED = {
    "instanceId": COLUMNS["instance"], "dueDate": COLUMNS["due"], "followUpDate": COLUMNS["follow_up"],
    "assignee": COLUMNS["assignee"], "created": COLUMNS["created"], "description": COLUMNS["name"],
    "id": COLUMNS["id"], "name": COLUMNS["name"], "nameCaseInsensitive": COLUMNS["name"],
    "priority": COLUMNS["priority"], "tenantId": COLUMNS["tenant"],
}  # fmt: skip


# --------------------------------------------------------------------------- looking
def listing(call: Call) -> list[dict[str, Any]]:
    """The open tasks of the cases that the person may see. Rehearsals are left out."""
    with call.read() as session:
        asked, query = _query(session, call)
        query = query if asked.given.get("sorting") or asked.text("sortBy") else query.order_by(SORTED["id"])
        rows = asked.page(session, query, SORTED)
    return [camunda_answers.task(Listed(*row)) for row in rows]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    with call.read() as session:
        asked, query = _query(session, call)
        return asked.count(session, query)


def one(call: Call) -> dict[str, Any]:
    """One open task."""
    with call.read() as session:
        found = task_lists.one(session, call.actors, call.path("id"))
        used = task_lists.deployment_of(session, found)
    return camunda_answers.task(found, used.process(found.process_key).nodes[found.element].documentation)


def form_variables(call: Call) -> dict[str, Any]:
    """What a task sees; with `variableNames` only those."""
    wanted = set(call.query("variableNames").split(",")) - {""}
    found = _variables(call)
    return camunda_values.typed_variables({n: v for n, v in found.items() if not wanted or n in wanted})


def one_variable(call: Call) -> dict[str, Any]:
    """One variable that a task sees."""
    return camunda_values.typed_variable(_variable(call))


def variable_data(call: Call) -> Plain:
    """The bytes of a variable that is a file."""
    return data_of(_variable(call), call.path("name"))


def form(call: Call) -> dict[str, Any]:
    """Where a task's form is: always a form-js form of its deployment."""
    with call.read() as session:
        found = task_lists.one(session, call.actors, call.path("id"))
    return {"key": None, "camundaFormRef": camunda_answers.task(found)["camundaFormRef"], "contextPath": None}


def deployed_form(call: Call) -> Plain:
    """The form of a task as form-js has it."""
    with call.read() as session:
        found = task_lists.one(session, call.actors, call.path("id"))
        used = task_lists.deployment_of(session, found)
    known = used.model.forms.get(found.form_id)
    if known is None:
        raise NotFound("form", found.form_id)
    return Plain(used.files[known.file], "application/json")


def _variables(call: Call) -> dict[str, Any]:
    with call.read() as session:
        return task_lists.variables(session, task_lists.one(session, call.actors, call.path("id")))


def _variable(call: Call) -> Any:
    found, name = _variables(call), call.path("name")
    if name not in found:
        raise NotFound("variable", name)
    return found[name]


# --------------------------------------------------------------------------- acting
def claim(call: Call) -> None:
    """Take a task. A program takes it for its own person only."""
    user = call.body.get("userId")
    if user not in (None, call.person.id):
        denied("A task is claimed by the person who asks, not for others.").require()
    _act(
        call,
        lambda session, actor, task: tasks.claim(session, actor, task.id, call.now),
        lambda session, actor, task: sandbox_cases.claim(session, actor, task.id, call.now),
    )


def unclaim(call: Call) -> None:
    """Put a task back for the other candidates."""
    _act(
        call,
        lambda session, actor, task: tasks.release(session, actor, task.id, call.now),
        lambda session, actor, task: sandbox_cases.release(session, actor, task.id, call.now),
    )


def assign(call: Call) -> None:
    """Give a task to somebody who may hold it; unlike elsewhere a `reason` is asked for."""
    to, reason = str(call.body.get("userId") or ""), str(call.body.get("reason") or "")
    _act(
        call,
        lambda session, actor, task: reassigning.reassign(
            session, actor, task.id, task.revision, to, reason, call.now
        ),
        _not_here,
    )


def delegate(call: Call) -> None:
    """Ask somebody to fill the form of a task; a `note` says what for."""
    to, note = str(call.body.get("userId") or ""), str(call.body.get("note") or "")
    _act(
        call,
        lambda session, actor, task: delegating.delegate(
            session, actor, task.id, task.revision, to, note, call.now
        ),
        _not_here,
    )


def resolve(call: Call) -> None:
    """Give a delegated task back to its owner, with the draft that lies on the page."""
    if call.body.get("variables"):
        raise Problem(400, "InvalidRequestException", "A delegated task goes back with its draft only.")
    note = str(call.body.get("note") or "")
    _act(
        call,
        lambda session, actor, task: delegating.resolve(
            session, actor, task.id, task.revision, note, call.now
        ),
        _not_here,
    )


def _not_here(session: Session, actor: Person, task: Listed) -> None:
    denied("In the sandbox nobody holds posts: claim the task or complete it.").require()


def complete(call: Call) -> dict[str, Any] | None:
    """Do a task. In a jurisdiction the variables are the answers to its form, checked as on the page; in the
    sandbox they are taken as they are. With `withVariablesInReturn` the case's variables come back."""
    kept, transient = variables(call.body.get("variables"))
    given = {**kept, **transient}

    def for_real(session: Session, actor: Person, task: Listed) -> None:
        if given and not task.form_id:
            raise Problem(400, "InvalidRequestException", "This task has no form, so it takes no variables.")
        tasks.complete(session, actor, task.id, task.revision, call.now, given)

    instance_id = _act(
        call,
        for_real,
        lambda session, actor, task: sandbox_cases.complete(session, actor, task.id, given, call.now),
    )
    if call.body.get("withVariablesInReturn") is not True:
        return None
    return camunda_values.typed_variables(variables_of(call, instance_id))


_Action = Callable[[Session, Person, Listed], None]


def _act(call: Call, for_real: _Action, in_sandbox: _Action) -> str:
    """Do something with a task; gives its case."""
    with call.write() as session:
        task = task_lists.one(session, call.actors, call.path("id"))
        actor = call.actor(task.tenant_id)
        (in_sandbox if task.tenant_id == sandbox.TENANT else for_real)(session, actor, task)
        return task.instance_id


# --------------------------------------------------------------------------- criteria
def _query(session: Session, call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, CRITERIA)
    criteria = [*_plain(asked), *_numbers_and_moments(asked), *_candidates(session, call, asked)]
    return asked, task_lists.listing(call.actors, criteria)


def _plain(asked: Asked) -> Iterator[Criterion]:
    for names, how in ((EQUAL, "eq"), (LIKE, "like")):
        for name, field in names.items():
            if (text := asked.text(name)) is not None:
                yield Criterion(field, how, text)
    for name, field in IN.items():
        if texts := asked.texts(name):
            yield Criterion(field, "in", texts)
    if (definition := asked.text("processDefinitionId")) is not None:
        rest, _, deployment = definition.rpartition(":")
        yield Criterion("deployment", "eq", deployment)
        yield Criterion("process_key", "eq", rest.rpartition(":")[0])
    flags = {
        "unassigned": Criterion("assignee", "unset"),
        "assigned": Criterion("assignee", "set"),
        "withoutTenantId": Criterion("tenant", "eq", sandbox.TENANT),
        "suspended": Criterion("id", "in", ()),  # nothing is ever suspended here
    }
    yield from (criterion for name, criterion in flags.items() if asked.flag(name))


def _numbers_and_moments(asked: Asked) -> Iterator[Criterion]:
    for name, how, shift in (
        ("priority", "eq", 0),
        ("minPriority", "after", -1),
        ("maxPriority", "before", 1),
    ):
        if (number := asked.number(name)) is not None:
            yield Criterion("priority", how, number + shift)
    for name, field in MOMENTS.items():
        for suffix, how in (("Before", "before"), ("After", "after")):
            if f"{name}{suffix}" in CRITERIA and (moment := asked.moment(f"{name}{suffix}")) is not None:
                yield Criterion(field, how, moment)
    if (moment := asked.moment("createdOn")) is not None:
        yield Criterion("created", "eq", moment)


def _candidates(session: Session, call: Call, asked: Asked) -> Iterator[Criterion]:
    how = "also_held" if asked.flag("includeAssignedTasks") else "free"
    groups = (*asked.texts("candidateGroup"), *asked.texts("candidateGroups"))
    if groups:
        keys = [key for group in groups for key in (f"g:{group}", f"g:{group}@")]
        yield Criterion("candidate", how, keys)
    if (user := asked.text("candidateUser")) is not None:
        yield Criterion("candidate", how, _principals(session, call, user))


def _principals(session: Session, call: Call, user: str) -> list[str]:
    """Every key under which tasks may wait for somebody; nobody's for an account that is not known."""
    try:
        return list(identity.person_by_account(session, call.person.tenant_id, user).principals)
    except NotPermitted:
        return [f"u:{user}"]


OPERATIONS = (
    Operation("GET", "/task", listing, "List open tasks", gives="Task[]", query=CRITERIA),
    Operation("POST", "/task", listing, "List open tasks", body="TaskQuery", gives="Task[]", read=read_json),
    Operation("GET", "/task/count", count, "Count open tasks", gives="Count", query=CRITERIA),
    Operation("POST", "/task/count", count, "Count open tasks", body="TaskQuery", gives="Count",
              read=read_json),
    Operation("GET", "/task/{id}", one, "One open task", gives="Task"),
    Operation("GET", "/task/{id}/form", form, "Where its form is", gives="TaskForm"),
    Operation("GET", "/task/{id}/deployed-form", deployed_form, "Its form as form-js has it", gives="object"),
    Operation("GET", "/task/{id}/form-variables", form_variables, "What it sees", gives="VariableMap",
              query=("variableNames", "deserializeValues")),
    Operation("GET", "/task/{id}/variables", form_variables, "What it sees", gives="VariableMap",
              query=("deserializeValues",)),
    Operation("GET", "/task/{id}/variables/{name}", one_variable, "One variable", gives="Variable",
              query=("deserializeValue",)),
    Operation("GET", "/task/{id}/variables/{name}/data", variable_data, "The bytes of a file",
              gives="binary"),
    Operation("POST", "/task/{id}/claim", claim, "Take it", "tasks", body="UserId", read=read_json),
    Operation("POST", "/task/{id}/unclaim", unclaim, "Put it back", "tasks", read=read_json),
    Operation("POST", "/task/{id}/assignee", assign, "Give it to somebody", "tasks", body="Handed",
              read=read_json),
    Operation("POST", "/task/{id}/delegate", delegate, "Ask somebody to fill it", "tasks", body="Handed",
              read=read_json),
    Operation("POST", "/task/{id}/resolve", resolve, "Give it back to its owner", "tasks", body="Handed",
              read=read_json),
    Operation("POST", "/task/{id}/complete", complete, "Do it", "tasks", body="Complete", read=read_json),
    Operation("POST", "/task/{id}/submit-form", complete, "Do it", "tasks", body="Complete", read=read_json),
)  # fmt: skip
