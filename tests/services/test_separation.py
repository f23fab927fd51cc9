"""Who must not act although their post would let them: recusal, one's own application, two steps in a row."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from server.services import history, identity, recusals, rights_log, tasks, worklist
from server.services.authorization import Person
from server.services.errors import NotPermitted, StaleTask
from server.services.recusals import Wanted
from server.services.worklist import Filters
from tests.services.lab import END, START, TENANT, Lab, bundle, diagram, finish, gateway, manifest, task
from tests.services.test_together import together

TWO_STEPS = diagram(
    "lab.due", START + task("review", "heads") + task("approve", "heads") + task("correct") + END,
    "start>review review>approve approve>correct correct>end",
)  # fmt: skip

GROUND = "表弟是申请人"


def settle(lab: Lab, rules: str = "", *, of_process: str = "") -> None:
    """Two deciding steps and one of the applicant, under rules; eve may begin and decide, hugh decide."""
    text = manifest("lab.due").decode().replace("[[group]]", f"[separation]\n{rules}\n[[group]]", 1)
    if of_process:
        text = text.replace("started_by", f"separation = {{ {of_process} }}\nstarted_by")
    files = bundle({"lab.due": TWO_STEPS}) | {"jurisdiction.toml": text.encode()}
    lab.deploy(files)
    with lab.database.write() as session:
        for account, groups in {"eve": ["clerks", "heads"], "hugh": ["heads"]}.items():
            identity.add_person(session, TENANT, account, account.title(), "", "office", groups, "", lab.now)
            lab.people[account] = identity.person_by_account(session, TENANT, account)


def recuse(lab: Lab, by: str, account: str, instance: str, **more: bool) -> tuple[str, ...]:
    """Enter a recusal."""
    with lab.database.write() as session:
        wanted = Wanted(account, instance, GROUND, **more)
        return recusals.declare(session, lab.people[by], wanted, lab.now)


def refused(lab: Lab, person: str, task_id: str) -> str:
    """Why somebody may not claim a task."""
    with pytest.raises(NotPermitted) as error, lab.database.write() as session:
        tasks.claim(session, lab.people[person], task_id, lab.now)
    return error.value.reason


def test_nothing_is_forbidden_where_no_rule_says_so(lab: Lab) -> None:
    """One person may begin a case and decide it alone."""
    settle(lab)
    instance = lab.start("eve", "lab.due")
    for element in ("review", "approve", "correct"):
        lab.do("eve", instance, element)
    assert lab.open(instance) == []


@pytest.mark.parametrize("where", ["jurisdiction", "process"])
def test_who_began_a_case_does_not_decide_in_it(lab: Lab, where: str) -> None:
    """The rule of the jurisdiction, and that of the process above it; the applicant's steps stay theirs."""
    rule = 'own_application = "refused"'
    if where == "jurisdiction":
        settle(lab, rule)
    else:
        settle(lab, 'own_application = "allowed"', of_process=rule)
    instance = lab.start("eve", "lab.due")
    assert lab.task(instance, "review")["assignee_id"] is None  # the first step is not handed to them either
    review = lab.task(instance, "review")["id"]
    assert "You started this case" in refused(lab, "eve", review)
    with lab.database.read() as session:
        view = tasks.view(session, lab.people["eve"], review, lab.now)
        assert not view.claim
        assert "You started this case" in view.act.reason, "the page says why"
    lab.do("hugh", instance, "review")
    lab.do("hugh", instance, "approve")
    lab.do("eve", instance, "correct")
    assert lab.open(instance) == []


def test_a_held_task_is_not_completed_either(lab: Lab) -> None:
    """Whoever came to hold it otherwise is stopped when they send it, look at it for the last time, or return
    it."""
    settle(lab, 'own_application = "refused"')
    instance = lab.start("eve", "lab.due")
    row = lab.task(instance, "review")
    with lab.database.write() as session:
        session.connection().exec_driver_sql("update task set assignee_id = 'eve'")
    eve, revision = lab.people["eve"], row["revision"]
    for attempt in (
        lambda s: tasks.complete(s, eve, row["id"], revision, lab.now, {}),
        lambda s: tasks.return_to(s, eve, row["id"], revision, "review", "x", lab.now),
        lambda s: tasks.preview(s, eve, row["id"], lab.now),
    ):
        with pytest.raises(NotPermitted, match="You started"), lab.database.write() as session:
            attempt(session)
    with lab.database.write() as session:
        tasks.release(session, eve, row["id"], lab.now)


