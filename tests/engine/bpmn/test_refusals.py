"""Every refusal: a diagram that earns it is told where and what to do, a diagram nearly the same is not."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, datetime

import pytest

from server.engine import process, refusals
from server.engine.business_calendar import BusinessCalendar
from server.engine.load import load
from server.engine.model import Moment
from server.engine.refusals.refusal import Refusal
from tests.engine.bpmn.samples_structure import SAMPLES

CASES = [(code, *pair) for code, pairs in SAMPLES.items() for pair in pairs]
KNOWN = {"ok": True, "experts": ["a", "b"], "verdict": "pass", "amount": 2, "due": "2026-03-09"}
NAMES = [f"{code}-{i}" for code, pairs in SAMPLES.items() for i in range(len(pairs))]


def all_refusals() -> dict[str, Refusal]:
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.iter_modules(refusals.__path__, refusals.__name__ + ".")
    ]
    found = [value for m in modules for value in vars(m).values() if isinstance(value, Refusal)]
    return {refusal.code: refusal for refusal in found}


@pytest.mark.parametrize(("code", "refused", "accepted"), CASES, ids=NAMES)
def test_refused_with_place_and_remedy(
    code: str, refused: dict[str, bytes], accepted: dict[str, bytes]
) -> None:
    model, findings = load(refused)
    told = [f for f in findings if f.code == code]
    assert told, [f.code for f in findings]
    for finding in told:
        assert finding.text()
        assert "{" not in finding.text().replace("${", ""), finding.text()
        assert finding.help()
        assert finding.file in refused
        assert finding.element or finding.line or code == "no-executable-process"
        if finding.level == "error" and finding.family == "executability":
            assert model is None
    _, findings = load(accepted)
    assert code not in [f.code for f in findings]


@pytest.mark.parametrize(("code", "refused", "accepted"), CASES, ids=NAMES)
def test_the_engine_starts_the_accepted_twin(code: str, refused: object, accepted: dict[str, bytes]) -> None:
    model, findings = load(accepted)
    assert model is not None, [f.text() for f in findings if f.level == "error"]
    for name in model.processes:
        advance = process.start(
            model, name, KNOWN, Moment(datetime(2026, 3, 2, tzinfo=UTC), BusinessCalendar())
        )
        assert [i.finding.text() for i in advance.incidents] == []


def test_every_refusal_has_a_sample() -> None:
    assert set(all_refusals()) - set(SAMPLES) == set()
    assert len(all_refusals()) >= 60


def test_codes_and_texts_are_distinct() -> None:
    known = list(all_refusals().values())
    assert len({r.message for r in known}) == len(known)
    assert all(r.remedy.endswith(".") and r.message for r in known)


def test_unknown_names_suggest_what_was_meant() -> None:
    refused, _ = SAMPLES["feel-unknown-name"][0]
    _, findings = load(refused)
    texts = [f.text() for f in findings if f.code == "feel-unknown-name"]
    assert texts == ["y, condition: nothing in the process gives a value to amout. (amount?)"]


def test_loading_is_deterministic() -> None:
    files = {name: data for refused, _ in SAMPLES["process-calls-itself"] for name, data in refused.items()}
    backwards = dict(reversed(list(files.items())))
    assert load(files)[1] == load(backwards)[1]
    good, _ = {"b.bpmn": SAMPLES["process-twice"][0][1]["q.bpmn"]}, None
    first, second = load({**good, "README.md": b"x"})[0], load(good)[0]
    assert first is not None
    assert second is not None
    assert first.digest == second.digest
