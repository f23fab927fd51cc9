"""What happened: the passings of elements, and the decisions that were taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server.api import camunda_answers
from server.api.calls import Call, Operation
from server.api.camunda_errors import Problem
from server.api.criteria import MOST, Asked
from server.services import case_lists, sandbox
from server.services.case_lists import DECISION_COLUMNS, Activity

ACTIVITY = (
    "processInstanceId", "executionId", "activityId", "activityName", "activityNameLike", "activityType",
    "activityInstanceId", "processDefinitionKey", "processDefinitionId", "taskAssignee", "finished",
    "unfinished", "canceled", "startedBefore", "startedAfter", "finishedBefore", "finishedAfter",
    "tenantIdIn",
)  # fmt: skip
DECISION = (
    "decisionInstanceId", "decisionDefinitionKey", "processInstanceId", "activityId", "evaluatedBefore",
    "evaluatedAfter", "processDefinitionKey", "includeInputs", "includeOutputs", "tenantIdIn",
    "withoutTenantId", "rootDecisionInstancesOnly", "disableBinaryFetching",
    "disableCustomObjectDeserialization",
)  # fmt: skip
_ORDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "startTime": lambda a: a["startTime"],
    "endTime": lambda a: a["endTime"] or "9",
    "duration": lambda a: a["durationInMillis"] or 0,
    "activityId": lambda a: a["activityId"],
    "activityName": lambda a: a["activityName"] or "",
    "activityType": lambda a: a["activityType"],
    "activityInstanceId": lambda a: a["id"],
    "instanceId": lambda a: a["processInstanceId"],
    "occurrence": lambda a: a["startTime"],
    "tenantId": lambda a: a["tenantId"],
}


# --------------------------------------------------------------------------- passings
def activities(call: Call) -> list[dict[str, Any]]:
    """What one case passed. The case must be named: the record is read case by case."""
    asked, found = _activities(call)
    first, most = asked.number("firstResult") or 0, asked.number("maxResults")
    return found[first : first + min(MOST if most is None else most, MOST)]


def activity_count(call: Call) -> dict[str, int]:
    """How often."""
    return {"count": len(_activities(call)[1])}


def _activities(call: Call) -> tuple[Asked, list[dict[str, Any]]]:
    asked = Asked.of(call, ACTIVITY)
    instance_id = asked.text("processInstanceId") or asked.text("executionId")
    if instance_id is None:
        raise Problem(400, "InvalidRequestException", "Name the case: processInstanceId=….")
    with call.read() as session:
        row = case_lists.case(session, call.actors, instance_id)
        found = case_lists.activities(session, call.actors, instance_id)
    head = {"id": instance_id, "tenant_id": row.tenant_id}
    told = [camunda_answers.activity(a, head, row.definition_id) for a in found if _wanted(a, asked)]
    told = [a for a in told if _equal(a, asked)]
    if name := asked.text("sortBy"):
        if name not in _ORDERS:
            raise Problem(400, "InvalidRequestException", f"Cannot sort by {name[:80]!r}.")
        told.sort(key=_ORDERS[name], reverse=asked.text("sortOrder") == "desc")
    return asked, told


def _wanted(activity: Activity, asked: Asked) -> bool:
    ended, canceled = activity.ended is not None, activity.canceled
    flags = (("finished", ended), ("unfinished", not ended), ("canceled", canceled))
    if any(asked.flag(name) and not holds for name, holds in flags):
        return False
    after, before = asked.moment("startedAfter"), asked.moment("startedBefore")
    if (after and activity.begun < after) or (before and activity.begun > before):
        return False
    after, before = asked.moment("finishedAfter"), asked.moment("finishedBefore")
    if after is None and before is None:
        return True
    ending = activity.ended
    return ending is not None and (after is None or ending >= after) and (before is None or ending <= before)


def _equal(activity: dict[str, Any], asked: Asked) -> bool:
    names = {
        "activityId": "activityId", "activityName": "activityName", "activityType": "activityType",
        "activityInstanceId": "id", "processDefinitionKey": "processDefinitionKey",
        "processDefinitionId": "processDefinitionId", "taskAssignee": "assignee",
    }  # fmt: skip
    if any(asked.text(name) not in (None, activity[field]) for name, field in names.items()):
        return False
    like = asked.text("activityNameLike")
    if like is not None and like.strip("%") not in (activity["activityName"] or ""):
        return False
    tenants = asked.texts("tenantIdIn")
    return not tenants or activity["tenantId"] in tenants


# --------------------------------------------------------------------------- decisions
def decisions(call: Call) -> list[dict[str, Any]]:
    """The decisions taken in the cases that the person may see, oldest first unless sorted."""
    asked, query = _decisions(call)
    query = query if asked.text("sortBy") else query.order_by(DECISION_COLUMNS["evaluationTime"])
    inputs, outputs = asked.flag("includeInputs"), asked.flag("includeOutputs")
    with call.read() as session:
        rows = asked.page(session, query, DECISION_COLUMNS)
    return [camunda_answers.decision_instance(row, inputs=inputs, outputs=outputs) for row in rows]


def decision_count(call: Call) -> dict[str, int]:
    """How many there are."""
    asked, query = _decisions(call)
    with call.read() as session:
        return asked.count(session, query)


def _decisions(call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, DECISION)
    wanted: dict[str, Any] = {
        "key": asked.text("decisionDefinitionKey"), "instance": asked.text("processInstanceId"),
        "element": asked.text("activityId"), "after": asked.moment("evaluatedAfter"),
        "before": asked.moment("evaluatedBefore"), "process_key": asked.text("processDefinitionKey"),
        "tenants": (sandbox.TENANT,) if asked.flag("withoutTenantId") else asked.texts("tenantIdIn"),
    }  # fmt: skip
    if (identity := asked.text("decisionInstanceId")) is not None:
        instance_id, _, number = identity.rpartition(":")
        wanted |= {"instance": instance_id, "seq": int(number) if number.isdecimal() else -1}
    where = [case_lists.decision_where(field, value) for field, value in wanted.items() if value]
    return asked, case_lists.decisions(call.actors, *where)


OPERATIONS = (
    Operation("GET", "/history/activity-instance", activities, "What a case passed",
              gives="ActivityInstance[]", query=ACTIVITY),
    Operation("GET", "/history/activity-instance/count", activity_count, "How much a case passed",
              gives="Count", query=ACTIVITY),
    Operation("GET", "/history/decision-instance", decisions, "Decisions that were taken",
              gives="DecisionInstance[]", query=DECISION),
    Operation("GET", "/history/decision-instance/count", decision_count, "How many decisions were taken",
              gives="Count", query=DECISION),
)  # fmt: skip
