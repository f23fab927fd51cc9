"""The carriers of an installation: one for each way out that it has opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from server.jobs.hooks import HookCarrier
from server.jobs.mail import MailCarrier
from server.jobs.post_office import Carrier
from server.services.channels import Channels
from server.services.notice_kinds import HOOK, MAIL


def opened(channels: Channels, time: Callable[[], datetime]) -> dict[str, Carrier]:
    """The carriers by channel; none where nothing is open."""
    found: dict[str, Carrier] = {}
    if channels.mail is not None:
        found[MAIL] = MailCarrier(channels.mail)
    if channels.hooks:
        found[HOOK] = HookCarrier(channels, time)
    return found
