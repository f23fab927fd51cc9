"""Work for programs: fetched and held, done, given up, reported as an error, given back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

from server.api import camunda_answers
from server.api.calls import Call, Operation, Plain
from server.api.camunda_errors import Problem
from server.api.criteria import Asked
from server.api.process_definitions import variables
from server.api.uploads import read_json
from server.engine.process import WorkError
from server.services import external_tasks, fetching, handed_out, sandbox
from server.services.external_tasks import Failure, Outcome
from server.services.fetching import Topic, Wish
from server.services.handed_out import Work

CRITERIA = (
    "externalTaskId", "externalTaskIdIn", "topicName", "workerId", "locked", "notLocked", "withRetriesLeft",
    "noRetriesLeft", "processInstanceId", "processInstanceIdIn", "processDefinitionKey", "activityId",
    "activityIdIn", "tenantIdIn", "withoutTenantId", "active", "suspended", "priorityHigherThanOrEquals",
    "priorityLowerThanOrEquals", "lockExpirationBefore", "lockExpirationAfter",
)  # fmt: skip
LONGEST_WAIT = 60.0
"""Seconds that a request for work waits at most, whatever it asks for: a worker asks again anyway."""
_MILLISECOND = timedelta(milliseconds=1)


# --------------------------------------------------------------------------- fetching
async def fetch_and_lock(call: Call) -> list[dict[str, Any]]:
    """Give a worker tasks of its topics and hold them for it. With `asyncResponseTimeout` (milliseconds) and
    nothing to do the answer waits until there is work, or that time has passed."""
    wish, seconds = _wish(call), min(_milliseconds(call.body, "asyncResponseTimeout", 0) / 1000, LONGEST_WAIT)
    for topic in wish.topics:
        call.caller.require_topic(topic.name)
    tenants = [actor.tenant_id for actor in call.actors]
    wanted = frozenset((tenant, topic.name) for tenant in tenants for topic in wish.topics)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    found = await run_in_threadpool(_fetch, call, wish)
    if not found:
        await run_in_threadpool(_require_topics, call, wish)
    while True:
        left = until - loop.time()
        if found or left <= 0 or not wish.topics:
            return found
        if not await call.door.room.wait(wanted, left) or await call.request.is_disconnected():
            return []  # whoever has gone must not be given work
        found = await run_in_threadpool(_fetch, call, wish)


def _fetch(call: Call, wish: Wish) -> list[dict[str, Any]]:
    now = call.door.clock()
    with call.read() as session:
        if not fetching.waiting(session, call.actors, wish, now):
            return []  # looking costs no turn among those who write
    with call.write() as session:
        found = fetching.fetch(session, call.actors, wish, now)
    return [camunda_answers.external_task(work, fetched=True) for work in found]


def _require_topics(call: Call, wish: Wish) -> None:
    """Somebody who waits for what is never given to them had better be told."""
    with call.read() as session:
        for topic in wish.topics:
            if call.person.tenant_id != sandbox.TENANT and not topic.tenants:
                fetching.require_topic(session, call.person, topic.name)


def _wish(call: Call) -> Wish:
    body = call.body
    topics = body.get("topics")
    if not isinstance(topics, list) or len(topics) > 100:
        raise Problem(400, "InvalidRequestException", "topics is a list of at most 100 topics.")
    order = next((s for s in body.get("sorting") or () if isinstance(s, dict)), {})
    by_age = str(order.get("sortOrder") or "asc") if order.get("sortBy") == "createTime" else ""
    if by_age not in ("", "asc", "desc"):
        raise Problem(400, "InvalidRequestException", "sortOrder is asc or desc.")
    most = body.get("maxTasks")
    if not isinstance(most, int) or most < 0:
        raise Problem(400, "InvalidRequestException", "maxTasks is a whole number.")
    return Wish(
        _worker(body), tuple(_topic(topic) for topic in topics), min(most, fetching.MOST),
        body.get("usePriority") is True, by_age,  # type: ignore[arg-type]
    )  # fmt: skip


def _topic(asked: Any) -> Topic:
    if not isinstance(asked, dict) or not isinstance(asked.get("topicName"), str):
        raise Problem(400, "InvalidRequestException", "Each topic has a topicName and a lockDuration.")
    duration = _milliseconds(asked, "lockDuration", 0)
    if duration <= 0:
        raise Problem(400, "InvalidRequestException", "lockDuration is a number of milliseconds.")
    values, _ = variables(_bare(asked.get("processVariables")))
    names = _texts(asked, "variables")
    tenants = (sandbox.TENANT,) if asked.get("withoutTenantId") is True else _texts(asked, "tenantIdIn") or ()
    one, one_key = asked.get("processDefinitionId"), asked.get("processDefinitionKey")
    return Topic(
        asked["topicName"], min(duration * _MILLISECOND, fetching.LONGEST_LOCK), names,
        asked.get("businessKey") if isinstance(asked.get("businessKey"), str) else None,
        (*([one] if isinstance(one, str) else []), *(_texts(asked, "processDefinitionIdIn") or ())),
        (*([one_key] if isinstance(one_key, str) else []), *(_texts(asked, "processDefinitionKeyIn") or ())),
        tenants, values, asked.get("includeExtensionProperties") is True,
        bool(asked.get("processDefinitionVersionTag")),
    )  # fmt: skip


def _texts(asked: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of texts; None where it is not there. Workers send an empty list where they mean none."""
    value = asked.get(name)
    return tuple(str(item) for item in value) if isinstance(value, list) and value else None


