"""Work for programs outside: handed out, done, given up and retried, ended by an error of the matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.engine import process
from server.engine.errors import UnknownToken
from server.engine.model import Advance, Assignment, ExternalTask, FlowNode, Kind
from server.engine.process import Results, WorkError
from tests.engine.process.build import Case, boundary, diagram, each, node, play, timer, user


def work(topic: str = "t", **attributes: Any) -> FlowNode:
    """A service task that a worker does."""
    return node(Kind.SERVICE_TASK, topic=topic, **attributes)


class Handed(Case):
    """A case whose work is done here."""

    @property
    def work(self) -> tuple[ExternalTask, ...]:
        """What waits for workers."""
        return process.external_tasks(self.model, self.process_id, self.last.state)

    def finish(self, local: dict[str, Any] | None = None, **variables: Any) -> Advance:
        """The first of them is done."""
        return self._moved(process.finish_work, self.work[0].token, Results(variables, local or {}))

    def give_up(self, reason: str = "no network") -> Advance:
        """The worker fails for good."""
        return self._moved(process.fail_work, self.work[0].token, reason)

    def report(self, code: str, message: str = "", **variables: Any) -> Advance:
        """The worker reports an error of the matter."""
        return self._moved(process.report_error, self.work[0].token, WorkError(code, message, variables))


def handed(*processes: Any, **variables: Any) -> Handed:
    """Start the first of these processes."""
    case = play(*processes, **variables)
    return Handed(case.model, case.process_id, case.last, case.now)


def test_work_waits_with_its_topic_priority_and_variables() -> None:
    urgent = Assignment(priority="=level + 1")
    case = handed(
        diagram("p", "s > a > e", a=work("pay", assignment=urgent, inputs={"who": "name"})), level=4, name="x"
    )
    (waiting,) = case.work
    assert (waiting.topic, waiting.priority, waiting.element) == ("pay", 5, "a")
    assert dict(waiting.variables) == {"level": 4, "name": "x", "who": "x"}
    assert [w.token for w in case.last.external] == [waiting.token]
    assert case.last.ended is None
    ended = case.finish(paid=True)
    assert ended.ended is not None
    assert (ended.variables["paid"], ended.external) == (True, ())


@pytest.mark.parametrize("kind", [Kind.SERVICE_TASK, Kind.SEND_TASK, Kind.BUSINESS_RULE_TASK])
def test_three_kinds_of_tasks_are_handed_out(kind: Kind) -> None:
    case = handed(diagram("p", "s > a > e", a=node(kind, topic="t")))
    assert len(case.work) == 1
    assert case.last.thrown == ()


def test_local_results_reach_the_output_mappings_only() -> None:
    case = handed(diagram("p", "s > a > u > e", a=work(outputs={"total": "sum * 2"})))
    case.finish({"sum": 21}, other=1)
    assert case.variables == {"total": 42, "other": 1}
    inputs = handed(diagram("p", "s > a > u > e", a=work(inputs={"k": "1"}, outputs={"total": "sum + k"})))
    inputs.finish({"sum": 2})
    assert inputs.variables == {"total": 3}


def test_work_that_is_given_up_stands_still_until_it_is_retried() -> None:
    case = handed(
        diagram(
            "p",
            "s > a > e; b > u",
            a=work(inputs={"k": "1"}),
            b=boundary("a", "timer", **timer("duration", '"P1D"')),
        )
    )
    given_up = case.give_up("502 from the bank")
    (incident,) = given_up.incidents
    assert (incident.finding.code, incident.finding.params["reason"]) == (
        "engine.work_failed",
        "502 from the bank",
    )
    (standing,) = given_up.external
    assert standing.failed
    with pytest.raises(UnknownToken):
        case.finish()
    again = case.retry("a")
    assert (again.incidents, [w.failed for w in again.external], len(again.timers)) == ((), [False], 1)
    assert case.finish().ended is not None


def test_a_limit_ends_work_also_while_it_stands_still() -> None:
    case = handed(
        diagram("p", "s > a > e; b > u", a=work(), b=boundary("a", "timer", **timer("duration", '"P1D"')))
    )
    case.give_up()
    fired = case.fire("b", days=1)
    assert (case.open, fired.external, fired.incidents) == (["u"], (), ())


def test_an_error_of_the_matter_goes_where_it_is_caught() -> None:
    any_error = boundary("a", "error")
    named = boundary("a", "error", "NO_FUNDS")
    named = replace(named, event=replace(named.event, code_variable="code", message_variable="why"))
    drawn = diagram("p", "s > a > e; any > u1; named > u2", a=work(), any=any_error, named=named)
    case = handed(drawn)
    case.report("NO_FUNDS", "empty", balance=0)
    assert case.open == ["u2"]
    assert case.variables == {"code": "NO_FUNDS", "why": "empty", "balance": 0}
    other = handed(drawn)
    other.report("OTHER")
    assert (other.open, other.variables) == (["u1"], {})


def test_an_error_goes_out_through_the_scopes_and_stands_still_where_nothing_catches_it() -> None:
    inside = diagram("p", "s > sub > e; sub.s1 > sub.a > sub.e1; b > u", sub=node(Kind.SUB_PROCESS),
                     a=work(), b=boundary("sub", "error", "X"))  # fmt: skip
    case = handed(inside)
    case.report("X")
    assert case.open == ["u"]
    nowhere = handed(inside)
    (incident,) = nowhere.report("Y").incidents
    assert incident.finding.code == "engine.error_not_caught"
    assert nowhere.retry("a").incidents == ()
    assert nowhere.finish().ended is not None


def test_every_round_is_handed_out_and_counts() -> None:
    loop = each("items", "item", output_collection="found", output_element="found_one")
    case = handed(diagram("p", "s > a > e", a=replace(work(), multi_instance=loop)), items=["x", "y"])
    assert [dict(w.variables)["item"] for w in case.work] == ["x", "y"]
    case.finish(found_one=1)
    assert case.finish(found_one=2).variables["found"] == [1, 2]


def test_what_was_sent_to_a_worker_cannot_be_taken_back() -> None:
    case = handed(diagram("p", "s > u > a > e", u=user(withdrawable="true"), a=work()))
    case.do("u")
    assert process.withdrawable(case.model, case.process_id, case.last.state) == ()


def test_a_case_that_is_ended_hands_out_nothing() -> None:
    case = handed(diagram("p", "s > a > e", a=work()))
    ended = process.cancel(case.model, case.process_id, case.last.state, case.now)
    assert ended.external == ()
