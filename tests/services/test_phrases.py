"""常用语: who keeps which, in which order they are offered, and two who change one at once."""

from __future__ import annotations

import pytest

from server.services import phrases
from server.services.errors import NotFound, NotPermitted
from server.services.phrases import PhraseMoved
from tests.services.lab import Lab
from tests.services.test_together import together


def add(lab: Lab, name: str, text: str, *, office: bool = False) -> str:
    with lab.database.write() as session:
        return phrases.add(session, lab.people[name], text, lab.now, office=office)


def offered(lab: Lab, name: str) -> list[str]:
    with lab.database.read() as session:
        return [phrase.text for phrase in phrases.offered(session, lab.people[name])]


def test_ones_own_come_before_those_of_the_office(lab: Lab) -> None:
    """Nobody is offered what is another's; a phrase is one line and stands there once."""
    add(lab, "admin", "请按规定办理。", office=True)
    add(lab, "ann", "  同意，\n请领导审定。 ")
    first = add(lab, "ann", "拟同意。")
    assert add(lab, "ann", "拟同意。") == first
    assert offered(lab, "ann") == ["同意， 请领导审定。", "拟同意。", "请按规定办理。"]
    assert offered(lab, "bob") == ["请按规定办理。"]
    with lab.database.write() as session:
        phrases.raise_up(session, lab.people["ann"], first)
    assert offered(lab, "ann")[0] == "拟同意。"


def test_who_may_not(lab: Lab) -> None:
    """The office's are the administrators', another's are nobody else's."""
    own = add(lab, "ann", "同意。")
    with pytest.raises(NotPermitted, match="kept by administrators"):
        add(lab, "ann", "本单位同意。", office=True)
    with pytest.raises(NotPermitted, match="somebody else"), lab.database.write() as session:
        phrases.change(session, lab.people["bob"], own, "不同意。", "同意。", lab.now)
    with pytest.raises(NotPermitted, match="Write the phrase"):
        add(lab, "ann", " \n ")
    for n in range(phrases.MOST - 1):
        add(lab, "ann", f"意见 {n}")
    with pytest.raises(NotPermitted, match="already"):
        add(lab, "ann", "再加一条")
    assert len(offered(lab, "ann")) == phrases.MOST


def test_of_two_who_change_one_the_slower_is_told_what_it_reads_now(lab: Lab) -> None:
    """Nothing is overwritten unseen, and a phrase that is gone stays gone."""
    shared = add(lab, "admin", "同意。", office=True)

    def write(text: str) -> None:
        with lab.database.write() as session:
            phrases.change(session, lab.people["admin"], shared, text, "同意。", lab.now)

    raised = together(lambda: write("原则同意。"), lambda: write("拟同意。"))
    (kept,) = offered(lab, "ann")
    assert kept in ("原则同意。", "拟同意。")
    assert [type(error) for error in raised] == [PhraseMoved]
    assert raised[0].text == kept  # type: ignore[attr-defined]
    with lab.database.write() as session:
        phrases.remove(session, lab.people["admin"], shared)
    with pytest.raises(NotFound):
        write("同意。")
