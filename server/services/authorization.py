"""Who may do what, and why not: one function for each permission."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.services.errors import NotPermitted

HOUSE_GROUPS = frozenset({"admin", "process_owner", "auditor", "leader"})
"""Groups of the product itself, beside those of a jurisdiction's manifest. A leader heads the people of their
own unit."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Somebody who is away today and for whom another acts: in all processes, or those named; for everything
    that may wait for them, or what waits for the named groups. `principals` are the keys of what waits;
    `posts` those of their posts in which the other acts; `leads` tells that they head those of `unit_id`."""

    id: str
    name: str
    post: str
    principals: tuple[str, ...]
    processes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    unit_id: str = ""
    leads: bool = False

    def covers(self, process_key: str, candidates: Collection[str]) -> bool:
        """Whether a task of this process that waits for these is among what the other may do."""
        if self.processes and process_key not in self.processes:
            return False
        return not (self.groups and set(self.principals).isdisjoint(candidates))


@dataclass(frozen=True, slots=True)
class Person:
    """The acting person: who, with which posts, in which unit, of which jurisdiction. `identity` is what
    somebody with posts in several jurisdictions is known by in all of them, "" for most. `via` names the
    program that acts for them, "" where they act themselves; `unread`
    notices wait for them. They may stand in for those who are away today
    (`stands_for`), and do so in one matter (`acting_for`)."""

    tenant_id: str
    id: str
    account: str
    name: str
    post: str
    unit_id: str
    unit_name: str
    groups: frozenset[str]
    locale: str = "zh-CN"
    csrf: str = ""
    calendar_revision: int | None = None
    identity: str = ""
    tenant_name: str = ""
    via: str = ""
    unread: int = 0
    stands_for: tuple[Absent, ...] = ()
    acting_for: Absent | None = None

    @property
    def principals(self) -> tuple[str, ...]:
        """Every key under which a worklist or a participant row may name this person, sorted."""
        keys = {f"u:{self.id}"}
        for group in self.groups:
            keys |= {f"g:{group}", f"g:{group}@{self.unit_id}"}
        return tuple(sorted(keys))

    @property
    def as_id(self) -> str:
        """Whose task it is that the person does: their own, or that of whom they act for."""
        return self.acting_for.id if self.acting_for else self.id

    @property
    def reach(self) -> tuple[str, ...]:
        """The person's own keys, and of whom they act for."""
        return (*self.principals, *self.acting_for.principals) if self.acting_for else self.principals

    @property
    def signed(self) -> str:
        """The name under what they do, and for whom they did it."""
        return f"{self.name} 代 {self.acting_for.name}" if self.acting_for else self.name

    def has(self, *groups: str) -> bool:
        """Whether the person holds one of the posts."""
        return not self.groups.isdisjoint(groups)


SYSTEM = "system"
"""The id of whoever acts when nobody does."""


def system(tenant_id: str) -> Person:
    """The clock acting by itself: timers and nightly work are recorded under this name."""
    return Person(tenant_id, SYSTEM, "system", "系统", "", "", "", frozenset())


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed, or denied with the reason as an English template and its values, and the posts whose holders
    can help (`ask`)."""

    allowed: bool
    reason: str = ""
    params: dict[str, object] = field(default_factory=dict)
    ask: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raise NotPermitted when denied."""
        if not self.allowed:
            raise NotPermitted(self.reason, self.params, self.ask)


ALLOWED = Verdict(allowed=True)


def denied(reason: str, *, ask: tuple[str, ...] = (), **params: object) -> Verdict:
    """A refusal with its reason, and whose help to ask for."""
    return Verdict(allowed=False, reason=reason, params=params, ask=ask)


def may_start(person: Person, started_by: Iterable[str], group_names: dict[str, str]) -> Verdict:
    """A process is started by those whose post its manifest entry names."""
    groups = tuple(started_by)
    if person.has(*groups):
        return ALLOWED
    names = "、".join(group_names.get(group, group) for group in groups)
    return denied("Only {groups} may start this process.", groups=names)


