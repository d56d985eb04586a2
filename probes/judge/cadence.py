"""Takes a repo's limits, stamps and a moment, gives how often its tarballs are made and by when one is due."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from hubs.durations import parse_duration, spoken_duration
from hubs.limits import Limits

LEARNED_GAPS = 14
FEWEST_GAPS = 3
# Ten gaps of a repo that is backed up on weekdays hold two weekends, so the second largest is one of them;
# among fewer there may be one only, and every Saturday would be a false alarm.
GAPS_FOR_SECOND_LARGEST = 10
# A stamp so far ahead of the look is not the clock's or the transfer's doing. It says nothing about the past.
FUTURE_TOLERANCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Due:
    """A tarball that should have been there: none newer than `since` although `until` has passed."""

    since: datetime
    until: datetime
    expectation: str


def overdue_since(
    limits: Limits,
    newest_at: datetime,
    stamps: Sequence[datetime],
    zone: ZoneInfo,
    moment: datetime,
) -> Due | None:
    """Return what was due before a moment and is not there, or None where nothing is, or nobody can tell.

    `stamps` are those to learn from, newest first, none of them in the future.
    """
    if is_cron(limits.cadence):
        return _overdue_by_cron(limits, newest_at, zone, moment)
    period = period_of(limits, stamps, zone, moment)
    if period is None:
        return None
    until = newest_at + period + limits.grace
    if until >= moment:
        return None
    told = "learned" if limits.cadence == "auto" else "set"
    return Due(newest_at, until, f"one every {spoken_duration(period)} ({told})")


def period_of(
    limits: Limits, stamps: Sequence[datetime], zone: ZoneInfo, moment: datetime
) -> timedelta | None:
    """Return the time from one tarball to the next, or None where it is not set and cannot be learned yet."""
    if limits.cadence == "auto":
        return learned_period(stamps)
    if not is_cron(limits.cadence):
        return parse_duration(limits.cadence)
    times = [latest for _, latest in islice(_cron_times(limits.cadence, zone, moment), 2)]
    return times[0] - times[1] if len(times) == 2 else None


def learned_period(stamps: Sequence[datetime]) -> timedelta | None:
    """Return the longest usual gap between stamps that are sorted newest first; None while they are too few."""
    newest = list(islice(_distinct(stamps), LEARNED_GAPS + 1))
    gaps = sorted((later - earlier for later, earlier in pairwise(newest)), reverse=True)
    if len(gaps) < FEWEST_GAPS:
        return None
    return gaps[1] if len(gaps) >= GAPS_FOR_SECOND_LARGEST else gaps[0]


def _distinct(stamps: Iterable[datetime]) -> Iterator[datetime]:
    before = None
    for stamp_at in stamps:
        if stamp_at != before:
            yield stamp_at
        before = stamp_at


def is_cron(cadence: str) -> bool:
    """Return whether a cadence is cron text; `hubs.validators` let nothing else through with spaces."""
    return " " in cadence.strip()


def _overdue_by_cron(
    limits: Limits, newest_at: datetime, zone: ZoneInfo, moment: datetime
) -> Due | None:
    for earliest, latest in _cron_times(limits.cadence, zone, moment - limits.grace):
        if latest + limits.grace >= moment:
            continue
        if newest_at >= earliest:
            return None
        return Due(earliest, latest + limits.grace, f"one at each {limits.cadence!r} in {zone}")
    return None


def _cron_times(
    cadence: str, zone: ZoneInfo, moment: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Give the times before a moment at which cron starts, latest first, each as its earliest and latest instant.

    Both are one, save in the two nights when the clock is changed: a time that the clock shows twice or never
    may be run in either hour. Counting goes by the clock on the wall, as cron does.
    """
    wall = croniter(cadence, moment.astimezone(zone).replace(tzinfo=None) + timedelta(seconds=1))
    while True:
        try:
            shown: datetime = wall.get_prev(datetime)
        except CroniterBadDateError:  # there is no such day, as in 0 0 30 2 *
            return
        instants = [shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        yield min(instants), max(instants)
