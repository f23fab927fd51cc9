"""督办: which matters will be late, and who can help; and the calendar of what falls due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlencode

from markupsafe import Markup, escape
from starlette.responses import Response

from server.services import calendars, due_days, instructions, reminding, supervision
from server.services.errors import NotFound, NotPermitted, StaleTask
from server.services.instructions import Word
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.hands import revision
from server.web.routing import Pages

pages = Pages()
BULK = 50
TITLES = {
    "step_red": _("Steps overdue"), "step_yellow": _("Steps nearly due"),
    "case_red": _("Cases overdue"), "case_yellow": _("Cases nearly due"),
    "stopped": _("Clocks stopped"), "asked": _("Extensions asked for"),
    "instructed": _("Instructions not answered"),
}  # fmt: skip


@pages.get("/supervision")
def show(visit: Visit) -> Response:
    """Counts by department, each leading to its list; and one list."""
    return _page(visit)


@pages.post("/supervision/remind")
def remind(visit: Visit) -> Response:
    """催办 the ticked steps, each by itself."""
    note = visit.sent("note")[: reminding.LONGEST]

    def one(key: str) -> None:
        reminding.remind(visit.session, visit.person, key.partition(" ")[2], note, visit.now)

    return _each(visit, one, _("Reminded: {n}."))


@pages.post("/supervision/instruct")
def instruct(visit: Visit) -> Response:
    """督办: an instruction on the case of each ticked row."""
    try:
        word = Word(visit.sent("note"), date.fromisoformat(visit.sent("answer_by")[:10]))
    except ValueError:
        return _again(visit, _("Choose the day by which to answer."))
    if not word.text.strip():
        return _again(visit, _("Say what is to be done."))
    told: set[str] = set()

    def one(key: str) -> None:
        case_id = key.partition(" ")[0]
        if case_id not in told:
            instructions.give(visit.session, visit.person, case_id, word, visit.now)
            told.add(case_id)

    return _each(visit, one, _("Instructions given: {n}."))


@pages.post("/instances/{id}/instructions/{instruction}")
def answer(visit: Visit) -> Response:
    """Answer an instruction."""
    case_id = visit.path("id")
    text, instruction = visit.sent("answer"), visit.path("instruction")
    seen = max(revision(visit, "seen"), 0)
    instructions.answer(visit.session, visit.person, case_id, instruction, text, visit.now, seen)
    return render.redirect(visit, f"/instances/{case_id}/limits")


@pages.get("/calendar")
def calendar(visit: Visit) -> Response:
    """What falls due in a month."""
    first = _month(visit.query("month")) or calendars.local(visit.now).date().replace(day=1)
    whose = visit.query("whose") if visit.query("whose") in due_days.WHOSE else "group"
    month = due_days.month(visit.session, visit.person, first, whose, visit.now)
    before, after = first - timedelta(days=1), first + timedelta(days=32)
    return render.page(
        visit, "supervision/calendar.html", month=month, whose=whose, today=calendars.local(visit.now).date(),
        before=f"{before:%Y-%m}", after=f"{after:%Y-%m}", this=f"{first:%Y-%m}",
        leads=supervision.supervises(visit.session, visit.person),
    )  # fmt: skip


def _each(visit: Visit, act: Callable[[str], None], done: str) -> Response:
    """Do something for each ticked row; those that failed are named, the others stay done."""
    keys = visit.posted.all("row")[:BULK]
    failures: list[str] = []
    count = 0
    for key in keys:
        try:
            act(key)
            count += 1
        except NotPermitted as error:
            failures.append(visit.words.tell(error.reason, error.params))
        except (StaleTask, NotFound) as error:
            who = getattr(error, "by", None) or "—"
            failures.append(visit.words.tell(_("{who} was faster; nothing was done there."), {"who": who}))
    if not keys:
        failures.append(visit.words.gettext(_("Tick the rows first.")))
    note = visit.words.tell(done, {"n": count}) if count else ""
    return _page(visit, note, tuple(dict.fromkeys(failures)))


def _again(visit: Visit, told: str) -> Response:
    return _page(visit, failures=(visit.words.gettext(told),), status=422)


def _page(visit: Visit, note: str = "", failures: Sequence[str] = (), status: int = 200) -> Response:
    board = supervision.board(visit.session, visit.person, visit.now)
    name = visit.sent("list") or visit.query("list") or _first(board)
    unit, number = visit.sent("unit") or visit.query("unit"), _number(visit.query("page"))
    rows, more = supervision.rows(visit.session, visit.person, name, visit.now, unit=unit, page=number)
    gettext = visit.words.gettext
    return render.page(
        visit, "supervision/board.html", status=status, board=board, names=supervision.LISTS, name=name,
        titles={key: gettext(title) for key, title in TITLES.items()}, unit=unit, rows=rows, note=note,
        failures=failures, reason=" ".join(failures), next=_next(name, unit, number) if more else "",
        typed=visit.sent("note"), answer_by=visit.sent("answer_by")[:10],
        today=calendars.local(visit.now).date(),
        ticked=visit.posted.all("row"), number=partial(_number_of, board, (unit, name)),
    )  # fmt: skip


def _number_of(board: supervision.Board, shown: tuple[str, str], unit: str, name: str) -> Markup:
    """A count of a unit ("" for all) as a link to its list; the list that is shown says so."""
    n = board.counts.get((unit, name), 0) if unit else board.total(name)
    if not n:
        return Markup('<span class="muted">0</span>')
    address = escape("/supervision?" + urlencode({"list": name, **({"unit": unit} if unit else {})}))
    current = ' aria-current="page"' if (unit, name) == shown else ""
    return Markup(f'<a href="{address}"{current}>{n}</a>')


def _first(board: supervision.Board) -> str:
    """The first list that has something in it."""
    return next((name for name in supervision.LISTS if board.total(name)), supervision.LISTS[0])


def _next(name: str, unit: str, page: int) -> str:
    return f"/supervision?{urlencode({'list': name, 'unit': unit, 'page': page + 1})}"


def _month(text: str) -> date | None:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2100 else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
