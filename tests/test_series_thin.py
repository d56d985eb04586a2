"""Thinning keeps what a reader of a plot must not miss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.thin import thin

DAY = 86_400

series = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), min_size=1, max_size=300
).map(sorted)


def test_few_points_stay_as_they_are() -> None:
    points = [(0, 5), (DAY, 6), (2 * DAY, 7)]

    assert thin(points, 4) == points


def test_a_truncated_tarball_stays_among_ten_years() -> None:
    points = [(day * DAY, 1_000_000 + day) for day in range(3_650)]
    points[1_777] = (1_777 * DAY, 12)

    assert (1_777 * DAY, 12) in thin(points, 64)


def test_too_little_room_is_refused() -> None:
    with pytest.raises(ValueError, match="4 can"):
        thin([(0, 1)], 3)


@given(points=series, most=st.integers(4, 100))
def test_the_ends_and_both_extremes_stay_and_nothing_is_invented(
    points: list[tuple[int, int]], most: int
) -> None:
    kept = thin(points, most)

    values, kept_values = [value for _, value in points], [value for _, value in kept]
    assert len(kept) <= max(most, 1)
    assert set(kept) <= set(points)
    assert kept == sorted(kept, key=lambda point: point[0])
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert (min(kept_values), max(kept_values)) == (min(values), max(values))


@given(points=series, most=st.integers(4, 100))
def test_what_is_less_or_greater_than_all_around_it_stays(
    points: list[tuple[int, int]], most: int
) -> None:
    """Of each of equal slices of time the least and the greatest value are kept, wherever it lies."""
    kept = set(thin(points, most))

    slices = (most - 2) // 2
    begin, span = points[0][0], points[-1][0] - points[0][0] + 1
    of_slice: dict[int, list[tuple[int, int]]] = {}
    for point in points:
        of_slice.setdefault((point[0] - begin) * slices // span, []).append(point)
    for part in of_slice.values():
        values = {value for moment, value in part if (moment, value) in kept}
        assert {min(value for _, value in part), max(value for _, value in part)} <= values


@given(
    sizes=st.lists(st.integers(10**6, 10**9), min_size=30, max_size=400),
    place=st.integers(0),
    most=st.integers(4, 60),
)
def test_a_truncated_tarball_never_vanishes(sizes: list[int], place: int, most: int) -> None:
    points = [(number * DAY, size) for number, size in enumerate(sizes)]
    truncated = (place % len(sizes) * DAY, 12)
    points[place % len(sizes)] = truncated

    by_month = [thin(points[start : start + 30], 4) for start in range(0, len(points), 30)]

    assert truncated in thin(points, most)
    assert truncated in thin([point for month in by_month for point in month], most)
