"""What the engine refuses, and why a step stands still: each class's docstring is its message."""

from __future__ import annotations

import inspect
from typing import ClassVar

from server.engine.model import Finding


class EngineError(Exception):
    """The engine could not do this."""

    code: ClassVar[str] = "engine"
    remedy: ClassVar[str] = ""

    def __init__(self, *, element: str = "", file: str = "", **params: object) -> None:
        self.finding = Finding(
            level="error",
            code=self.code,
            message=" ".join((inspect.getdoc(type(self)) or "").split()),
            params={"element": element, **params},
            remedy=self.remedy,
            file=file,
            element=element,
        )
        super().__init__(self.finding.text())


# --------------------------------------------------------------------------- refused commands
class UnknownProcess(EngineError):
    """This deployment holds no process “{process}”."""

    code = "engine.unknown_process"
    remedy = "Deploy the file that holds it together with the files that use it."


class UnknownStart(EngineError):
    """Process “{process}” cannot be started at “{element}”: it has no such start event, or several to choose
    from."""

    code = "engine.unknown_start"
    remedy = "Name one of its start events: {starts}."


class UnknownToken(EngineError):
    """Nothing in this case waits at position {token} any more: it was done, cancelled or returned
    meanwhile."""

    code = "engine.unknown_token"
    remedy = "Load the case again and look at its open tasks."


class UnreadableState(EngineError):
    """The stored state of this case cannot be read: {reason}."""

    code = "engine.unreadable_state"
    remedy = (
        "Use a release that is at least as new as the one that wrote it, with the files it was started with."
    )


class NotAllowed(EngineError):
    """The diagram does not allow this: {why}"""

    code = "engine.not_allowed"

    @property
    def reason(self) -> Finding:
        """Why, for the person who asked."""
        return self.finding


class ReturnNotDrawn(NotAllowed):
    """“{element}” may not be returned to “{target}”."""

    code = "engine.return_not_drawn"
    remedy = "Name the step in the property returnTo of the task that may be returned."


class ReturnNotVisited(NotAllowed):
    """“{target}” does not lie on the way by which the case came to “{element}”."""

    code = "engine.return_not_visited"
    remedy = "Return to a step before the branches were split, or to an earlier step of the same branch."


class NotWithdrawable(NotAllowed):
    """“{element}” may not be withdrawn once it has been submitted."""

    code = "engine.not_withdrawable"
    remedy = "Set the property withdrawable of the task to true if its sender may take it back."


class TooLateToWithdraw(NotAllowed):
    """The case has moved on since this step was submitted, so it cannot be withdrawn any more."""

    code = "engine.too_late_to_withdraw"
    remedy = "Ask the person who has the case now to return it."


class NoRounds(NotAllowed):
    """“{element}” is not done by several people together, so nobody can be added to it or taken out."""

    code = "engine.no_rounds"
    remedy = "Ask for an opinion instead, or hand the task over."


class LastRound(NotAllowed):
    """Nobody would be left to do “{name}”."""

    code = "engine.last_round"
    remedy = "Add somebody else first, or return the case."


class SignersNotDrawn(NotAllowed):
    """No signers may be added to “{name}” in this way."""

    code = "engine.signers_not_drawn"
    remedy = "Name before or after in the property addSigners of the task to which they may be added."


class SignersFirst(NotAllowed):
    """“{name}” waits until {names} has signed."""

    code = "engine.signers_first"
    remedy = "Wait for the signature, or call it off."


class AlreadyAsked(NotAllowed):
    """{name} has been asked to sign already."""

    code = "engine.already_asked"
    remedy = "Choose somebody else."


class TooManySigners(NotAllowed):
    """No more than {limit} people can be asked to sign beside “{name}” at the same time."""

    code = "engine.too_many_signers"
    remedy = "Wait until some have signed, or call some off."


# --------------------------------------------------------------------------- steps that stand still
class StepFailed(EngineError):
    """The step “{element}” could not be done."""

    code = "engine.step_failed"


class ExpressionFailed(StepFailed):
    """The expression “{expression}” at “{element}” could not be evaluated: {reason}."""

    code = "engine.expression_failed"
    remedy = "Correct the expression or the variables it reads, then retry."


class ConditionNotBoolean(StepFailed):
    """The condition “{expression}” at “{element}” is neither true nor false but {value}."""

    code = "engine.condition_not_boolean"
    remedy = "Fill in the variables it reads, or write it so that it is always true or false; then retry."


class ConditionMissing(StepFailed):
    """A flow that leaves the gateway “{element}” has no condition and is not the default flow."""

    code = "engine.condition_missing"
    remedy = "Give flow “{flow}” a condition or make it the default flow."


class NoFlowTaken(StepFailed):
    """No flow that leaves “{element}” has a condition that is true, and none is the default."""

    code = "engine.no_flow_taken"
    remedy = "Correct the variables and retry, or draw a default flow."


