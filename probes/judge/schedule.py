"""Takes the stamps of a repo, gives when its tarballs are made: learned where nobody set it. Pure.

Everything goes by the clock on the wall of the hub, as cron does, so that a change of the clock changes nothing. Repos
that are made at least daily have slots, a time of day with the weekdays on which it is used; the others have a period.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hubs.durations import spoken_duration
from probes.judge.robust import median, spread

FEWEST_STAMPS = 4
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MINUTES_OF_A_DAY = 24 * 60
SLOTS_APART = 2 * HOUR  # times of day that are further apart than that are two slots
EARLY, LATE = 2 * HOUR, 6 * HOUR  # how far from its slot a run still is that slot's
WEEKS_REMEMBERED = 6
USED_FROM = 0.5  # of those weeks
OFTEN = 5 * HOUR  # runs that are closer have no time of day
DAYS_COUNTED = 14  # for how many runs a day has
RUNS_ALIVE = 7  # a day's runs: a time of day without one among so many is not used any more
A_MONDAY = date(2024, 1, 1)
WEEKEND = (5, 6)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Slot:
    """A time of day, in minutes since midnight on the wall, and on which weekdays (Monday is 0) it is used."""

    minute: int
    weekdays: frozenset[int]

    def on(self, day: date) -> datetime:
        """Return its wall time on a day."""
        return datetime.combine(day, datetime.min.time()) + self.minute * MINUTE


@dataclass(frozen=True)
class Schedule:
    """When tarballs are made: at slots, or at a period after each other."""

    slots: tuple[Slot, ...] = ()
    period: timedelta = timedelta(0)
    scatter: timedelta = timedelta(0)  # how far runs usually are from their time

    @property
    def skips_weekdays(self) -> bool:
        """Say whether it is daily but for some days of the week, as where people keep office hours."""
        days = frozenset[int]().union(*(slot.weekdays for slot in self.slots))
        return 4 <= len(days) < 7

    @cached_property
    def longest_gap(self) -> timedelta:
        """The longest time from one tarball to the next."""
        return max(self._gaps) if self.slots else self.period

    @cached_property
    def _gaps(self) -> list[timedelta]:
        """The times from one run to the next, of two weeks."""
        times = sorted(
            slot.on(A_MONDAY + day * DAY)
            for slot in self.slots
            for day in range(15)
            if day % 7 in slot.weekdays
        )
        return [later - earlier for earlier, later in pairwise(times)]

    def after(self, newest_at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Give the moments at which tarballs are expected after one, in UTC, without end."""
        wall = newest_at.astimezone(zone).replace(tzinfo=None)
        for expected in self._walls_after(wall):
            yield expected.replace(tzinfo=zone).astimezone(UTC)

    def _walls_after(self, wall: datetime) -> Iterator[datetime]:
        if not self.slots:
            while True:
                wall += self.period
                yield wall
        # A run that came late is still that of the slot before it.
        earliest, day = wall + self._margin, wall.date()
        while True:
            for slot in self.slots:
                at = slot.on(day)
                if day.weekday() in slot.weekdays and at > earliest:
                    yield at
            day += DAY

    @cached_property
    def _margin(self) -> timedelta:
        return min(LATE, min(self._gaps) / 2)

    def words(self) -> str:
        """Say when tarballs are made, as `on Mon, Tue at 02:30` or `7d after the one before`."""
        if not self.slots:
            return f"{spoken_duration(self.period)} after the one before"
        return " and ".join(
            f"{_days(slot.weekdays)} at about {slot.minute // 60:02}:{slot.minute % 60:02}"
            for slot in self.slots
        )


def _days(weekdays: frozenset[int]) -> str:
    if len(weekdays) == 7:
        return "every day"
    if weekdays == frozenset(range(5)):
        return "on weekdays"
    return "on " + ", ".join(WEEKDAYS[day] for day in sorted(weekdays))


@lru_cache(maxsize=4096)
def learned(stamps: tuple[datetime, ...], zone: ZoneInfo) -> Schedule | None:
    """Return when tarballs with these stamps, newest first, are made; None while they are too few to tell."""
    walls = sorted({stamp_at.astimezone(zone).replace(tzinfo=None) for stamp_at in stamps})
    if len(walls) < FEWEST_STAMPS:
        return None
    gaps = [later - earlier for earlier, later in pairwise(walls)]
    seconds = [gap.total_seconds() for gap in gaps]
    usual = timedelta(seconds=median(seconds))
    alike = [gap for gap in gaps if 0.8 * usual <= gap <= 1.35 * usual]
    is_daily = OFTEN < usual <= 30 * HOUR
    is_on_weekdays = OFTEN < usual <= 4.5 * DAY and len(alike) < 0.85 * len(gaps)
    if is_daily or is_on_weekdays:
        slots = _slots(walls)
        scatter = _scatter(walls, slots) if slots else DAY
        if scatter <= SLOTS_APART:
            return Schedule(slots, scatter=scatter)
    # Months are not of one length: the longest of the like gaps is the one to wait for.
    scatter = timedelta(seconds=spread(seconds))
    return Schedule(period=max(alike, default=max(gaps)), scatter=scatter)


