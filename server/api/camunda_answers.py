"""Deployments, definitions and results as the Camunda 7 REST interface writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlmodel import Session

from server.api.camunda_values import typed, typed_variable, typed_variables
from server.engine.dmn.model import Decision, DecisionTable
from server.engine.model import Evaluation, Value
from server.engine.schedule import CIVIL
from server.services import definitions, process_definitions
from server.services.case_lists import Activity, CaseRow
from server.services.definitions import DecisionDefinition, DeploymentRecord
from server.services.handed_out import Work
from server.services.process_definitions import Found
from server.services.task_lists import Listed


def moment(at: datetime | None) -> str | None:
    """A moment as the interface writes it: 2026-03-01T08:00:00.000+0800."""
    if at is None:
        return None
    local = at.astimezone(CIVIL)
    return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03}" + local.strftime("%z")


def deployment(record: DeploymentRecord) -> dict[str, Any]:
    """A deployment."""
    return {
        "links": [],
        "id": record.id,
        "name": record.name,
        "source": record.source or None,
        "deploymentTime": moment(record.at),
        "tenantId": record.tenant_id,
    }


def created(session: Session, tenant_id: str, deployment_id: str, sent: set[str]) -> dict[str, Any]:
    """A deployment with the definitions that the files which were sent hold. Also where nothing was new:
    whoever deploys and then starts what was deployed finds its definition."""
    record = definitions.deployment(session, tenant_id, deployment_id)
    decisions = [decision_definition(found) for found in definitions.of_deployment(session, record)]
    processes = process_definitions.of_deployment(session, tenant_id, deployment_id)
    return deployment(record) | {
        "deployedProcessDefinitions": _by_id([process_definition(found) for found in processes], sent),
        "deployedDecisionDefinitions": _by_id(decisions, sent),
        "deployedDecisionRequirementsDefinitions": None,
        "deployedCaseDefinitions": None,
    }


def _by_id(found: list[dict[str, Any]], sent: set[str]) -> dict[str, Any] | None:
    wanted = {d["id"]: d for d in found if PurePosixPath(d["resource"] or "").name in sent}
    return wanted or None


def decision_definition(found: DecisionDefinition) -> dict[str, Any]:
    """A decision."""
    return {
        "id": found.id,
        "key": found.key,
        "category": found.model.definitions.namespace,
        "name": found.decision.label or found.decision.name,
        "version": found.version,
        "resource": found.model.definitions.file,
        "deploymentId": found.used.deployment_id,
        "tenantId": found.tenant_id,
        "decisionRequirementsDefinitionId": None,
        "decisionRequirementsDefinitionKey": None,
        "historyTimeToLive": None,
        "versionTag": None,
    }


def process_definition(found: Found, documentation: str = "") -> dict[str, Any]:
    """A process."""
    return {
        "id": found.id,
        "key": found.key,
        "category": None,
        "description": documentation or None,
        "name": found.name or None,
        "version": found.version,
        "resource": found.resource,
        "deploymentId": found.deployment_id,
        "diagram": None,
        "suspended": False,
        "tenantId": found.tenant_id,
        "versionTag": None,
        "historyTimeToLive": None,
        "startableInTasklist": found.latest,
    }


def task(found: Listed, documentation: str = "") -> dict[str, Any]:
    """An open task."""
    form = {"key": found.form_id, "binding": "deployment", "version": None} if found.form_id else None
    return {
        "id": found.id,
        "name": found.name or None,
        "assignee": found.assignee_id,
        "created": moment(found.created_at),
        "lastUpdated": moment(found.claimed_at),
        "due": moment(found.due_at),
        "followUp": moment(found.follow_up_at),
        "delegationState": found.delegation.upper() or None,
        "description": documentation or None,
        "executionId": found.instance_id,
        "owner": found.owner_id,
        "parentTaskId": None,
        "priority": found.priority,
        "processDefinitionId": found.definition_id,
        "processInstanceId": found.instance_id,
        "taskDefinitionKey": found.element,
        "caseExecutionId": None,
        "caseInstanceId": None,
        "caseDefinitionId": None,
        "suspended": False,
        "formKey": None,
        "camundaFormRef": form,
        "tenantId": found.tenant_id,
        "taskState": "Created" if found.assignee_id is None else "Updated",
    }


def case(found: CaseRow) -> dict[str, Any]:
    """A running or ended process instance."""
    return {
        "links": [],
        "id": found.id,
        "definitionId": found.definition_id,
        "definitionKey": found.process_key,
        "businessKey": found.business_key,
        "caseInstanceId": None,
        "ended": found.ended_at is not None,
        "suspended": False,
        "tenantId": found.tenant_id,
    }


def external_task(work: Work, *, fetched: bool) -> dict[str, Any]:
    """Work for a program; with its variables and properties once it is fetched."""
    answer: dict[str, Any] = {
        "activityId": work.element,
        "activityInstanceId": f"{work.element}:{work.token}",
        "errorMessage": work.error_message or None,
        "executionId": work.instance_id,
        "id": work.id,
        "lockExpirationTime": moment(work.locked_until),
        "createTime": moment(work.created_at),
        "processDefinitionId": work.definition_id,
        "processDefinitionKey": work.process_key,
        "processDefinitionVersionTag": None,
        "processInstanceId": work.instance_id,
        "retries": work.retries,
        "suspended": False,
        "workerId": work.worker_id,
        "topicName": work.topic,
        "tenantId": work.tenant_id,
        "priority": work.priority,
        "businessKey": work.business_key,
    }
    if fetched:
        answer["errorDetails"] = work.error_details or None
        answer["variables"] = typed_variables(work.variables)
        answer["extensionProperties"] = dict(work.properties)
    return answer


def activity(found: Activity, row: Mapping[str, Any], definition_id: str) -> dict[str, Any]:
    """One passing of an element."""
    took = found.ended - found.begun if found.ended else None
    return {
        "id": found.id,
        "parentActivityInstanceId": row["id"],
        "activityId": found.element,
        "activityName": found.name or None,
        "activityType": {"endEvent": "noneEndEvent"}.get(found.kind, found.kind),
        "processDefinitionKey": found.process_key,
        "processDefinitionId": definition_id,
        "processInstanceId": row["id"],
        "executionId": row["id"],
        "taskId": found.task_id,
        "calledProcessInstanceId": None,
        "calledCaseInstanceId": None,
        "assignee": found.assignee,
        "startTime": moment(found.begun),
        "endTime": moment(found.ended),
        "durationInMillis": int(took.total_seconds() * 1000) if took is not None else None,
        "canceled": found.canceled,
        "completeScope": False,
        "tenantId": row["tenant_id"],
        "removalTime": None,
        "rootProcessInstanceId": row["id"],
    }


def decision_instance(row: Any, *, inputs: bool, outputs: bool) -> dict[str, Any]:
    """A decision that was taken in a case, with what went in and came out where it is asked for."""
    number = f"{row.decision_id}:{row.number}:{row.deployment_id}"
    answer = {
        "id": f"{row.instance_id}:{row.seq}",
        "decisionDefinitionId": number,
        "decisionDefinitionKey": row.decision_id,
        "decisionDefinitionName": row.name or None,
        "evaluationTime": moment(row.at),
        "processDefinitionId": None,
        "processDefinitionKey": row.process_key,
        "processInstanceId": row.instance_id,
        "activityId": row.element,
        "activityInstanceId": None,
        "collectResultValue": None,
        "rootDecisionInstanceId": None,
        "rootProcessInstanceId": row.instance_id,
        "decisionRequirementsDefinitionId": None,
        "decisionRequirementsDefinitionKey": None,
        "userId": None,
        "tenantId": row.tenant_id,
        "removalTime": None,
        "inputs": [],
        "outputs": [],
        "matchedRules": row.matched,
    }
    if inputs:
        answer["inputs"] = [{"clauseName": name, **typed_variable(v)} for name, v in row.inputs.items()]
    if outputs:
        answer["outputs"] = [{"variableName": name, **typed_variable(v)} for name, v in _named(row)]
    return answer


def _named(row: Any) -> list[tuple[str, Any]]:
    if isinstance(row.outputs, dict):
        return list(row.outputs.items())
    return [(row.decision_id, row.outputs)]


# --------------------------------------------------------------------------- results
def rows(decision: Decision, taken: Evaluation) -> list[dict[str, Any]]:
    """A result as a list of rows of named values: of a table one row for each result, none where nothing
    matched; of any other logic one row with the decision's variable."""
    if not isinstance(decision.logic, DecisionTable):
        return [{decision.variable.name: typed(taken.outputs)}]
    names = [output.name for output in decision.logic.outputs]
    return [_row(names, result) for result in _results(decision.logic, taken)]


def _results(table: DecisionTable, taken: Evaluation) -> list[Value]:
    if table.hit_policy.many and not table.aggregation:
        return taken.outputs if isinstance(taken.outputs, list) else []
    if taken.outputs is None and (taken.failed or not taken.matched):
        return []
    return [taken.outputs]


def _row(names: list[str], result: Value) -> dict[str, Any]:
    if len(names) == 1:
        return {names[0]: typed(result)}
    values = result if isinstance(result, dict) else {}
    return {name: typed(values.get(name)) for name in names}
