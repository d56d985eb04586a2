"""Where values are drawn, and at which of them a scale is labelled: bytes, counts, days. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SIZE_UNITS = [
    ("EB", 10**18),
    ("PB", 10**15),
    ("TB", 10**12),
    ("GB", 10**9),
    ("MB", 10**6),
    ("kB", 10**3),
]
DISPARATE = 25  # the largest of typical sizes to the smallest: beyond, a linear scale shows the small ones as nothing
ODD_PART = 10  # one tarball of so many may be too small for a log scale without stretching it
HEADROOM = 1.08
DAY_STEPS = (1, 2, 3, 5, 7, 14)
MONTH_STEPS = (1, 2, 3, 6)
MONTH_DAYS = 31
YEAR_DAYS = 365.2


@dataclass(frozen=True)
class Scale:
    """A line of pixels from `foot_px` to `head_px` that stands for the values from `low` to `high`."""

    low: float
    high: float
    foot_px: float
    head_px: float
    log: bool = False

    def px(self, value: float) -> float:
        """Return where a value is; a log scale has all that are less than its lowest at its foot."""
        if self.log:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.foot_px + part * (self.head_px - self.foot_px)


def size_scale(series: Sequence[Sequence[int]], foot_px: float, head_px: float) -> Scale:
    """Return a scale for the sizes in bytes of several repos: from zero, or a log scale where they are disparate.

    A log scale has no zero, and goes no lower for a few tarballs that are odd among their repo's.
    """
    largest = max((size for sizes in series for size in sizes), default=0)
    typical = [median for sizes in series if (median := sorted(sizes)[len(sizes) // 2]) > 0]
    if not typical or max(typical) < DISPARATE * min(typical):
        return Scale(0, HEADROOM * max(1, largest), foot_px, head_px)
    lows = (sorted(sizes)[len(sizes) // ODD_PART] for sizes in series)
    low = min(size for size in [*lows, *typical] if size > 0)
    return Scale(max(0.8, low / 1.5), largest * 1.5, foot_px, head_px, log=True)


def count_scale(counts: Sequence[int], foot_px: float, head_px: float) -> Scale:
    """Return a scale for numbers of tarballs, from zero."""
    return Scale(0, HEADROOM * max([1, *counts]), foot_px, head_px)


def ticks(scale: Scale, most: int) -> list[int]:
    """Return about `most` round values to label, in whole numbers."""
    return _log_ticks(scale, most) if scale.log else _linear_ticks(scale, most)


def _linear_ticks(scale: Scale, most: int) -> list[int]:
    step = round_step(scale.high / most)
    return list(range(0, math.floor(scale.high) + 1, step))


def _log_ticks(scale: Scale, most: int) -> list[int]:
    """Return powers of ten, or some between them too where there are few."""
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    between = [factor * 10**power for power in range(max(0, first), last) for factor in (1, 2, 5)]
    shown = [value for value in between if scale.low <= value <= scale.high]
    powers = [value for value in shown if str(value)[0] == "1"]
    if len(shown) <= most:
        return shown
    return powers[:: math.ceil(len(powers) / most)]


def round_step(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is no less."""
    power: int = 10 ** math.floor(math.log10(max(1, least)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)


def size_text(size_bytes: int) -> str:
    """Return a size in up to three digits, as the charts of pages say it: 1.23 GB, 1 GB."""
    for unit, factor in SIZE_UNITS:
        if size_bytes >= factor:
            return f"{float(f'{size_bytes / factor:.3g}'):,.12g} {unit}"
    return f"{size_bytes} B"


def midnight_s(day: date, zone: ZoneInfo) -> float:
    """Return the epoch second when a day begins in a zone."""
    return datetime.combine(day, time(), zone).timestamp()


def day_ticks(begin: date, end: date, most: int) -> list[tuple[date, str]]:
    """Return about `most` days to label and their labels: counted back from the end, or firsts of months or years."""
    days = (end - begin).days + 1
    for step in DAY_STEPS:
        if days <= most * step:
            counted = (end - timedelta(days=back) for back in range(0, days, step))
            return [(day, f"{day.day} {day:%b}") for day in counted][::-1]
    for step in MONTH_STEPS:
        if days <= most * step * MONTH_DAYS:
            return [(day, _month_label(day)) for day in _firsts(begin, end, step)]
    years = round_step(days / YEAR_DAYS / most)
    return [(day, f"{day.year}") for day in _firsts(begin, end, 12 * years)]


def _firsts(begin: date, end: date, months: int) -> Iterator[date]:
    """Yield the first days of months within two days, at each so many months of the calendar."""
    first = -(-(begin.year * 12 + begin.month - (begin.day == 1)) // months) * months
    for month in range(first, end.year * 12 + end.month, months):
        yield date(month // 12, month % 12 + 1, 1)


def _month_label(day: date) -> str:
    return f"{day:%b} {day.year}" if day.month == 1 else f"{day:%b}"
