"""Medians and spreads that a few wild values do not move. Pure.

The factor 1.4826 makes the median absolute deviation comparable to a standard deviation (Iglewicz and Hoaglin,
"How to Detect and Handle Outliers", 1993); slopes are those of Theil and Sen.
"""

from collections.abc import Sequence
from itertools import combinations

MAD_TO_SIGMA = 1.4826


def median(values: Sequence[float]) -> float:
    """Return the middle value; raises IndexError when there is none."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def spread(values: Sequence[float], centre: float | None = None) -> float:
    """Return the scaled median distance from the median, or from another centre."""
    around = median(values) if centre is None else centre
    return MAD_TO_SIGMA * median([abs(value - around) for value in values])


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which about this share of the values lies; raises IndexError when there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the median slope of all pairs of points with different x, 0 where there is no such pair."""
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(points, 2)
        if later[0] != earlier[0]
    ]
    return median(slopes) if slopes else 0.0
