"""Takes the points of a series, gives fewer that look the same: extremes always stay. Pure."""

from collections.abc import Sequence

Point = tuple[int, int]  # epoch seconds (or a day's number) and a value


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
    begin, end = points[0][0], points[-1][0]
    span = end - begin + 1
    # Per slice the places of its least and greatest value; -1 where the slice is empty.
    least, greatest = [-1] * slices, [-1] * slices
    for place, (moment, value) in enumerate(points):
        part = (moment - begin) * slices // span
        if least[part] < 0 or value < points[least[part]][1]:
            least[part] = place
        if greatest[part] < 0 or value > points[greatest[part]][1]:
            greatest[part] = place
    kept = {0, len(points) - 1, *least, *greatest} - {-1}
    return [points[place] for place in sorted(kept)]
