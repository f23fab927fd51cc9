"""The admins' outbox, and the addresses under which people want to be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.services import channels
from server.services.channels import ChannelsRefused
from tests.web.office import Office, apply, first_task, open_office

CHANNELS = """
address = "https://guicheng.office.test"
[mail]
host = "127.0.0.1"
port = 9
sender = "规程 <guicheng@office.test>"
password = "very secret"
[[hook]]
id = "gateway"
url = "http://127.0.0.1:9/send?key=hidden-key"
secret = "s3cret"
"""


@pytest.fixture
def reached(settled_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office with a relay and a messenger that nobody has started."""
    (tmp_path / "channels.toml").write_text(CHANNELS, "utf-8")
    office = open_office(settled_url, tmp_path)
    yield office
    office.database.close()


def test_people_choose_where_they_are_reached(reached: Office) -> None:
    """An address outside the named domains is refused, with what was chosen still on the page."""
    clerk = reached.visitor("clerk")
    page = clerk.get("/notices/wishes")
    wrong = clerk.post("/notices/wishes", page, mail_address="zhou@elsewhere.test", tell="case_ended.mail")
    assert wrong.status_code == 422
    assert "office.test" in wrong.text
    assert 'value="zhou@elsewhere.test"' in wrong.text
    kept = clerk.post("/notices/wishes", page, mail_address="zhou@office.test", tell="case_ended.mail")
    assert kept.status_code == 303
    page = clerk.get("/notices/wishes").text
    assert 'value="zhou@office.test"' in page
    assert re.search(r'value="case_ended.mail"[^>]* checked', page)
    assert not re.search(r'value="case_ended.page"[^>]* checked', page)


def test_admins_see_what_waits_but_not_what_it_says(reached: Office) -> None:
    """To whom, of which kind, how often tried; no secret of a channel, no word of the letter."""
    clerk, bureau, admin = (reached.visitor(account) for account in ("clerk", "bureau", "admin"))
    bureau.post("/notices/wishes", bureau.get("/notices/wishes"), mail_address="li@office.test",
                tell="task_reminded.mail")  # fmt: skip
    apply(clerk)
    task = first_task(bureau)
    clerk.post(f"/tasks/{task}/remind", clerk.get(f"/tasks/{task}/remind"), note="请尽快")
    page = admin.get("/admin/outbox?status=waiting")
    assert page.text.count("<tr data-row>") == 1
    assert "李娜" in page.text
    assert "他人催办" in page.text
    for hidden in ("very secret", "s3cret", "hidden-key", "请尽快"):
        assert hidden not in page.text
    assert clerk.get("/admin/outbox").status_code == 403
    letter = re.search(r"/admin/outbox/(\w+)/resend", page.text)
    assert letter is None, "it is on its way"


def test_an_admin_tries_a_channel(reached: Office) -> None:
    """With an address of their own; others may not."""
    admin, clerk = reached.visitor("admin"), reached.visitor("clerk")
    page = admin.get("/admin/outbox")
    refused = admin.post("/admin/outbox/try", page, channel="mail")
    assert refused.status_code == 403
    assert "接收地址" in refused.text
    admin.post("/notices/wishes", admin.get("/notices/wishes"), mail_address="root@office.test")
    assert admin.post("/admin/outbox/try", page, channel="mail").status_code == 303
    assert admin.get("/admin/outbox?status=waiting").text.count("<tr data-row>") == 1
    assert clerk.post("/admin/outbox/try", clerk.get("/tasks"), channel="mail").status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        "mail = 1", "[mail]\nhost = 'x'", "[[hook]]\nid = 'x'\nurl = 'file:///etc/passwd'", "a =",
        "[[hook]]\nid = 'x'\nurl = 'https://x'\nsekret = 'y'", "address = 'ftp://x'",
        "[mail]\nhost = 'x'\nsender = 'nobody'",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    """With its path, before the server begins: a misspelt key would otherwise open an unsigned channel."""
    (tmp_path / "channels.toml").write_text(text, "utf-8")
    with pytest.raises(ChannelsRefused, match=r"channels\.toml"):
        channels.read(tmp_path)


def test_without_the_file_nothing_leaves_the_house(tmp_path: Path) -> None:
    """No channel is open."""
    found = channels.read(tmp_path)
    assert not found.offers("mail")
    assert not found.offers("hook")
    assert found.offers("page")
