"""Letters that leave the house: by a real relay and a real messenger, tried again, and never elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from server.app import _composed
from server.jobs.carriers import opened
from server.jobs.hooks import signature
from server.jobs.post_office import PostOffice
from server.jobs.runner import Runner
from server.services import outbox, reminding, tasks, wishes
from server.services.channels import Channels, Hook, Mail
from server.services.clock import BACKOFF
from server.services.errors import NotFound, NotPermitted
from server.services.wishes import Wishes
from tests.jobs.receivers import messenger, relay
from tests.services.lab import Lab
from tests.services.test_together import together

HOUSE = "https://guicheng.office.test"


def mail(port: int, **more: Any) -> Channels:
    """A relay of the tests."""
    settings = {"host": "127.0.0.1", "port": port, "sender": "规程 <guicheng@office.test>", **more}
    return Channels(address=HOUSE, mail=Mail(**settings))


def runner(lab: Lab, channels: Channels) -> Runner:
    """What rings, with the carriers of these channels."""
    office = PostOffice(
        lab.database, opened(channels, lambda: lab.now), partial(_composed, HOUSE), lambda: lab.now
    )
    return Runner(lab.database, lab.sent.append, lambda: lab.now, office)


def wish(lab: Lab, name: str, **chosen: Any) -> None:
    """What somebody wants."""
    with lab.database.write() as session:
        wishes.keep(session, lab.people[name], Wishes(**chosen))


def remind(lab: Lab) -> str:
    """A reminder to bob, who holds a task of ann's case; gives the task's id."""
    task_id = str(lab.task(lab.start("ann", "lab.due"), "work")["id"])
    with lab.database.write() as session:
        tasks.release(session, lab.people["ann"], task_id, lab.now)
        tasks.claim(session, lab.people["bob"], task_id, lab.now)
        reminding.remind(session, lab.people["ann"], task_id, "企业在等", lab.now)
    return task_id


def letters(lab: Lab) -> list[dict[str, Any]]:
    """The letters as they lie."""
    return lab.rows("select * from outgoing where kind = 'letter' order by id")


def test_a_reminder_arrives_by_mail(lab: Lab) -> None:
    """In the reader's language, with the case, the note and a link; once."""
    wish(lab, "bob", mail_address="bob@office.test")
    task_id = remind(lab)
    with relay() as taken:
        ringing = runner(lab, mail(taken.port))
        assert ringing.catch_up() == 1
        assert ringing.catch_up() == 0
    (arrived,) = taken.taken
    assert arrived["To"] == "bob@office.test"
    assert "Ann催办：work" in arrived["Subject"]
    text = arrived.get_content()
    assert "企业在等" in text
    assert f"{HOUSE}/tasks/{task_id}" in text
    (row,) = letters(lab)
    assert (row["status"], row["attempts"]) == ("sent", 0)
    assert row["id"] in arrived["Message-ID"]


def test_a_relay_that_is_down_gets_the_letter_later(lab: Lab) -> None:
    """After the pause, once; the other side can tell a second copy by its id."""
    wish(lab, "bob", mail_address="bob@office.test")
    remind(lab)
    with relay() as gone:
        port = gone.port
    assert runner(lab, mail(port)).catch_up() == 0
    (row,) = letters(lab)
    assert (row["status"], row["attempts"]) == ("waiting", 1)
    assert "cannot be reached" in row["failure"]
    with relay() as taken:
        assert runner(lab, mail(taken.port)).catch_up() == 0, "too early"
        lab.now += BACKOFF[0]
        assert runner(lab, mail(taken.port)).catch_up() == 1
        assert len(taken.taken) == 1


def test_a_letter_that_fails_for_good_waits_for_an_admin(lab: Lab) -> None:
    """Who resends it, when the relay has learned better; nobody else may look."""
    wish(lab, "bob", mail_address="bob@office.test")
    remind(lab)
    with relay() as taken:
        taken.refuses = "554 no"
        ringing = runner(lab, mail(taken.port))
        for pause in (*BACKOFF, timedelta(days=1)):
            assert ringing.catch_up() == 0
            lab.now += pause
        taken.refuses = ""
        assert ringing.catch_up() == 0
        with lab.database.read() as session:
            (dead,) = outbox.listing(session, lab.people["admin"], "dead")
            with pytest.raises(NotPermitted):
                outbox.listing(session, lab.people["ann"], "dead")
        assert (dead.name, dead.kind, dead.attempts) == ("Bob", "task_reminded", 5)
        assert "554" in dead.failure
        with pytest.raises(NotPermitted), lab.database.write() as session:
            outbox.resend(session, lab.people["bob"], dead.id, lab.now)
        with lab.database.write() as session:
            outbox.resend(session, lab.people["admin"], dead.id, lab.now)
        with pytest.raises(NotFound), lab.database.write() as session:
            outbox.resend(session, lab.people["admin"], dead.id, lab.now)
        assert ringing.catch_up() == 1
    assert len(taken.taken) == 1


def test_nothing_goes_to_a_domain_that_is_not_named(lab: Lab) -> None:
    """Neither kept as an address, nor asked for when the domains were narrowed afterwards."""
    for address in ("bob@elsewhere.test", "bob@evil.office.test.net", "bob", "a@office.test\nBcc: x@y.z"):
        assert not wishes.may_reach(address, ("office.test",))
    assert wishes.may_reach("bob@mail.office.test", ("office.test",))
    wish(lab, "bob", mail_address="bob@elsewhere.test")
    remind(lab)
    with relay() as taken:
        assert runner(lab, mail(taken.port)).catch_up() == 0
    assert taken.taken == []
    assert "domains" in letters(lab)[0]["failure"]


