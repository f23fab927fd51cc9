"""The adapter between the runner of the DMN conformance kit and our engine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tck_runner import AdapterBase, Temporal  # type: ignore[import-not-found]

from server.engine import dmn
from server.engine.feel import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, parse_temporal

_KINDS = {"date": "date", "time": "time", "dateTime": "date and time", "duration": "duration"}
_TEMPORAL = {
    Date: "date",
    Time: "time",
    DateTime: "dateTime",
    DaysTimeDuration: "duration",
    YearsMonthsDuration: "duration",
}


class Adapter(AdapterBase):  # type: ignore[misc]
    """Evaluates the kit's models in this process."""

    name = "guicheng"

    def __init__(self) -> None:
        self._models: dict[str, dmn.DecisionModel] = {}

    def load(self, model_path: str) -> None:
        self._models[model_path] = load_with_imports(Path(model_path))

    def evaluate(self, model_path: str, decision_name: str, inputs: dict[str, Any]) -> Any:
        model = self._models[model_path]
        now = datetime.now(UTC)
        result = model.evaluate(decision_name, to_engine(inputs), now, given=inputs)  # also of decisions
        return from_engine(result.value)

    def evaluate_service(
        self, model_path: str, service_name: str, decision_name: str, inputs: dict[str, Any]
    ) -> Any:
        model = self._models[model_path]
        value = from_engine(model.invoke(service_name, to_engine(inputs)).value)
        service = next(e for e in model.definitions.elements if e.name == service_name)
        outputs = getattr(service, "outputs", ())
        return value.get(decision_name) if len(outputs) > 1 and isinstance(value, dict) else value


def load_with_imports(path: Path) -> dmn.DecisionModel:
    """A model after those of its folder that it imports, by namespace."""
    parsed = {
        other: dmn.read(other.read_bytes(), other.name)[0] for other in sorted(path.parent.glob("*.dmn"))
    }
    by_namespace = {definitions.namespace: other for other, definitions in parsed.items()}

    def load(file: Path) -> dmn.DecisionModel:
        wanted = (by_namespace.get(i.namespace) for i in parsed[file].imports)
        imports = [load(found) for found in wanted if found is not None and found != file]
        return dmn.load(file.read_bytes(), file.name, imports)

    return load(path)


def to_engine(value: Any) -> Any:
    """A value of the kit as one of the engine."""
    if isinstance(value, Temporal):
        return parse_temporal(value.text, _KINDS[value.kind])
    if isinstance(value, list):
        return [to_engine(item) for item in value]
    if isinstance(value, dict):
        return {name: to_engine(item) for name, item in value.items()}
    return value


def from_engine(value: Any) -> Any:
    """A value of the engine as one of the kit."""
    kind = _TEMPORAL.get(type(value))
    if kind is not None:
        return Temporal(kind, str(value))
    if isinstance(value, list):
        return [from_engine(item) for item in value]
    if isinstance(value, dict):
        return {name: from_engine(item) for name, item in value.items()}
    return value