class DecisionFailed(StepFailed):
    """The decision “{decision}” at “{element}” gave no valid result: {reason}"""

    code = "engine.decision_failed"
    remedy = "Correct the variables it reads, or the table; then retry."


class DecisionMissing(StepFailed):
    """“{element}” asks for the decision “{decision}”, which this deployment does not hold."""

    code = "engine.decision_missing"
    remedy = "Deploy the file that holds the decision."


class ResultNotSingle(StepFailed):
    """The decision “{decision}” at “{element}” gave {count} results where one is expected."""

    code = "engine.result_not_single"
    remedy = "Choose another way to map the result, or a hit policy that gives one result."


class CollectionNotList(StepFailed):
    """The collection “{expression}” of the multi-instance “{element}” is not a list but {value}."""

    code = "engine.collection_not_list"
    remedy = "Set the variable to a list (it may be empty), then retry."


class CardinalityNotNumber(StepFailed):
    """The cardinality “{expression}” of the multi-instance “{element}” is {value}, not a whole number from 0
    to {limit}."""

    code = "engine.cardinality_not_number"
    remedy = "Correct the variables it reads, then retry."


class NotATime(StepFailed):
    """“{value}” at “{element}” is not a {expected}."""

    code = "engine.not_a_time"
    remedy = (
        "Write an ISO 8601 value such as 2026-11-30T17:00:00+08:00, P5D or R3/PT24H, or FEEL that gives one."
    )


class NotADeadline(StepFailed):
    """The result of decision “{decision}” at “{element}” does not give a deadline: {reason}."""

    code = "engine.not_a_deadline"
    remedy = (
        "The outputs clock_start, limit, unit and rule must hold a date, a whole number and two known words."
    )


class ErrorNotCaught(StepFailed):
    """The error “{error}” thrown at “{element}” is caught by nothing around it."""

    code = "engine.error_not_caught"
    remedy = "Draw an error boundary event on the activity around it, or an event sub-process."


class WorkFailed(StepFailed):
    """The worker on topic {topic} could not do “{element}”: {reason}"""

    code = "engine.work_failed"
    remedy = "Repair what it says is wrong outside, then retry: a worker will fetch it again."


class NotExecutable(StepFailed):
    """“{element}” is a {kind} that this engine does not carry out."""

    code = "engine.not_executable"
    remedy = "Replace it by an element that the engine runs."


class EndlessLoop(StepFailed):
    """After {limit} automatic steps without anyone acting, the case was stopped at “{element}”."""

    code = "engine.endless_loop"
    remedy = "Look for a loop without a user task or an event in it; after correcting the variables, retry."


class UnexpectedFailure(StepFailed):
    """“{element}” failed in a way nobody foresaw: {reason}."""

    code = "engine.unexpected_failure"
    remedy = "Report this with the file; retry when it is corrected."


# --------------------------------------------------------------------------- cases and new versions
class NotMigratable(EngineError):
    """The case cannot go on in the new version."""

    code = "engine.not_migratable"
    remedy = "Leave the case on its version, or change the new one."


class ProcessGone(NotMigratable):
    """The new version holds no process “{process}”, in which the case stands."""

    code = "engine.process_gone"


class ElementGone(NotMigratable):
    """The case stands at “{element}”, which the new version does not have."""

    code = "engine.element_gone"
    remedy = "Say which element of the new version it is."


class OtherKind(NotMigratable):
    """“{element}” is a {kind}, “{target}” in the new version is a {other}: one cannot go on as the other."""

    code = "engine.other_kind"
    remedy = "Choose an element of the same kind, or let the case pass this step first."


class OtherScope(NotMigratable):
    """“{target}” does not stand in the same sub-process as “{element}” does."""

    code = "engine.other_scope"
    remedy = "Choose an element of the same sub-process, or let the case pass this step first."


class OtherCall(NotMigratable):
    """“{element}” calls “{called}”, in which the case stands; in the new version it calls “{other}”."""

    code = "engine.other_call"
    remedy = "Let the case finish what was called first."


class FlowGone(NotMigratable):
    """A branch of the case waits at “{element}”, to which it came by a flow that the new version does not
    have."""

    code = "engine.flow_gone"
    remedy = "Keep the ids of the flows that lead to the join, or let the other branches arrive first."


class JoinWouldWait(NotMigratable):
    """The case would wait at “{target}” for ever: nothing of it can come there from “{source}”."""

    code = "engine.join_would_wait"
    remedy = "Migrate it before its branches part, or after they have met."


class WouldRunTwice(NotMigratable):
    """“{element}” and “{other}” are under way at once, and in the new version both come to “{target}”: what
    follows would be done twice."""

    code = "engine.would_run_twice"
    remedy = "Migrate it before its branches part, or after they have met."


class RaceChanged(NotMigratable):
    """What the case waits for behind “{element}” is not what is waited for in the new version."""

    code = "engine.race_changed"
    remedy = "Let the case pass these events first."
