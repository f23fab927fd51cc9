"""Files go into a draft and come back as they were, byte for byte: by zip, by folder, as they are saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.bundles import archive
from server.bundles.archive import Bundle
from server.services import authoring, authoring_files, identity
from server.services.authorization import Person
from server.store.database import Database
from tests.originals import Originals
from tests.services import lab as small

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
STEMS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
BYTES = st.binary(max_size=80) | st.text(max_size=60).map(lambda text: text.encode("utf-8"))
PATHS = st.one_of(
    STEMS.map("bpmn/{}.bpmn".format),
    STEMS.map("bpmn/shared/{}.bpmn".format),
    STEMS.map("dmn/{}.dmn".format),
    STEMS.map("forms/{}.form".format),
    st.tuples(STEMS, STEMS).map(lambda pair: f"scenarios/{pair[0]}/{pair[1]}.yaml"),
)
LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12), max_size=6)


@pytest.fixture(scope="module")
def database(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples."""
    with originals.copied("sqlite", tmp_path_factory.mktemp("drafts")) as url:
        opened = Database(url)
        with opened.write() as session:
            identity.add_jurisdiction(session, "lab", "Lab", NOW)
            identity.add_unit(session, "lab", "office", "Office")
            identity.add_person(session, "lab", "owner", "Olga", "", "office", ["process_owner"], "", NOW)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def owner(database: Database) -> Person:
    with database.read() as session:
        return identity.person_by_account(session, "lab", "owner")


FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(files=st.dictionaries(PATHS, BYTES, max_size=8))
def test_what_goes_in_comes_out(
    database: Database, owner: Person, tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    """Zip to draft to zip, draft to folder to bundle; laid out again, nothing is written."""
    whole = {**files, "jurisdiction.toml": small.manifest()}
    packed = archive.write_zip(Bundle(whole))
    with database.write() as session:
        draft = authoring.open_zip(session, owner, packed, "", "lab.zip", NOW)
        assert authoring.pack(session, owner, draft) == packed
        bundle = authoring.bundle(session, owner, draft)
        authoring.discard(session, owner, draft, NOW)
    assert dict(bundle.files) == whole
    root: Path = tmp_path_factory.mktemp("repository")
    written, removed = archive.lay_out(bundle, root)
    assert (len(written), removed) == (len(whole), ())
    for path, data in whole.items():
        assert (root / archive.repository_path(path, "lab")).read_bytes() == data
    assert archive.lay_out(bundle, root) == ((), ())


@FEW
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]))
def test_what_an_editor_sends_unchanged_changes_nothing(
    database: Database, owner: Person, lines: list[str], end: str
) -> None:
    """A browser makes CRLF of every line end of a text: the file keeps its own."""
    text = "".join(f"# {line}{end}" for line in lines)
    data = text.encode("utf-8") + small.manifest().replace(b"\n", end.encode())
    with database.write() as session:
        whole = Bundle({"jurisdiction.toml": data})
        draft = authoring.open_bundle(session, owner, whole, "", "lab", NOW)
        sent = data.decode("utf-8").replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8")
        saved = authoring_files.save(session, owner, draft, "jurisdiction.toml", sent, 1, NOW)
        assert saved == 1
        assert authoring.files(session, owner, draft) == {"jurisdiction.toml": data}
        authoring.discard(session, owner, draft, NOW)
