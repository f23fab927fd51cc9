"""Built-in functions on dates and times."""

from decimal import Decimal

from server.engine.feel.civil import date_from_days, days_from_date
from server.engine.feel.compare import equal
from server.engine.feel.convert import date_time_from_python
from server.engine.feel.run import Run, Value
from server.engine.feel.temporal import Date, DateTime, Time

from .signature import builtin

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def as_date(value: Date | DateTime) -> Date:
    """The date of either."""
    return value.date if isinstance(value, DateTime) else value


@builtin("day of year", "date: calendar date")
def day_of_year(value: Date | DateTime) -> Decimal:
    """1 to 366."""
    date = as_date(value)
    return Decimal(date.days - days_from_date(date.year, 1, 1) + 1)


@builtin("day of week", "date: calendar date")
def day_of_week(value: Date | DateTime) -> str:
    """Monday to Sunday."""
    return _DAYS[as_date(value).weekday - 1]


@builtin("month of year", "date: calendar date")
def month_of_year(value: Date | DateTime) -> str:
    """January to December."""
    return _MONTHS[as_date(value).month - 1]


@builtin("week of year", "date: calendar date")
def week_of_year(value: Date | DateTime) -> Decimal:
    """By ISO 8601: the week with the year's first Thursday is the first."""
    date = as_date(value)
    thursday = date.days - date.weekday + 4
    year = date_from_days(thursday)[0]
    return Decimal((thursday - days_from_date(year, 1, 1)) // 7 + 1)


@builtin("now", "")
def now(run: Run) -> DateTime:
    """The present moment the caller gave."""
    return date_time_from_python(run.present())


@builtin("today", "")
def today(run: Run) -> Date:
    """The date of the present moment, where the caller is."""
    return date_time_from_python(run.present()).date


@builtin("is", "value1: any, value2: any", "value1: any", "value2: any")
def is_same(run: Run, first: Value, second: Value = None) -> bool:
    """Whether both are the same value of the same type: for times, in the same zone too."""
    if type(first) is not type(second):
        return False
    if isinstance(first, Time | DateTime):
        return bool(first == second)
    return equal(first, second, run) is True
