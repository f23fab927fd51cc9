"""A file sent to a jurisdiction by itself: a new bundle, the one in use with that file replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from sqlmodel import Session

from server.engine.model import Finding
from server.services import deployed, deployments
from server.services.authorization import Person, denied, may_deploy
from server.services.deployments import Outcome
from server.services.errors import DeploymentRejected

_FOLDERS = {".bpmn": "bpmn", ".dmn": "dmn", ".form": "forms"}
_NAME = re.compile(r"[^\W.][\w.-]{0,99}")


def deploy(
    session: Session, person: Person, tenant_id: str, files: Mapping[str, bytes], now: datetime, *,
    name: str, source: str,
) -> Outcome:  # fmt: skip
    """Deploy the bundle in use with these files in place of those of the same name; new ones are added.

    Raises NotFound where the jurisdiction has no bundle yet, DeploymentRejected where the new bundle breaks a
    rule, NotPermitted for people of other jurisdictions and without the right."""
    may_deploy(person).require()
    if person.tenant_id != tenant_id:
        denied("Only people of {tenant} may deploy there.", tenant=tenant_id).require()
    current = deployed.active(session, tenant_id).files
    changed = {_path(current, sent): data for sent, data in files.items()}
    return deployments.deploy(
        session, person, tenant_id, {**current, **changed}, now, name=name[:200], source=source[:200]
    )


def _path(current: Iterable[str], sent: str) -> str:
    """Where a file of this name lies in a bundle: its own files come before the shared ones."""
    name = PurePosixPath(sent.replace("\\", "/")).name
    same = sorted((path for path in current if PurePosixPath(path).name == name), key=lambda p: p.count("/"))
    if same:
        return same[0]
    folder = _FOLDERS.get(PurePosixPath(name).suffix)
    if folder is None or not _NAME.fullmatch(name):
        refusal = Finding(
            "error", "not-a-bundle-file", "{file} is no name of a diagram, decision or form.",
            {"file": name[:80]}, "Use letters, digits, _ and -, and the endings .bpmn, .dmn or .form.",
        )  # fmt: skip
        raise DeploymentRejected((refusal,))
    return f"{folder}/{name}"
