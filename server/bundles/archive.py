"""A bundle as a folder, in memory and as a zip: the same files in all three, safe to read from strangers."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from server.bundles.manifest import FILE as MANIFEST
from server.bundles.manifest import Manifest, manifest_among
from server.bundles.shared import used_shared_files
from server.engine.model import Finding

MAX_ARCHIVE = 20 * 1024 * 1024
MAX_TOTAL = 20 * 1024 * 1024
MAX_FILE = 4 * 1024 * 1024
MAX_FILES = 500
MAX_RATIO = 200

CHECKSUMS = "CHECKSUMS"
SHARED = "shared"

_NAME = r"[^\W.][\w.-]{0,99}"
_ALLOWED = re.compile(
    rf"{re.escape(MANIFEST)}"
    rf"|bpmn/(?:shared/)?{_NAME}(?:\.bpmn|\.outline\.txt)"
    rf"|dmn/(?:shared/)?{_NAME}\.dmn"
    rf"|forms/(?:shared/)?{_NAME}\.form"
    rf"|scenarios/(?:{_NAME}/){{0,3}}{_NAME}\.yaml"
)
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FOLDERS = {"bpmn": "bpmn", "dmn": "dmn", "forms": "forms", "scenarios": "tests/scenarios"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


class ArchiveRefused(ValueError):
    """A folder or zip that is no bundle; the finding names the entry and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text())
        self.finding = finding


@dataclass(frozen=True)
class Bundle:
    """The files of one jurisdiction by their path in the bundle (`bpmn/library_entry.bpmn`), the shared ones
    it uses included (`bpmn/shared/expert_panel.bpmn`)."""

    files: Mapping[str, bytes]

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest. Raises ManifestRefused, also where there is none."""
        return manifest_among(self.files)

    @property
    def id(self) -> str:
        """The id of the jurisdiction."""
        return self.manifest.id

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over names and contents: the same however the bundle was packed."""
        return hashlib.sha256(checksums(self.files)).hexdigest()

    @property
    def scenarios(self) -> Mapping[str, bytes]:
        """The scenario files."""
        return {path: data for path, data in self.files.items() if path.startswith("scenarios/")}


# --------------------------------------------------------------------------- folder
def read_folder(root: Path, jurisdiction: str) -> Bundle:
    """The bundle of a jurisdiction from a repository (`bpmn/<id>/…`, `dmn/<id>/…`, `forms/<id>/…`,
    `tests/scenarios/<id>/…`), with those of the shared files that it uses.

    Raises ArchiveRefused where there is none, or where a file is a link, too large or too many."""
    if not _ID.fullmatch(jurisdiction):
        raise _refused(
            "bundle-id", "{name} is no id of a jurisdiction.", "Use small letters.", name=jurisdiction
        )
    own = dict(_folder(root, jurisdiction))
    if MANIFEST not in own:
        raise _refused(
            "bundle-no-manifest",
            "There is no bpmn/{name}/jurisdiction.toml.",
            "Create it, or correct the name.",
            name=jurisdiction,
        )
    shared = dict(_folder(root, SHARED))
    files = own | used_shared_files(own, {k: v for k, v in shared.items() if not k.startswith("scenarios/")})
    return _bundle(files)


def fingerprint(root: Path, jurisdiction: str) -> str:
    """SHA-256 (hex) over all files from which the bundle of a jurisdiction is made, the shared ones that it
    may not even use included: while it stays the same, so does the bundle. Nothing is compiled for it."""
    files = dict(_folder(root, jurisdiction)) | dict(_folder(root, SHARED))
    return hashlib.sha256(checksums(files)).hexdigest()


