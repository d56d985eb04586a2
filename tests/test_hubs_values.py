"""Durations, sizes, limits and names as values."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.durations import format_duration, parse_duration
from hubs.limits import Limits, free_space_floor_bytes, limits_from, parse_size
from hubs.names import exact, to_bytes, to_text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "1", "1 d", "-1d", "d", "1y", "0s", "1d\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=10**9))
def test_a_written_duration_is_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(("text", "size_bytes"), [("50GB", 50 * 10**9), ("12", 12), ("3B", 3)])
def test_a_size_is_read(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


def test_free_space_may_be_a_percentage() -> None:
    assert free_space_floor_bytes("5%", 1000) == 50


def test_a_repo_policy_wins_over_that_of_its_hub() -> None:
    limits = limits_from({"cadence": "1d", "keep_min": 3}, {"cadence": "12h", "keep_min": None})

    assert (limits.cadence, limits.keep_min) == ("12h", 3)


def test_what_nobody_set_has_its_default() -> None:
    assert limits_from(None, {"cadence": "", "grace": None}) == Limits()


@given(st.binary(max_size=60))
def test_a_name_comes_back_from_its_text(name: bytes) -> None:
    assert to_bytes(to_text(name)) == name


@given(st.binary(max_size=60))
def test_the_text_of_a_name_can_be_printed(name: bytes) -> None:
    assert to_text(name).isprintable()


def test_two_names_that_are_not_utf8_stay_two() -> None:
    assert to_text(b"a\xff") != to_text(b"a\xfe")


def test_programs_get_the_name_as_python_writes_it() -> None:
    assert exact(to_text(b"a\xff\n")) == "a\udcff\n"
