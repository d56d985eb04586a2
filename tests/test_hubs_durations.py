"""Durations as messages say them."""

from datetime import timedelta

import pytest

from hubs.durations import format_duration, spoken_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (125, "2m 5s"),
        (86_400, "1d"),
        (86_405, "1d"),
        (108_015, "1d 6h"),
        (-7200, "2h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, text: str) -> None:
    assert spoken_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(2_592_000, "30d"), (93_600, "26h"), (5400, "90m"), (61, "61s")]
)
def test_a_duration_is_written_in_the_largest_unit_it_is_whole_numbers_of(
    seconds: int, text: str
) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text
