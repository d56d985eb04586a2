"""Values as plain words."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import wording
from tests.estate import DAY, HOUR, NOW


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (64_400_000, "64.4 MB"),
        (5 * 10**12, "5.00 TB"),
    ],
)
def test_a_size_has_three_digits(size_bytes: int, words: str) -> None:
    assert wording.size(size_bytes) == words


def test_an_exact_size_has_every_byte() -> None:
    assert wording.exact_bytes(1_234_567_890) == "1,234,567,890 bytes"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=40), "40 min ago"),
        (27 * HOUR, "27 h ago"),
        (12 * DAY, "12 d ago"),
        (800 * DAY, "2.2 y ago"),
        (-5 * HOUR, "in 5 h"),
    ],
)
def test_an_age_is_in_one_unit(before: timedelta, words: str) -> None:
    assert wording.age(NOW - before, NOW) == words


def test_what_never_was_is_never() -> None:
    assert wording.age(None, NOW) == "never"


def test_what_is_unknown_says_since_when() -> None:
    assert wording.unknown_since(NOW) == "unknown since 2024-05-15 12:00 UTC"


def test_a_moment_in_a_zone_names_the_day_where_it_differs() -> None:
    assert wording.moment_there(NOW + 6 * HOUR, ZoneInfo("Asia/Taipei")) == "16 May 02:00 +0800"


@pytest.mark.parametrize(
    ("skew_seconds", "words"),
    [
        (None, "unknown"),
        (0.4, "the same as ours to a second"),
        (-200, "3 min behind ours"),
        (90, "90 s ahead of ours"),
    ],
)
def test_a_clock_is_ahead_or_behind(skew_seconds: float | None, words: str) -> None:
    assert wording.clock(skew_seconds) == words
