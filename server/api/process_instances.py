"""Cases: listed, shown, with their variables and the bytes of their files."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from server.api import camunda_answers, camunda_values
from server.api.calls import Call, Operation, Plain
from server.api.camunda_errors import Problem
from server.api.criteria import MOST, Asked
from server.api.uploads import read_json
from server.engine import process
from server.services import case_lists, sandbox
from server.services.case_lists import CASE_COLUMNS, CaseRow
from server.services.errors import NotFound

CRITERIA = (
    "processInstanceIds", "businessKey", "businessKeyLike", "processDefinitionId", "processDefinitionKey",
    "processDefinitionKeyIn", "deploymentId", "tenantIdIn", "withoutTenantId", "active", "suspended",
    "withIncident", "variables",
)  # fmt: skip


def listing(call: Call) -> list[dict[str, Any]]:
    """The running cases that the person may see. Rehearsals are left out."""
    asked, query = _query(call)
    query = query if asked.text("sortBy") else query.order_by(CASE_COLUMNS["instanceId"])
    with call.read() as session:
        query = _with_values(session, call, asked, query)
        return [camunda_answers.case(CaseRow(*row)) for row in asked.page(session, query, CASE_COLUMNS)]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    asked, query = _query(call)
    with call.read() as session:
        return asked.count(session, _with_values(session, call, asked, query))


def one(call: Call) -> dict[str, Any]:
    """One case, running or ended."""
    with call.read() as session:
        return camunda_answers.case(case_lists.case(session, call.actors, call.path("id")))


def all_variables(call: Call) -> dict[str, Any]:
    """The variables of a case."""
    return camunda_values.typed_variables(variables_of(call, call.path("id")))


def one_variable(call: Call) -> dict[str, Any]:
    """One of them."""
    return camunda_values.typed_variable(_variable(call))


def variable_data(call: Call) -> Plain:
    """The bytes of one that is a file."""
    return data_of(_variable(call), call.path("name"))


def data_of(value: Any, name: str) -> Plain:
    """The bytes of a file among variables. Raises Problem where it is none."""
    found = camunda_values.file_of(value)
    if found is None:
        raise Problem(400, "InvalidRequestException", f"The variable {name[:100]!r} is not a file.")
    return Plain(*found)


def variables_of(call: Call, instance_id: str) -> dict[str, Any]:
    """The variables of a case that the person may see. Raises NotFound."""
    with call.read() as session:
        return _read(session, call, instance_id)


def _read(session: Session, call: Call, instance_id: str) -> dict[str, Any]:
    _, row, used = case_lists.look(session, call.actors, instance_id)
    return dict(process.variables_of(used.model, row["process_key"], row["state"]))


def _with_values(session: Session, call: Call, asked: Asked, query: Any) -> Any:
    """Only the cases whose variables have the values that `variables` asks for: name_eq_value or
    name_neq_value, with commas between, or as JSON a list of name, operator and value."""
    wanted = _comparisons(asked.given.get("variables"))
    if not wanted:
        return query
    ids = []
    for row in session.execute(query.limit(MOST)):
        seen = _read(session, call, row.id)
        if all((_plain(seen.get(name)) == value) == equal for name, equal, value in wanted):
            ids.append(row.id)
    return query.where(case_lists.case_where("ids", ids))


def _comparisons(given: Any) -> list[tuple[str, bool, str]]:
    if given is None:
        return []
    if isinstance(given, str):
        given = [
            {"name": name, "operator": operator, "value": value}
            for name, operator, value in (_parted(text) for text in given.split(","))
        ]
    found = []
    for one in given if isinstance(given, list) else [None]:
        if not isinstance(one, dict) or one.get("operator") not in ("eq", "neq"):
            raise Problem(400, "InvalidRequestException", "variables are compared as name_eq_value or _neq_.")
        found.append((str(one.get("name")), one["operator"] == "eq", _plain(one.get("value"))))
    return found


def _parted(text: str) -> tuple[str, str, str]:
    for operator in ("eq", "neq"):
        name, found, value = text.partition(f"_{operator}_")
        if found:
            return name, operator, value
    return text, "", ""


def _plain(value: Any) -> str:
    """A value as it is written in an address: addresses know no types."""
    return value if isinstance(value, str) else camunda_values.dumps(value)


def _variable(call: Call) -> Any:
    """A variable of a case; for work on one of its external tasks also what only that task sees."""
    name = call.path("name")
    with call.read() as session:
        _, row, used = case_lists.look(session, call.actors, call.path("id"))
    place = (used.model, row["process_key"], row["state"])
    seen = [dict(process.variables_of(*place)), *(work.variables for work in process.external_tasks(*place))]
    for variables in seen:
        if name in variables:
            return variables[name]
    raise NotFound("variable", name)


def _query(call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, CRITERIA)
    keys = (*asked.texts("processDefinitionKey"), *asked.texts("processDefinitionKeyIn"))
    wanted: dict[str, Any] = {
        "ids": asked.texts("processInstanceIds"), "business_key": asked.text("businessKey"),
        "business_key_like": asked.text("businessKeyLike"), "deployment": asked.text("deploymentId"),
        "tenants": (sandbox.TENANT,) if asked.flag("withoutTenantId") else asked.texts("tenantIdIn"),
        "incident": asked.flag("withIncident"), "running": True,
    }  # fmt: skip
    if (definition := asked.text("processDefinitionId")) is not None:
        rest, _, wanted["deployment"] = definition.rpartition(":")
        keys = (rest.rpartition(":")[0],)
    wanted["keys"] = keys
    if asked.flag("suspended"):  # nothing is ever suspended here
        wanted["keys"] = ("",)
    where = [case_lists.case_where(field, value) for field, value in wanted.items() if value]
    return asked, case_lists.cases(call.actors, *where)


OPERATIONS = (
    Operation("GET", "/process-instance", listing, "List running cases", gives="ProcessInstance[]",
              query=CRITERIA),
    Operation("POST", "/process-instance", listing, "List running cases", body="ProcessInstanceQuery",
              gives="ProcessInstance[]", read=read_json),
    Operation("GET", "/process-instance/count", count, "Count running cases", gives="Count", query=CRITERIA),
    Operation("GET", "/process-instance/{id}", one, "One case", gives="ProcessInstance"),
    Operation("GET", "/process-instance/{id}/variables", all_variables, "Its variables", gives="VariableMap",
              query=("deserializeValues",)),
    Operation("GET", "/process-instance/{id}/variables/{name}", one_variable, "One of them",
              gives="Variable", query=("deserializeValue",)),
    Operation("GET", "/process-instance/{id}/variables/{name}/data", variable_data, "The bytes of a file",
              gives="binary"),
    Operation("GET", "/execution/{id}/localVariables", all_variables, "The variables of a case", "read work",
              gives="VariableMap"),
    Operation("GET", "/execution/{id}/localVariables/{name}", one_variable, "One of them", "read work",
              gives="Variable"),
    Operation("GET", "/execution/{id}/localVariables/{name}/data", variable_data, "The bytes of a file",
              "read work", gives="binary"),
)  # fmt: skip