def may_see_instance(person: Person, participants: Collection[str], process_key: str = "") -> Verdict:
    """An instance is seen by those who have had to do with it, by who stands in for them (in certain
    processes only if `process_key` is one of these), and by the house's auditors and admins."""
    if person.has("auditor", "admin") or not set(person.principals).isdisjoint(participants):
        return ALLOWED
    for absent in person.stands_for:
        if absent.covers(process_key, participants) and not set(absent.principals).isdisjoint(participants):
            return ALLOWED
    return denied("This case belongs to another unit. Ask the unit that handles it.")


def may_begin_for_all(person: Person, started_by: Iterable[str], scopes: Mapping[str, str]) -> bool:
    """Whether the person may begin a process for projects of every unit: with a post of a body of the whole
    installation that begins it. Others begin it for projects of their own unit."""
    return any(scopes.get(group) == "installation" for group in person.groups.intersection(started_by))


def may_end(person: Person, started_by: str) -> Verdict:
    """A case is ended without an outcome by whoever started it, or an admin."""
    if person.id == started_by or person.has("admin"):
        return ALLOWED
    return denied("Only the person who started the case, or an administrator, may end it.", ask=("admin",))


def may_claim(person: Person, candidates: Collection[str], assignee_id: str | None, names: str) -> Verdict:
    """A task is claimed by a candidate while nobody else holds it."""
    if assignee_id is not None and assignee_id != person.as_id:
        return denied("Somebody else has claimed this task.")
    if set(person.reach).isdisjoint(candidates):
        return denied("This task waits for {groups}.", groups=names)
    return ALLOWED


def may_act(person: Person, assignee_id: str | None, candidates: Collection[str], names: str) -> Verdict:
    """A task is done by the person who holds it."""
    if assignee_id is not None and assignee_id == person.as_id:
        return ALLOWED
    if assignee_id is None and not set(person.reach).isdisjoint(candidates):
        return denied("Claim the task first.")
    return denied("This task waits for {groups}.", groups=names)


def may_conclude(delegation: str) -> Verdict:
    """A task that was delegated is completed, returned or put back by its owner, not by who works on it."""
    if delegation != "pending":
        return ALLOWED
    return denied("You work on this for somebody else: give it back, and they complete it.")


def may_deliver(person: Person, groups: Mapping[str, str], unit_id: str, names: str) -> Verdict:
    """A message that a case waits for is delivered by the people of the groups that its diagram names (with
    their scopes); those of a unit's group only for a case of their own unit."""
    for group, scope in groups.items():
        if person.has(group) and (scope != "unit" or person.unit_id == unit_id):
            return ALLOWED
    return denied("Only {groups} may do this.", groups=names)


def may_administer(person: Person) -> Verdict:
    """Calendar, incidents and jobs are the admins' business."""
    if person.has("admin"):
        return ALLOWED
    return denied("Only administrators may do this.", ask=("admin",))


def may_deploy(person: Person) -> Verdict:
    """Bundles are deployed by process owners and admins."""
    if person.has("admin", "process_owner"):
        return ALLOWED
    return denied("Only process owners may deploy.", ask=("process_owner", "admin"))


def may_audit(person: Person) -> Verdict:
    """The whole trail of every instance is the auditors' to read."""
    if person.has("admin", "auditor"):
        return ALLOWED
    return denied("Only auditors may read this.", ask=("auditor", "admin"))


def may_read_register(person: Person, readers: Collection[str]) -> bool:
    """A register with readers is for these groups, auditors and admins; one without is for everybody."""
    return not readers or person.has("admin", "auditor", *readers)


def register_reach(person: Person, scopes: Mapping[str, str]) -> Literal["all", "unit", "own"]:
    """How far a person sees into registers, from the scopes of their posts: auditors, admins and bodies of
    the whole installation see every row, people of a unit those of its cases, others what they took part
    in."""
    if person.has("admin", "auditor"):
        return "all"
    held = {scopes.get(group, "") for group in person.groups - HOUSE_GROUPS}
    if "installation" in held:
        return "all"
    return "unit" if "unit" in held else "own"
