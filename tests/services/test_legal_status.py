"""Where the law stands: what may begin on which day, and what goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from server.bundles.manifest import ManifestRefused, read_manifest
from server.services import (
    authoring,
    deployed,
    instances,
    legal_status,
    release_preview,
    releases,
    starts,
    tasks,
)
from server.services.errors import NotPermitted
from server.services.legal_status import Standing
from server.services.releases import Wish
from server.services.starts import Matter
from tests.services import lab as small
from tests.services.lab import GIVEN, Lab
from tests.services.test_authoring import zipped

CHINA = timezone(timedelta(hours=8))
LAW = b'[[regulation]]\nid = "lab"\n'
OLD = LAW + b'status = "expired"\neffective = 2020-02-01\nexpires = 2025-01-31\n'
DRAFT = LAW + b'status = "draft"\n'
LATER = LAW + b"effective = 2026-04-01\n"


def under(law: bytes, more: bytes = b"", cited: str = "") -> dict[str, bytes]:
    """The lab's files with its instrument as told, others beside it, and what its processes cite."""
    files = small.bundle()
    text = files["jurisdiction.toml"].replace(LAW, law) + more
    if cited:
        line = f'title = "project_name"\nregulation = "{cited}"\n'
        text = text.replace(b'title = "project_name"\n', line.encode())
    return {**files, "jurisdiction.toml": text}


OTHER = b'[[regulation]]\nid = "other"\ntitle = "Other"\narticles = [{ id = "1", title = "Work" }]\n'


@pytest.mark.parametrize(
    ("law", "day", "expected"),
    [
        (LAW, date(1999, 1, 1), Standing.IN_FORCE),
        (OLD, date(2020, 1, 31), Standing.NOT_YET),
        (OLD, date(2020, 2, 1), Standing.IN_FORCE),
        (OLD, date(2025, 1, 31), Standing.IN_FORCE),
        (OLD, date(2025, 2, 1), Standing.EXPIRED),
        (LAW + b'status = "expired"\n', date(2020, 1, 1), Standing.EXPIRED),
        (LAW + b"expires = 2025-01-31\n", date(2025, 2, 1), Standing.EXPIRED),
        (DRAFT, date(2026, 3, 2), Standing.DRAFT),
        (DRAFT + b"effective = 2020-01-01\n", date(2026, 3, 2), Standing.DRAFT),
        (LATER, date(2026, 3, 31), Standing.NOT_YET),
        (LATER, date(2026, 4, 1), Standing.IN_FORCE),
    ],
)
def test_what_an_instrument_is_on_a_day(law: bytes, day: date, expected: Standing) -> None:
    """The first and the last day count; a draft is none, whatever it says of its dates."""
    manifest = read_manifest(under(law)["jurisdiction.toml"])
    assert legal_status.standing(manifest.regulations["lab"], day) is expected


def refusal(lab: Lab) -> str:
    """Why no case begins now, from the list, the page, the draft and the start itself: all say the same."""
    ann = lab.people["ann"]
    with lab.database.read() as session:
        listed = next(s for s in starts.catalogue(session, ann, lab.now) if s.key == "lab.due")
        with pytest.raises(NotPermitted) as page:
            starts.view(session, ann, Matter("lab.due"), lab.now)
    with lab.database.write() as session, pytest.raises(NotPermitted) as kept:
        starts.save(session, ann, Matter("lab.due"), [], lab.now)
    with pytest.raises(NotPermitted) as begun:
        lab.start(process="lab.due")
    assert listed.verdict.reason == page.value.reason == kept.value.reason == begun.value.reason
    return begun.value.reason.format(**begun.value.params)


def test_an_expired_instrument_begins_nothing_more(lab: Lab) -> None:
    """On its last evening a case begins; one minute later, in China, none does. The running one goes on to
    its end, and can be looked at afterwards."""
    lab.deploy(under(OLD))
    lab.now = datetime(2025, 1, 31, 23, 59, tzinfo=CHINA)
    running = lab.start(process="lab.due")
    lab.now = datetime(2025, 2, 1, tzinfo=CHINA)
    assert "expired on 2025-01-31" in refusal(lab)
    lab.do("ann", running, "work")
    assert lab.rows("select status from process_instance") == [{"status": "ended"}]
    with lab.database.read() as session:
        assert tasks.view(session, lab.people["ann"], lab.rows("select id from task")[0]["id"], lab.now)


@pytest.mark.parametrize(("law", "told"), [(DRAFT, "is a draft"), (LATER, "takes effect on 2026-04-01")])
def test_what_is_not_in_force_can_only_be_rehearsed(lab: Lab, law: bytes, told: str) -> None:
    """No real case begins; a rehearsal does."""
    lab.deploy(under(law))
    assert told in refusal(lab)
    given = {"project_name": "试验", **GIVEN}
    with lab.database.write() as session:
        instances.start(session, lab.people["ann"], "lab.due", lab.now, given, rehearsed=True)
    assert len(lab.rows("select * from process_instance where rehearsal_at is not null")) == 1


