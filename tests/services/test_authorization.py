"""Who may do what: one permission after the other, each refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.services import authorization as a
from server.services.authorization import Person, Verdict
from server.services.errors import NotPermitted


def person(*groups: str, unit: str = "education", id: str = "ann") -> Person:
    """Somebody with posts."""
    return Person("t", id, id, id.title(), "", unit, unit, frozenset(groups))


def test_every_key_under_which_a_list_may_name_somebody() -> None:
    """The person, each post, each post within the unit; sorted, so that queries are alike."""
    assert person("clerk", "head").principals == (
        "g:clerk", "g:clerk@education", "g:head", "g:head@education", "u:ann",
    )  # fmt: skip
    assert person().principals == ("u:ann",)


@pytest.mark.parametrize(
    ("who", "participants", "allowed"),
    [
        (person("clerk"), {"g:clerk@education"}, True),
        (person("clerk", unit="water"), {"g:clerk@education"}, False),
        (person("clerk"), {"g:clerk"}, True),
        (person(), {"u:ann"}, True),
        (person(id="bob"), {"u:ann"}, False),
        (person("auditor"), set(), True),
        (person("admin"), set(), True),
        (person("process_owner"), set(), False),
        (person("clerk"), set(), False),
        (person("clerk@education"), {"g:clerk@water"}, False),
    ],
)
def test_who_sees_a_case(who: Person, participants: set[str], allowed: bool) -> None:
    """Those who have had to do with it, auditors and admins."""
    verdict = a.may_see_instance(who, participants)
    assert bool(verdict) is allowed
    assert bool(verdict.reason) is not allowed


@pytest.mark.parametrize(
    ("who", "assignee", "claim", "act"),
    [
        (person("clerk"), None, "", "Claim the task first."),
        (person("clerk"), "ann", "", ""),
        (person("clerk"), "bob", "Somebody else has claimed this task.", "This task waits for {groups}."),
        (person("head"), None, "This task waits for {groups}.", "This task waits for {groups}."),
        (person("admin"), None, "This task waits for {groups}.", "This task waits for {groups}."),
        (
            person("clerk", unit="water"),
            None,
            "This task waits for {groups}.",
            "This task waits for {groups}.",
        ),
    ],
)
def test_who_claims_and_who_does_a_task(who: Person, assignee: str | None, claim: str, act: str) -> None:
    """Not even an administrator does somebody else's task."""
    candidates = ["g:clerk@education"]
    assert a.may_claim(who, candidates, assignee, "经办人").reason == claim
    assert a.may_act(who, assignee, candidates, "经办人").reason == act


@pytest.mark.parametrize(
    ("permission", "holders"),
    [
        (a.may_administer, {"admin"}),
        (a.may_deploy, {"admin", "process_owner"}),
        (a.may_audit, {"admin", "auditor"}),
    ],
)
def test_the_posts_of_the_house(permission: Callable[[Person], Verdict], holders: set[str]) -> None:
    """And nobody else."""
    for group in ("admin", "process_owner", "auditor", "data_bureau", ""):
        assert bool(permission(person(group))) is (group in holders), group


def test_who_starts() -> None:
    """The refusal names the posts as people call them."""
    assert a.may_start(person("clerk"), ["clerk", "head"], {})
    verdict = a.may_start(person(), ["clerk", "head"], {"clerk": "经办人"})
    assert verdict.params == {"groups": "经办人、head"}
    with pytest.raises(NotPermitted) as refused:
        verdict.require()
    assert refused.value.reason == "Only {groups} may start this process."
    assert not a.may_start(person("clerk"), [], {})


def test_the_clock_has_no_rights_of_its_own() -> None:
    """It fires timers; it sees, claims and deploys nothing."""
    clock = a.system("t")
    assert not a.may_see_instance(clock, {"g:clerk"})
    assert not a.may_administer(clock)
    assert not a.may_claim(clock, ["g:clerk"], None, "")
