"""What is planned: times in which nobody wonders that backups are missing or a node does not answer. Pure.

Windows are moments from and to, or come again by cron text; holidays are days on a hub's clock. All give spans, half
open, in UTC. Windows that recur go by the clock on the wall: where the clocks are set back and the time comes twice
they begin at the first, where they are set forward and it does not come, at the moment it would have been. What is
over covers nothing any more, so nobody needs to arm anything again.
"""

import re
from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

DAY = timedelta(days=1)
MOST_HOLIDAYS_IN_A_ROW = 366  # a longer range is a slip of the pen
DAYS_REMEMBERED = 10_000
EARLIEST, LATEST = date(1970, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class Span:
    """One time in which something is planned: from `begin` until just before `end`."""

    begin: datetime
    end: datetime
    reason: str

    def covers(self, at: datetime) -> bool:
        """Say whether a moment lies within."""
        return self.begin <= at < self.end

    def touches(self, begin: datetime, end: datetime) -> bool:
        """Say whether it has a moment in common with another span."""
        return self.begin < end and begin < self.end


_by_begin, _by_end = attrgetter("begin"), attrgetter("end")


@dataclass(frozen=True)
class Recurring:
    """A window that comes again: it begins when `cron` says so on the clock of a zone, and lasts for a while.

    Only those that begin between the bounds count; the last is not cut off.
    """

    cron: str
    zone: ZoneInfo
    duration: timedelta
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def touching(self, begin: datetime, end: datetime) -> Iterator[Span]:
        """Yield its spans which touch another one."""
        since = (
            begin - self.duration
            if self.starts_at is None
            else max(begin - self.duration, self.starts_at)
        )
        until = end if self.ends_at is None else min(end, self.ends_at)
        for month in _months(since, until):
            for beginning in _beginnings(self.cron, self.zone, month):
                if since <= beginning < until:
                    span = Span(beginning, beginning + self.duration, self.reason)
                    if span.touches(begin, end):
                        yield span


@dataclass(frozen=True)
class Holiday:
    """Whole days: from the first to the last, or one that comes every year (whatever year `first` has)."""

    first: date
    last: date
    name: str = ""
    yearly: bool = False

    def touching(
        self, begin: datetime, end: datetime, zone: ZoneInfo, reason: str
    ) -> Iterator[Span]:
        """Yield its spans, on the clock of a zone, which touch another one."""
        for first, last in self._days(begin.year - 1, end.year + 1):
            span = Span(_midnight(first, zone), _midnight(last + DAY, zone), reason)
            if span.touches(begin, end):
                yield span

    def _days(self, first_year: int, last_year: int) -> Iterator[tuple[date, date]]:
        if not self.yearly:
            yield self.first, self.last
            return
        is_leap_day = (self.first.month, self.first.day) == (2, 29)
        for year in range(first_year, last_year + 1):
            if isleap(year) or not is_leap_day:
                day = self.first.replace(year=year)
                yield day, day


@dataclass(frozen=True)
class Holidays:
    """A calendar's days on the clock of a hub."""

    name: str
    days: tuple[Holiday, ...]
    zone: ZoneInfo

    def touching(self, begin: datetime, end: datetime) -> Iterator[Span]:
        """Yield its spans which touch another one."""
        for day in self.days:
            reason = f"{self.name}: {day.name}" if day.name else self.name
            yield from day.touching(begin, end, self.zone, reason)


@dataclass(frozen=True)
class Planned:
    """All that is planned for one hub or node."""

    one_off: tuple[Span, ...] = ()
    recurring: tuple[Recurring | Holidays, ...] = ()
    _days: dict[int, tuple[Span, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Sort, so that a search needs not look at all of them."""
        object.__setattr__(self, "one_off", tuple(sorted(self.one_off, key=_by_begin)))

    def __bool__(self) -> bool:
        """Say whether anything is planned at all, ever."""
        return bool(self.one_off or self.recurring)

    def covering(self, at: datetime) -> Span | None:
        """Return the span that covers a moment, of several the one that ends last; None where none does."""
        if not self:
            return None
        day = int(at.timestamp() // 86_400)
        if (spans := self._days.get(day)) is None:
            if len(self._days) >= DAYS_REMEMBERED:
                self._days.clear()
            begin = datetime.fromtimestamp(day * 86_400, UTC)
            spans = self._days[day] = tuple(self.spans(begin, begin + DAY))
        return max((span for span in spans if span.covers(at)), key=_by_end, default=None)

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        """Return the spans which touch an interval, by their beginning."""
        begun = self.one_off[: bisect_left(self.one_off, end, key=_by_begin)]
        found = [span for span in begun if span.touches(begin, end)]
        for each in self.recurring:
            found += each.touching(begin, end)
        return sorted(found, key=_by_begin)


NOTHING_PLANNED = Planned()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


# --- Cron --------------------------------------------------------------------------------------


def _months(begin: datetime, end: datetime) -> Iterator[date]:
    """Yield the first day of each month that may be on some clock between two moments."""
    month = (begin - DAY).date().replace(day=1)
    while month <= (end + DAY).date():
        yield month
        month = (month + 31 * DAY).replace(day=1)


@lru_cache(maxsize=4096)
def _beginnings(cron: str, zone: ZoneInfo, month: date) -> tuple[datetime, ...]:
    """Return when cron text begins something in a month on the clock of a zone, in UTC."""
    following = (month + 31 * DAY).replace(day=1)
    # The wall's own time has no jumps, so croniter neither skips nor repeats an hour.
    walls = croniter(cron, datetime.combine(month, time()) - timedelta(seconds=1))
    found = []
    try:
        while (wall := walls.get_next(datetime)).date() < following:
            found.append(wall.replace(tzinfo=zone).astimezone(UTC))
    except CroniterBadDateError:
        pass  # it never comes again
    return tuple(found)


def recurrence_problem(cron: str) -> str:
    """Say why cron text cannot begin a window; empty where it can."""
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        return f"{cron!r} is not cron text of five fields such as '30 2 * * 0'."
    minutes = croniter.expand(cron)[0][0]
    if len(minutes) > 1 or minutes == ["*"]:
        return f"{cron!r} begins more than once in an hour: give one minute."
    try:
        croniter(cron, datetime.combine(EARLIEST, time())).get_next(datetime)
    except CroniterBadDateError:
        return f"{cron!r} never happens."
    return ""


# --- Days of a calendar ------------------------------------------------------------------------

DAY_LINE = re.compile(
    r"(?:(?P<first>\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(?P<last>\d{4}-\d\d-\d\d))?|(?P<yearly>\d\d-\d\d))",
    re.ASCII,
)


def parse_days(text: str) -> tuple[Holiday, ...]:
    """Return the days that a calendar's text holds, one to a line: `2026-12-25`, `2026-12-24..2027-01-02`, `12-25`.

    What follows `#` is the name of the day, or a remark where the line holds nothing else. Raises ValueError that
    names every wrong line.
    """
    days, problems = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        said, _, name = line.partition("#")
        if not said.strip():
            continue
        try:
            days.append(_parse_day(said.strip(), name.strip()))
        except ValueError as problem:
            problems.append(f"line {number}: {said.strip()!r} {problem}")
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(days)


def tidy_days(text: str) -> str:
    """Return a calendar's text as it is kept: no spaces around lines, no empty lines around it all."""
    return "\n".join(line.strip() for line in text.splitlines()).strip("\n")


def _parse_day(said: str, name: str) -> Holiday:
    match = DAY_LINE.fullmatch(said)
    if match is None:
        raise ValueError(
            "is not a day: write 2026-12-25, 2026-12-24..2027-01-02, or 12-25 for every year"
        )
    try:
        if match["yearly"]:
            day = date.fromisoformat(f"2000-{match['yearly']}")
            return Holiday(day, day, name, yearly=True)
        first = date.fromisoformat(match["first"])
        last = date.fromisoformat(match["last"] or match["first"])
    except ValueError:
        raise ValueError("is in no calendar") from None
    if first < EARLIEST or last > LATEST:
        raise ValueError("is too far away")
    if last < first:
        raise ValueError("ends before it begins")
    if (last - first).days >= MOST_HOLIDAYS_IN_A_ROW:
        raise ValueError(f"is more than {MOST_HOLIDAYS_IN_A_ROW} days")
    return Holiday(first, last, name)