def test_a_command_that_fails_leaves_no_letter(lab: Lab) -> None:
    """It lies in the outbox with what it tells of, or not at all."""
    wish(lab, "bob", mail_address="bob@office.test")

    def fail(session: object) -> None:
        raise RuntimeError("too late")

    task_id = str(lab.task(lab.start("ann", "lab.due"), "work")["id"])
    with lab.database.write() as session:
        tasks.release(session, lab.people["ann"], task_id, lab.now)
    lab.database.before_commit.append(fail)
    with pytest.raises(RuntimeError), lab.database.write() as session:
        reminding.remind(session, lab.people["ann"], task_id, "", lab.now)
    lab.database.before_commit.clear()
    assert letters(lab) == []
    assert lab.rows("select * from notice") == []


def test_two_carriers_carry_each_letter_once(lab: Lab) -> None:
    """Whichever takes it first."""
    for name in ("bob", "admin"):
        wish(lab, name, mail_address=f"{name}@office.test", wishes={"task_reminded": ["mail"]})
    task_id = str(lab.task(lab.start("ann", "lab.due"), "work")["id"])
    with lab.database.write() as session:
        tasks.release(session, lab.people["ann"], task_id, lab.now)
        reminding.remind(session, lab.people["ann"], task_id, "", lab.now)
    with relay() as taken:
        first, second = runner(lab, mail(taken.port)), runner(lab, mail(taken.port))
        assert together(first.catch_up, second.catch_up) == []
    assert sorted(message["To"] for message in taken.taken) == ["admin@office.test", "bob@office.test"]


def test_a_generic_hook_can_check_who_speaks(lab: Lab) -> None:
    """JSON, signed over time and body."""
    wish(lab, "bob", hook_account="bob7")
    remind(lab)
    with messenger() as other:
        hook = Hook(id="gateway", url=other.url, secret="s3cret")
        assert runner(lab, Channels(hooks=(hook,))).catch_up() == 1
    (asked,) = other.asked
    assert (asked.told["to"], asked.told["event"], asked.told["tenant"]) == ("bob7", "task_reminded", "lab")
    stamp = asked.headers["X-Guicheng-Timestamp"]
    assert asked.headers["X-Guicheng-Signature"] == signature("s3cret", stamp, asked.body)
    assert asked.headers["X-Guicheng-Signature"] != signature("other", stamp, asked.body)


@pytest.mark.parametrize("style", ["wecom", "dingtalk"])
def test_messengers_get_their_own_form(lab: Lab, style: Any) -> None:
    """With the mention of the reader; 钉钉 with its signature in the address."""
    wish(lab, "bob", hook_account="bob7")
    remind(lab)
    with messenger() as other:
        hook = Hook(id="robot", url=other.url, secret="s3cret", style=style)
        assert runner(lab, Channels(hooks=(hook,))).catch_up() == 1
    (asked,) = other.asked
    assert "企业在等" in asked.told["text"]["content"]
    if style == "wecom":
        assert asked.told["text"]["mentioned_list"] == ["bob7"]
        return
    assert asked.told["at"] == {"atUserIds": ["bob7"]}
    query = parse_qs(urlsplit(asked.path).query)
    text = f"{query['timestamp'][0]}\ns3cret".encode()
    assert base64.b64decode(query["sign"][0]) == hmac.new(b"s3cret", text, hashlib.sha256).digest()


def test_what_a_messenger_refuses_is_tried_again(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """By its status, by its own code, or by sending us elsewhere, where nobody is asked; and no secret gets
    into a log or a row."""
    wish(lab, "bob", hook_account="bob7")
    remind(lab)
    caplog.set_level(logging.DEBUG)
    with messenger() as other, messenger() as trap:
        ringing = runner(
            lab, Channels(hooks=(Hook(id="robot", url=other.url, secret="s3cret", style="wecom"),))
        )
        other.says = b'{"errcode": 93000}'
        assert ringing.catch_up() == 0
        assert "93000" in letters(lab)[0]["failure"]
        lab.now += BACKOFF[0]
        other.status = 500
        assert ringing.catch_up() == 0
        assert "500" in letters(lab)[0]["failure"]
        lab.now += BACKOFF[1]
        other.status, other.elsewhere = 302, trap.url
        assert ringing.catch_up() == 0
        lab.now += BACKOFF[2]
        other.status, other.elsewhere, other.says = 200, "", b'{"errcode": 0}'
        assert ringing.catch_up() == 1
    assert trap.asked == []
    told = caplog.text + str(letters(lab))
    assert "s3cret" not in told
    assert "very-secret-key" not in told
    assert "very-secret-key" not in repr(Hook(id="robot", url=other.url, secret="s3cret"))


def test_who_wants_one_mail_a_day_gets_one(lab: Lab) -> None:
    """With what is unread; none for each thing, none twice a day, none for nothing."""
    wish(lab, "bob", mail_address="bob@office.test", digest=True)
    remind(lab)
    assert letters(lab) == []
    with relay() as taken:
        ringing = runner(lab, mail(taken.port))
        office = ringing.post_office
        assert office is not None
        assert (office.make_digests(lab.now), office.make_digests(lab.now)) == (1, 0)
        assert ringing.catch_up() == 1
        lab.now += timedelta(days=1)
        assert office.make_digests(lab.now) == 0
    (arrived,) = taken.taken
    assert "1" in arrived["Subject"]
    assert "企业在等" in arrived.get_content()


def test_a_reader_who_has_gone_gets_nothing(lab: Lab) -> None:
    """The letter is void: there is nobody to carry it to."""
    wish(lab, "bob", mail_address="bob@office.test")
    remind(lab)
    wish(lab, "bob", mail_address="")
    with relay() as taken:
        assert runner(lab, mail(taken.port)).catch_up() == 0
    assert taken.taken == []
    assert letters(lab)[0]["status"] == "void"
