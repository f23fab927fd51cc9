"""Decisions: listed, shown, taken outside of a case."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from server.api import camunda_answers, camunda_errors, camunda_values
from server.api.calls import Call, Operation
from server.api.camunda_errors import Problem
from server.api.criteria import MOST, Asked
from server.api.uploads import read_json
from server.services import definitions, sandbox
from server.services.authorization import denied
from server.services.definitions import DecisionDefinition
from server.services.errors import NotFound

CRITERIA = ("decisionDefinitionId", "key", "keyLike", "name", "nameLike", "latestVersion", "tenantIdIn",
            "withoutTenantId", "deploymentId")  # fmt: skip


def listing(call: Call) -> list[dict[str, Any]]:
    """The decisions in use in the jurisdictions that the person reaches; in the sandbox the newest of each
    key."""
    asked, found = _matching(call)
    first, most = asked.number("firstResult") or 0, asked.number("maxResults")
    return found[first : first + min(MOST if most is None else most, MOST)]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    return {"count": len(_matching(call)[1])}


def definition(call: Call) -> dict[str, Any]:
    """What is known of a decision."""
    return camunda_answers.decision_definition(_definition(call))


def xml(call: Call) -> dict[str, str]:
    """The file of a decision."""
    found = _definition(call)
    return {"id": found.id, "dmnXml": found.xml.decode("utf-8", "replace")}


def evaluate(call: Call) -> list[dict[str, Any]]:
    """Take a decision. The answer is what DMN prescribes; with `?strict=true` it is the error where a case
    would stand still."""
    found = _definition(call)
    try:
        given = camunda_values.variables(call.body.get("variables"), found.model.reads(found.key))
    except camunda_values.NotAVariable as error:
        raise Problem(400, "InvalidRequestException", f"The variables cannot be read: {error}.") from None
    taken = found.evaluate(given, call.now)
    if taken.failed and call.query("strict").lower() == "true":
        findings = [camunda_errors.told(finding, call.words) for finding in taken.findings]
        reason = next(finding["message"] for finding in findings if finding["level"] == "error")
        raise Problem(422, "DmnEvaluationException", reason, findings=findings)
    return camunda_answers.rows(found.decision, taken)


def _definition(call: Call) -> DecisionDefinition:
    in_sight(call)
    with call.read() as session:
        return _find(session, call)


def _find(session: Session, call: Call) -> DecisionDefinition:
    if call.has("key"):
        return definitions.by_key(session, call.tenant, call.path("key"))
    try:
        return definitions.by_id(session, sandbox.TENANT, call.path("id"))
    except NotFound:  # an id names one deployment: no jurisdiction need be said
        return definitions.by_id(session, call.person.tenant_id, call.path("id"))


def in_sight(call: Call) -> None:
    """Raise NotPermitted unless the person belongs to the jurisdiction; the sandbox is everybody's."""
    if call.tenant not in (sandbox.TENANT, call.person.tenant_id):
        denied("Only people of {tenant} may ask this.", tenant=call.tenant).require()


def _matching(call: Call) -> tuple[Asked, list[dict[str, Any]]]:
    asked = Asked.of(call, CRITERIA)
    with call.read() as session:
        found = [camunda_answers.decision_definition(d) for d in definitions.in_use(session, call.actors)]
    tenants = (sandbox.TENANT,) if asked.flag("withoutTenantId") else asked.texts("tenantIdIn")
    exact = {"id": "decisionDefinitionId", "key": "key", "name": "name", "deploymentId": "deploymentId"}
    like = {"key": "keyLike", "name": "nameLike"}
    return asked, [
        decision
        for decision in found
        if (not tenants or decision["tenantId"] in tenants)
        and all(asked.text(name) in (None, decision[field]) for field, name in exact.items())
        and all(_like(decision[field], asked.text(name)) for field, name in like.items())
    ]


def _like(value: str | None, pattern: str | None) -> bool:
    """Whether a text has the parts between the % of a pattern, in order."""
    if pattern is None:
        return True
    parts, rest = pattern.split("%"), value or ""
    if not rest.startswith(parts[0]) or not rest.endswith(parts[-1]):
        return False
    for part in parts:
        _, found, rest = rest.partition(part)
        if part and not found:
            return False
    return len(parts) > 1 or value == pattern


_KEY, _TENANT = "/decision-definition/key/{key:path}", "/tenant-id/{tenant}"
OPERATIONS = (
    Operation("GET", "/decision-definition", listing, "List decisions", gives="DecisionDefinition[]",
              query=CRITERIA),
    Operation("GET", "/decision-definition/count", count, "Count decisions", gives="Count", query=CRITERIA),
    Operation("GET", f"{_KEY}{_TENANT}/xml", xml, "The file of a decision", gives="DecisionXml"),
    Operation("GET", f"{_KEY}{_TENANT}", definition, "One decision", gives="DecisionDefinition"),
    Operation("GET", f"{_KEY}/xml", xml, "The file of a decision of the sandbox", gives="DecisionXml"),
    Operation("GET", _KEY, definition, "One decision of the sandbox", gives="DecisionDefinition"),
    Operation("GET", "/decision-definition/{id:path}/xml", xml, "The file of a decision",
              gives="DecisionXml"),
    Operation("POST", f"{_KEY}{_TENANT}/evaluate", evaluate, "Take a decision", body="Variables",
              gives="DecisionRow[]", query=("strict",), read=read_json),
    Operation("POST", f"{_KEY}/evaluate", evaluate, "Take a decision of the sandbox", body="Variables",
              gives="DecisionRow[]", query=("strict",), read=read_json),
    Operation("POST", "/decision-definition/{id:path}/evaluate", evaluate, "Take a decision",
              body="Variables", gives="DecisionRow[]", query=("strict",), read=read_json),
    Operation("GET", "/decision-definition/{id:path}", definition, "One decision",
              gives="DecisionDefinition"),
)  # fmt: skip