def write_folder(bundle: Bundle, root: Path) -> None:
    """Lay a bundle out as a repository holds it; other files are left as they are."""
    for path, data in bundle.files.items():
        target = root / _repository_path(path, bundle.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def lay_out(bundle: Bundle, root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bring a repository's files of a jurisdiction to those of the bundle; gives what was written and what
    was removed, as paths in the repository. A file that is the same is not touched, so that version control
    shows only what changed. Of the shared files none is removed: other jurisdictions use them."""
    wanted = {_repository_path(path, bundle.id): data for path, data in bundle.files.items()}
    written = []
    for path, data in sorted(wanted.items()):
        target = root / path
        if target.is_symlink():
            raise _refused("bundle-link", "{name} is not a plain file.", "Remove the link.", name=path)
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        written.append(path)
    owned = (_repository_path(path, bundle.id) for path, _data in _folder(root, bundle.id))
    removed = sorted(set(owned) - wanted.keys())
    for path in removed:
        (root / path).unlink()
    return tuple(written), tuple(removed)


def is_bundle_path(path: str) -> bool:
    """Whether a file of this path belongs into a bundle."""
    return bool(_ALLOWED.fullmatch(path))


def unfit(sizes: Mapping[str, int], new: Mapping[str, bytes]) -> Finding | None:
    """Why files cannot be put into a bundle that holds files of these sizes (bytes by path); None where they
    can: a path that is none of a bundle or differs only in capitals, too much of anything."""
    merged = {**sizes, **{path: len(data) for path, data in new.items()}}
    folded = {path.casefold(): path for path in sizes}
    for path, data in new.items():
        if not is_bundle_path(path):
            return _unknown(path).finding
        if len(data) > MAX_FILE:
            return _too_large(path).finding
        if folded.get(path.casefold(), path) != path:
            return _twice(path).finding
    if sum(merged.values()) > MAX_TOTAL:
        return _too_much().finding
    return _too_many().finding if len(merged) > MAX_FILES else None


def repository_path(path: str, jurisdiction: str) -> str:
    """Where a file of a bundle lies in a repository: `bpmn/x.bpmn` is `bpmn/<id>/x.bpmn`."""
    return _repository_path(path, jurisdiction)


def _repository_path(path: str, jurisdiction: str) -> str:
    if path == MANIFEST:
        return f"bpmn/{jurisdiction}/{MANIFEST}"
    folder, _, rest = path.partition("/")
    owner = "" if rest.startswith(f"{SHARED}/") else f"{jurisdiction}/"
    return f"{_FOLDERS[folder]}/{owner}{rest}"


def _folder(root: Path, owner: str) -> Iterator[tuple[str, bytes]]:
    prefix = f"{SHARED}/" if owner == SHARED else ""
    for folder, place in _FOLDERS.items():
        base = root / place / owner
        for file in sorted(base.rglob("*")) if base.is_dir() else ():
            inner = unicodedata.normalize("NFC", file.relative_to(base).as_posix())
            path = MANIFEST if (folder, inner) == ("bpmn", MANIFEST) else f"{folder}/{prefix}{inner}"
            if _ALLOWED.fullmatch(path):
                yield path, _read_file(file, path)


def _read_file(file: Path, path: str) -> bytes:
    if file.is_symlink() or not file.is_file():
        raise _refused("bundle-link", "{name} is not a plain file.", "Put the file itself there.", name=path)
    if file.stat().st_size > MAX_FILE:
        raise _too_large(path)
    return file.read_bytes()


# --------------------------------------------------------------------------- zip
def write_zip(bundle: Bundle) -> bytes:
    """The bundle as a zip that is the same, byte for byte, wherever and whenever it is written.

    Entries are sorted and stored as they are: what compression makes of them differs between libraries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, data in [*sorted(bundle.files.items()), (CHECKSUMS, checksums(bundle.files))]:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return packed.getvalue()


def read_zip(data: bytes) -> Bundle:
    """The bundle in a zip of at most `MAX_ARCHIVE` bytes. Raises ArchiveRefused for anything that is not one:
    paths that lead elsewhere, links, entries twice or unknown, too much of anything, or other contents than
    its checksums say."""
    if len(data) > MAX_ARCHIVE:
        raise _refused(
            "bundle-too-large", "The zip has more than {limit} bytes.", "Leave files out.", limit=MAX_ARCHIVE
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _unpacked(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        if isinstance(error, ArchiveRefused):
            raise
        raise _refused(
            "bundle-not-zip",
            "The file is no zip that can be read: {why}.",
            "Make it with “guicheng bundle”.",
            why=error,
        ) from error
    said = files.pop(CHECKSUMS, None)
    if said is not None and said != checksums(files):
        raise _refused(
            "bundle-checksums",
            "The files are not those that the CHECKSUMS of the zip name: {names}.",
            "Make the zip again; do not edit it.",
            names=_differing(said, checksums(files)),
        )
    return _bundle(files)


def checksums(files: Mapping[str, bytes]) -> bytes:
    """The text of CHECKSUMS: a line `<sha256>  <path>` for each file, by path."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return "".join(lines).encode()


def _differing(said: bytes, found: bytes) -> str:
    lines = set(said.decode("utf-8", "replace").splitlines()) ^ set(found.decode().splitlines())
    return ", ".join(sorted({line.partition("  ")[2][:80] for line in lines})[:5])


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES + 1:
        raise _refused(
            "bundle-too-many", "The zip has more than {limit} entries.", "Leave files out.", limit=MAX_FILES
        )
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    total = 0
    for entry in entries:
        _check_entry(entry, seen)
        content = _content(archive, entry)
        total += len(content)
        if total > MAX_TOTAL:
            raise _too_much()
        files[entry.filename] = content
    return files


def _check_entry(entry: zipfile.ZipInfo, seen: set[str]) -> None:
    name = entry.filename
    shown = name[:80]
    if entry.orig_filename != name or name.startswith(("/", "\\")) or "\\" in name or ":" in name:
        raise _refused(
            "bundle-path", "{name} is not a path inside a bundle.", "Remove the entry.", name=shown
        )
    if ".." in name.split("/"):
        raise _refused("bundle-path", "{name} leads out of the bundle.", "Remove the entry.", name=shown)
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise _refused(
            "bundle-link", "{name} is a link or a device.", "Put the file itself there.", name=shown
        )
    if entry.flag_bits & 0x1:
        raise _refused(
            "bundle-encrypted", "{name} is encrypted.", "Make the zip without a password.", name=shown
        )
    if name != CHECKSUMS and not _ALLOWED.fullmatch(name):
        raise _unknown(name)
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded in seen:
        raise _twice(name)
    seen.add(folded)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """What an entry unpacks to, never more than a file may have, whatever its header says."""
    if entry.file_size > MAX_FILE or entry.file_size > MAX_RATIO * max(entry.compress_size, 1) + 4096:
        raise _too_large(entry.filename)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(
            "bundle-compression", "{name} is packed in an unusual way.", "Use plain zip.", name=entry.filename
        )
    with archive.open(entry) as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise _too_large(entry.filename)
    return content


# --------------------------------------------------------------------------- both
def _bundle(files: Mapping[str, bytes]) -> Bundle:
    if MANIFEST not in files:
        raise _refused(
            "bundle-no-manifest", "There is no jurisdiction.toml.", "Make the zip with “guicheng bundle”."
        )
    if sum(map(len, files.values())) > MAX_TOTAL:
        raise _too_much()
    if len(files) > MAX_FILES:
        raise _too_many()
    return Bundle(MappingProxyType({path: files[path] for path in sorted(files)}))


def _twice(path: str) -> ArchiveRefused:
    return _refused("bundle-twice", "{name} stands in the zip twice.", "Remove one of them.", name=path[:80])


def _too_much() -> ArchiveRefused:
    return _refused(
        "bundle-too-large", "The files have more than {limit} bytes.", "Leave some out.", limit=MAX_TOTAL
    )


def _too_many() -> ArchiveRefused:
    return _refused(
        "bundle-too-many", "There are more than {limit} files.", "Leave some out.", limit=MAX_FILES
    )


def _unknown(path: str) -> ArchiveRefused:
    return _refused(
        "bundle-unknown-entry",
        "{name} does not belong into a bundle.",
        "Remove it; a bundle holds bpmn, dmn, forms, scenarios and jurisdiction.toml.",
        name=path[:80],
    )


def _too_large(path: str) -> ArchiveRefused:
    return _refused(
        "bundle-too-large",
        "{name} has more than {limit} bytes, or unpacks to far more than it is.",
        "Split the file.",
        name=path[:80],
        limit=MAX_FILE,
    )


def _refused(code: str, message: str, remedy: str, **params: object) -> ArchiveRefused:
    return ArchiveRefused(Finding("error", code, message, params, remedy, file=str(params.get("name", ""))))
