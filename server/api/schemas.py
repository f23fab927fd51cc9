"""The shapes of what is sent and answered at `/engine-rest`, for its description."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": "integer"}
MAYBE_NUMBER: Schema = {"type": ["integer", "null"]}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": ["string", "null"], "examples": ["2026-03-01T08:00:00.000+0800"]}
MILLISECONDS: Schema = {"type": "integer", "description": "milliseconds"}


def ref(name: str) -> Schema:
    """Another schema, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def shape(required: str = "", **properties: Schema) -> Schema:
    """An object with these properties, of which some are required."""
    found: Schema = {"type": "object", "properties": properties}
    return found | ({"required": required.split()} if required else {})


def texts(names: str, of: Schema = MAYBE_TEXT) -> dict[str, Schema]:
    """The same schema for several properties."""
    return dict.fromkeys(names.split(), of)


_VARIABLES = ref("VariableMap")
_EXTERNAL: dict[str, Schema] = {
    **texts(
        "activityId activityInstanceId executionId id processDefinitionId processDefinitionKey "
        "processInstanceId topicName tenantId businessKey",
        TEXT,
    ),
    **texts("errorMessage workerId processDefinitionVersionTag"),
    **texts("lockExpirationTime createTime", MOMENT),
    "retries": MAYBE_NUMBER,
    "priority": NUMBER,
    "suspended": FLAG,
}
_DEPLOYMENT: dict[str, Schema] = {
    **texts("id name tenantId", TEXT), "source": MAYBE_TEXT, "deploymentTime": MOMENT,
}  # fmt: skip
_DEFINITION: dict[str, Schema] = {
    **texts("id key resource deploymentId tenantId", TEXT), **texts("name category versionTag"),
    "version": NUMBER,
}  # fmt: skip
_FINDING = shape(
    level={"enum": ["error", "warning", "info"]}, code=TEXT, message=TEXT, remedy=TEXT, file=TEXT,
    element=TEXT, row=MAYBE_NUMBER, column=TEXT, line=NUMBER,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Version": shape("version", version=TEXT),
    "Engine": shape("name", name=TEXT),
    "Count": shape("count", count=NUMBER),
    "Error": shape("type message code", type=TEXT, message=TEXT, code=NUMBER,
                   findings=many(ref("Finding")), details={"type": "object"}),
    "Finding": _FINDING,
    "Variable": shape(
        "value", value={"description": "as the type says; without a type what JSON says"},
        type={"enum": ["Null", "String", "Boolean", "Short", "Integer", "Long", "Double", "Date", "Json",
                       "Object", "File", "Bytes"]},
        valueInfo={"type": "object", "description": "filename and mimeType of a file; transient"},
    ),
    "VariableMap": {"type": "object", "additionalProperties": ref("Variable")},
    "Variables": shape("variables", variables=_VARIABLES),
    "DecisionRow": {"type": "object", "additionalProperties": ref("Variable")},
    "Files": shape(
        "deployment-name", **{
            **texts("deployment-name deployment-source", TEXT),
            "tenant-id": {"type": "string", "description": "the jurisdiction; without it the sandbox"},
            **texts("enable-duplicate-filtering deploy-changed-only", TEXT),
        },
    ) | {"additionalProperties": {"type": "string", "format": "binary"}},
    "Deployment": shape("id", **_DEPLOYMENT),
    "DeploymentWithDefinitions": shape(
        "id", **_DEPLOYMENT, findings=many(ref("Finding")),
        deployedProcessDefinitions={"type": ["object", "null"]},
        deployedDecisionDefinitions={"type": ["object", "null"]},
    ),
    "Resource": shape("id", **texts("id name deploymentId", TEXT)),
    "ProcessDefinition": shape("id key", **_DEFINITION, description=MAYBE_TEXT, suspended=FLAG),
    "ProcessXml": shape("id bpmn20Xml", id=TEXT, bpmn20Xml=TEXT),
    "DecisionDefinition": shape("id key", **_DEFINITION),
    "DecisionXml": shape("id dmnXml", id=TEXT, dmnXml=TEXT),
    "Start": shape(businessKey=MAYBE_TEXT, variables=_VARIABLES),
    "ProcessInstance": shape(
        "id", **texts("id definitionId definitionKey businessKey tenantId", TEXT), ended=FLAG, suspended=FLAG
    ),
    "ProcessInstanceQuery": {"type": "object", "description": "the parameters of GET, as JSON"},
    "Task": shape(
        "id", **texts("id name processDefinitionId processInstanceId taskDefinitionKey tenantId", TEXT),
        **texts("assignee description formKey"), **texts("created due followUp lastUpdated", MOMENT),
        priority=NUMBER, camundaFormRef={"type": ["object", "null"]},
    ),
    "TaskQuery": {"type": "object", "description": "the parameters of GET, as JSON; also sorting"},
    "TaskForm": shape(key=MAYBE_TEXT, camundaFormRef={"type": ["object", "null"]}),
    "UserId": shape(userId=MAYBE_TEXT),
    "Handed": shape(userId=MAYBE_TEXT, reason=MAYBE_TEXT, note=MAYBE_TEXT),
    "Complete": shape(variables=_VARIABLES, withVariablesInReturn=FLAG),
    "Message": shape(
        "messageName", **texts("messageName businessKey processInstanceId tenantId", TEXT),
        correlationKeys=_VARIABLES, processVariables=_VARIABLES, all=FLAG, resultEnabled=FLAG,
        withoutTenantId=FLAG,
    ),
    "MessageResult": shape("resultType", resultType={"enum": ["Execution", "ProcessDefinition"]},
                           execution={"type": ["object", "null"]},
                           processInstance={"type": ["object", "null"]}),
    "ExternalTask": shape("id", **_EXTERNAL),
    "LockedExternalTask": shape("id variables", **_EXTERNAL, variables=_VARIABLES, errorDetails=MAYBE_TEXT,
                                extensionProperties={"type": "object", "additionalProperties": TEXT}),
    "ExternalTaskQuery": {"type": "object", "description": "the parameters of GET, as JSON"},
    "FetchAndLock": shape(
        "workerId maxTasks topics", workerId=TEXT, maxTasks=NUMBER, usePriority=FLAG,
        asyncResponseTimeout=MILLISECONDS, topics=many(ref("FetchTopic")),
        sorting=many(shape(sortBy={"const": "createTime"}, sortOrder={"enum": ["asc", "desc"]})),
    ),
    "FetchTopic": shape(
        "topicName lockDuration", topicName=TEXT, lockDuration=MILLISECONDS,
        variables={"type": ["array", "null"], "items": TEXT}, **texts("businessKey processDefinitionId "
        "processDefinitionKey processDefinitionVersionTag"), **texts("processDefinitionIdIn "
        "processDefinitionKeyIn tenantIdIn", {"type": ["array", "null"], "items": TEXT}),
        withoutTenantId=FLAG, processVariables={"type": ["object", "null"]}, localVariables=FLAG,
        deserializeValues=FLAG, includeExtensionProperties=FLAG,
    ),
    "WorkDone": shape("workerId", workerId=TEXT, variables=_VARIABLES, localVariables=_VARIABLES),
    "WorkFailed": shape("workerId", **texts("workerId errorMessage errorDetails", TEXT), retries=NUMBER,
                        retryTimeout=MILLISECONDS),
    "WorkError": shape("workerId errorCode", **texts("workerId errorCode errorMessage", TEXT),
                       variables=_VARIABLES),
    "ExtendLock": shape("workerId newDuration", workerId=TEXT, newDuration=MILLISECONDS),
    "Lock": shape("workerId lockDuration", workerId=TEXT, lockDuration=MILLISECONDS),
    "Retries": shape("retries", retries=NUMBER),
    "ActivityInstance": shape(
        "id", **texts("id activityId activityType processDefinitionKey processInstanceId", TEXT),
        **texts("activityName assignee taskId"), **texts("startTime endTime", MOMENT), canceled=FLAG,
        durationInMillis=MAYBE_NUMBER,
    ),
    "DecisionInstance": shape(
        "id", **texts("id decisionDefinitionId decisionDefinitionKey processInstanceId activityId", TEXT),
        evaluationTime=MOMENT, inputs=many({"type": "object"}), outputs=many({"type": "object"}),
        matchedRules=many({"type": "object"}),
    ),
}  # fmt: skip
