"""Contents of files, each kept once in a jurisdiction under its SHA-256, for deployments and drafts alike."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.store.authoring import BundleDraftFile
from server.store.conflicts import Entering
from server.store.definitions import DeploymentFile, Resource

_resources = Resource.metadata.tables["resource"]
_holders = (
    DeploymentFile.metadata.tables["deployment_file"],
    BundleDraftFile.metadata.tables["bundle_draft_file"],
)
_KEEP = Entering(_resources)
_AT_ONCE = 400
"""How many digests are asked for in one statement: databases limit the values of one."""


def keep(session: Session, tenant_id: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Keep what is not there yet; gives the digest (hex) of each path. Whoever calls has taken their turn
    (`bundle_log.take_turn`), so that nothing is let go meanwhile."""
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    known = _known(session, tenant_id, set(digests.values()))
    new = {digests[path]: content for path, content in files.items() if digests[path] not in known}
    if new:
        rows = ({"tenant_id": tenant_id, "digest": d, "content": content} for d, content in new.items())
        _KEEP.enter(session, *rows)
    return digests


def read(session: Session, tenant_id: str, digests: Collection[str]) -> dict[str, bytes]:
    """The contents by digest."""
    r = _resources.c
    found: dict[str, bytes] = {}
    for some in _portions(digests):
        query = sa.select(r.digest, r.content).where(r.tenant_id == tenant_id, r.digest.in_(some))
        found |= {row.digest: bytes(row.content) for row in session.execute(query)}
    return found


def sizes(session: Session, tenant_id: str, draft_id: str) -> dict[str, int]:
    """How many bytes each file of a draft has."""
    f, r = _holders[1].c, _resources.c
    query = (
        sa.select(f.path, sa.func.length(r.content))
        .join(_resources, (r.tenant_id == f.tenant_id) & (r.digest == f.digest))
        .where(f.tenant_id == tenant_id, f.draft_id == draft_id)
    )
    return {path: size for path, size in session.execute(query)}


def let_go(session: Session, tenant_id: str, digests: Iterable[str]) -> None:
    """Forget those of the contents that no deployment and no draft holds any more."""
    r = _resources.c
    held = [
        sa.exists().where(holder.c.tenant_id == r.tenant_id, holder.c.digest == r.digest)
        for holder in _holders
    ]
    for some in _portions(set(digests) - {""}):
        session.execute(
            _resources.delete().where(
                r.tenant_id == tenant_id, r.digest.in_(some), *(sa.not_(one) for one in held)
            )
        )


def _known(session: Session, tenant_id: str, digests: set[str]) -> set[str]:
    r = _resources.c
    found: set[str] = set()
    for some in _portions(digests):
        query = sa.select(r.digest).where(r.tenant_id == tenant_id, r.digest.in_(some))
        found.update(session.execute(query).scalars())
    return found


def _portions(digests: Iterable[str]) -> Iterable[list[Any]]:
    wanted = sorted(digests)
    return (wanted[i : i + _AT_ONCE] for i in range(0, len(wanted), _AT_ONCE))
