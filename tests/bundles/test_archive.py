"""A bundle is the same as a folder, in memory and as a zip, and a zip the same wherever it is written."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.bundles.archive import (
    MAX_FILE,
    ArchiveRefused,
    Bundle,
    checksums,
    read_folder,
    read_zip,
    repository_path,
    write_folder,
    write_zip,
)
from tests.bundles.small import MANIFEST, bundle, diagram, files
from tests.engine.bpmn.diagrams import END, START, bpmn, task

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
PATHS = st.one_of(
    NAMES.map("bpmn/{}.bpmn".format),
    NAMES.map("dmn/{}.dmn".format),
    NAMES.map("forms/{}.form".format),
    st.tuples(NAMES, NAMES).map(lambda n: f"scenarios/{n[0]}/{n[1]}.yaml"),
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(PATHS, st.binary(max_size=200), max_size=12))
def test_zip_round_trip(content: dict[str, bytes]) -> None:
    packed = Bundle({**content, "jurisdiction.toml": MANIFEST})
    data = write_zip(packed)
    assert dict(read_zip(data).files) == dict(packed.files)
    assert read_zip(data).digest == packed.digest
    backwards = Bundle(dict(reversed(list(packed.files.items()))))
    assert write_zip(backwards) == data


def test_folder_round_trip(tmp_path: Path) -> None:
    town = bundle()
    write_folder(town, tmp_path)
    assert (tmp_path / "bpmn/town/jurisdiction.toml").is_file()
    assert (tmp_path / "tests/scenarios/town/leave/large.yaml").is_file()
    (tmp_path / "bpmn/town/README.md").write_text("passed over")
    again = read_folder(tmp_path, "town")
    assert dict(again.files) == dict(town.files)
    assert again.digest == town.digest


def test_digest_tells_content_and_name() -> None:
    digests = {
        bundle().digest,
        bundle(bpmn=diagram().replace(b"start", b"begin")).digest,
        Bundle({k.replace("leave.bpmn", "other.bpmn"): v for k, v in files().items()}).digest,
    }
    assert len(digests) == 3


def test_zip_is_sorted_and_timeless() -> None:
    with zipfile.ZipFile(BytesIO(write_zip(bundle()))) as archive:
        names = archive.namelist()
        assert names == [*sorted(files()), "CHECKSUMS"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("CHECKSUMS") == checksums(files())


def test_only_shared_files_that_are_used_come_along(tmp_path: Path) -> None:
    call = bpmn(
        START + task("a", 'calledElement="shared.panel"', "", "callActivity") + END,
        "start>a a>end",
        process="town.leave",
    )
    write_folder(bundle(bpmn=call), tmp_path)
    shared = tmp_path / "bpmn/shared"
    shared.mkdir()
    inner = (
        START
        + task("t", 'camunda:formRef="shared.f"')
        + task("c", 'calledElement="shared.last"', "", "callActivity")
    )
    (shared / "panel.bpmn").write_bytes(bpmn(inner + END, "start>t t>c c>end", process="shared.panel"))
    (shared / "panel.outline.txt").write_text("process shared.panel\n")
    (shared / "last.bpmn").write_bytes(bpmn(START + END, "start>end", process="shared.last"))
    (shared / "unused.bpmn").write_bytes(bpmn(START + END, "start>end", process="shared.unused"))
    forms = tmp_path / "forms/shared"
    forms.mkdir()
    group = '{"type": "group", "id": "g", "components": [], "properties": {"include": "shared.block"}}'
    (forms / "f.form").write_text(f'{{"type": "default", "id": "shared.f", "components": [{group}]}}')
    (forms / "block.form").write_text('{"type": "default", "id": "shared.block", "components": []}')
    (forms / "spare.form").write_text('{"type": "default", "id": "shared.spare", "components": []}')
    found = [path for path in read_folder(tmp_path, "town").files if "/shared/" in path]
    assert found == [
        "bpmn/shared/last.bpmn",
        "bpmn/shared/panel.bpmn",
        "bpmn/shared/panel.outline.txt",
        "forms/shared/block.form",
        "forms/shared/f.form",
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("jurisdiction.toml", "bpmn/town/jurisdiction.toml"),
        ("bpmn/a.bpmn", "bpmn/town/a.bpmn"),
        ("bpmn/shared/a.bpmn", "bpmn/shared/a.bpmn"),
        ("scenarios/a/b.yaml", "tests/scenarios/town/a/b.yaml"),
    ],
)
def test_places_in_a_repository(path: str, place: str) -> None:
    assert repository_path(path, "town") == place


@pytest.mark.parametrize("name", ["../town", "Town", "", "a/b", "."])
def test_names_that_are_no_jurisdiction(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read_folder(tmp_path, name)
    assert refused.value.finding.code == "bundle-id"


def test_folders_are_read_as_carefully_as_zips(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match=r"There is no bpmn/town/jurisdiction\.toml"):
        read_folder(tmp_path, "town")
    write_folder(bundle(), tmp_path)
    link = tmp_path / "dmn/town/secret.dmn"
    link.symlink_to("/etc/passwd")
    with pytest.raises(ArchiveRefused, match="not a plain file"):
        read_folder(tmp_path, "town")
    link.unlink()
    link.write_bytes(b"x" * (MAX_FILE + 1))
    with pytest.raises(ArchiveRefused, match="has more than"):
        read_folder(tmp_path, "town")


def test_checksums_are_held_to() -> None:
    data = write_zip(bundle())
    with pytest.raises(ArchiveRefused, match=r"CHECKSUMS of the zip name: jurisdiction\.toml"):
        read_zip(_changed(data))


def _changed(data: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, content + b"#" if entry.filename == "jurisdiction.toml" else content)
    return packed.getvalue()
