"""Days on which people do not work, months in which they teach, and moments when clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
TERM_MONTHS = frozenset({3, 4, 5, 6, 9, 10, 11, 12})
LUNAR_NEW_YEAR = {
    2016: date(2016, 2, 8),
    2017: date(2017, 1, 28),
    2018: date(2018, 2, 16),
    2019: date(2019, 2, 5),
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
}
AMERICAN = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 24), (12, 25))
ASIAN = ((1, 1), (2, 28), (4, 4), (4, 5), (5, 1), (10, 10))
EUROPEAN = ((1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31))


def holidays(zone: str, first: date, last: date) -> frozenset[date]:
    """Return the days between two on which the people of a zone do not work, weekends left out of account."""
    days: set[date] = set()
    for year in range(first.year, last.year + 1):
        days.update(_of_year(zone, year))
    return frozenset(day for day in days if first <= day <= last)


def _of_year(zone: str, year: int) -> Iterator[date]:
    fixed = {"America": AMERICAN, "Asia": ASIAN}.get(zone.partition("/")[0], EUROPEAN)
    yield from (date(year, month, day) for month, day in fixed)
    if fixed is AMERICAN:
        yield from (_nth(year, 1, 0, 3), _nth(year, 9, 0, 1), _nth(year, 11, 3, 4))
        yield _nth(year, 11, 3, 4) + DAY
    elif fixed is ASIAN:
        eve = LUNAR_NEW_YEAR.get(year, date(year, 2, 5)) - DAY
        yield from (eve + number * DAY for number in range(6))
    else:
        easter = _easter(year)
        yield from (easter - 2 * DAY, easter + DAY, easter + 39 * DAY, easter + 50 * DAY)


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """Return the nth such weekday (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * DAY


def _easter(year: int) -> date:
    """Return Easter Sunday by the rule of Gauss, which holds from 1900 to 2099."""
    moon = (19 * (year % 19) + 24) % 30
    week = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    days = moon + week
    if days == 35 or (days == 34 and moon == 28 and year % 19 > 10):
        days -= 7
    return date(year, 3, 22) + days * DAY


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the moments (to the hour) between two when the clocks of a zone change."""
    found = []
    hour = timedelta(hours=1)
    moment = start.replace(minute=0, second=0, microsecond=0)
    while moment < end:
        after = moment + DAY
        if moment.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            change = moment
            while change.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset():
                change += hour
            found.append(change.astimezone(UTC))
        moment = after
    return found
