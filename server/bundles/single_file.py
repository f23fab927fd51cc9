"""One file of a bundle by itself: what kind it is, whether it can be read at all, how its lines end."""

from __future__ import annotations

import tomllib
from pathlib import PurePosixPath

from server.bundles import located_yaml
from server.bundles.located_yaml import YamlRefused
from server.bundles.manifest import FILE as MANIFEST
from server.engine.forms import load_forms
from server.engine.model import Finding
from server.engine.xml import XmlRefused, parse_xml

_KINDS = {".bpmn": "diagram", ".dmn": "table", ".form": "form", ".yaml": "scenario", ".txt": "outline"}


def kind_of(path: str) -> str:
    """diagram, table, form, scenario, outline or manifest."""
    return "manifest" if path == MANIFEST else _KINDS.get(PurePosixPath(path).suffix, "manifest")


def unreadable(path: str, data: bytes) -> tuple[Finding, ...]:
    """Why a file cannot be read as what its name says; empty where it can. Whether it is right is for the
    checks to say."""
    kind = kind_of(path)
    if kind in ("diagram", "table"):
        return _xml(path, data)
    if kind == "form":
        return tuple(f for f in load_forms({path: data})[1] if f.code == "form.unreadable")
    if kind == "scenario":
        return _yaml(path, data)
    return _text(path, data)


def as_kept(data: bytes, before: bytes | None) -> bytes:
    """What a browser sent, with the line ends of the file as it was before (LF in a new one): browsers make
    CRLF of every line end of a text field, and version control would show every line as changed."""
    if before is not None and b"\r\n" in before:
        return data
    return data.replace(b"\r\n", b"\n") if b"\r\n" in data else data


def _xml(path: str, data: bytes) -> tuple[Finding, ...]:
    try:
        parse_xml(data, file=path)
    except XmlRefused as refused:
        return (refused.finding(),)
    return ()


def _yaml(path: str, data: bytes) -> tuple[Finding, ...]:
    try:
        located_yaml.read(data)
    except YamlRefused as refused:
        return (_unreadable(path, refused.reason, refused.line),)
    return ()


def _text(path: str, data: bytes) -> tuple[Finding, ...]:
    try:
        text = data.decode("utf-8")
        if kind_of(path) == "manifest":
            tomllib.loads(text)
    except UnicodeDecodeError:
        return (_unreadable(path, "the file is not UTF-8 text", 0),)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return (_unreadable(path, str(error), 0),)
    return ()


def _unreadable(path: str, reason: str, line: int) -> Finding:
    return Finding(
        "error", "file-unreadable", "The file cannot be read: {reason}", {"reason": reason},
        "Correct the line that is named.", file=path, line=line,
    )  # fmt: skip
