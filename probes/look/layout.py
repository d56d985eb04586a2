"""Where a tarball lies and what that says: `<category>/<name>/YYYY/MM/DD/HHMMSS/<file>` below a root.

Pure: bytes in, values out. What precedes the category is allowed and ignored, as a repo is always named by
the last two components before its stamp.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SIDECAR_KINDS = (b".dna", b".sha256")

# directory up to the month, then the day and time, then the file
PLACE = re.compile(
    rb"((?:.*/)?[^/]+/[^/]+/[12]\d{3}/(?:0[1-9]|1[0-2]))"
    rb"/((?:0[1-9]|[12]\d|3[01])/(?:[01]\d|2[0-3])[0-5]\d[0-5]\d/[^/]+)",
    re.DOTALL,
)
# the months that a daily look may leave out; the same as remote.MONTH_GLOB
YEAR_AND_MONTH = re.compile(rb".+/.+/[12]\d{3}/[01]\d", re.DOTALL)
BELOW_A_DAY = re.compile(
    rb"(?:^|/)[^/]+/[^/]+/[12]\d{3}/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01])/", re.DOTALL
)
STAMP_LENGTH = len("DD/HHMMSS")


class Month(NamedTuple):
    """One repo's directory of one month: `…/category/name/YYYY/MM`."""

    category: bytes
    name: bytes
    year: int
    month: int

    @property
    def starts_on(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)


def parse_month(directory: bytes) -> Month:
    """Return what a month's directory says; it must have matched `PLACE`."""
    *_, category, name, year, month = directory.split(b"/")
    return Month(category, name, int(year), int(month))


def split_place(path: bytes) -> tuple[bytes, bytes] | None:
    """Return the month's directory and the rest of a path below it, or None where the layout does not fit.

    A day that its month does not have (31 February) does not fit.
    """
    match = PLACE.fullmatch(path)
    if match is None:
        return None
    directory, tail = match.groups()
    if directory.count(b"/") > 3 and BELOW_A_DAY.search(directory):
        return None  # a copy unpacked inside a backup is none itself
    if tail[:2] > b"28" and int(tail[:2]) > _days(directory[-7:]):
        return None
    return directory, tail


@lru_cache(maxsize=1000)
def _days(year_and_month: bytes) -> int:
    return monthrange(int(year_and_month[:4]), int(year_and_month[5:]))[1]


def stamp_text(directory: bytes, tail: bytes) -> str:
    """Return the stamp as written in a path: `YYYY/MM/DD/HHMMSS`."""
    return (directory[-7:] + b"/" + tail[:STAMP_LENGTH]).decode("ascii")


def stamp_at(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) of a stamp written in a zone.

    Where the clocks are set back, a time that happens twice means the first; where they are set forward, a
    time that does not happen means the moment it would have been had they not been (02:30 is 01:30 UTC in
    Berlin). Replicas of one tarball so always have one moment.
    """
    local = datetime(
        int(text[0:4]),
        int(text[5:7]),
        int(text[8:10]),
        int(text[11:13]),
        int(text[13:15]),
        int(text[15:17]),
        tzinfo=zone,
    )
    return local.astimezone(UTC)


def daily_window(now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Return the months, as `YYYY/MM`, that a daily look walks: last, this and next in the hub's zone."""
    first = now.astimezone(zone).date().replace(day=1)
    last = (first - timedelta(days=1)).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return tuple(f"{month:%Y/%m}" for month in (last, first, following))
