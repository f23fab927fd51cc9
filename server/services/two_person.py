"""Whether a second person must agree before new cases use another deployment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from server.services import deployed
from server.store.conflicts import Entering
from server.store.identity import Setting

_settings = Setting.metadata.tables["setting"]
_SET = Entering(_settings, renewed=("value",))
_NAME = "two_person_release"


def is_required(session: Session, tenant_id: str) -> bool:
    """Whether the installation asks for it, for all jurisdictions or for this one, or the manifest in use
    does. What a draft says of itself does not count: nobody lifts the rule by the change it is for."""
    s = _settings.c
    names = (_NAME, f"{_NAME}:{tenant_id}")
    found = session.execute(sa.select(s.value).where(s.name.in_(names))).scalars()
    if any(value.get("required") for value in found):
        return True
    manifest = deployed.manifest(session, tenant_id)
    return manifest is not None and manifest.two_person_release


def require(session: Session, tenant_id: str, *, required: bool) -> None:
    """Ask for it, or no longer, in a jurisdiction ("": in all). Only whoever sits at the machine may: nobody
    who signs in can lift the rule alone."""
    name = f"{_NAME}:{tenant_id}" if tenant_id else _NAME
    _SET.enter(session, {"name": name, "value": {"required": required}})
