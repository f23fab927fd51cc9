"""The manifest of a jurisdiction (`jurisdiction.toml`): its front door, read whole or refused with
the place."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec

from server.bundles.papers import Document, Register
from server.engine.model import Finding

FILE = "jurisdiction.toml"
MAX_BYTES = 512 * 1024
SHORTEST_REASON = 10
"""Characters that a reason for an exception has at least."""
Scope = Literal["installation", "unit", "case"]
LegalStatus = Literal["in_force", "draft", "expired"]
Rule = Literal["", "allowed", "warned", "refused"]


class ManifestRefused(ValueError):
    """The manifest cannot be read; the finding names line or key and what to write there."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text())
        self.finding = finding


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the manifest: a key that nobody reads is a mistake of the writer, so it is
    refused."""


T = TypeVar(
    "T", "Group", "ProcessEntry", "ClockStop", "Regulation", "Reading", "Word", "Register", "Document",
    "SecretFile",
)  # fmt: skip


class Lights(_Part, frozen=True):
    """When lights change. `overdue_told` are the groups that hear of a limit that has passed, beside those
    who have the step; where it names none, the heads of their bodies do."""

    yellow_when_left: str = "1 working day"
    overdue_told: tuple[str, ...] = ()


class Separation(_Part, frozen=True):
    """职责分离: whether one person may do what two should. `own_application`: whoever started a case decides
    in it; `consecutive_steps`: whoever did a step does the next one too. A process that leaves a rule ""
    takes that of the jurisdiction, where "" is allowed."""

    own_application: Rule = ""
    consecutive_steps: Rule = ""


class Reopening(_Part, frozen=True):
    """重新办理: whether ended cases are taken up again in a new one, and by which groups; where `by` names
    none, by whoever began the case, the leader of its unit, and admins. A process without it takes that of
    the jurisdiction."""

    allowed: bool = True
    by: tuple[str, ...] = ()


class PastProjects(_Part, frozen=True):
    """补录: which groups, beside administrators, enter projects that were under way before the system came,
    and what their documents say."""

    by: tuple[str, ...] = ()


class Group(_Part, frozen=True):
    """A body that acts. `scope` says which people the group means in a case: those of the whole
    installation, those of the case's own unit, or those the case itself names."""

    id: str
    name: str
    name_en: str = ""
    scope: Scope = "installation"
    parent: str = ""
    regulation: str = ""


class ProcessEntry(_Part, frozen=True):
    """A process as people meet it: its place in the menu, its number scheme (`{year}`, `{n}`), who
    may start it.

    `title` names the variable that tells one case from another. When a case ends
    with one of `outcome_facts`, that outcome (`in_library` = true) and the variables named by
    `facts` become facts of its project, for later cases to read instead of asking. Limits: `promised` is the
    office's own word, `statutory` names the decision that sets it.
    """

    id: str
    name: str
    name_en: str = ""
    category: str = ""
    category_en: str = ""
    number: str = ""
    started_by: tuple[str, ...] = ()
    called: bool = False
    title: str = ""
    promised: str = ""
    statutory: str = ""
    extension: str = ""
    print: str = ""
    regulation: str = ""
    facts: tuple[str, ...] = ()
    outcome_facts: tuple[str, ...] = ()
    separation: Separation = Separation()
    reopening: Reopening | None = None


class ClockStop(_Part, frozen=True):
    """A legal ground on which time does not count. `by` are the groups that may stop the clock for it; where
    it names none, those may who hold a step of the case."""

    id: str
    name: str
    name_en: str = ""
    basis: str = ""
    by: tuple[str, ...] = ()


class Article(_Part, frozen=True):
    """An article of a regulation. `manual` articles are not modelled, for the `reason` given. `figures` are
    the amounts, shares, limits and days it names (`bundles.figures`); tables that cite it keep to them."""

    id: str
    title: str = ""
    manual: bool = False
    reason: str = ""
    figures: tuple[str, ...] = ()