def test_a_process_stands_on_the_instruments_it_cites(lab: Lab) -> None:
    """One of them in force is enough; one that it does not cite is no help."""
    day = date(2026, 3, 2)
    for cited, allowed in (("lab#1", False), ("other#1", True), ("lab#1 other#1", True), ("", True)):
        lab.deploy(under(OLD, OTHER, cited))
        with lab.database.read() as session:
            used = deployed.active(session, "lab")
        assert bool(legal_status.may_begin(used, "lab.due", day)) is allowed, cited
    assert legal_status.last_day(used.manifest, "lab.due", day) == date(2025, 1, 31)  # type: ignore[arg-type]


EXCEPTED = OLD + b'excepted_until = 2026-03-02\nexcepted_reason = "The council asked for it, minutes 12"\n'


def begun_by(lab: Lab, instance_id: str) -> dict[str, Any]:
    """What the record says of how a case began."""
    query = "select payload from history_event where instance_id = :id and kind = 'instance_started'"
    payload = lab.rows(query, id=instance_id)[0]["payload"]
    return dict(json.loads(payload) if isinstance(payload, str) else payload)


def test_an_exception_lets_cases_begin_and_is_told(lab: Lab) -> None:
    """On its last day a case begins, and its record says by whose exception; on the next day none does."""
    lab.deploy(under(EXCEPTED))
    lab.now = datetime(2026, 3, 2, 23, 59, tzinfo=CHINA)
    begun = lab.start(process="lab.due")
    assert begun_by(lab, begun)["exception"]["reason"] == "The council asked for it, minutes 12"
    used = read_manifest(under(EXCEPTED)["jurisdiction.toml"])
    assert legal_status.of_jurisdiction(used, lab.now) is Standing.EXPIRED
    assert [law.id for law in legal_status.exceptions(used, lab.now.date())] == ["lab"]
    lab.now = datetime(2026, 3, 3, tzinfo=CHINA)
    assert "expired" in refusal(lab)
    assert legal_status.exceptions(used, lab.now.date()) == ()


def test_a_case_in_force_tells_of_no_exception(lab: Lab) -> None:
    """An exception that is not needed is not used."""
    lab.deploy(under(EXCEPTED, OTHER, "lab#1 other#1"))
    begun = lab.start(process="lab.due")
    assert "exception" not in begun_by(lab, begun)


def test_only_administrators_make_an_exception(lab: Lab) -> None:
    """A process owner may deploy anything else, also what leaves an exception as it is."""
    owner, admin = (
        replace(lab.people["ann"], groups=frozenset({post})) for post in ("process_owner", "admin")
    )
    lab.deploy(under(OLD), owner)
    with lab.database.write() as session:
        draft = authoring.open_zip(session, owner, zipped(under(EXCEPTED)), "", "lab.zip", lab.now)
        for person, may in ((owner, False), (admin, True)):
            seen = release_preview.preview(session, person, draft)
            assert ([law.id for law in seen.excepted], seen.may_except) == (["lab"], may)
    with pytest.raises(NotPermitted, match="administrators"):
        lab.deploy(under(EXCEPTED), owner)
    lab.deploy(under(EXCEPTED), admin)
    with lab.database.read() as session:
        assert release_preview.preview(session, owner, draft).excepted == ()
    lab.deploy(under(EXCEPTED.replace(b'"lab"', b'"lab"\nnumber = "1"')), owner)
    with pytest.raises(NotPermitted, match="administrators"):
        lab.deploy(under(EXCEPTED.replace(b"2026-03-02", b"2027-03-02")), owner)
    lab.deploy(under(OLD), owner)
    query = "select d.id, j.deployment_id from deployment d, jurisdiction j where d.number = 3"
    (earlier,) = lab.rows(query)
    wish = Wish("back", seen_active=earlier["deployment_id"])
    with lab.database.write() as session, pytest.raises(NotPermitted, match="administrators"):
        releases.of_deployment(session, owner, earlier["id"], wish, lab.now)
    with lab.database.write() as session:
        assert releases.of_deployment(session, admin, earlier["id"], wish, lab.now).status == "done"


@pytest.mark.parametrize(
    "spoilt",
    [b"excepted_until = 2026-03-02\n", b'excepted_reason = "a long enough reason"\n',
     b'excepted_reason = "because"\n',
     b'excepted_until = 2026-03-02\nexcepted_reason = " because        "\n'],
)  # fmt: skip
def test_an_exception_needs_its_last_day_and_a_reason(spoilt: bytes) -> None:
    """Neither stands without the other, and one word is no reason."""
    with pytest.raises(ManifestRefused, match="exception"):
        read_manifest(under(OLD + spoilt)["jurisdiction.toml"])
