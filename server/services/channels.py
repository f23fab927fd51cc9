"""The ways out of the house that whoever installs it has opened: a mail relay, and web hooks of messengers.

They stand in `channels.toml` in the data folder, beside the secret; without the file nothing leaves
the house. No request ever goes to an address that is not written there."""

from __future__ import annotations

import re
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from server.services.notice_kinds import HOOK, MAIL, PAGE
from server.settings import SettingsError

FILE = "channels.toml"
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


class ChannelsRefused(SettingsError):
    """The file cannot be used: which key, and what to write there."""

    def __init__(self, message: str) -> None:
        ValueError.__init__(self, message)
        self.variable = FILE


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that nobody reads is a mistake of the writer."""

    def __repr__(self) -> str:
        """Leave out what must not reach a log."""
        return f"{type(self).__name__}(…)"


class Mail(_Part, frozen=True):
    """The relay that takes letters. `domains` are those to which letters may go, by default the sender's."""

    host: str
    sender: str
    port: int = 25
    security: Literal["none", "starttls", "tls"] = "none"
    account: str = ""
    password: str = ""
    domains: tuple[str, ...] = ()

    @property
    def reached(self) -> tuple[str, ...]:
        """The domains to which letters may go."""
        own = parseaddr(self.sender)[1].partition("@")[2]
        return tuple(domain.lower() for domain in self.domains or (own,))


class Hook(_Part, frozen=True):
    """A web hook of a messenger. `style` is the form of its messages; with `secret` each is signed. Without
    `tenants` it serves every jurisdiction."""

    id: str
    url: str
    name: str = ""
    style: Literal["generic", "wecom", "dingtalk"] = "generic"
    secret: str = ""
    tenants: tuple[str, ...] = ()


class Channels(_Part, frozen=True):
    """All ways out. `address` is that of the office, for links in letters."""

    address: str = ""
    mail: Mail | None = None
    hooks: tuple[Hook, ...] = msgspec.field(default=(), name="hook")

    def offers(self, channel: str) -> bool:
        """Whether people can be reached that way."""
        return {PAGE: True, MAIL: self.mail is not None, HOOK: bool(self.hooks)}[channel]

    def hook_of(self, tenant_id: str) -> Hook | None:
        """The web hook that serves a jurisdiction."""
        return next((hook for hook in self.hooks if not hook.tenants or tenant_id in hook.tenants), None)

    @property
    def mail_domains(self) -> tuple[str, ...]:
        """The domains to which letters may go; none without a relay."""
        return self.mail.reached if self.mail else ()


def read(folder: Path) -> Channels:
    """The channels of an installation; none where there is no file. Raises ChannelsRefused."""
    file = folder / FILE
    if not file.is_file():
        return Channels()
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Channels)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ChannelsRefused(f"{file}: {error}. Write it as docs/channels.md says.") from error
    for hook in found.hooks:
        if not _is_address(hook.url):
            raise ChannelsRefused(f"{file}: url of hook {hook.id} must begin with https:// or http://.")
    if found.address and not _is_address(found.address):
        raise ChannelsRefused(f"{file}: address must begin with https:// or http://.")
    if found.mail and not all(_DOMAIN.fullmatch(domain) for domain in found.mail.reached):
        raise ChannelsRefused(f"{file}: [mail] sender needs an address, domains plain names: office.gov.cn.")
    return found


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
