"""When a repo's backup starts: cron on the hub's own clock, with the small and large delays that real ones have."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAILY, WEEKDAYS, WEEKLY, TWICE, MONTHLY = "daily", "weekdays", "weekly", "twice", "monthly"
PERIODS = {
    DAILY: DAY,
    WEEKDAYS: DAY,
    WEEKLY: 7 * DAY,
    TWICE: DAY / 2,
    MONTHLY: 30.44 * DAY,
}
JITTER_MINUTES, MOST_JITTER_MINUTES = 6, 20
LATE_SHARE, LATE_HOURS = 0.01, (2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A crontab line: the minute of the local day, and on which days. Weekday ones leave out holidays."""

    kind: str
    minute: int
    weekday: int = 0  # Monday is 0; for weekly ones
    day: int = 1  # of the month; for monthly ones

    @property
    def period(self) -> timedelta:
        """The usual time from one to the next."""
        return PERIODS[self.kind]

    def runs_on(self, day: date, holidays: Collection[date] = ()) -> bool:
        """Tell whether it starts on a day of the hub's calendar."""
        if self.kind == WEEKDAYS:
            return day.weekday() < 5 and day not in holidays
        if self.kind == WEEKLY:
            return day.weekday() == self.weekday
        if self.kind == MONTHLY:
            return day.day == self.day
        return True

    def due(
        self, zone: ZoneInfo, first: date, last: date, holidays: Collection[date] = ()
    ) -> Iterator[datetime]:
        """Yield the moments at which cron starts it, from one day to another, oldest first.

        A time that the clocks leave out comes at the moment that it would have been; one that they repeat, once.
        """
        starts = (self.minute, self.minute + 720) if self.kind == TWICE else (self.minute,)
        clocks = [
            time(minute // 60 % 24, minute % 60) for minute in sorted(m % 1440 for m in starts)
        ]
        day = first
        while day <= last:
            if self.runs_on(day, holidays):
                for clock in clocks:
                    yield datetime.combine(day, clock, zone).astimezone(UTC)
            day += DAY


def begun(due_at: datetime, chance: Random) -> tuple[datetime, bool]:
    """Return when a job that was due really began, and whether that was hours late."""
    minutes = max(-MOST_JITTER_MINUTES, min(MOST_JITTER_MINUTES, chance.gauss(0, JITTER_MINUTES)))
    late = chance.random() < LATE_SHARE
    hours = chance.uniform(*LATE_HOURS) if late else 0.0
    return due_at + timedelta(seconds=int(minutes * 60 + hours * 3600)), late


def draw_schedule(kind: str, chance: Random) -> Schedule:
    """Return a nightly schedule of a kind."""
    minute = (20 * 60 + chance.randrange(0, 10 * 60)) % 1440
    return Schedule(kind, minute, chance.randrange(7), chance.randint(1, 28))


def stamp(at: datetime, zone: ZoneInfo) -> tuple[str, datetime]:
    """Return the text of a stamp that is written at a moment, and the moment that this text means.

    They differ in the hour that the clocks repeat: a text there means the first of the two.
    """
    local = at.astimezone(zone)
    text = f"{local:%Y/%m/%d/%H%M%S}"
    if local.fold:
        return text, local.replace(fold=0).astimezone(UTC)
    return text, at.replace(microsecond=0)