class Regulation(_Part, frozen=True):
    """An instrument: where its law stands, and every article that must be accounted for. An administrator's
    exception lets cases begin under one that is not in force, to the day `excepted_until`, for a reason."""

    id: str
    title: str
    title_en: str = ""
    number: str = ""
    date: dt.date | None = None
    effective: dt.date | None = None
    expires: dt.date | None = None
    status: LegalStatus = "in_force"
    excepted_until: dt.date | None = None
    excepted_reason: str = ""
    source: str = ""
    articles: tuple[Article, ...] = ()


class Reading(_Part, frozen=True):
    """A place where the text can be understood in two ways: the way taken, and the other one. `figures` are
    those that the way taken adds to the text."""

    id: str
    text: str
    text_en: str = ""
    alternative: str = ""
    alternative_en: str = ""
    regulation: str = ""
    figures: tuple[str, ...] = ()


class SecretFile(_Part, frozen=True):
    """The files of a form's field (its key is the `id`) that only the `readers`, groups of the manifest, and
    whoever gave them may see: everybody else learns that something is withheld."""

    id: str
    readers: tuple[str, ...]
    regulation: str = ""


class Word(_Part, frozen=True):
    """A value word of decisions (`construction`) as people read it."""

    id: str
    name: str
    name_en: str = ""


class _File(_Part, frozen=True):
    format: Literal[1]
    id: str
    name: str
    name_en: str = ""
    division_code: str = ""
    timezone: Literal["Asia/Shanghai"] = "Asia/Shanghai"
    calendar: Literal["cn"] = "cn"
    letterhead: str = ""
    schedule: str = ""
    two_person_release: bool = False
    lights: Lights = Lights()
    separation: Separation = Separation()
    reopening: Reopening = Reopening()
    past_projects: PastProjects = PastProjects()
    group: tuple[Group, ...] = ()
    process: tuple[ProcessEntry, ...] = ()
    clock_stop: tuple[ClockStop, ...] = ()
    regulation: tuple[Regulation, ...] = ()
    reading: tuple[Reading, ...] = ()
    word: tuple[Word, ...] = ()
    register: tuple[Register, ...] = ()
    document: tuple[Document, ...] = ()
    secret_file: tuple[SecretFile, ...] = ()


_PREPARED = msgspec.json.Decoder(_File)
"""msgspec describes a type to itself when it first meets it, and two threads that do so at once crash the
interpreter. Here it happens while the module is imported, which one thread does."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A jurisdiction: its bodies, its processes as people meet them, its regulations and their
    readings, by id. `schedule` is the decision that says what begins on which day (see `duties`);
    `two_person_release` asks a second person to agree before new cases use another deployment."""

    id: str
    name: str
    name_en: str
    division_code: str
    letterhead: str
    lights: Lights
    groups: Mapping[str, Group]
    processes: Mapping[str, ProcessEntry]
    clock_stops: Mapping[str, ClockStop]
    regulations: Mapping[str, Regulation]
    readings: Mapping[str, Reading] = field(default_factory=dict)
    words: Mapping[str, Word] = field(default_factory=dict)
    schedule: str = ""
    registers: Mapping[str, Register] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    two_person_release: bool = False
    secret_files: Mapping[str, SecretFile] = field(default_factory=dict)
    separation: Separation = field(default_factory=Separation)
    reopening: Reopening = field(default_factory=Reopening)
    past_projects: PastProjects = field(default_factory=PastProjects)

    def reopening_of(self, process_key: str) -> Reopening:
        """Who takes up ended cases of a process again: its own rule, else that of the jurisdiction."""
        entry = self.processes.get(process_key)
        return (entry.reopening if entry else None) or self.reopening

    def separation_of(self, process_key: str) -> Separation:
        """The rules of a process: its own, else those of the jurisdiction, else everything is allowed."""
        entry = self.processes.get(process_key)
        own = entry.separation if entry else Separation()
        return Separation(
            own_application=own.own_application or self.separation.own_application or "allowed",
            consecutive_steps=own.consecutive_steps or self.separation.consecutive_steps or "allowed",
        )

    def article(self, citation: str) -> Article | None:
        """The article that a citation (`hongshan#12.1`) names, or None if there is none."""
        document, _, article_id = citation.partition("#")
        regulation = self.regulations.get(document)
        articles = regulation.articles if regulation else ()
        return next((article for article in articles if article.id == article_id), None)


