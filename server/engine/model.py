"""What the engine reads and says: frozen values that every other room may hold, none of which can act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Literal, Protocol

from server.engine.dmn import DecisionModel
from server.engine.findings import Family as Family
from server.engine.findings import Finding as Finding
from server.engine.findings import Level as Level
from server.engine.forms import Form, signature
from server.engine.values import NOTHING as NOTHING
from server.engine.values import Value as Value
from server.engine.values import Variables as Variables


# --------------------------------------------------------------------------- diagrams
class Kind(StrEnum):
    """The flow nodes of BPMN 2.0 that the engine runs."""

    START_EVENT = "startEvent"
    END_EVENT = "endEvent"
    CATCH_EVENT = "intermediateCatchEvent"
    THROW_EVENT = "intermediateThrowEvent"
    BOUNDARY_EVENT = "boundaryEvent"
    USER_TASK = "userTask"
    MANUAL_TASK = "manualTask"
    BUSINESS_RULE_TASK = "businessRuleTask"
    SERVICE_TASK = "serviceTask"
    SEND_TASK = "sendTask"
    RECEIVE_TASK = "receiveTask"
    CALL_ACTIVITY = "callActivity"
    SUB_PROCESS = "subProcess"
    EXCLUSIVE_GATEWAY = "exclusiveGateway"
    PARALLEL_GATEWAY = "parallelGateway"
    INCLUSIVE_GATEWAY = "inclusiveGateway"
    EVENT_BASED_GATEWAY = "eventBasedGateway"


EXTERNAL_KINDS = frozenset({Kind.SERVICE_TASK, Kind.SEND_TASK, Kind.BUSINESS_RULE_TASK})
"""What a worker outside may carry out, under a topic."""


class EventKind(StrEnum):
    """What makes an event happen, or what it makes happen."""

    NONE = "none"
    TIMER = "timer"
    MESSAGE = "message"
    SIGNAL = "signal"
    ERROR = "error"
    ESCALATION = "escalation"
    CONDITIONAL = "conditional"
    LINK = "link"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class Event:
    """The event definition of an event: `name` is the message, signal, error or escalation name (code) or the
    link name; `expression` is FEEL: the timer's value or the condition. The code and the message of a caught
    error are kept in `code_variable` and `message_variable`, where these are named."""

    kind: EventKind = EventKind.NONE
    name: str = ""
    timer: Literal["", "date", "duration", "cycle"] = ""
    expression: str = ""
    interrupting: bool = True
    attached_to: str | None = None
    code_variable: str = ""
    message_variable: str = ""


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Repetition of an activity. `collection`, `cardinality` and `completion_condition` are FEEL; the
    condition sees nrOfInstances, nrOfActiveInstances, nrOfCompletedInstances. Each round's variables are
    local to it; `output_element` (FEEL, over the local variables) is appended to the list `output_collection`
    in round order. `signer_item` (FEEL over `person` or `group`) is the item of a signer who is added while
    it is under way; without it nobody can be.
    """

    sequential: bool
    collection: str = ""
    element_variable: str = ""
    cardinality: str = ""
    completion_condition: str = ""
    output_collection: str = ""
    output_element: str = ""
    signer_item: str = ""