def _bare(values: Any) -> Any:
    """Values of variables as filters: bare ones, unlike everywhere else."""
    if not isinstance(values, dict):
        return values
    return {name: v if isinstance(v, dict) and "value" in v else {"value": v} for name, v in values.items()}


# --------------------------------------------------------------------------- what workers say
def complete(call: Call) -> None:
    """The work is done."""
    kept, transient = variables(call.body.get("variables"))
    local, passing = variables(call.body.get("localVariables"))
    outcome = Outcome(_worker(call.body), kept, {**transient, **local, **passing})
    with call.write() as session:
        _topic_of(session, call)
        external_tasks.complete(session, call.actors, call.path("id"), outcome, call.now)


def failure(call: Call) -> None:
    """The work failed. Without retries left it stands still until an administrator lets it go on."""
    retries = call.body.get("retries")
    if retries is not None and (not isinstance(retries, int) or isinstance(retries, bool) or retries < 0):
        raise Problem(400, "InvalidRequestException", "The number of retries is a whole number from 0.")
    failed = Failure(
        _worker(call.body), str(call.body.get("errorMessage") or ""),
        str(call.body.get("errorDetails") or ""), retries or 0,
        _milliseconds(call.body, "retryTimeout", 0) * _MILLISECOND,
    )  # fmt: skip
    with call.write() as session:
        _topic_of(session, call)
        external_tasks.fail(session, call.actors, call.path("id"), failed, call.now)


def bpmn_error(call: Call) -> None:
    """The worker met an error of the matter, which the diagram catches by its code."""
    code = call.body.get("errorCode")
    if not isinstance(code, str) or not code:
        raise Problem(400, "InvalidRequestException", "An error code is needed.")
    kept, transient = variables(call.body.get("variables"))
    error = WorkError(code[:200], str(call.body.get("errorMessage") or ""), {**kept, **transient})
    with call.write() as session:
        _topic_of(session, call)
        worker = _worker(call.body)
        external_tasks.report_error(session, call.actors, call.path("id"), worker, error, call.now)


def extend_lock(call: Call) -> None:
    """Hold it longer."""
    longer = _duration(call, "newDuration")
    with call.write() as session:
        _topic_of(session, call)
        worker = _worker(call.body)
        external_tasks.extend(session, call.actors, call.path("id"), worker, longer, call.now)


def lock(call: Call) -> None:
    """Hold one task by its id."""
    duration = _duration(call, "lockDuration")
    with call.write() as session:
        _topic_of(session, call)
        worker = _worker(call.body)
        external_tasks.lock(session, call.actors, call.path("id"), worker, duration, call.now)


def unlock(call: Call) -> None:
    """Give it back."""
    with call.write() as session:
        _topic_of(session, call)
        external_tasks.unlock(session, call.actors, call.path("id"))


def set_retries(call: Call) -> None:
    """Let it be tried so many times more."""
    retries = call.body.get("retries")
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise Problem(400, "InvalidRequestException", "The number of retries is a whole number from 0.")
    with call.write() as session:
        _topic_of(session, call)
        external_tasks.set_retries(session, call.actors, call.path("id"), retries, call.now)


def _topic_of(session: Any, call: Call) -> None:
    """A token for some topics is for the tasks of these only."""
    call.caller.require_topic(handed_out.one(session, call.actors, call.path("id")).topic)


def _worker(body: Mapping[str, Any]) -> str:
    worker = body.get("workerId")
    if not isinstance(worker, str) or not worker or len(worker) > 200:
        raise Problem(400, "InvalidRequestException", "A worker says who it is: workerId.")
    return worker


def _duration(call: Call, name: str) -> timedelta:
    milliseconds = _milliseconds(call.body, name, 0)
    if milliseconds <= 0:
        raise Problem(400, "InvalidRequestException", f"{name} is a number of milliseconds.")
    return milliseconds * _MILLISECOND


