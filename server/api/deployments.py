"""Deployments: listed, and made of the files that a modeler sends."""

from __future__ import annotations

from typing import Any

from server.api import camunda_answers, camunda_errors
from server.api.calls import Call, Operation, Plain
from server.api.criteria import Asked
from server.api.uploads import Upload, read_form
from server.services import definitions, deployed, sandbox, single_files
from server.services.authorization import may_deploy
from server.services.definitions import DeploymentRecord
from server.services.errors import NotFound

CRITERIA = (
    "id", "name", "nameLike", "source", "tenantIdIn", "withoutTenantId", "includeDeploymentsWithoutTenantId",
    "after", "before", "cascade",
)  # fmt: skip


def listing(call: Call) -> list[dict[str, Any]]:
    """The deployments that the person reaches, newest first."""
    asked, query = _query(call)
    order = query if asked.text("sortBy") else query.order_by(definitions.COLUMNS["id"].desc())
    with call.read() as session:
        rows = asked.page(session, order, definitions.COLUMNS)
    return [camunda_answers.deployment(DeploymentRecord(*row)) for row in rows]


def count(call: Call) -> dict[str, int]:
    """How many there are."""
    asked, query = _query(call)
    with call.read() as session:
        return asked.count(session, query)


def one(call: Call) -> dict[str, Any]:
    """One of them."""
    with call.read() as session:
        return camunda_answers.deployment(_find(call, session))


def resources(call: Call) -> list[dict[str, Any]]:
    """The files of a deployment."""
    with call.read() as session:
        record = _find(call, session)
        files = deployed.of(session, record.tenant_id, record.id).files
    return [{"id": path, "name": path, "deploymentId": record.id} for path in sorted(files)]


def resource(call: Call) -> Plain:
    """One file of a deployment."""
    with call.read() as session:
        record = _find(call, session)
        files = deployed.of(session, record.tenant_id, record.id).files
    path = call.path("resource")
    if path not in files:
        raise NotFound("resource", path)
    return Plain(files[path], "application/octet-stream", path.rpartition("/")[2])


def create(call: Call) -> dict[str, Any]:
    """Deploy files: to the jurisdiction of `tenant-id`, without one to the sandbox."""
    form: Upload = call.sent
    name = form.text("deployment-name") or "deployment"
    source = form.text("deployment-source") or "engine-rest"
    with call.write() as session:
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


def _find(call: Call, session: Any) -> DeploymentRecord:
    may_deploy(call.person).require()
    for actor in call.actors:
        try:
            return definitions.deployment(session, actor.tenant_id, call.path("id"))
        except NotFound:
            continue
    raise NotFound("deployment", call.path("id"))


def _query(call: Call) -> tuple[Asked, Any]:
    asked = Asked.of(call, CRITERIA)
    wanted = {
        "ids": asked.texts("id"), "tenants": asked.texts("tenantIdIn"), "name": asked.text("name"),
        "name_like": asked.text("nameLike"), "source": asked.text("source"), "after": asked.moment("after"),
        "before": asked.moment("before"),
    }  # fmt: skip
    if asked.flag("withoutTenantId"):
        wanted["tenants"] = (sandbox.TENANT,)
    where = [definitions.deployment_where(field, value) for field, value in wanted.items() if value]
    return asked, definitions.deployments(call.person, call.actors, *where)


OPERATIONS = (
    Operation("GET", "/deployment", listing, "List deployments", gives="Deployment[]", query=CRITERIA),
    Operation("GET", "/deployment/count", count, "Count deployments", gives="Count", query=CRITERIA),
    Operation("POST", "/deployment/create", create, "Deploy files", scope="deploy", body="Files",
              gives="DeploymentWithDefinitions", read=read_form),
    Operation("GET", "/deployment/{id}", one, "One deployment", gives="Deployment"),
    Operation("GET", "/deployment/{id}/resources", resources, "Its files", gives="Resource[]"),
    Operation("GET", "/deployment/{id}/resources/{resource:path}/data", resource, "The bytes of a file",
              gives="binary"),
)  # fmt: skip
