"""Messages that programs send to cases."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from server.api import camunda_answers
from server.api.calls import Call, Operation
from server.api.camunda_errors import Problem
from server.api.process_definitions import variables
from server.api.uploads import read_json
from server.services import case_lists, correlation, sandbox
from server.services.correlation import Reached, Sent


def send(call: Call) -> list[dict[str, Any]] | None:
    """Carry a message to the case that waits for it. With `resultEnabled` the answer tells which it was."""
    name = call.body.get("messageName")
    if not isinstance(name, str) or not name:
        raise Problem(400, "InvalidRequestException", "No message name supplied.")
    kept, transient = variables(call.body.get("processVariables"))
    local, passing = variables(call.body.get("processVariablesLocal"))
    keys, _ = variables(call.body.get("correlationKeys"))
    sent = Sent(
        name, _text(call, "businessKey"), _text(call, "processInstanceId"), keys,
        {**kept, **transient, **local, **passing}, call.body.get("all") is True,
    )  # fmt: skip
    with call.write() as session:
        actor = call.actor(_tenant(session, call, sent))
        reached = correlation.correlate(session, actor, sent, call.now)
        if call.body.get("resultEnabled") is not True:
            return None
        return [_told(session, call, one) for one in reached]


def _tenant(session: Session, call: Call, sent: Sent) -> str:
    """The jurisdiction that the message names, or that of the case it names; without either the person's own,
    unless they say that they mean none."""
    named = _text(call, "tenantId")
    if named is not None:
        return named
    if sent.instance_id is not None:
        return case_lists.case(session, call.actors, sent.instance_id).tenant_id
    return sandbox.TENANT if call.body.get("withoutTenantId") is True else call.person.tenant_id


def _text(call: Call, name: str) -> str | None:
    value = call.body.get(name)
    return value if isinstance(value, str) and value else None


def _told(session: Session, call: Call, reached: Reached) -> dict[str, Any]:
    found = case_lists.case(session, call.actors, reached.instance_id)
    case = camunda_answers.case(found)
    if reached.began:
        return {"resultType": "ProcessDefinition", "execution": None, "processInstance": case}
    execution = {"id": found.id, "processInstanceId": found.id, "ended": case["ended"]}
    execution["tenantId"] = found.tenant_id
    return {"resultType": "Execution", "execution": execution, "processInstance": None}


OPERATIONS = (
    Operation("POST", "/message", send, "Send a message to a case", "start", body="Message",
              gives="MessageResult[]", read=read_json),
)  # fmt: skip
