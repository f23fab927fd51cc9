"""`/engine-rest`: deploy files and take decisions, in the form of the Camunda 7 REST interface."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.api import camunda_answers, camunda_errors, camunda_values
from server.api.admission import Admission
from server.api.camunda_errors import Problem, Words
from server.api.uploads import Upload, read_form, read_json
from server.services import definitions, sandbox, single_files
from server.services.authorization import Person, denied
from server.services.definitions import DecisionDefinition
from server.services.errors import NotFound, ServiceError

ADDRESS = "/engine-rest"
FORM_OF = "7.24.0"
"""The version of the interface whose form the answers have: modelers ask for it before they deploy."""

_log = logging.getLogger("guicheng.api")
_encode = msgspec.json.Encoder(decimal_format="number").encode
_Answer = Callable[["Call"], Any]


@dataclass(frozen=True)
class Door:
    """What all requests share. `words` gives the speaker of what `Accept-Language` asks for."""

    admission: Admission
    words: Callable[[str], Words]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, when, the parts of the address, and what was sent."""

    door: Door
    request: Request
    person: Person
    now: datetime
    words: Words
    sent: Any = None

    @property
    def tenant(self) -> str:
        """The jurisdiction the request is about: the one it names, else the sandbox."""
        return _tenant(self.request, self.sent) or sandbox.TENANT

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def in_sight(self) -> None:
        """Raise NotPermitted unless the person belongs to the jurisdiction; the sandbox is everybody's."""
        if self.tenant not in (sandbox.TENANT, self.person.tenant_id):
            denied("Only people of {tenant} may ask this.", tenant=self.tenant).require()


def application(door: Door) -> Starlette:
    """The interface, to be mounted at `/engine-rest`."""
    routes = [
        Route(path, _endpoint(door, answer, read), methods=[method])
        for method, path, answer, read in (
            ("GET", "/version", version, None),
            ("GET", "/engine", engines, None),
            ("GET", "/deployment", deployment_list, None),
            ("POST", "/deployment/create", create, read_form),
            ("GET", "/decision-definition/key/{key:path}/tenant-id/{tenant}", definition, None),
            ("GET", "/decision-definition/key/{key:path}", definition, None),
            ("GET", "/decision-definition/{id:path}/xml", xml, None),
            ("POST", "/decision-definition/key/{key:path}/tenant-id/{tenant}/evaluate", evaluate, read_json),
            ("POST", "/decision-definition/key/{key:path}/evaluate", evaluate, read_json),
            ("POST", "/decision-definition/{id:path}/evaluate", evaluate, read_json),
            ("GET", "/decision-definition/{id:path}", definition, None),
        )
    ]
    app = Starlette(routes=routes)
    app.add_exception_handler(HTTPException, _http_error)
    return app


# --------------------------------------------------------------------------- before a deployment
def version(call: Call) -> dict[str, str]:
    """The version of the interface; modelers take it for that of the engine."""
    return {"version": FORM_OF}


def engines(call: Call) -> list[dict[str, str]]:
    """There is one engine."""
    return [{"name": "default"}]


def deployment_list(call: Call) -> list[dict[str, Any]]:
    """The deployments of the person's jurisdiction, newest first, or of the sandbox."""
    limit = call.request.query_params.get("maxResults", "50")
    count = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 50
    with call.door.admission.units.read() as session:
        return [camunda_answers.deployment(r) for r in definitions.deployments(session, call.person, count)]


# --------------------------------------------------------------------------- deploying
def create(call: Call) -> dict[str, Any]:
    """Deploy files: to the jurisdiction of `tenant-id`, without one to the sandbox."""
    form: Upload = call.sent
    name = form.text("deployment-name") or "deployment"
    source = form.text("deployment-source") or "engine-rest"
    with call.door.admission.units.write() as session:
        if call.tenant != sandbox.TENANT:
            done = single_files.deploy(
                session, call.person, call.tenant, form.files, call.now, name=name, source=source
            )
            identity, findings = done.deployment_id, done.warnings
        else:
            identity, findings = sandbox.deploy(
                session, call.person, form.files, call.now, name=name, source=source
            )
        answer = camunda_answers.created(session, call.tenant, identity, set(form.files))
    return answer | {"findings": [camunda_errors.told(finding, call.words) for finding in findings]}


# --------------------------------------------------------------------------- decisions
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
    if not isinstance(call.sent, dict):
        raise Problem(400, "InvalidRequestException", "The body must be an object with variables.")
    try:
        given = camunda_values.variables(call.sent.get("variables"), found.model.reads(found.key))
    except camunda_values.NotAVariable as error:
        raise Problem(400, "InvalidRequestException", f"The variables cannot be read: {error}.") from None
    taken = found.evaluate(given, call.now)
    if taken.failed and call.request.query_params.get("strict", "").lower() == "true":
        findings = [camunda_errors.told(finding, call.words) for finding in taken.findings]
        reason = next(finding["message"] for finding in findings if finding["level"] == "error")
        raise Problem(422, "DmnEvaluationException", reason, findings=findings)
    return camunda_answers.rows(found.decision, taken)


def _definition(call: Call) -> DecisionDefinition:
    call.in_sight()
    with call.door.admission.units.read() as session:
        return _find(session, call)


def _find(session: Session, call: Call) -> DecisionDefinition:
    if "key" in call.request.path_params:
        return definitions.by_key(session, call.tenant, call.path("key"))
    try:
        return definitions.by_id(session, sandbox.TENANT, call.path("id"))
    except NotFound:  # an id names one deployment: no jurisdiction need be said
        return definitions.by_id(session, call.person.tenant_id, call.path("id"))


# --------------------------------------------------------------------------- requests and answers
def _endpoint(
    door: Door, answer: _Answer, read: Callable[[Request], Awaitable[Any]] | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        words = door.words(request.headers.get("Accept-Language", ""))
        try:
            person = await run_in_threadpool(_admitted, door, request, "")
            sent = await read(request) if read is not None else None
            named = _tenant(request, sent)
            if named and named != person.tenant_id:
                person = await run_in_threadpool(_admitted, door, request, named)
            call = Call(door, request, person, door.clock(), words, sent)
            found = await run_in_threadpool(answer, call)
            return _json(200, found)
        except ServiceError as error:
            return _problem(camunda_errors.of_service(error, words))
        except Problem as problem:
            return _problem(problem)
        except Exception:
            reference = secrets.token_hex(4)
            _log.exception("%s %s failed, reference %s", request.method, request.url.path, reference)
            return _problem(Problem(500, "RestException", f"Something failed here, reference {reference}."))

    return endpoint


def _admitted(door: Door, request: Request, tenant: str) -> Person:
    return door.admission.person(request, tenant, door.clock())


def _tenant(request: Request, sent: Any) -> str:
    form = sent.text("tenant-id") if isinstance(sent, Upload) else ""
    return str(request.path_params.get("tenant", "")) or form


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encode(body), status, dict(headers or {}), "application/json")


def _problem(problem: Problem) -> Response:
    asks = {"WWW-Authenticate": 'Basic realm="Guicheng", charset="UTF-8"'} if problem.status == 401 else {}
    return _json(problem.status, problem.body, asks)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = {404: "There is no such address.", 405: "The address does not take this method."}
    return _problem(Problem(status, "NotFoundException", told.get(status, "The request was refused.")))