@dataclass(frozen=True, slots=True)
class VariableMapping:
    """One in- or output mapping of a call activity or of camunda:inputOutput: `target` := FEEL `expression`.
    `expression == "*"` copies all variables (camunda:in variables="all")."""

    target: str
    expression: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who may do a task and when, as modelled: all but `form` and `topic` may hold FEEL (a leading `=` or
    `${…}`).
    """

    assignee: str = ""
    candidate_groups: tuple[str, ...] = ()
    candidate_users: tuple[str, ...] = ()
    form: str = ""
    due: str = ""
    follow_up: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class DecisionCall:
    """camunda:decisionRef with its result: `map_result` as in Camunda 7."""

    decision: str
    result_variable: str = ""
    map_result: Literal["singleEntry", "singleResult", "collectEntries", "resultList"] = "resultList"


@dataclass(frozen=True, slots=True)
class SequenceFlow:
    """An arrow: `condition` is FEEL or empty; `default` marks the gateway's or activity's default flow."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class FlowNode:
    """One element of a diagram. `scope` is the id of the embedded sub-process it stands in, or "" for the
    process. `properties` are its camunda:property values; `regulation` its citations (`hongshan#12.1`).
    """

    id: str
    kind: Kind
    name: str = ""
    scope: str = ""
    lane: str = ""
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    regulation: tuple[str, ...] = ()
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    event: Event = Event()
    assignment: Assignment = Assignment()
    decision: DecisionCall | None = None
    multi_instance: MultiInstance | None = None
    called_element: str = ""
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    topic: str = ""
    message: str = ""
    event_sub_process: bool = False
    line: int = 0

    @property
    def return_to(self) -> tuple[str, ...]:
        """Earlier user tasks to which the diagram lets this one be returned (property `returnTo`)."""
        return tuple(self.properties.get("returnTo", "").replace(",", " ").split())

    @property
    def delivered_by(self) -> tuple[str, ...]:
        """The groups whose people deliver by hand the message this one waits for (property
        `deliveredBy`)."""
        return tuple(self.properties.get("deliveredBy", "").replace(",", " ").split())

    @property
    def worked_by(self) -> tuple[str, ...]:
        """The groups whose programs may fetch this one from its topic (property `workedBy`)."""
        return tuple(self.properties.get("workedBy", "").replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class ProcessDefinition:
    """One executable `<process>`: every node and flow of it, embedded sub-processes included, by id."""

    id: str
    name: str
    file: str
    nodes: Mapping[str, FlowNode]
    flows: Mapping[str, SequenceFlow]
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    regulation: tuple[str, ...] = ()
    lanes: Mapping[str, str] = field(default_factory=dict)

    def children(self, scope: str) -> tuple[FlowNode, ...]:
        """The nodes that stand directly in an embedded sub-process, or in the process itself for ""."""
        return tuple(node for node in self.nodes.values() if node.scope == scope)

    @property
    def starts(self) -> tuple[FlowNode, ...]:
        """The start events of the process itself."""
        return tuple(node for node in self.children("") if node.kind is Kind.START_EVENT)

    def boundary_events(self, activity: str) -> tuple[FlowNode, ...]:
        """The boundary events drawn on an activity."""
        return tuple(n for n in self.nodes.values() if n.event.attached_to == activity)


@cache
def _signature() -> Form:
    return signature.signature()


@dataclass(frozen=True, slots=True)
class Model:
    """Everything one deployment holds, parsed and compiled once, immutable, shared by all its instances.

    `digest` (SHA-256 hex over all files) names it; `decisions` maps a decision id to the DMN model it lives
    in.
    """

    digest: str
    processes: Mapping[str, ProcessDefinition]
    decisions: Mapping[str, DecisionModel]
    forms: Mapping[str, Form]

    def form(self, form_id: str) -> Form | None:
        """The form of a task: one of the deployment's, or the product's own for added signers."""
        return _signature() if form_id == signature.ID else self.forms.get(form_id)


# --------------------------------------------------------------------------- when it happens
class Calendar(Protocol):
    """What the engine asks of the business calendar (see business_calendar)."""

    def deadline(self, start: date, limit: int, unit: str, rule: str) -> datetime:
        """The last moment (aware, Asia/Shanghai) of a limit that a decision set: `unit` and `rule` as in its
        outputs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which a command is carried out and the calendar that counts from it. `now` is aware; FEEL
    sees `now` (date and time) and `today` (the date in the jurisdiction's time zone).
    """

    now: datetime
    calendar: Calendar


# --------------------------------------------------------------------------- what happened
@dataclass(frozen=True, slots=True)
class Signing:
    """A signature asked of somebody beside a task (加签), `before` or `after` it: who asks (`by`) and why.
    `task` is the token of the task, `token` that of the signature ("" while it is still to be asked for, or
    was given); `verdict` and `opinion` are what was given, "" before."""

    when: Literal["before", "after"]
    person: str
    name: str
    by: str
    by_name: str
    reason: str
    task: str
    token: str = ""
    verdict: str = ""
    opinion: str = ""


@dataclass(frozen=True, slots=True)
class UserTask:
    """A task that waits for a person. `token` names it within its instance for its whole life; `variables`
    are the ones it sees (its local ones win). Candidates, assignee, due, follow-up and priority are
    evaluated. `path` holds the call activities and sub-processes around it, outermost first; `process` is the
    (called) process that holds `element`; `round` is its place (from 1) in a multi-instance, else None.
    `signatures` are those asked of others beside it, `signing` is set on the task of such a signature.
    """

    token: str
    process: str
    element: str
    name: str
    form: str
    assignee: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int
    regulation: tuple[str, ...]
    path: tuple[str, ...] = ()
    round: int | None = None
    variables: Variables = field(default_factory=dict)
    signatures: tuple[Signing, ...] = ()
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class ClosedTask:
    """A user task that no longer waits: completed by the command, or cancelled by what happened elsewhere."""

    token: str
    element: str
    reason: Literal["completed", "cancelled", "returned"]


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is armed: fire it at `due` (aware). `element` is the event; `cycle` tells it will arm
    again.
    """

    token: str
    process: str
    element: str
    due: datetime
    cycle: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """A message or signal that the instance waits for; `process` is the (called) one that holds
    `element`."""

    token: str
    process: str
    element: str
    kind: Literal["message", "signal"]
    name: str


@dataclass(frozen=True, slots=True)
class ExternalTask:
    """Work that waits for a worker outside (`camunda:topic`). A `failed` one stands still until somebody
    retries it; `variables` are the ones it sees."""

    token: str
    process: str
    element: str
    topic: str
    priority: int = 0
    failed: bool = False
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that left the instance."""

    element: str
    kind: Literal["message", "signal"]
    name: str
    payload: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """A rule of a table that matched: `row` from 1, its id, annotations and citations."""

    row: int
    id: str
    annotations: tuple[str, ...] = ()
    regulation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MissedRule:
    """A rule that did not match and the first cell that said no."""

    row: int
    id: str
    column: str
    cell: str
    value: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One decision taken: what went in, which rules fired, what came out; kept for ever."""

    decision: str
    name: str
    inputs: Variables
    outputs: Value
    matched: tuple[MatchedRule, ...] = ()
    missed: tuple[MissedRule, ...] = ()
    findings: tuple[Finding, ...] = ()
    hit_policy: str = ""
    element: str = ""
    required: tuple[Evaluation, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a case must stop here rather than go on with this value."""
        return any(f.level == "error" for f in self.findings)


@dataclass(frozen=True, slots=True)
class Incident:
    """A step that could not be done: it stands still until someone repairs the cause and retries it."""

    token: str
    process: str
    element: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Step:
    """One element or flow that was passed, in order, for the diagram, the history and coverage."""

    process: str
    element: str
    kind: Literal["node", "flow"]


@dataclass(frozen=True, slots=True)
class Ended:
    """The instance is over: `event` is the end event reached last, `outcome` its id's meaning for lists (the
    end event's property `outcome`, else its id); `cancelled` when it was ended without an outcome.
    """

    event: str
    outcome: str
    name: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Advance:
    """What happened when an instance moved, for services to write down.

    `state` is opaque bytes; stored, never read. `opened`/`closed` are differences; `timers`, `subscriptions`,
    `incidents` and `external` (without variables) are all those that stand now (so a store can replace its
    rows); `armed`/`disarmed` hold the tokens of timers that appeared or vanished. `variables` are the
    instance's after the move.
    """

    state: bytes
    opened: tuple[UserTask, ...] = ()
    closed: tuple[ClosedTask, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    timers: tuple[Timer, ...] = ()
    disarmed: tuple[str, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    steps: tuple[Step, ...] = ()
    incidents: tuple[Incident, ...] = ()
    ended: Ended | None = None
    variables: Variables = field(default_factory=dict)
    external: tuple[ExternalTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a token stands."""

    token: str
    process: str
    element: str
    path: tuple[str, ...] = ()
    incident: bool = False
