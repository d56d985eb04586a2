"""When a tarball is due: set, by cron on either side of a clock change, and learned."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hubs.limits import Limits
from probes.judge.cadence import overdue_since, period_of
from probes.judge.schedule import learned
from tests.estate import DAY, HOUR, NOW, every

ZONE = ZoneInfo("UTC")
PARIS = ZoneInfo("Europe/Paris")
DAILY = Limits(cadence="1d", grace=6 * HOUR)
MINUTE = timedelta(minutes=1)


def learned_period(stamps: list[datetime]) -> timedelta | None:
    schedule = learned(tuple(stamps), ZONE)
    return schedule.longest_gap if schedule else None


def newest_first(stamps: list[datetime]) -> list[datetime]:
    return sorted(stamps, reverse=True)


def weekdays(until: datetime, count: int) -> list[datetime]:
    days = [until - DAY * number for number in range(count * 2)]
    return [day for day in days if day.weekday() < 5][:count]


@pytest.mark.parametrize(("age", "is_late"), [(29, False), (30, False), (31, True)])
def test_a_set_cadence_is_overdue_after_period_and_grace(age: int, is_late: bool) -> None:
    due = overdue_since(DAILY, NOW - age * HOUR, [], ZONE, NOW)

    assert bool(due) is is_late


@pytest.mark.parametrize(("age_minutes", "is_late"), [(0, False), (1, True)])
def test_cron_is_overdue_when_nothing_is_as_new_as_the_last_time_due(
    age_minutes: int, is_late: bool
) -> None:
    limits = Limits(cadence="0 3 * * *", grace=6 * HOUR)
    at_three = NOW.replace(hour=3)

    due = overdue_since(limits, at_three - age_minutes * MINUTE, [], ZONE, NOW)

    assert bool(due) is is_late


def test_cron_waits_for_the_grace() -> None:
    limits = Limits(cadence="0 11 * * *", grace=6 * HOUR)

    assert overdue_since(limits, NOW.replace(hour=11) - DAY, [], ZONE, NOW) is None


@pytest.mark.parametrize(
    ("ran_at", "moment"),
    [
        # 02:30 does not exist on 31 March: cron starts the job at 03:00 summer time.
        (datetime(2024, 3, 31, 1, 0, tzinfo=UTC), datetime(2024, 3, 31, 20, tzinfo=UTC)),
        # 02:30 comes twice on 27 October, and cron starts the job at the first.
        (datetime(2024, 10, 27, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 20, tzinfo=UTC)),
        (datetime(2024, 10, 27, 1, 30, tzinfo=UTC), datetime(2024, 10, 27, 20, tzinfo=UTC)),
    ],
)
def test_cron_is_quiet_in_the_nights_of_a_clock_change(ran_at: datetime, moment: datetime) -> None:
    limits = Limits(cadence="30 2 * * *", grace=6 * HOUR)

    assert overdue_since(limits, ran_at, [], PARIS, moment) is None


@pytest.mark.parametrize(
    "moment", [datetime(2024, 3, 31, 20, tzinfo=UTC), datetime(2024, 10, 27, 20, tzinfo=UTC)]
)
def test_cron_rings_after_a_clock_change_without_a_backup(moment: datetime) -> None:
    limits = Limits(cadence="30 2 * * *", grace=6 * HOUR)

    assert overdue_since(limits, moment - DAY, [], PARIS, moment)


def test_cron_of_a_day_that_never_comes_is_never_due() -> None:
    limits = Limits(cadence="0 0 30 2 *")

    assert overdue_since(limits, NOW - 900 * DAY, [], ZONE, NOW) is None


def test_nothing_is_learned_from_two_gaps() -> None:
    assert learned_period(newest_first(every(3))) is None


def test_three_gaps_teach_a_period() -> None:
    assert learned_period(newest_first(every(4))) == DAY


def test_one_outage_does_not_stretch_what_is_learned() -> None:
    stamps = every(12, newest=2 * HOUR) + every(8, newest=20 * DAY)

    assert learned_period(newest_first(stamps)) == DAY


def test_the_same_stamp_twice_is_no_gap() -> None:
    assert learned_period(newest_first(every(4) * 2)) == DAY


@pytest.mark.parametrize("count", [7, 11, 15])
def test_a_weekday_schedule_is_quiet_on_monday_morning(count: int) -> None:
    friday = datetime(2024, 5, 10, 2, tzinfo=UTC)
    stamps = weekdays(friday, count)

    limits = Limits(grace=6 * HOUR)

    assert overdue_since(limits, friday, stamps, ZONE, friday + 3 * DAY + 5 * HOUR) is None


def test_a_learned_cadence_rings_when_it_breaks() -> None:
    stamps = newest_first(every(15, newest=5 * DAY))

    due = overdue_since(Limits(), stamps[0], stamps, ZONE, NOW)

    assert due
    assert due.expectation == "one every day at about 12:00 (learned)"


def test_the_period_of_cron_is_the_time_between_its_last_two() -> None:
    assert period_of(Limits(cadence="0 */12 * * *"), [], ZONE, NOW) == 12 * HOUR
