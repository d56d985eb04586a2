"""Takes the points of a series, gives fewer that look the same: extremes always stay. Pure."""

from bisect import bisect_left
from collections.abc import Sequence

Point = tuple[int, int]  # epoch seconds (or a day's number) and a value
FINE_POINTS, COARSE_POINTS = 64, 4  # how many of a month are kept


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """Return at most `most` of the points, which are sorted by time.

    The first, the last, and the least and greatest of each of equal slices of time stay, so that a truncated
    tarball is seen however much is left out. Raises ValueError when `most` leaves no room for that (below 4).
    """
    if most < 4:
        raise ValueError(f"{most} points cannot hold the first, the last and the extremes: 4 can")
    if len(points) <= most:
        return list(points)
    slices = (most - 2) // 2
    moments, values = [moment for moment, _ in points], [value for _, value in points]
    begin, span = moments[0], moments[-1] - moments[0] + 1
    kept = {0, len(points) - 1}
    start = 0
    for number in range(1, slices + 1):
        # The first moment of the next slice, rounded up, as moments are whole.
        end = bisect_left(moments, begin - (-span * number // slices), start)
        if part := values[start:end]:
            kept |= {start + part.index(min(part)), start + part.index(max(part))}
        start = end
    return [points[place] for place in sorted(kept)]
