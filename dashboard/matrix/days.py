"""Days of the past: takes what an address asks for and a hub's clock, gives the moment at which such a day was over."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST = date(1970, 1, 1)  # nobody made such backups before


@dataclass(frozen=True)
class Day:
    """The day that is shown; today is not over, and is shown as it is now."""

    on: date
    today: date
    moment: datetime  # the end of the day, or now
    first: date | None  # of which anything is known
    note: str = ""  # why it is not the day that was asked for

    @property
    def is_past(self) -> bool:
        """Whether it is over."""
        return self.on < self.today

    @property
    def before(self) -> date | None:
        """The day before, where anything is known of it."""
        return self.on - ONE_DAY if self.first and self.first < self.on else None

    @property
    def after(self) -> date | None:
        """The next day, where it is not of the future."""
        return self.on + ONE_DAY if self.is_past else None

    @property
    def is_before_all(self) -> bool:
        """Whether nothing is known of it."""
        return self.first is None or self.on < self.first


def asked_day(text: str, zone: ZoneInfo, now: datetime, first_known_at: datetime | None) -> Day:
    """Return the day that `?day=` asks for; today, with a note that says why, where it is none or of the future."""
    today = now.astimezone(zone).date()
    first = min(first_known_at.astimezone(zone).date(), today) if first_known_at else None
    on, note = _read(text, today)
    moment = min(end_of(on, zone), now) if on < today else now
    return Day(on, today, moment, first, note)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day is over on a clock.

    Where midnight does not come, as the clock is set forward, that is the moment when it is; where it comes twice, the
    first after which it is that day no more.
    """
    midnight = datetime.combine(day + ONE_DAY, time(), zone)
    first, second = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    just_before = (second - datetime.resolution).astimezone(zone)
    return second if just_before.date() <= day else first


def _read(text: str, today: date) -> tuple[date, str]:
    if not text:
        return today, ""
    try:
        on = date.fromisoformat(text) if WRITTEN.fullmatch(text) else None
    except ValueError:
        on = None
    if on is None or on < EARLIEST:
        return today, "The address names no day such as 2026-05-31: this is today."
    if on > today:
        return today, f"{on.isoformat()} has not come yet: this is today."
    return on, ""