def test_nobody_does_two_deciding_steps_in_a_row(lab: Lab) -> None:
    """The step after one's own is refused; that of the applicant is no deciding step."""
    settle(lab, 'consecutive_steps = "refused"')
    instance = lab.start("ann", "lab.due")
    lab.do("hugh", instance, "review")
    assert "You did the step before" in refused(lab, "hugh", lab.task(instance, "approve")["id"])
    lab.do("eve", instance, "approve")
    lab.do("eve", instance, "correct")
    assert lab.open(instance) == []


def test_a_warning_is_shown_and_kept(lab: Lab) -> None:
    """The page says it beforehand, and the record says afterwards that it was so."""
    settle(lab, 'own_application = "warned"\nconsecutive_steps = "warned"')
    instance = lab.start("eve", "lab.due")
    with lab.database.read() as session:
        view = tasks.view(session, lab.people["eve"], lab.task(instance, "review")["id"], lab.now)
    assert len(view.cautions) == 1
    lab.do("eve", instance, "review")
    lab.do("eve", instance, "approve")
    with lab.database.read() as session:
        kept = history.timeline(session, TENANT, instance)
    told = [e.payload.get("cautions") for e in reversed(kept) if e.kind == "task_completed"]
    assert told == [["own_application"], ["own_application", "consecutive_steps"]]


def test_one_who_recuses_themselves_gives_back_what_they_hold(lab: Lab) -> None:
    """The task is the group's again, the person is refused with their own reason, the record tells."""
    settle(lab)
    instance = lab.start("ann", "lab.due")
    review = lab.task(instance, "review")["id"]
    with lab.database.write() as session:
        tasks.claim(session, lab.people["hugh"], review, lab.now)
    assert recuse(lab, "hugh", "hugh", instance) == ()
    assert lab.task(instance, "review")["assignee_id"] is None
    listed = lab.rows("select principal from worklist where task_id = :t", t=review)
    assert listed == [{"principal": "g:heads"}]
    assert refused(lab, "hugh", review) == "You must not act on this case: {ground}"
    with lab.database.read() as session:
        kinds = [entry.kind for entry in history.timeline(session, TENANT, instance, last=2)]
        assert kinds == ["task_released", "recusal_declared"]
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
        assert all(isinstance(found, int) for found in rights_log.verify(session, TENANT))
        assert [r.name for r in recusals.of_case(session, lab.people["eve"], instance)] == ["Hugh"]
    assert recuse(lab, "hugh", "hugh", instance) == ()
    assert len(lab.rows("select id from recusal")) == 1
    lab.do("eve", instance, "review")


def test_a_project_counts_for_its_later_cases_too(lab: Lab) -> None:
    """The other cases of the project, those begun later included; no case of another project. The
    worklist marks them for that person, and for nobody else."""
    settle(lab)
    first, other = lab.start("ann", "lab.due"), lab.start("ann", "lab.due", project_name="别的")
    recuse(lab, "hugh", "hugh", first, whole_project=True)
    with lab.database.read() as session:
        project = session.connection().exec_driver_sql(
            "select project_id from process_instance where id = '%s'" % first  # noqa: UP031
        ).scalar_one()  # fmt: skip
    later = lab.start("ann", "lab.due", project_id=project)
    for instance in (first, later):
        assert refused(lab, "hugh", lab.task(instance, "review")["id"])
    with lab.database.read() as session:
        lists = {
            name: {
                row.instance_id: row.recused
                for row in worklist.page(session, lab.people[name], Filters(), lab.now).rows
            }
            for name in ("hugh", "eve")
        }
    assert lists["hugh"] == {first: GROUND, later: GROUND, other: ""}
    assert lists["eve"] == {first: "", later: "", other: ""}
    lab.do("hugh", other, "review")


