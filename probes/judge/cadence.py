"""Takes a repo's limits, stamps and a moment, gives by when the next tarball is due: set, by cron, or learned. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from hubs.durations import parse_duration, spoken_duration
from hubs.limits import Limits
from hubs.planned import NOTHING_PLANNED, Planned
from probes.judge.schedule import Schedule, learned

LEARNED_FROM = 60  # stamps
# Runs that scatter widely are waited for, but not for ever.
SCATTERS_ALLOWED, LONGEST_SCATTER = 6, timedelta(days=2)
PLANNED_AT_MOST = 1000  # expected times in a row that may fall into what is planned


@dataclass(frozen=True)
class Due:
    """A tarball that should have been there: none newer than `since` although `until` has passed."""

    since: datetime
    expected_at: datetime
    until: datetime
    expectation: str


def overdue_since(
    limits: Limits,
    newest_at: datetime,
    stamps: Sequence[datetime],
    zone: ZoneInfo,
    moment: datetime,
    planned: Planned = NOTHING_PLANNED,
) -> Due | None:
    """Return what was due before a moment and is not there, or None where nothing is, or nobody can tell.

    `stamps` are those to learn from, newest first, none of them in the future. What falls into something planned
    is not expected.
    """
    if is_cron(limits.cadence):
        return _overdue_by_cron(limits, newest_at, zone, moment, planned)
    schedule = schedule_of(limits, stamps, zone)
    if schedule is None:
        return None
    patience = limits.grace + min(LONGEST_SCATTER, SCATTERS_ALLOWED * schedule.scatter)
    expected_at = _first_not_planned(_expected(limits, schedule, newest_at, zone), planned)
    if expected_at is None or expected_at + patience >= moment:
        return None
    if limits.cadence == "auto":
        told = f"one {schedule.words()} (learned)"
    else:
        told = f"one every {spoken_duration(schedule.period)} (set)"
    return Due(newest_at, expected_at, expected_at + patience, told)


def _expected(
    limits: Limits, schedule: Schedule, newest_at: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    if limits.cadence == "auto":
        return schedule.after(newest_at, zone)
    return (newest_at + schedule.period * number for number in range(1, PLANNED_AT_MOST + 1))


def _first_not_planned(moments: Iterator[datetime], planned: Planned) -> datetime | None:
    return next((at for at in islice(moments, PLANNED_AT_MOST) if not planned.covering(at)), None)


def schedule_of(limits: Limits, stamps: Sequence[datetime], zone: ZoneInfo) -> Schedule | None:
    """Return the schedule that is set as a duration, or the learned one; None where there is neither."""
    if limits.cadence == "auto":
        return learned(tuple(stamps[:LEARNED_FROM]), zone)
    return None if is_cron(limits.cadence) else Schedule(period=parse_duration(limits.cadence))


def period_of(
    limits: Limits, stamps: Sequence[datetime], zone: ZoneInfo, moment: datetime
) -> timedelta | None:
    """Return the longest usual time from one tarball to the next, or None where nobody can tell yet."""
    if not is_cron(limits.cadence):
        schedule = schedule_of(limits, stamps, zone)
        return schedule.longest_gap if schedule else None
    times = [latest for _, latest in islice(_cron_times(limits.cadence, zone, moment), 2)]
    return times[0] - times[1] if len(times) == 2 else None


def is_cron(cadence: str) -> bool:
    """Return whether a cadence is cron text; `hubs.validators` let nothing else through with spaces."""
    return " " in cadence.strip()


def _overdue_by_cron(
    limits: Limits, newest_at: datetime, zone: ZoneInfo, moment: datetime, planned: Planned
) -> Due | None:
    expectation = f"one at each {limits.cadence!r} in {zone}"
    times = _cron_times(limits.cadence, zone, moment - limits.grace)
    for earliest, latest in islice(times, PLANNED_AT_MOST):
        if latest + limits.grace >= moment or planned.covering(latest):
            continue
        if newest_at >= earliest:
            return None
        return Due(newest_at, latest, latest + limits.grace, expectation)
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
