"""The virus scanner: what it says decides; when it says nothing, the setting decides."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.services import attachments
from server.services.attachments import FileStore
from server.services.scanning import Scan, scanner
from tests.services.conftest import Office

BAD = b"X5O!P%@AP-not-the-real-one"


@contextmanager
def clamd(path: Path, answer: bytes = b"") -> Iterator[str]:
    """A daemon that speaks INSTREAM, once for each connection: finds BAD, or gives always one answer."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                line.sendall(answer or _verdict(_read_stream(line)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"clamd:{path}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))
        assert part, "the stream ended early"
        data += part
    return data


def _read_stream(line: socket.socket) -> bytes:
    assert _exactly(line, 10) == b"zINSTREAM\0"
    data = b""
    while size := int.from_bytes(_exactly(line, 4), "big"):
        data += _exactly(line, size)
    return data


def _verdict(data: bytes) -> bytes:
    return b"stream: Eicar-Test FOUND\0" if BAD in data else b"stream: OK\0"


def test_clamd_is_asked_with_the_whole_file(tmp_path: Path) -> None:
    """Also when it comes in several parts."""
    with clamd(tmp_path / "s") as setting:
        asked = scanner(setting, keep_unscanned=False)
        assert asked.look(b"%PDF") == Scan("clean")
        assert asked.look(bytes(200_000) + BAD) == Scan("infected", "Eicar-Test")


@pytest.mark.parametrize(("keep", "state"), [(True, "unscanned"), (False, "unreachable")])
def test_a_scanner_that_gives_no_answer(tmp_path: Path, keep: bool, state: str) -> None:
    """Nobody listens, or it says that it failed."""
    assert scanner(f"clamd:{tmp_path / 'nobody'}", keep_unscanned=keep).look(b"x").state == state
    with clamd(tmp_path / "s", b"INSTREAM size limit exceeded. ERROR\0") as setting:
        assert scanner(setting, keep_unscanned=keep).look(b"").state == state


def test_a_command_is_asked_by_its_exit_status(tmp_path: Path) -> None:
    """As clamscan: 0 clean, 1 found, anything else a failure."""
    program = tmp_path / "scan"
    program.write_text(
        '#!/bin/sh\ngrep -q BAD "$2" && echo "$2: Eicar FOUND" && exit 1\n'
        'grep -q BROKEN "$2" && exit 2\nexit 0\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    asked = scanner(f"command:{program} --quiet", keep_unscanned=True)
    assert asked.look(b"good") == Scan("clean")
    assert asked.look(b"BAD") == Scan("infected", "Eicar FOUND")
    assert asked.look(b"BROKEN").state == "unscanned"


@pytest.mark.parametrize("setting", ["clamav", "clamd:", "command:", "clamd:host"])
def test_a_setting_that_names_no_scanner(setting: str) -> None:
    """It is refused where the server starts."""
    with pytest.raises(ValueError, match=setting):
        scanner(setting, keep_unscanned=False)


@pytest.mark.parametrize(
    ("scan", "problem"), [("infected", "found something"), ("unreachable", "cannot be reached")]
)
def test_what_the_scanner_keeps_out_is_nowhere(office: Office, scan: str, problem: str) -> None:
    """Neither the file nor a row of it; what was not scanned is kept and marked."""

    class Says:
        state = scan

        def look(self, content: bytes) -> Scan:
            return Scan(self.state)  # type: ignore[arg-type]

    says = Says()
    office.files = FileStore(office.files.root, says)
    with office.database.write() as session:
        who = office.people["zhoumin"]
        given = attachments.store(
            session, office.files, who, "start:x", "f", "a.pdf", b"x", office.now, limit=9
        )
    assert problem in given.problem
    assert office.rows("select * from attachment") == []
    assert not list(office.files.root.rglob("*"))
    says.state = "unscanned"
    with office.database.write() as session:
        office.attach(session, "zhoumin", "start:x", "f")
    assert office.rows("select scan from attachment") == [{"scan": "unscanned"}]
