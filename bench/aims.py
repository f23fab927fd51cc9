"""The aims, and whether a run met them. A figure holds on one machine; its ratio to a reference on any: what
is asked of requests in milliseconds holds where a bare request costs 0.6, and is judged in bare requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measure import Result

KINDS = ("SQLite", "PostgreSQL")
FLAT, SHARE, REQUEST_MS, REQUEST_STATEMENTS, LIST_MS = 1.5, 0.12, 6.0, 20, 2.0
PAGE_MS, PAGE_STATEMENTS = 30.0, 12
BARE, BARE_MS = "a bare FastAPI request", 0.6
"""The reference of all requests, and its cost on the quiet machine of docs/performance.md."""


@dataclass(frozen=True)
class Verdict:
    """An aim, what was measured, and whether that is enough."""

    aim: str
    measured: str
    met: bool

    def __str__(self) -> str:
        return f"{'met    ' if self.met else 'NOT MET'}  {self.aim}: {self.measured}"


def judged(results: list[Result]) -> list[Verdict]:
    """The verdicts on what was measured; parts that were not measured are not judged."""
    by_name = {result.name: result for result in results}
    stored = [verdict for kind in KINDS for judge in _JUDGES for verdict in judge(by_name, kind)]
    return [*_decisions(by_name), *stored]


def _decisions(found: dict[str, Result]) -> Iterator[Verdict]:
    for rules, times in ((10, 10), (100, 30)):
        ours = found.get(f"a table of {rules} rules")
        stock = found.get(f"the same, SpiffWorkflow's evaluator, {rules} rules")
        if ours is None or stock is None:
            return
        ratio = stock.cpu_ms / ours.cpu_ms
        aim = f"a table of {rules} rules {times} times faster than SpiffWorkflow's evaluator"
        yield Verdict(aim, f"{ratio:.0f} times", ratio >= times)
    rate = 1000 / found["a table of 10 rules"].cpu_ms
    yield Verdict("20,000 evaluations of it a CPU second", f"{rate:,.0f}", rate >= 20_000)
    condition = found["a condition of a gateway"].cpu_ms * 1000
    yield Verdict("a condition of a gateway in less than 5 µs", f"{condition:.1f} µs", condition < 5)
    compiled = found["compile a table of 100 rules"].cpu_ms
    yield Verdict("a table of 100 rules compiled in less than 30 ms", f"{compiled:.0f} ms", compiled < 30)


def _step(found: dict[str, Result], kind: str) -> Iterator[Verdict]:
    name = "load, complete, save, commit after {} rounds, " + kind
    ours, stock = found.get(name.format(0)), found.get(f"the same, stock JSON, after 0 rounds, {kind}")
    if ours is None or stock is None:
        return
    share = ours.cpu_ms / stock.cpu_ms
    yield Verdict(
        f"{kind}: a step with its commit at most 1.0 ms where stock needs 8.6 (ratio {SHARE})",
        f"{ours.cpu_ms:.2f} ms, stock {stock.cpu_ms:.2f} ms, ratio {share:.3f}", share <= SHARE,
    )  # fmt: skip
    lengths = [found[name.format(rounds)].cpu_ms for rounds in (0, 20, 100, 1000)]
    spread = max(lengths) / min(lengths)
    yield Verdict(
        f"{kind}: flat over 0, 20, 100 and 1,000 returned rounds within {FLAT}",
        f"{spread:.2f}",
        spread <= FLAT,
    )


def _request(found: dict[str, Result], kind: str) -> Iterator[Verdict]:
    request = found.get(f"HTTP task completion, {kind}")
    if request is None:
        return
    yield _cost(found, f"{kind}: a whole HTTP completion", REQUEST_MS, request)
    commits = request.extra["commits"]
    yield Verdict(
        f"{kind}: … in at most {REQUEST_STATEMENTS} statements and one commit",
        f"{request.statements:g} statements, {commits:g} commit",
        request.statements is not None and request.statements <= REQUEST_STATEMENTS and commits == 1,
    )


def _list(found: dict[str, Result], kind: str) -> Iterator[Verdict]:
    query = found.get(f"worklist first page, 100,000 open tasks, {kind}")
    if query is not None:
        aim = f"{kind}: worklist query at most {LIST_MS:g} ms at 100,000 open tasks"
        yield Verdict(aim, f"{query.cpu_ms:.2f} ms", query.cpu_ms <= LIST_MS)


def _pages(found: dict[str, Result], kind: str) -> Iterator[Verdict]:
    """The dearest of the lists and boards."""
    pages = [one for name, one in found.items() if name.startswith("GET ") and name.endswith(kind)]
    if not pages:
        return
    dearest = max(pages, key=lambda one: one.cpu_ms)
    yield _cost(found, f"{kind}: each list and board over 10,000 cases", PAGE_MS, dearest)
    longest = max(pages, key=lambda one: one.statements or 0)
    yield Verdict(
        f"{kind}: … in at most {PAGE_STATEMENTS} statements",
        f"{longest.statements:g}, {longest.name}",
        (longest.statements or 0) <= PAGE_STATEMENTS,
    )


def _cost(found: dict[str, Result], what: str, limit: float, result: Result) -> Verdict:
    """A request beside a bare one of the same run."""
    bare, most = found[BARE].cpu_ms, limit / BARE_MS
    times = result.cpu_ms / bare
    told = f"{result.cpu_ms:.2f} ms, {times:.1f} times a bare request ({bare:.2f} ms): {result.name}"
    aim = f"{what} at most {limit:g} ms where a bare request costs {BARE_MS:g} ({most:.0f} times)"
    return Verdict(aim, told, times <= most)


_JUDGES: tuple[Callable[[dict[str, Result], str], Iterator[Verdict]], ...] = (_step, _request, _list, _pages)
