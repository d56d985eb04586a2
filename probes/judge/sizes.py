"""Takes the sizes of a repo's tarballs, gives what is odd about them: steps down and up, slow decline and growth. Pure.

Sizes are compared on a logarithmic scale, each with the usual ones before it (a Hampel filter: median and scaled median
deviation, with the trend taken out and a floor for the scale, since a dead repo has no spread at all). A step counts only
when it is large in practice too. Drift is measured on the level with single steps taken out, from its highest or lowest
recent point, so that a decline cannot hide in a baseline that follows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp, log

from probes.judge.robust import median, spread

USUAL = 14  # good tarballs that make the level
STEPS_OVER = 40  # tarballs in which steps are looked for
# Of those: before the first none is odd, before the second only what is gross, before the third no trend is known.
FEWEST, CERTAIN_FROM, TREND_FROM = 2, 5, 10
CUT = 6.0  # scales
ROUNDING = 1e-9  # of logarithms
SCALE_FLOORS = ((9, 0.004), (5, 0.01), (0, 0.02))  # from so many on
LEAST_DROP, LEAST_DROP_COLD = 0.0202, 0.1625  # of the logarithm: 2 % and 15 %
LEAST_RISE, LEAST_RISE_COLD = 0.405, 1.1  # 50 % and to the threefold
LEAST_UP = 0.03
# So many tarballs of a new level are what the next is compared with, though the step is still told.
NEW_LEVEL_AFTER = 3

DRIFT_FROM = 14  # tarballs
DRIFT_OVER = 45
LEAST_SIGMA = 0.002
LEAST_DECLINE, DRIFT_SIGMAS = 0.0152, 5.0
LONGER_THAN_STEP = 1.7
FEWEST_DECLINING = 4  # tarballs
RECENT = 8
LEAST_GROWTH, LEAST_GROWTH_RATE, RATE_FACTOR = 0.08, 0.005, 3.0


@dataclass(frozen=True)
class Step:
    """A size that is smaller or larger than usual, and maybe those after it; places count from the oldest size given."""

    is_low: bool
    first: int
    expected_bytes: int
    ratio: float  # of the first size to what was expected


@dataclass(frozen=True)
class Drift:
    """A slow change: how much smaller or larger sizes have become, and since which place."""

    is_down: bool
    first: int
    ratio: float


@dataclass(frozen=True)
class Story:
    """What is odd about a series of sizes."""

    steps: tuple[Step, ...] = ()
    drift: Drift | None = None


@dataclass
class _Run:
    kind: str  # low, high, up
    first: int
    expected: float
    levels: list[float]


@lru_cache(maxsize=4096)
def story(
    sizes: tuple[int, ...],
    shrink_max: int | None = None,
    grow_max: int | None = None,
    days_apart: float = 1.0,
) -> Story:
    """Return what is odd about sizes in bytes, oldest first, none of them 0; the limits are in percent.

    `days_apart` is the usual time between two of them: growth is measured by the day.
    """
    levels = [log(size) for size in sizes]
    steps = _Steps(shrink_max, grow_max)
    for place in range(max(0, len(levels) - STEPS_OVER), len(levels)):
        steps.take(place, levels[place])
    steps.end()
    return Story(tuple(steps.found), _drift(levels, steps.level_since, days_apart))


class _Steps:
    """Goes through sizes in order and keeps the usual ones to compare the next with."""

    def __init__(self, shrink_max: int | None, grow_max: int | None) -> None:
        self.shrink_max, self.grow_max = shrink_max, grow_max
        self.usual: list[float] = []
        self.run: _Run | None = None
        self.found: list[Step] = []
        self.level_since = 0  # before this place it was another level

    def take(self, place: int, level: float) -> None:
        """Take the next size."""
        kind = self._kind(level)
        if not kind:
            self.end()
            self.usual = [*self.usual, level][-USUAL:]
            return
        if self.run is None or self.run.kind != kind:
            self.end()
            self.run = _Run(kind, place, self._expected(), [])
        self.run.levels.append(level)
        if len(self.run.levels) == NEW_LEVEL_AFTER:
            levels, first = self.run.levels, self.run.first
            self.end()
            self.usual = levels
            if kind != "up":
                self.level_since = first

    def _expected(self) -> float:
        return _level(self.usual)[0]

    def _kind(self, level: float) -> str:
        """Return whether a level is low, high, up (higher, but not so that it is told) or, empty, as usual."""
        if len(self.usual) < FEWEST:
            return ""
        expected, trend = _level(self.usual)
        off = level - expected
        if self.shrink_max is self.grow_max is None and -LEAST_DROP <= off <= LEAST_UP:
            return ""  # whatever the scatter is
        low, high, up = self._bounds(expected, trend)
        if off < -low - ROUNDING:
            return "low"
        if off > high + ROUNDING:
            return "high"
        return "up" if off > up else ""

    def end(self) -> None:
        """End the row of odd sizes, keeping it as a step where it is to be told."""
        if self.run and self.run.kind != "up":
            first = self.run.levels[0]
            expected_bytes = round(exp(self.run.expected))
            ratio = exp(first - self.run.expected)
            is_low = self.run.kind == "low"
            self.found.append(Step(is_low, self.run.first, expected_bytes, ratio))
        self.run = None

    def _bounds(self, expected: float, trend: float) -> tuple[float, float, float]:
        """Return how far below, above, and untold above, a size is odd."""
        scale = _scale(self.usual, expected, trend)
        cold = len(self.usual) < CERTAIN_FROM
        low = max(CUT * scale, LEAST_DROP_COLD if cold else LEAST_DROP)
        high = max(CUT * scale, LEAST_RISE_COLD if cold else LEAST_RISE)
        if self.shrink_max is not None:
            low = -log(max(1e-9, 1 - self.shrink_max / 100))
        if self.grow_max is not None:
            high = log(1 + self.grow_max / 100)
        return low, high, max(CUT * scale, LEAST_UP)


def _level(usual: Sequence[float]) -> tuple[float, float]:
    """Return the level to expect next, and the trend from one to the next; a fall is no trend to be expected."""
    known, trend = len(usual), 0.0
    if known >= TREND_FROM:
        trend = max(0.0, (median(usual[-5:]) - median(usual[:5])) / (known - 5))
    return median(usual) + trend * (known + 1) / 2, trend


def _scale(usual: Sequence[float], expected: float, trend: float) -> float:
    """Return the scale of what is usual around the trend, with a floor."""
    known = len(usual)
    # 1 KiB is what an archive's own records may come and go by.
    floor = 1024 / exp(expected)
    for fewest, scale in SCALE_FLOORS:
        if known >= fewest:
            floor = max(floor, scale)
            break
    centre = expected - trend * (known + 1) / 2
    middle = (known - 1) / 2
    around = [level - trend * (place - middle) for place, level in enumerate(usual)]
    return max(spread(around, centre), floor)


def _drift(levels: Sequence[float], since: int, days_apart: float) -> Drift | None:
    first = max(since, len(levels) - DRIFT_OVER)
    recent = levels[first:]
    if len(recent) < DRIFT_FROM:
        return None
    changes = [later - earlier for earlier, later in pairwise(recent)]
    # Sizes scatter around a level, so that a change from one to the next has twice their variance.
    sigma = max(spread(changes) / 2**0.5, LEAST_SIGMA)
    smooth = [median(recent[max(0, place - 2) : place + 1]) for place in range(len(recent))]
    least_rate = LEAST_GROWTH_RATE * max(1.0, days_apart / 2)
    return _decline(recent, smooth, sigma, first) or _growth(
        recent, smooth, sigma, first, least_rate
    )


def _decline(
    levels: Sequence[float], smooth: Sequence[float], sigma: float, first: int
) -> Drift | None:
    top = max(range(2, len(smooth)), key=lambda place: (smooth[place], place))
    fall = smooth[top] - smooth[-1]
    if len(smooth) - top <= FEWEST_DECLINING:
        return None
    if fall < max(LEAST_DECLINE, DRIFT_SIGMAS * sigma):
        return None
    if fall < LONGER_THAN_STEP * -min(_steps(levels[max(0, top - 2) :]), default=0.0):
        return None
    return Drift(True, first + top, exp(-fall))


def _growth(
    levels: Sequence[float], smooth: Sequence[float], sigma: float, first: int, least_rate: float
) -> Drift | None:
    changes = [later - earlier for earlier, later in pairwise(levels)]
    bottom = len(smooth) - 1 - RECENT
    while bottom > 2 and smooth[bottom - 1] < smooth[bottom]:
        bottom -= 1
    rate = median(changes[-RECENT:])
    rate_before = max(0.0, median(changes[: len(changes) // 2]))
    rise = smooth[-1] - smooth[bottom]
    if rate < RATE_FACTOR * rate_before + least_rate:
        return None
    if rise < max(LEAST_GROWTH, DRIFT_SIGMAS * sigma):
        return None
    if rise < LONGER_THAN_STEP * max(_steps(levels[max(0, bottom - 2) :]), default=0.0):
        return None
    return Drift(False, first + bottom, exp(rise))


def _steps(levels: Sequence[float]) -> list[float]:
    """Return the lasting change at each place: the median of the three sizes from there on less that of the three before.

    A drift is longer than its largest step; what is not is a step, which is told as one or is nobody's concern.
    """
    return [
        median(levels[place : place + 3]) - median(levels[place - 3 : place])
        for place in range(3, len(levels) - 1)
    ]
