"""Days of the past: what an address asks for, and when a day was over on a hub's clock."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from dashboard.matrix.days import asked_day, end_of

TAIPEI = ZoneInfo("Asia/Taipei")
NOW = datetime(2024, 5, 15, 17, 0, tzinfo=UTC)  # the 16th in Taipei
FIRST = datetime(2024, 5, 1, 17, 0, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", date(2024, 5, 14), utc(2024, 5, 15)),
        ("Asia/Taipei", date(2024, 5, 14), utc(2024, 5, 14, 16)),
        ("America/New_York", date(2024, 3, 10), utc(2024, 3, 11, 4)),  # of 23 hours
        ("America/New_York", date(2024, 11, 3), utc(2024, 11, 4, 5)),  # of 25 hours
        ("Africa/Cairo", date(2024, 4, 25), utc(2024, 4, 25, 22)),  # midnight is left out
        ("America/Havana", date(2024, 11, 2), utc(2024, 11, 3, 4)),  # comes twice, on one day
        (
            "America/St_Johns",
            date(2006, 10, 28),
            utc(2006, 10, 29, 3, 30),
        ),  # comes twice, on two days
        ("Pacific/Apia", date(2011, 12, 29), utc(2011, 12, 30, 10)),  # the next day is left out
    ],
)
def test_a_day_ends_when_the_next_begins_on_the_hubs_clock(
    zone: str, day: date, end: datetime
) -> None:
    assert end_of(day, ZoneInfo(zone)) == end


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "America/Havana", "Asia/Beirut"])
def test_no_moment_of_a_year_is_of_two_days(zone: str) -> None:
    clock = ZoneInfo(zone)
    days = [date.fromordinal(date(2024, 1, 1).toordinal() + number) for number in range(366)]

    ends = [end_of(day, clock) for day in days]

    assert all(23 <= (after - end).total_seconds() / 3600 <= 25 for end, after in pairwise(ends))
    assert [end.astimezone(clock).date() for end in ends[:-1]] == days[1:]


def test_a_past_day_is_shown_as_it_was_at_its_end() -> None:
    day = asked_day("2024-05-10", TAIPEI, NOW, FIRST)

    assert (day.on, day.is_past, day.note) == (date(2024, 5, 10), True, "")
    assert day.moment == utc(2024, 5, 10, 16)


@pytest.mark.parametrize("text", ["", "2024-05-16"])
def test_today_is_shown_as_it_is_now(text: str) -> None:
    day = asked_day(text, TAIPEI, NOW, FIRST)

    assert (day.on, day.is_past, day.moment, day.note) == (date(2024, 5, 16), False, NOW, "")


def test_a_day_to_come_is_today_and_says_so() -> None:
    day = asked_day("2024-05-17", TAIPEI, NOW, FIRST)

    assert (day.on, day.moment) == (date(2024, 5, 16), NOW)
    assert day.note == "2024-05-17 has not come yet: this is today."


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2024-02-30",
        "20240510",
        "2024-W18-1",
        "2024-5-1",
        "0001-01-01",
        "\u0662\u0660\u0662\u0664-05-01",
        "<b>",
    ],
)
def test_what_is_no_day_is_today_and_says_so(text: str) -> None:
    day = asked_day(text, TAIPEI, NOW, FIRST)

    assert day.on == date(2024, 5, 16)
    assert day.note == "The address names no day such as 2026-05-31: this is today."


def test_there_is_a_day_before_as_long_as_anything_is_known() -> None:
    assert asked_day("2024-05-03", TAIPEI, NOW, FIRST).before == date(2024, 5, 2)
    assert asked_day("2024-05-02", TAIPEI, NOW, FIRST).before is None
    assert asked_day("2024-05-02", TAIPEI, NOW, None).before is None


def test_there_is_a_day_after_until_today() -> None:
    assert asked_day("2024-05-15", TAIPEI, NOW, FIRST).after == date(2024, 5, 16)
    assert asked_day("", TAIPEI, NOW, FIRST).after is None


def test_a_day_before_anything_was_known_knows_that() -> None:
    assert asked_day("2024-05-01", TAIPEI, NOW, FIRST).is_before_all
    assert not asked_day("2024-05-02", TAIPEI, NOW, FIRST).is_before_all
