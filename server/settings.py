"""What the person who installs Guicheng may set, read once from the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX: Final = "GUICHENG_"
SecondFactorRule = Literal["optional", "admins", "everybody"]
SECOND_FACTOR_RULES: Final[tuple[SecondFactorRule, ...]] = ("optional", "admins", "everybody")
LANGUAGES: Final = ("zh-CN", "en")
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_DATABASES: Final = ("sqlite:///", "postgresql+psycopg://")
_FLAGS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_SECRET_LENGTH: Final = 32
_MIB: Final = 1024 * 1024


class SettingsError(ValueError):
    """A variable has a value that cannot be used. The message names the variable and says what to write."""

    def __init__(self, variable: str, found: str, remedy: str) -> None:
        super().__init__(f"{variable}={found!r} cannot be used. {remedy}")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server. Every field can be set by `GUICHENG_` and its name in capitals.

    Args:
        data_dir: where the SQLite file, the attachments and the secret lie; made when missing.
        database_url: SQLAlchemy address, `sqlite:///…` or `postgresql+psycopg://…`.
            Default: `guicheng.db` in `data_dir`.
        secret: key of sessions and form tokens, at least 32 characters. Default: a random one, kept in
            `data_dir/secret`, readable by its owner only.
        max_upload_bytes: size of one attachment (`GUICHENG_MAX_UPLOAD_MIB`, in MiB).
        session_hours: how long a sign-in lasts.
        secure_cookies: cookies go over HTTPS only. On unless the server is a demo.
        log_level: DEBUG, INFO, WARNING or ERROR.
        language: language of a page when the visitor has chosen none, zh-CN or en.
        demo: demo people are shown on the sign-in page. Never on a server that real people use.
        timezone: zone in which limits are counted.
        second_factor: who needs a second factor to sign in: nobody (optional), admins, or everybody.
        shortest_password: characters of a password, 8 to 64.
        oidc_issuer: address of a server that signs people in (OpenID Connect), "" for none; with
            `oidc_client_id`, `oidc_client_secret` ("" for a public client), and `oidc_name`, its name on the
            page.
        virus_scanner: who looks at uploads before they are kept: `clamd:/run/clamav/clamd.ctl`,
            `clamd:host:3310`, or `command:` and a program that is given a path and ends with 0 for a clean
            file, with 1 for an infected one. Empty: nobody.
        keep_unscanned: whether uploads are kept, marked, while the scanner gives no answer; else refused.
    """

    data_dir: Path
    database_url: str
    secret: str
    max_upload_bytes: int = 50 * _MIB
    session_hours: int = 8
    secure_cookies: bool = True
    log_level: str = "INFO"
    language: str = "zh-CN"
    demo: bool = False
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    second_factor: SecondFactorRule = "optional"
    shortest_password: int = 10
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""
    virus_scanner: str = ""
    keep_unscanned: bool = False

    @classmethod
    def load(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings from `env`; make the data directory and the secret on first use.

        Raises:
            SettingsError: a value cannot be used, or a `GUICHENG_` variable is unknown.
        """
        _refuse_unknown(env)
        read = _Reader(env)
        data_dir = read.folder("DATA_DIR", "data")
        demo = read.flag("DEMO", default=False)
        return cls(
            data_dir=data_dir,
            database_url=read.database_url("DATABASE_URL", f"sqlite:///{data_dir / 'guicheng.db'}"),
            secret=read.secret("SECRET", data_dir),
            max_upload_bytes=read.number("MAX_UPLOAD_MIB", 50, 1, 1024) * _MIB,
            session_hours=read.number("SESSION_HOURS", 8, 1, 24 * 14),
            secure_cookies=read.flag("SECURE_COOKIES", default=not demo),
            log_level=read.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
            language=read.choice("LANGUAGE", "zh-CN", LANGUAGES),
            demo=demo,
            timezone=read.zone("TIMEZONE", "Asia/Shanghai"),
            second_factor=read.second_factor("SECOND_FACTOR"),
            shortest_password=read.number("SHORTEST_PASSWORD", 10, 8, 64),
            oidc_issuer=(issuer := read.issuer("OIDC_ISSUER")),
            oidc_client_id=read.needed("OIDC_CLIENT_ID", issuer),
            oidc_client_secret=read.text("OIDC_CLIENT_SECRET", ""),
            oidc_name=read.text("OIDC_NAME", ""),
            virus_scanner=read.scanner("VIRUS_SCANNER"),
            keep_unscanned=read.flag("KEEP_UNSCANNED", default=False),
        )

    def __repr__(self) -> str:
        """Leave out what must not reach a log: the secret and the password of the database."""
        return f"Settings(data_dir={str(self.data_dir)!r}, demo={self.demo}, language={self.language!r})"


KNOWN: Final = (
    "GUICHENG_DATABASE_URL",
    "GUICHENG_DATA_DIR",
    "GUICHENG_DEMO",
    "GUICHENG_KEEP_UNSCANNED",
    "GUICHENG_LANGUAGE",
    "GUICHENG_LOG_LEVEL",
    "GUICHENG_MAX_UPLOAD_MIB",
    "GUICHENG_OIDC_CLIENT_ID",
    "GUICHENG_OIDC_CLIENT_SECRET",
    "GUICHENG_OIDC_ISSUER",
    "GUICHENG_OIDC_NAME",
    "GUICHENG_SECOND_FACTOR",
    "GUICHENG_SECRET",
    "GUICHENG_SECURE_COOKIES",
    "GUICHENG_SESSION_HOURS",
    "GUICHENG_SHORTEST_PASSWORD",
    "GUICHENG_TIMEZONE",
    "GUICHENG_VIRUS_SCANNER",
)


def _refuse_unknown(env: Mapping[str, str]) -> None:
    # A misspelt GUICHENG_DATABSE_URL would otherwise start an empty office without a word.
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in KNOWN:
            raise SettingsError(name, env[name], f"No setting has this name. Known: {', '.join(KNOWN)}.")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one variable at a time. An empty value counts as not set."""

    env: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.env.get(PREFIX + name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        found = self.text(name, str(default).lower())
        if found.lower() not in _FLAGS:
            raise self._refusal(name, "Write true or false.")
        return _FLAGS[found.lower()]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        found = self.text(name, str(default))
        if not (found.isascii() and found.isdigit() and least <= int(found) <= most):
            raise self._refusal(name, f"Write a whole number from {least} to {most}.")
        return int(found)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        found = self.text(name, default)
        if found not in allowed:
            raise self._refusal(name, f"Write one of: {', '.join(allowed)}.")
        return found

    def second_factor(self, name: str) -> SecondFactorRule:
        found = self.choice(name, "optional", SECOND_FACTOR_RULES)
        return next(rule for rule in SECOND_FACTOR_RULES if rule == found)

    def issuer(self, name: str) -> str:
        found = self.text(name, "")
        local = found.startswith(("http://127.0.0.1:", "http://localhost:"))
        if found and not (found.startswith("https://") or local):
            raise self._refusal(
                name, "Write the address of the issuer: https://… (http only on this machine)."
            )
        return found

    def needed(self, name: str, where: str) -> str:
        found = self.text(name, "")
        if where and not found:
            raise self._refusal(name, "Write what the issuer calls this server.")
        return found

    def zone(self, name: str, default: str) -> ZoneInfo:
        try:
            return ZoneInfo(self.text(name, default))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise self._refusal(name, "Write a name of the IANA database, such as Asia/Shanghai.") from error

    def database_url(self, name: str, default: str) -> str:
        found = self.text(name, default)
        if not found.startswith(_DATABASES):
            raise self._refusal(
                name, f"Write an address that begins with {' or '.join(_DATABASES)}.", hidden=True
            )
        if found.startswith("sqlite") and (found == "sqlite:///" or ":memory:" in found):
            raise self._refusal(name, "Name a file: cases must outlive the process.")
        return found

    def scanner(self, name: str) -> str:
        found = self.text(name, "")
        kind, _, rest = found.partition(":")
        clamd = kind == "clamd" and (rest.startswith("/") or rest.rpartition(":")[2].isdigit())
        if found and not clamd and not (kind == "command" and rest.strip()):
            raise self._refusal(
                name, "Write clamd:/run/clamav/clamd.ctl, clamd:host:3310 or command:/usr/bin/clamscan."
            )
        return found

    def folder(self, name: str, default: str) -> Path:
        path = Path(self.text(name, default)).expanduser().absolute()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refusal(
                name, f"Name a folder that can be made and written: {error.strerror}."
            ) from error
        return path

    def secret(self, name: str, data_dir: Path) -> str:
        found = self.text(name, "") or _kept_secret(data_dir / "secret")
        if len(found) < _SECRET_LENGTH:
            raise self._refusal(name, f"Write at least {_SECRET_LENGTH} characters, or nothing.", hidden=True)
        return found

    def _refusal(self, name: str, remedy: str, *, hidden: bool = False) -> SettingsError:
        return SettingsError(PREFIX + name, "***" if hidden else self.env.get(PREFIX + name, ""), remedy)


def _kept_secret(path: Path) -> str:
    # O_EXCL: of two processes that start at once, one makes the secret and the other reads it.
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(_SECRET_LENGTH))
    return path.read_text("utf-8").strip()
