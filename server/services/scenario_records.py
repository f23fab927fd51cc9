"""A scenario recorded from a rehearsal: what was played, written as a story that proves the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles import scenarios
from server.bundles.scenario_files import ScenarioRefused, read_scenario
from server.bundles.scenario_writing import scenario_text
from server.engine.findings import Finding
from server.engine.forms import Form
from server.services import calendars, history, instance_views, projects
from server.services.authorization import Person, denied
from server.services.deployed import Deployed
from server.services.history import TimelineEntry
from server.services.projects import ProjectView
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]
_KNOWN = ("project_code", "project_name", "project_unit")
_FILES = "filepicker"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario as it was recorded: its text, where it belongs in a bundle, and what did not agree when it
    was played at once."""

    text: str
    path: str
    failures: tuple[Finding, ...]


def record(session: Session, person: Person, instance_id: str, title: str) -> Recorded:
    """The scenario of a rehearsal. NotPermitted for a real case: nothing typed in one becomes part of a
    bundle."""
    row, used = instance_views.see(session, person, instance_id)
    if row["rehearsal_at"] is None:
        denied(
            "Only a rehearsal can be kept as a scenario: what people typed in a real case is theirs."
        ).require()
    entries = list(reversed(history.timeline(session, person.tenant_id, instance_id)))
    told = _Teller(used, _tasks_of(session, person, instance_id))
    content: dict[str, Any] = {
        "process": row["process_key"],
        "title": title or f"{row['title']} {row['business_key']}",
        "regulations": told.regulations(row["process_key"], entries),
        "start": told.start(row, entries[0], person),
        "steps": [step for entry in entries for step in told.step(entry)],
    }
    if row["status"] in ("ended", "cancelled"):
        content["end"] = row["outcome"]
    else:
        content["steps"].append({"expect": {"open": told.open()}})
    text = scenario_text({key: value for key, value in content.items() if value not in ([], None)})
    path = f"scenarios/{row['process_key'].partition('.')[2]}/{row['id']}.yaml"
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    try:
        played = scenarios.play(read_scenario(text.encode(), path), used.model, used.manifest, calendar)
    except ScenarioRefused as refused:
        return Recorded(text, path, (refused.finding,))
    return Recorded(text, path, played.failures)


def _tasks_of(session: Session, person: Person, instance_id: str) -> dict[str, dict[str, Any]]:
    t = _tasks.c
    query = _tasks.select().where(t.tenant_id == person.tenant_id, t.instance_id == instance_id)
    return {row["id"]: dict(row) for row in session.execute(query).mappings()}


class _Teller:
    """Tells the entries of a record as steps of a scenario."""

    def __init__(self, used: Deployed, tasks: Mapping[str, dict[str, Any]]) -> None:
        self.used = used
        self.tasks = tasks
        self._tell: Mapping[str, Callable[[TimelineEntry], dict[str, Any]]] = {
            "decision_evaluated": self._decision,
            "task_completed": self._completed,
            "task_returned": self._returned,
            "task_withdrawn": self._withdrawn,
            "clock_moved": self._waited,
            "message_delivered": self._delivered,
            "work_done": self._worked,
            "error_reported": self._erred,
        }

    def start(self, row: Mapping[str, Any], first: TimelineEntry, person: Person) -> dict[str, Any]:
        """Who began it, when and with what."""
        entry = self.used.manifest.processes[row["process_key"]] if self.used.manifest else None
        allowed = entry.started_by if entry else ()
        by = next((group for group in allowed if person.has(group)), allowed[0] if allowed else "")
        node = next((n for n in self.used.process(row["process_key"]).starts if n.assignment.form), None)
        form = self.used.model.forms.get(node.assignment.form) if node else None
        project = ProjectView("", row["project_code"] or "", row["project_name"] or "", row["unit_id"], {})
        known = {name: value for name, value in projects.known(project, person).items() if name in _KNOWN}
        given = {**known, **_typed(form, first.payload.get("values", {}))}
        return {"by": by, "at": _time(first.at), "with": given}

    def step(self, entry: TimelineEntry) -> Iterator[dict[str, Any]]:
        """The step an entry is told as, if it is one."""
        tell = self._tell.get(entry.kind)
        if tell is not None:
            yield tell(entry)

    def open(self) -> list[str]:
        """The elements that wait in the end."""
        return sorted({task["element"] for task in self.tasks.values() if task["status"] == "open"})

    def regulations(self, key: str, entries: list[TimelineEntry]) -> list[str]:
        """The articles of the steps that were passed."""
        found: dict[str, None] = {}
        for entry in entries:
            for process, element in entry.payload.get("steps", ()):
                definition = self.used.model.processes.get(process)
                node = definition.nodes.get(element) if definition and process == key else None
                found.update(dict.fromkeys(node.regulation if node else ()))
        return list(found)

    def _decision(self, entry: TimelineEntry) -> dict[str, Any]:
        return {"decision": entry.payload["decision"], "result": entry.payload["outputs"]}

    def _completed(self, entry: TimelineEntry) -> dict[str, Any]:
        task = self.tasks[entry.task_id or ""]
        form = self.used.model.forms.get(task["form_id"])
        given = _typed(form, entry.payload.get("values", {}))
        return {"task": entry.element, "by": _by(task), "complete": given}

    def _returned(self, entry: TimelineEntry) -> dict[str, Any]:
        way = {"task": entry.element, "to": entry.payload["to"]}
        if entry.payload.get("straight"):
            way["straight"] = True
        return {
            "return": {**way, "with": {"return_reason": entry.payload["reason"]}},
            "by": _by(self.tasks[entry.task_id or ""]),
        }

    def _withdrawn(self, entry: TimelineEntry) -> dict[str, Any]:
        return {"withdraw": entry.element, "by": _by(self.tasks[entry.task_id or ""])}

    def _waited(self, entry: TimelineEntry) -> dict[str, Any]:
        return {"wait": f"until {_time(datetime.fromisoformat(entry.payload['to']))}"}

    def _delivered(self, entry: TimelineEntry) -> dict[str, Any]:
        return {"message": entry.element, "with": entry.payload.get("values", {})}

    def _worked(self, entry: TimelineEntry) -> dict[str, Any]:
        return {"external": entry.element, "with": entry.payload.get("values", {})}

    def _erred(self, entry: TimelineEntry) -> dict[str, Any]:
        told = {"external": entry.element, "error": entry.payload["code"]}
        return told | ({"reason": entry.payload["reason"]} if entry.payload.get("reason") else {})


def _by(task: Mapping[str, Any]) -> str:
    """The group as whose member the task was done, or the person to whom it was given."""
    principals = [task["played"]] if task["played"] else task["candidates"]
    kind, _, rest = (principals[0] if principals else "").partition(":")
    return rest.partition("@")[0] if kind in ("g", "u") else ""


def _typed(form: Form | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a person filled in: fields that the server fills are left out, files are told by a name."""
    fields = {field.key: field for field in form.fields} if form else {}
    found: dict[str, Any] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is not None and field.auto:
            continue
        if field is not None and field.kind == _FILES:
            found[name] = [f"{name}.pdf" for _file in value or ()]
        elif value is not None:
            found[name] = value
    return found


def _time(moment: datetime) -> str:
    """A moment on the clocks of the jurisdictions, as scenarios write it."""
    local = calendars.local(moment)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