def manifest_among(files: Mapping[str, bytes]) -> Manifest:
    """The manifest among the files of a bundle. Raises ManifestRefused, also where there is none."""
    if FILE not in files:
        raise _refused(FILE, "there is none", "", "Put jurisdiction.toml back.")
    return read_manifest(files[FILE])


def read_manifest(content: bytes, file: str = FILE) -> Manifest:
    """Read a manifest. Raises ManifestRefused naming the line of a syntax error or the key of a
    wrong value."""
    if len(content) > MAX_BYTES:
        raise _refused(file, f"it has {len(content)} bytes; at most {MAX_BYTES} are read", "", "Shorten it.")
    try:
        parsed = msgspec.convert(tomllib.loads(content.decode("utf-8")), _File)
    except UnicodeDecodeError as error:
        raise _refused(
            file, "the file is not UTF-8 text", f"byte {error.start}", "Save it as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise _refused(file, str(error), "", "Correct the line that is named.") from error
    except RecursionError as error:
        raise _refused(file, "it is nested too deep", "", "Take brackets out.") from error
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise _refused(file, what, where.strip("`"), "Correct the key that is named.") from error
    for law in parsed.regulation:
        _look_at_exception(law, file)
    return Manifest(
        id=parsed.id,
        name=parsed.name,
        name_en=parsed.name_en,
        division_code=parsed.division_code,
        letterhead=parsed.letterhead,
        lights=parsed.lights,
        groups=_by_id(parsed.group, "group", file),
        processes=_by_id(parsed.process, "process", file),
        clock_stops=_by_id(parsed.clock_stop, "clock_stop", file),
        regulations=_by_id(parsed.regulation, "regulation", file),
        readings=_by_id(parsed.reading, "reading", file),
        words=_by_id(parsed.word, "word", file),
        schedule=parsed.schedule,
        registers=_by_id(parsed.register, "register", file),
        documents=_by_id(parsed.document, "document", file),
        two_person_release=parsed.two_person_release,
        secret_files=_by_id(parsed.secret_file, "secret_file", file),
        separation=parsed.separation,
        reopening=parsed.reopening,
        past_projects=parsed.past_projects,
    )


def _look_at_exception(law: Regulation, file: str) -> None:
    reason = law.excepted_reason.strip()
    wanted = law.excepted_until is not None or bool(reason)
    if wanted and (law.excepted_until is None or len(reason) < SHORTEST_REASON):
        what = f"an exception needs its last day and a reason of at least {SHORTEST_REASON} characters"
        remedy = "Give both excepted_until and excepted_reason, or take both out."
        raise _refused(file, what, f"[[regulation]] {law.id}", remedy)


def _by_id(parts: Sequence[T], table: str, file: str) -> dict[str, T]:
    found: dict[str, T] = {}
    for part in parts:
        if part.id in found:
            raise _refused(file, f"the id {part.id} stands twice", f"[[{table}]]", "Give each its own id.")
        found[part.id] = part
    return found


def _refused(file: str, what: str, where: str, remedy: str) -> ManifestRefused:
    return ManifestRefused(
        Finding(
            level="error",
            code="manifest",
            message="The manifest cannot be read: {what} {where}",
            params={"what": what, "where": where},
            remedy=remedy,
            file=file,
        )
    )
