"""Paths and stamps: what fits the layout, and which moment a stamp means."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from probes.look.layout import daily_window, parse_month, split_place, stamp_at, stamp_text

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_path_in_the_layout_is_split_at_its_month() -> None:
    place = split_place(b"tracs/env/2013/05/09/104701/env.tar.gz")

    assert place == (b"tracs/env/2013/05", b"09/104701/env.tar.gz")


@pytest.mark.parametrize(
    "path",
    [
        b"env.tar.gz",
        b"tracs/env/last/env.tar.gz",
        b"tracs/env/2013/13/09/104701/env.tar.gz",
        b"tracs/env/2013/02/31/104701/env.tar.gz",
        b"tracs/env/2013/05/09/246060/env.tar.gz",
        b"tracs/env/2013/05/09/1047/env.tar.gz",
        b"env/2013/05/09/104701/env.tar.gz",
        b"tracs/env/2013/05/09/104701/deeper/env.tar.gz",
    ],
)
def test_a_path_that_does_not_fit_is_no_place(path: bytes) -> None:
    assert split_place(path) is None


def test_the_last_day_of_a_leap_february_fits() -> None:
    assert split_place(b"tracs/env/2024/02/29/104701/env.tar.gz") is not None


def test_a_repo_is_named_by_the_last_two_components_before_the_stamp() -> None:
    month = parse_month(b"deep/er/tracs/env/2013/05")

    assert (month.category, month.name) == (b"tracs", b"env")


def test_a_repo_whose_name_looks_like_a_year_is_a_repo() -> None:
    place = split_place(b"folders/2019/2024/05/09/104701/x.tar.gz")

    assert place is not None
    assert parse_month(place[0]).name == b"2019"


def test_a_newline_in_a_file_name_stays_in_the_name() -> None:
    place = split_place(b"tracs/env/2013/05/09/104701/new\nline.tar.gz")

    assert place == (b"tracs/env/2013/05", b"09/104701/new\nline.tar.gz")


def test_the_stamp_is_kept_as_written() -> None:
    assert stamp_text(b"tracs/env/2013/05", b"09/104701/env.tar.gz") == "2013/05/09/104701"


def test_a_stamp_in_taipei_is_eight_hours_earlier_in_utc() -> None:
    moment = stamp_at("2013/05/09/104701", ZoneInfo("Asia/Taipei"))

    assert moment == datetime(2013, 5, 9, 2, 47, 1, tzinfo=UTC)


def test_a_time_that_the_spring_night_leaves_out_is_one_moment() -> None:
    assert stamp_at("2026/03/29/023000", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_time_that_the_autumn_night_repeats_is_the_first() -> None:
    assert stamp_at("2026/10/25/023000", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_times_around_the_autumn_night_keep_their_distance() -> None:
    before, after = stamp_at("2026/10/25/015959", BERLIN), stamp_at("2026/10/25/030000", BERLIN)

    assert (after - before).total_seconds() == 2 * 3600 + 1


def test_a_daily_look_walks_last_this_and_next_month_of_the_hub() -> None:
    new_year_in_taipei = datetime(2025, 12, 31, 17, 0, tzinfo=UTC)

    window = daily_window(new_year_in_taipei, ZoneInfo("Asia/Taipei"))

    assert window == ("2025/12", "2026/01", "2026/02")
