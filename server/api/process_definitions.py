"""Processes: listed, shown, begun."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from server.api import camunda_answers, camunda_values
from server.api.calls import Call, Operation
from server.api.camunda_errors import Problem
from server.api.criteria import Asked
from server.api.uploads import read_json
from server.services import case_lists, instances, process_definitions, sandbox, sandbox_cases
from server.services.authorization import denied
from server.services.deployed import Deployed
from server.services.process_definitions import Criteria, Found

CRITERIA = (
    "processDefinitionId", "processDefinitionIdIn", "name", "nameLike", "deploymentId", "key", "keysIn",
    "keyLike", "version", "latestVersion", "tenantIdIn", "withoutTenantId",
    "includeProcessDefinitionsWithoutTenantId", "startableInTasklist", "active", "suspended",
)  # fmt: skip


def listing(call: Call) -> list[dict[str, Any]]:
    """The processes that the person reaches, each version once."""
    asked, query = _query(call)
    columns = {c.key: c for c in query.selected_columns if c.key in process_definitions.SORTED_BY}
    names = {"deploymentId": "deployment_id", "tenantId": "tenant_id"}
    columns |= {name: columns[own] for name, own in names.items()}
    with call.read() as session:
        rows = asked.page(session, query.order_by(None) if asked.text("sortBy") else query, columns)
    return [camunda_answers.process_definition(Found(*row)) for row in rows]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    asked, query = _query(call)
    with call.read() as session:
        return asked.count(session, query)


def one(call: Call) -> dict[str, Any]:
    """One process."""
    with call.read() as session:
        found, used = _find(session, call)
    return camunda_answers.process_definition(found, used.process(found.key).documentation)


def xml(call: Call) -> dict[str, str]:
    """The file of a process."""
    with call.read() as session:
        found, used = _find(session, call)
    content = used.files[used.process(found.key).file]
    return {"id": found.id, "bpmn20Xml": content.decode("utf-8", "replace")}


def start(call: Call) -> dict[str, Any]:
    """Begin a case. In a jurisdiction the variables are the answers to the start form, with project_id or
    project_name, and everything is checked as on the page; in the sandbox they are taken as they are."""
    kept, transient = _variables(call)
    with call.write() as session:
        found, used = _find(session, call)
        actor = call.actor(found.tenant_id)
        if found.tenant_id == sandbox.TENANT:
            title = str(call.body.get("businessKey") or "")
            started = sandbox_cases.start(
                session, actor, used, found.key, {**kept, **transient}, call.now, title=title
            )
        else:
            if not found.latest:
                denied("New cases use another version of this process. Start it by its key.").require()
            started = instances.start(session, actor, found.key, call.now, {**kept, **transient})
        row = case_lists.case(session, [actor], started.instance_id)
    return camunda_answers.case(row)


def _variables(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    return variables(call.body.get("variables"))


def variables(sent: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables of a request, kept and transient ones. Raises Problem."""
    try:
        return camunda_values.plain_variables(sent)
    except camunda_values.NotAVariable as error:
        raise Problem(400, "InvalidRequestException", f"The variables cannot be read: {error}.") from None


def _find(session: Session, call: Call) -> tuple[Found, Deployed]:
    if call.has("key"):
        actor = call.actor(call.tenant)
        return process_definitions.by_key(session, [actor], call.tenant, call.path("key"))
    return process_definitions.by_id(session, call.actors, call.path("id"))


def _query(call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, CRITERIA)
    ids = (*asked.texts("processDefinitionId"), *asked.texts("processDefinitionIdIn"))
    criteria = Criteria(
        keys=(*asked.texts("key"), *asked.texts("keysIn")), key_like=asked.text("keyLike"),
        name=asked.text("name"), name_like=asked.text("nameLike"), version=asked.number("version"),
        deployment_id=asked.text("deploymentId"), ids=ids, latest=asked.flag("latestVersion"),
        tenants=(sandbox.TENANT,) if asked.flag("withoutTenantId") else asked.texts("tenantIdIn"),
    )  # fmt: skip
    return asked, process_definitions.listing(call.actors, criteria)


_KEY, _TENANT = "/process-definition/key/{key}", "/tenant-id/{tenant}"
_ONE = "ProcessDefinition"
OPERATIONS = (
    Operation("GET", "/process-definition", listing, "List processes", gives=f"{_ONE}[]", query=CRITERIA),
    Operation("GET", "/process-definition/count", count, "Count processes", gives="Count", query=CRITERIA),
    Operation("GET", f"{_KEY}{_TENANT}/xml", xml, "The file of a process", gives="ProcessXml"),
    Operation("GET", f"{_KEY}{_TENANT}", one, "The process of a key", gives=_ONE),
    Operation("GET", f"{_KEY}/xml", xml, "The file of a process of the sandbox", gives="ProcessXml"),
    Operation("GET", _KEY, one, "The process of a key in the sandbox", gives=_ONE),
    Operation("POST", f"{_KEY}{_TENANT}/start", start, "Begin a case", "start", body="Start",
              gives="ProcessInstance", read=read_json),
    Operation("POST", f"{_KEY}/start", start, "Begin a case in the sandbox", "start", body="Start",
              gives="ProcessInstance", read=read_json),
    Operation("POST", "/process-definition/{id}/start", start, "Begin a case", "start", body="Start",
              gives="ProcessInstance", read=read_json),
    Operation("GET", "/process-definition/{id}/xml", xml, "The file of a process", gives="ProcessXml"),
    Operation("GET", "/process-definition/{id}", one, "One process", gives=_ONE),
)  # fmt: skip
