"""What a repo's tarballs contain over the years: growth with the semester, noise, and now and then a step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.detection import chance
from bench.detection.calendars import TERM_MONTHS

NOISES = (0.0005, 0.001, 0.003, 0.01)
GROWTH_A_YEAR = (0.0, 0.5)
IN_TERM, OUTSIDE = 1.6, 0.4
CLEAN_UP, RELEASE = (-0.12, -0.02), (0.05, 0.30)
SMALLEST, LARGEST = 1_500_000, 4_000_000_000
YEAR = timedelta(days=365.25)


@dataclass(frozen=True, slots=True)
class Content:
    """What one backup packs."""

    size_bytes: int
    digest: str
    revision: int  # of the repository


@dataclass(frozen=True, slots=True)
class Step:
    """A lasting change of size that somebody made on purpose: a clean-up or a release."""

    kind: str
    at: datetime
    share: float


def contents(
    repo: str, moments: Sequence[datetime], draw: Random, seed: object, *, is_dead: bool
) -> tuple[list[Content], list[Step]]:
    """Return the content at each moment, and the steps on the way; a dead repo never changes."""
    size = math.log(SMALLEST) + draw.random() * math.log(LARGEST / SMALLEST)
    revision = draw.randint(50, 30_000)
    if is_dead:
        same = Content(int(math.exp(size)), chance.digest(seed, repo), revision)
        return [same] * len(moments), []
    noise = draw.choice(NOISES)
    growth = math.log1p(draw.uniform(*GROWTH_A_YEAR))
    steps = _steps(moments, draw)
    waiting = list(reversed(steps))
    found: list[Content] = []
    for number, moment in enumerate(moments):
        before = moments[max(0, number - 1)]
        factor = IN_TERM if moment.month in TERM_MONTHS else OUTSIDE
        size += growth * factor * ((moment - before) / YEAR)
        while waiting and waiting[-1].at <= moment:
            size += math.log1p(waiting.pop().share)
        revision += 1 + int(draw.expovariate(0.25))
        size_bytes = int(math.exp(size + draw.gauss(0, noise)))
        found.append(Content(size_bytes, chance.digest(seed, repo, number), revision))
    return found, steps


def _steps(moments: Sequence[datetime], draw: Random) -> list[Step]:
    """Return a clean-up and a release in each year, at least twelve days from each other."""
    if len(moments) < 2:
        return []
    steps: list[Step] = []
    year_starts_at = moments[0]
    while year_starts_at < moments[-1]:
        for kind, shares in (("clean_up", CLEAN_UP), ("release", RELEASE)):
            at = year_starts_at + draw.random() * YEAR
            share = draw.uniform(*shares)
            is_apart = all(abs(at - step.at) > timedelta(days=12) for step in steps)
            if is_apart and at <= moments[-1]:
                steps.append(Step(kind, at, share))
        year_starts_at += YEAR
    return sorted(steps, key=lambda step: step.at)
