"""Built-in functions on ranges and points: Allen's relations, each on ends that may be included or not."""

from collections.abc import Callable
from dataclasses import dataclass

from server.engine.feel.compare import order
from server.engine.feel.run import Value
from server.engine.feel.values import Range

from .signature import Undefined, builtin

_Relation = Callable[["_Extent", "_Extent"], bool]


@dataclass(frozen=True, slots=True)
class _Extent:
    """A range, or a point as the range of only itself."""

    low: Value
    high: Value
    low_in: bool = True
    high_in: bool = True


def _extent(value: Value) -> _Extent:
    if isinstance(value, Range):
        return _Extent(value.start, value.end, value.start_included, value.end_included)
    return _Extent(value, value)


def _order(left: Value, right: Value) -> int:
    ordered = order(left, right)
    if ordered is None:
        raise Undefined("the values cannot be compared")
    return ordered


def _before(a: _Extent, b: _Extent) -> bool:
    gap = _order(a.high, b.low)
    return gap < 0 or (gap == 0 and not (a.high_in and b.low_in))


def _meets(a: _Extent, b: _Extent) -> bool:
    return a.high_in and b.low_in and _order(a.high, b.low) == 0


def _reaches(a: _Extent, b: _Extent) -> bool:
    """Whether a goes up to b's beginning at least, with a point in common there."""
    gap = _order(a.high, b.low)
    return gap > 0 or (gap == 0 and a.high_in and b.low_in)


def _overlaps(a: _Extent, b: _Extent) -> bool:
    return _reaches(a, b) and _reaches(b, a)


def _starts_earlier(a: _Extent, b: _Extent) -> bool:
    start = _order(a.low, b.low)
    return start < 0 or (start == 0 and a.low_in and not b.low_in)


def _ends_no_later(a: _Extent, b: _Extent) -> bool:
    end = _order(a.high, b.high)
    return end < 0 or (end == 0 and (not a.high_in or b.high_in))


def _starts_no_earlier(a: _Extent, b: _Extent) -> bool:
    start = _order(a.low, b.low)
    return start > 0 or (start == 0 and (not a.low_in or b.low_in))


def _ends_no_earlier(a: _Extent, b: _Extent) -> bool:
    end = _order(a.high, b.high)
    return end > 0 or (end == 0 and (a.high_in or not b.high_in))


def _overlaps_before(a: _Extent, b: _Extent) -> bool:
    return _starts_earlier(a, b) and _reaches(a, b) and _ends_no_later(a, b)


def _overlaps_after(a: _Extent, b: _Extent) -> bool:
    return _reaches(b, a) and _starts_earlier(b, a) and _ends_no_earlier(a, b)


def _during(a: _Extent, b: _Extent) -> bool:
    return _starts_no_earlier(a, b) and _ends_no_later(a, b)


def _finishes(a: _Extent, b: _Extent) -> bool:
    return _order(a.high, b.high) == 0 and a.high_in == b.high_in and _starts_no_earlier(a, b)


def _starts(a: _Extent, b: _Extent) -> bool:
    return _order(a.low, b.low) == 0 and a.low_in == b.low_in and _ends_no_later(a, b)


def _coincides(a: _Extent, b: _Extent) -> bool:
    same_ends = _order(a.low, b.low) == 0 and _order(a.high, b.high) == 0
    return same_ends and a.low_in == b.low_in and a.high_in == b.high_in


def _converse(relation: _Relation) -> _Relation:
    return lambda a, b: relation(b, a)


_POINTS = "point1: point, point2: point"
_POINT_RANGE = "point: point, range: range"
_RANGE_POINT = "range: range, point: point"
_RANGES = "range1: range, range2: range"

_RELATIONS: dict[str, tuple[_Relation, tuple[str, ...]]] = {
    "before": (_before, (_POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)),
    "after": (_converse(_before), (_POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)),
    "meets": (_meets, (_RANGES,)),
    "met by": (_converse(_meets), (_RANGES,)),
    "overlaps": (_overlaps, (_RANGES,)),
    "overlaps before": (_overlaps_before, (_RANGES,)),
    "overlaps after": (_overlaps_after, (_RANGES,)),
    "finishes": (_finishes, (_POINT_RANGE, _RANGES)),
    "finished by": (_converse(_finishes), (_RANGE_POINT, _RANGES)),
    "includes": (_converse(_during), (_RANGE_POINT, _RANGES)),
    "during": (_during, (_POINT_RANGE, _RANGES)),
    "starts": (_starts, (_POINT_RANGE, _RANGES)),
    "started by": (_converse(_starts), (_RANGE_POINT, _RANGES)),
    "coincides": (_coincides, (_POINTS, _RANGES)),
}


def _register(name: str, relation: _Relation, signatures: tuple[str, ...]) -> None:
    @builtin(name, *signatures)
    def related(first: Value, second: Value) -> bool:
        return relation(_extent(first), _extent(second))


for _name, (_relation, _signatures) in _RELATIONS.items():
    _register(_name, _relation, _signatures)
