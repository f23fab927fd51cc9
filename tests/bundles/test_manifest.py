"""A manifest is read whole, or refused with the line or key."""

from __future__ import annotations

import subprocess
import sys

import pytest

from server.bundles.manifest import MAX_BYTES, ManifestRefused, read_manifest
from tests.bundles.small import MANIFEST


def test_small_manifest() -> None:
    manifest = read_manifest(MANIFEST)
    assert (manifest.id, manifest.name) == ("town", "某镇")
    assert manifest.groups["clerk"].scope == "unit"
    assert manifest.processes["town.leave"].started_by == ("clerk",)
    article = manifest.article("town#2")
    assert article is not None
    assert article.title == "分级"
    assert manifest.article("town#9") is None
    assert manifest.article("other#2") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("format = 1", "format = 2", "$.format"),
        ('scope = "unit"', 'scope = "town"', "$.group[0].scope"),
        ('number = "', 'nmber = "', "nmber"),
        ('id = "head"', 'id = "clerk"', "the id clerk stands twice"),
        ("[[group]]", "[[group]", "line 5"),
        ('name = "某镇"', "", "name"),
        ("manual = true", 'manual = "yes"', "$.regulation[0].articles[0].manual"),
    ],
)
def test_mistakes_are_placed(old: str, new: str, told: str) -> None:
    with pytest.raises(ManifestRefused) as refused:
        read_manifest(MANIFEST.decode().replace(old, new, 1).encode())
    assert told in refused.value.finding.text()
    assert refused.value.finding.file == "jurisdiction.toml"
    assert refused.value.finding.help()


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x = " + b"[" * 50_000, b"#" * (MAX_BYTES + 1)])
def test_what_is_no_manifest(data: bytes) -> None:
    with pytest.raises(ManifestRefused):
        read_manifest(data)


FIRST_MEETING = """
import os, sys, threading
from server.bundles.manifest import read_manifest
from tests.bundles.small import MANIFEST
together = threading.Barrier(8)
def read():
    together.wait()
    read_manifest(MANIFEST)
def meet():
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=read) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
for _ in range(30):
    child = os.fork()
    if child == 0:
        meet()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Processes that have all modules and have read nothing yet, as a server at its start."""


def test_threads_that_read_their_first_manifest_at_once() -> None:
    """The library crashed the interpreter here, in one of three new processes: several wake-ups that were
    due at the start of a server each read their deployment."""
    told = subprocess.run([sys.executable, "-c", FIRST_MEETING], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["0"] * 30