def _slots(walls: Sequence[datetime]) -> tuple[Slot, ...]:
    """Return the times of day at which runs are made, each with its weekdays, at most so many on a day as there are runs."""
    runs_a_day = _runs_a_day(walls)
    recent = walls[-RUNS_ALIVE * runs_a_day :]
    minutes = _times_of_day(walls)
    apart = _half_apart(minutes)
    # A time of day that was given up is none any more, once the runs of a week were at others.
    alive = [minute for minute in minutes if _runs_near(minute, recent, apart)] or minutes
    if len(alive) > runs_a_day:
        early, late = min(EARLY, apart), min(LATE, apart)
    else:
        early = late = _half_apart(alive)
    used = {
        (minute, weekday): _share_used(minute, weekday, walls, early, late)
        for minute in alive
        for weekday in range(7)
    }
    days: dict[int, set[int]] = {minute: set() for minute in alive}
    for weekday in range(7):
        candidates = [minute for minute in alive if _presumed(weekday, minute, used)]
        candidates.sort(key=lambda minute: (used[minute, weekday] or 0, minute), reverse=True)
        for minute in candidates[:runs_a_day]:
            days[minute].add(weekday)
    return tuple(Slot(minute, frozenset(days[minute])) for minute in alive if days[minute])


def _runs_a_day(walls: Sequence[datetime]) -> int:
    counts = Counter(wall.date() for wall in walls)
    # The first and the last day may be cut.
    recent = [counts[day] for day in sorted(counts)][1:-1][-DAYS_COUNTED:] or [1]
    return max(1, round(median(recent)))


def _runs_near(minute: int, walls: Sequence[datetime], apart: timedelta) -> int:
    near = apart / MINUTE
    return sum(
        abs(_minutes_between(wall.hour * 60 + wall.minute, minute)) <= near for wall in walls
    )


def _presumed(weekday: int, minute: int, used: Mapping[tuple[int, int], float | None]) -> bool:
    """Return whether a time is used on a weekday; on one that has not come yet, as on those like it."""
    known = used[minute, weekday]
    if known is not None:
        return known >= USED_FROM
    alike = WEEKEND if weekday in WEEKEND else range(7)
    shares = [used[minute, day] for day in range(7)]
    never_off = all(share is None or share >= USED_FROM for share in shares)
    return never_off and any(used[minute, day] for day in alike)


def _half_apart(minutes: Sequence[int]) -> timedelta:
    """Return half of the shortest time between times of day that are in order."""
    around = [*minutes, minutes[0] + MINUTES_OF_A_DAY]
    return min(later - earlier for earlier, later in pairwise(around)) * MINUTE / 2


def _times_of_day(walls: Sequence[datetime]) -> list[int]:
    """Return the usual times of day in minutes, in order; a time that is rare beside another is none."""
    minutes = sorted(wall.hour * 60 + wall.minute for wall in walls)
    apart = SLOTS_APART // MINUTE
    # The day is a circle: it is cut where the widest time without any run is.
    gaps = [
        (later - earlier, number)
        for number, (earlier, later) in enumerate(
            pairwise([*minutes, minutes[0] + MINUTES_OF_A_DAY])
        )
    ]
    cut = max(gaps)[1] + 1
    turned = minutes[cut:] + [minute + MINUTES_OF_A_DAY for minute in minutes[:cut]]
    clusters: list[list[int]] = [[turned[0]]]
    for earlier, later in pairwise(turned):
        if later - earlier > apart:
            clusters.append([])
        clusters[-1].append(later)
    most = max(len(cluster) for cluster in clusters)
    return sorted(
        int(median(cluster)) % MINUTES_OF_A_DAY
        for cluster in clusters
        if len(cluster) >= max(2, 0.2 * most) or len(walls) < 8
    )


def _share_used(
    minute: int, weekday: int, walls: Sequence[datetime], early: timedelta, late: timedelta
) -> float | None:
    """Return on which share of the last weeks a run was made at this time on this weekday; None where none was seen."""
    slot = Slot(minute, frozenset([weekday]))
    day = walls[-1].date() + DAY
    day -= ((day.weekday() - weekday) % 7) * DAY
    hits = looked = 0
    while looked < WEEKS_REMEMBERED:
        at = slot.on(day)
        day -= 7 * DAY
        if at - early > walls[-1]:
            continue
        if at + late < walls[0]:
            break
        looked += 1
        hits += bisect_left(walls, at - early) < bisect_right(walls, at + late)
    return hits / looked if looked else None


def _scatter(walls: Sequence[datetime], slots: Sequence[Slot]) -> timedelta:
    """Return how far runs usually are from the nearest slot."""
    away = [
        min(abs(_minutes_between(wall.hour * 60 + wall.minute, slot.minute)) for slot in slots)
        for wall in walls
    ]
    return median(away) * MINUTE


def _minutes_between(one: int, other: int) -> int:
    half = MINUTES_OF_A_DAY // 2
    return (one - other + half) % MINUTES_OF_A_DAY - half
