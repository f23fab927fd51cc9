"""The virus scanner of the house: every upload is shown to it before it is kept."""

from __future__ import annotations

import logging
import shlex
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Literal, Protocol

log = logging.getLogger(__name__)
State = Literal["", "clean", "infected", "unscanned", "unreachable"]
SECONDS = 60
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Scan:
    """What came of looking at a file: "clean"; "infected" with what was found; "unscanned" when the scanner
    could not be asked and files are kept all the same, "unreachable" when they are not; "" without a
    scanner."""

    state: State
    found: str = ""


class Scanner(Protocol):
    """Looks at the bytes of a file."""

    def look(self, content: bytes) -> Scan:
        """What the scanner says; never raises."""


class ScannerSilent(Exception):
    """The scanner gave no answer that could be understood."""


@dataclass(frozen=True, slots=True)
class NoScanner:
    """An installation that has none."""

    def look(self, content: bytes) -> Scan:
        """Nothing is known."""
        return Scan("")


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks a scanner; where it gives no answer, `keep` says whether files are kept unscanned."""

    ask: Clamd | Command
    keep: bool

    def look(self, content: bytes) -> Scan:
        """What the scanner says, or that it said nothing."""
        try:
            found = self.ask.found(content)
        except (OSError, ScannerSilent, subprocess.SubprocessError) as error:
            log.error("the virus scanner gave no answer: %s", error)
            return Scan("unscanned" if self.keep else "unreachable")
        return Scan("infected", found) if found else Scan("clean")


@dataclass(frozen=True, slots=True)
class Clamd:
    """A clamd that listens on a socket of this machine (`address` is a path) or on `host:port`."""

    address: str

    def found(self, content: bytes) -> str:
        """Name of what was found, "" for nothing. Raises OSError, ScannerSilent."""
        with self._connect() as line:
            line.sendall(b"zINSTREAM\0")
            for at in range(0, len(content), _CHUNK):
                part = content[at : at + _CHUNK]
                line.sendall(len(part).to_bytes(4, "big") + part)
            line.sendall(bytes(4))
            said = b"".join(iter(lambda: line.recv(4096), b"")).rstrip(b"\0\n").decode("utf-8", "replace")
        if said.endswith(" FOUND"):
            return said.removeprefix("stream: ").removesuffix(" FOUND")
        if said != "stream: OK":
            raise ScannerSilent(said[:200] or "it closed the connection")
        return ""

    def _connect(self) -> socket.socket:
        if self.address.startswith("/"):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.settimeout(SECONDS)
                line.connect(self.address)
            except OSError:
                line.close()
                raise
            return line
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=SECONDS)


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is given the path of a copy of the file: it ends with 0 when the file is clean and with
    1 when something was found, as clamscan does."""

    words: tuple[str, ...]

    def found(self, content: bytes) -> str:
        """The last line that the program said, "" for nothing found. Raises OSError, ScannerSilent."""
        with tempfile.NamedTemporaryFile(prefix="scan-") as copy:
            copy.write(content)
            copy.flush()
            done = subprocess.run(
                [*self.words, copy.name], capture_output=True, timeout=SECONDS, check=False, text=True
            )
        if done.returncode == 0:
            return ""
        lines = done.stdout.strip().splitlines()
        if done.returncode != 1:
            raise ScannerSilent(f"it ended with {done.returncode}: {done.stderr.strip()[:200]}")
        return (lines[0] if lines else "").replace(copy.name, "").strip(": ")[:200] or "?"


def scanner(setting: str, *, keep_unscanned: bool) -> Scanner:
    """The scanner that a setting names: `clamd:/run/clamav/clamd.ctl`, `clamd:host:3310`, or
    `command:/usr/bin/clamscan --no-summary`; "" for none. Raises ValueError where it names none of these."""
    kind, _, rest = setting.partition(":")
    if not setting:
        return NoScanner()
    if kind == "clamd" and (rest.startswith("/") or rest.rpartition(":")[2].isdigit()):
        return Asking(Clamd(rest), keep_unscanned)
    words = tuple(shlex.split(rest)) if kind == "command" else ()
    if words:
        return Asking(Command(words), keep_unscanned)
    raise ValueError(setting)
