"""Which facts a project from before may have: those that processes read, each in a field of its kind."""

from __future__ import annotations

import re
from functools import cache

import pytest

from server.bundles import reading
from server.bundles.archive import read_folder
from server.bundles.project_facts import PastFacts, past_facts, said
from server.cli import house
from server.engine.forms import Kind

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def facts(jurisdiction: str) -> PastFacts:
    """The facts of a jurisdiction as the repository holds it."""
    bundle = read_folder(house.ROOT, jurisdiction)
    return past_facts(bundle.manifest, reading.read(bundle.files).model)


@pytest.mark.parametrize("jurisdiction", house.jurisdictions())
def test_each_fact_can_be_told_in_words_of_the_office(jurisdiction: str) -> None:
    """A heading in Chinese and, of a choice, its words; somebody reads it; no form hides or fixes it."""
    found = facts(jurisdiction)
    assert len(found.facts) >= 10
    assert len({fact.name for fact in found.facts}) == len(found.facts)
    for fact in found.facts:
        field = fact.field
        assert fact.readers, fact.name
        assert CHINESE.search(field.label.plain()), fact.name
        assert (field.auto, field.hide, field.readonly, field.rules.required) == ("", None, None, False)
        for option in field.options.fixed if field.options else ():
            assert CHINESE.search(option.label.plain()), (fact.name, option.token)
    assert [name for name, label in found.names.items() if not CHINESE.search(label.plain())] == []


def test_fields_come_from_wherever_the_value_is_certain() -> None:
    """A form that asks, a form that asks under another name, a table's column, an outcome, a mapping."""
    found = facts("huaian")
    kinds = {fact.name: (fact.field.kind, fact.field.meaning) for fact in found.facts}
    assert kinds["warranty_months"] == (Kind.NUMBER, "integer")
    assert kinds["contract_amount"] == (Kind.NUMBER, "money")
    assert kinds["trial_accepted_on"][0] is Kind.DATE_TIME
    assert kinds["contractor_account"][0] is Kind.SELECT
    assert found.form.properties["members"].split() == ["contractor", "supervisor"]
    choices = {
        fact.name: {option.value for option in fact.field.options.fixed}
        for fact in found.facts
        if fact.field.options
    }
    assert choices["acceptance_outcome"] == {"passed", "reconsider", "not_passed"}
    assert choices["mlps"] == {"pass", "fail", "not_done", "not_required"}
    assert choices["contract_signed"] == choices["in_use"] == {True, False}
    signed = found.named("contract_signed")
    assert signed is not None
    assert (signed.field.label.plain(), said(signed, value=True, language="en")) == ("合同签订", "Yes")


def test_what_nothing_reads_is_asked_of_nobody() -> None:
    """A fact that only its own process shows is not asked; one that its own process reads again is."""
    found = facts("huaian")
    assert found.named("paid_total") is not None
    for name in ("supplier", "built_on", "passed", "registered", "asset_owner"):
        assert found.named(name) is None, name
        assert name in found.names


def test_what_stands_in_another_form_is_left_alone() -> None:
    """A field that cannot show what is known would take it away when the page is sent."""
    found = facts("huaian")
    known = {"content": "a word of earlier days", "contract_amount": ["x"], "kind": "software"}
    open_ = {fact.name for fact in found.without({"built"}, known).facts}
    assert {"content", "contract_amount", "built"}.isdisjoint(open_)
    assert "kind" in open_
