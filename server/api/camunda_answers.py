"""Deployments, definitions and results as the Camunda 7 REST interface writes them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sqlmodel import Session

from server.api.camunda_values import typed
from server.engine.dmn.model import Decision, DecisionTable
from server.engine.model import Evaluation, ProcessDefinition, Value
from server.services import definitions, deployed
from server.services.definitions import DecisionDefinition, DeploymentRecord


def deployment(record: DeploymentRecord) -> dict[str, Any]:
    """A deployment."""
    return {
        "links": [],
        "id": record.id,
        "name": record.name,
        "source": record.source or None,
        "deploymentTime": record.at.strftime("%Y-%m-%dT%H:%M:%S.000%z"),
        "tenantId": record.tenant_id,
    }


def created(session: Session, tenant_id: str, deployment_id: str, sent: set[str]) -> dict[str, Any]:
    """A deployment with the definitions that the files which were sent hold."""
    record = definitions.deployment(session, tenant_id, deployment_id)
    decisions = [decision_definition(found) for found in definitions.of_deployment(session, record)]
    model = deployed.of(session, tenant_id, deployment_id).model
    processes = [_process_definition(found, record) for found in model.processes.values()]
    return deployment(record) | {
        "deployedProcessDefinitions": _by_id(processes, sent),
        "deployedDecisionDefinitions": _by_id(decisions, sent),
        "deployedDecisionRequirementsDefinitions": None,
        "deployedCaseDefinitions": None,
    }


def _by_id(found: list[dict[str, Any]], sent: set[str]) -> dict[str, Any] | None:
    wanted = {d["id"]: d for d in found if PurePosixPath(d["resource"]).name in sent}
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


def _process_definition(found: ProcessDefinition, record: DeploymentRecord) -> dict[str, Any]:
    return {
        "id": f"{found.id}:{record.number}:{record.id}",
        "key": found.id,
        "name": found.name or None,
        "version": record.number,
        "resource": found.file,
        "deploymentId": record.id,
        "tenantId": record.tenant_id,
        "suspended": False,
    }


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
