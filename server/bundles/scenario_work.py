"""Work for programs in a story: which piece of it a step means, and what the program makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server.bundles.scenario_agreement import Disagreement
from server.bundles.scenario_files import Step
from server.engine import process
from server.engine.model import Advance, ExternalTask, Model, Moment
from server.engine.process import Results, WorkError


def meant(step: Step, waiting: Iterable[ExternalTask]) -> ExternalTask:
    """The work that a step tells of, by its topic or its element: the most urgent, as a program would get it.
    Raises Disagreement where no such work waits."""
    standing = list(waiting)
    found = [work for work in standing if step.subject in (work.topic, work.element)]
    if not found:
        names = ", ".join(f"{work.topic} ({work.element})" for work in standing) or "–"
        raise Disagreement(
            "no work waits for {topic}; waiting are: {names}.", {"topic": step.subject, "names": names}
        )
    return max(found, key=lambda work: work.priority)


def carried_out(
    model: Model, process_id: str, state: bytes, work: ExternalTask, step: Step, at: Moment
) -> Advance:  # fmt: skip
    """What the case does once the program has done the work, met an error of the matter, or given up."""
    values = step.values if isinstance(step.values, Mapping) else {}
    place = (model, process_id, state, work.token)
    if step.failure:
        return process.fail_work(*place, step.failure, at)
    if step.error:
        return process.report_error(*place, WorkError(step.error, step.reason, values), at)
    return process.finish_work(*place, Results(values, step.local), at)