def test_others_are_recused_by_admins_only(lab: Lab) -> None:
    """An admin enters it for somebody and ends it; nobody ends their own."""
    settle(lab)
    instance = lab.start("ann", "lab.due")
    with pytest.raises(NotPermitted, match="Only administrators"):
        recuse(lab, "ann", "hugh", instance)
    recuse(lab, "admin", "hugh", instance)
    recuse(lab, "admin", "admin", instance)
    hugh, own = (row["id"] for row in lab.rows("select id from recusal order by user_id desc"))
    for person, recusal in (("hugh", hugh), ("admin", own)):
        with pytest.raises(NotPermitted), lab.database.write() as session:
            recusals.lift(session, lab.people[person], recusal, lab.now)
    with lab.database.write() as session:
        recusals.lift(session, lab.people["admin"], hugh, lab.now)
    lab.do("hugh", instance, "review")


def test_a_stranger_cannot_recuse_themselves_from_a_case_they_may_not_see(lab: Lab) -> None:
    """The case's existence is not told."""
    settle(lab)
    instance = lab.start("ann", "lab.due")
    stranger = replace(lab.people["hugh"], id="stranger", groups=frozenset())
    with pytest.raises(NotPermitted, match="another unit"), lab.database.write() as session:
        recusals.declare(session, stranger, Wanted("stranger", instance, "x"), lab.now)


def test_what_only_the_recused_could_do_is_told(lab: Lab) -> None:
    """A task that the diagram gives to them by name has no group to go back to."""
    body = START + task("own").replace('camunda:candidateGroups="clerks"', 'camunda:assignee="${initiator}"')
    lab.deploy(bundle({"lab.due": diagram("lab.due", body + END, "start>own own>end")}))
    instance = lab.start("ann", "lab.due")
    row = lab.task(instance, "own")
    assert recuse(lab, "admin", "ann", instance) == (row["id"],)
    with pytest.raises(NotPermitted, match="must not act"), lab.database.write() as session:
        finish(session, lab.people["ann"], row["id"], lab.now)


def test_of_a_recusal_and_a_claim_at_once_the_recusal_counts(lab: Lab) -> None:
    """However the two fall, the recused person holds nothing afterwards."""
    settle(lab)
    for _ in range(10):
        instance = lab.start("ann", "lab.due")
        review = lab.task(instance, "review")["id"]

        def claim(person: Person = lab.people["hugh"], task_id: str = review) -> None:
            with lab.database.write() as session:
                tasks.claim(session, person, task_id, lab.now)

        raised = together(claim, lambda i=instance: recuse(lab, "admin", "hugh", i))
        assert [type(error) for error in raised] in ([], [NotPermitted])
        assert lab.task(instance, "review")["assignee_id"] is None


def test_of_two_recusals_at_once_one_is_kept(lab: Lab) -> None:
    """Declared and entered at the same moment: one row, one line in the record."""
    settle(lab)
    instance = lab.start("ann", "lab.due")
    raised = together(
        lambda: recuse(lab, "hugh", "hugh", instance), lambda: recuse(lab, "admin", "hugh", instance)
    )
    assert raised == []
    assert len(lab.rows("select id from recusal")) == 1
    told = lab.rows("select seq from history_event where kind = 'recusal_declared'")
    assert len(told) == 1
    with contextlib.suppress(StaleTask):
        lab.do("eve", instance, "review")


def test_parallel_branches_are_not_in_a_row(lab: Lab) -> None:
    """Somebody may do both branches: neither follows the other. What follows both is another matter."""
    drawn = diagram(
        "lab.due",
        START + gateway("split") + task("left", "heads") + task("right", "heads") + gateway("join")
        + task("after", "heads") + END,
        "start>split split>left split>right left>join right>join join>after after>end",
    )  # fmt: skip
    settle(lab, 'consecutive_steps = "refused"')
    rules = manifest("lab.due").decode() + '\n[separation]\nconsecutive_steps = "refused"\n'
    lab.deploy(bundle({"lab.due": drawn}) | {"jurisdiction.toml": rules.encode()})
    instance = lab.start("ann", "lab.due")
    lab.do("hugh", instance, "left")
    lab.do("hugh", instance, "right")
    assert refused(lab, "hugh", lab.task(instance, "after")["id"])