def _milliseconds(body: Mapping[str, Any], name: str, usual: int) -> int:
    """A number of milliseconds, at most those of a month."""
    value = body.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Problem(400, "InvalidRequestException", f"{name} is a number of milliseconds.")
    return min(value, 31 * 86_400_000)


# --------------------------------------------------------------------------- looking
def listing(call: Call) -> list[dict[str, Any]]:
    """The tasks that the person's programs may do. Rehearsals are left out."""
    asked, query = _query(call)
    query = query if asked.text("sortBy") else query.order_by(handed_out.COLUMNS["id"])
    with call.read() as session:
        rows = asked.page(session, query, handed_out.COLUMNS)
    return [camunda_answers.external_task(Work(*row), fetched=False) for row in rows]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    asked, query = _query(call)
    with call.read() as session:
        return asked.count(session, query)


def one(call: Call) -> dict[str, Any]:
    """One of them."""
    with call.read() as session:
        work = handed_out.one(session, call.actors, call.path("id"))
    return camunda_answers.external_task(work, fetched=False)


def error_details(call: Call) -> Plain:
    """What the worker that failed last wrote about it."""
    with call.read() as session:
        work = handed_out.one(session, call.actors, call.path("id"))
    return Plain(work.error_details.encode(), "text/plain")


def _query(call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, CRITERIA)
    where = list(_where(asked, call))
    return asked, handed_out.listing(call.actors, where)


def _where(asked: Asked, call: Call) -> Iterator[Any]:
    several = {
        "id": ("externalTaskId", "externalTaskIdIn"), "topic": ("topicName",), "worker": ("workerId",),
        "instance": ("processInstanceId", "processInstanceIdIn"), "process_key": ("processDefinitionKey",),
        "element": ("activityId", "activityIdIn"), "tenant": ("tenantIdIn",),
    }  # fmt: skip
    for field, names in several.items():
        if values := [value for name in names for value in asked.texts(name)]:
            yield handed_out.where(field, values)
    flags: dict[str, tuple[str, list[str]]] = {
        "withoutTenantId": ("tenant", [sandbox.TENANT]),
        "suspended": ("id", []),  # nothing is ever suspended here
    }
    yield from (handed_out.where(*condition) for name, condition in flags.items() if asked.flag(name))
    for name in ("locked", "notLocked", "withRetriesLeft", "noRetriesLeft"):
        if asked.flag(name):
            yield handed_out.where(name, call.now)
    bounds: dict[str, Any] = {n: asked.moment(n) for n in ("lockExpirationBefore", "lockExpirationAfter")}
    for name in ("priorityHigherThanOrEquals", "priorityLowerThanOrEquals"):
        bounds[name] = asked.number(name)
    yield from (handed_out.where(name, bound) for name, bound in bounds.items() if bound is not None)


_ONE = "/external-task/{id}"
OPERATIONS = (
    Operation("GET", "/external-task", listing, "List work for programs", "work", gives="ExternalTask[]",
              query=CRITERIA),
    Operation("POST", "/external-task", listing, "List work for programs", "work", body="ExternalTaskQuery",
              gives="ExternalTask[]", read=read_json),
    Operation("GET", "/external-task/count", count, "Count it", "work", gives="Count", query=CRITERIA),
    Operation("POST", "/external-task/fetchAndLock", fetch_and_lock, "Fetch work and hold it", "work",
              body="FetchAndLock", gives="LockedExternalTask[]", read=read_json),
    Operation("GET", _ONE, one, "One task", "work", gives="ExternalTask"),
    Operation("GET", f"{_ONE}/errorDetails", error_details, "Why it failed", "work", gives="text"),
    Operation("POST", f"{_ONE}/complete", complete, "It is done", "work", body="WorkDone", read=read_json),
    Operation("POST", f"{_ONE}/failure", failure, "It failed", "work", body="WorkFailed", read=read_json),
    Operation("POST", f"{_ONE}/bpmnError", bpmn_error, "An error of the matter", "work", body="WorkError",
              read=read_json),
    Operation("POST", f"{_ONE}/extendLock", extend_lock, "Hold it longer", "work", body="ExtendLock",
              read=read_json),
    Operation("POST", f"{_ONE}/lock", lock, "Hold it", "work", body="Lock", read=read_json),
    Operation("POST", f"{_ONE}/unlock", unlock, "Give it back", "work", read=read_json),
    Operation("PUT", f"{_ONE}/retries", set_retries, "Let it be tried again", "work", body="Retries",
              read=read_json),
)  # fmt: skip
