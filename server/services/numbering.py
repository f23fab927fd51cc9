"""Numbers people say aloud: 红数入库〔2026〕12号, given out in order, one series for each process and
year."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from server.services import calendars
from server.store.conflicts import insert_into
from server.store.identity import NumberSeries

_series = NumberSeries.metadata.tables["number_series"]


def next_number(session: Session, tenant_id: str, series: str, template: str, now: datetime) -> str:
    """The next number of a series, with `{year}` and `{n}` of the template filled. A rolled back
    command gives its number back, so no number is missing."""
    year = calendars.local(now).year
    insert = insert_into(session, _series).values(tenant_id=tenant_id, series=series, year=year, last=1)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant_id", "series", "year"], set_={"last": _series.c.last + 1}
    ).returning(_series.c.last)
    number = session.execute(statement).scalar_one()
    return template.format(year=year, n=number)
