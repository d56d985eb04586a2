"""When backups are made, learned from when they were: on the wall of the hub, through both changes of its clock."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from hubs.limits import Limits
from probes.judge.cadence import overdue_since
from probes.judge.findings import judge_hub
from probes.judge.replay import moments_between
from probes.judge.schedule import FEWEST_STAMPS, Schedule, learned
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_run, told
from tests.pasts import (
    EVERY_DAY,
    OFFICE_DAYS,
    SUNDAYS,
    a_setting,
    a_tarball,
    came,
    codes,
    nights,
    replayed,
)

BERLIN, TAIPEI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Taipei")
ZONES = [BERLIN, TAIPEI]
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
GRACE = Limits().grace
MONDAY = date(2024, 1, 1)


def due(stamps: Sequence[datetime], moment: datetime, zone: ZoneInfo = BERLIN) -> bool:
    """Say whether a repo with these stamps is overdue at a moment."""
    newest_first = sorted(stamps, reverse=True)
    return bool(overdue_since(Limits(), newest_first[0], newest_first, zone, moment))


def hours(since: datetime, until: datetime, step: timedelta = HOUR) -> Iterable[datetime]:
    return moments_between(since, until, step)


def scattered(stamps: Sequence[datetime], minutes: float = 6, seed: int = 1) -> list[datetime]:
    chance = Random(seed)
    return sorted(at + timedelta(seconds=round(chance.gauss(0, 60 * minutes))) for at in stamps)


def schedule_of(stamps: Sequence[datetime], zone: ZoneInfo = BERLIN) -> Schedule:
    schedule = learned(tuple(sorted(stamps, reverse=True)), zone)
    assert schedule
    return schedule


def twice_a_day(zone: ZoneInfo, first: date, days: int) -> list[datetime]:
    return sorted(nights(zone, first, days) + nights(zone, first, days, hour=14))


# --- Each kind of schedule: it rings, it is quiet, and the edge ---------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("weekdays", "days", "next_in", "words"),
    [
        (EVERY_DAY, 40, 1, "one every day at about 02:30 (learned)"),
        (OFFICE_DAYS, 40, 3, "one on weekdays at about 02:30 (learned)"),  # the last is a Friday
        (SUNDAYS, 70, 7, "one 7d after the one before (learned)"),
        ((0, 2, 4), 40, 3, "one on Mon, Wed, Fri at about 02:30 (learned)"),
    ],
    ids=["daily", "weekdays", "weekly", "three days"],
)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_learned_schedule_rings_just_after_the_grace(
    zone: ZoneInfo, weekdays: Iterable[int], days: int, next_in: int, words: str
) -> None:
    hub = make_hub(zone=str(zone))
    replica = make_replica(hub)
    first = MONDAY + DAY * (1 if weekdays == SUNDAYS else 0)
    stamps = nights(zone, first, days, weekdays=weekdays)
    lay_snapshots(replica, stamps=stamps)
    last_wall = stamps[-1].astimezone(zone).replace(tzinfo=None)
    expected = (last_wall + DAY * next_in).replace(tzinfo=zone).astimezone(UTC)
    make_run(replica, expected + GRACE)
    judge_hub(hub, expected + GRACE)
    assert told(hub, "overdue") == []
    make_run(replica, expected + GRACE + SECOND)

    judge_hub(hub, expected + GRACE + SECOND)

    (finding,) = told(hub, "overdue")
    assert finding.evidence["expected"] == words
    assert datetime.fromisoformat(finding.evidence["expected_at"]) == expected


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_twice_a_day_rings_when_either_is_missing(zone: ZoneInfo) -> None:
    stamps = twice_a_day(zone, MONDAY, 20)

    for last in (-1, -2):
        known = stamps[: len(stamps) + last]
        missed = stamps[len(stamps) + last]
        assert not due(known, missed + GRACE, zone)
        assert due(known, missed + GRACE + SECOND, zone)


@pytest.mark.parametrize("weekdays", [EVERY_DAY, OFFICE_DAYS, SUNDAYS])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_schedule_that_is_kept_is_quiet_at_every_hour(
    zone: ZoneInfo, weekdays: Iterable[int]
) -> None:
    stamps = scattered(nights(zone, MONDAY, 90, weekdays=weekdays))

    for known in range(FEWEST_STAMPS, len(stamps), 3):
        until = stamps[known]
        for moment in hours(stamps[known - 1], until, 6 * HOUR):
            assert not due(stamps[:known], moment, zone)


def test_a_monthly_repo_waits_for_the_longest_month() -> None:
    stamps = [datetime(2023, month, 1, 2, 30, tzinfo=UTC) for month in range(1, 13)]

    january, february = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    assert not due(stamps, january + 2 * HOUR)
    assert not due([*stamps, january + 2.5 * HOUR], february + 2 * HOUR)
    assert due([*stamps, january + 2.5 * HOUR], february + 4 * DAY)


def test_hourly_backups_ring_after_their_period_and_the_grace() -> None:
    stamps = list(hours(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 5, tzinfo=UTC)))

    assert not due(stamps, stamps[-1] + HOUR + GRACE)
    assert due(stamps, stamps[-1] + HOUR + GRACE + SECOND)


def test_backups_every_other_day_ring_on_the_third() -> None:
    stamps = nights(BERLIN, MONDAY, 60)[::2]

    assert not due(stamps, stamps[-1] + 2 * DAY + GRACE)
    assert due(stamps, stamps[-1] + 2 * DAY + GRACE + 2 * HOUR)


def test_runs_around_midnight_are_one_slot() -> None:
    stamps = scattered(nights(BERLIN, MONDAY, 60, hour=23, minute=59))

    (slot,) = schedule_of(stamps).slots
    assert len(slot.weekdays) == 7
    assert not any(due(stamps, moment) for moment in hours(stamps[-1], stamps[-1] + 29 * HOUR))
    assert due(stamps, stamps[-1] + 32 * HOUR)


def test_weekday_runs_around_midnight_are_quiet_through_a_weekend() -> None:
    stamps = scattered(nights(BERLIN, MONDAY, 61, hour=23, minute=59, weekdays=OFFICE_DAYS))
    friday = next(at for at in reversed(stamps) if (at - HOUR).astimezone(BERLIN).weekday() == 4)
    known = [at for at in stamps if at <= friday]

    assert not any(due(known, moment) for moment in hours(friday, friday + 3 * DAY))
    assert due(known, friday + 3 * DAY + 9 * HOUR)


# --- The changes of the clock -------------------------------------------------------------------

CHANGES = [date(2023, 3, 26), date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27)]
TIMES_OF_DAY = [(0, 15), (1, 30), (2, 0), (2, 30), (3, 0), (3, 30), (12, 0), (23, 45)]


@pytest.mark.parametrize(("hour", "minute"), TIMES_OF_DAY)
@pytest.mark.parametrize("change", CHANGES[2:], ids=str)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_daily_backup_that_runs_is_quiet_around_a_change_of_the_clock(
    zone: ZoneInfo, change: date, hour: int, minute: int
) -> None:
    stamps = nights(zone, change - 25 * DAY, 30, hour, minute)

    for number in range(22, 29):
        for moment in hours(stamps[number], stamps[number + 1]):
            assert not due(stamps[: number + 1], moment, zone)


@pytest.mark.parametrize(("hour", "minute"), TIMES_OF_DAY)
@pytest.mark.parametrize("change", CHANGES[2:], ids=str)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_each_night_that_is_missed_around_a_change_of_the_clock_rings(
    zone: ZoneInfo, change: date, hour: int, minute: int
) -> None:
    stamps = nights(zone, change - 25 * DAY, 30, hour, minute)

    for number in range(22, 29):
        assert due(stamps[:number], stamps[number] + GRACE + HOUR + SECOND, zone)


@pytest.mark.parametrize("shown", [(3, 0), (3, 30)])
def test_a_time_that_is_left_out_may_be_run_just_after(shown: tuple[int, int]) -> None:
    before = nights(BERLIN, date(2024, 3, 1), 30)
    ran_at = datetime(2024, 3, 31, *shown, tzinfo=BERLIN).astimezone(UTC)
    after = nights(BERLIN, date(2024, 4, 1), 3)

    assert not any(due([*before, ran_at], at) for at in hours(ran_at, after[0] + 5 * HOUR))
    assert not any(due([*before, ran_at, after[0]], at) for at in hours(after[0], after[1]))


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_comes_twice_may_be_run_at_either(fold: int) -> None:
    before = nights(BERLIN, date(2024, 10, 1), 26)
    ran_at = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold).astimezone(UTC)
    after = nights(BERLIN, date(2024, 10, 28), 3)

    assert not any(due([*before, ran_at], at) for at in hours(ran_at, after[0] + 5 * HOUR))
    assert not any(due([*before, ran_at, after[0]], at) for at in hours(after[0], after[1]))


def test_no_alarm_at_either_change_of_the_clock_over_two_years() -> None:
    first, days = date(2023, 1, 1), 730
    pasts = {
        "tracs/daily": scattered(nights(BERLIN, first, days)),
        "svn/weekdays": scattered(nights(BERLIN, first, days, weekdays=OFFICE_DAYS), seed=2),
        "folders/twice": scattered(twice_a_day(BERLIN, first, days), seed=3),
    }
    happenings = [
        came(a_tarball(at, path, BERLIN), repo_id=number)
        for number, (path, stamps) in enumerate(pasts.items(), 1)
        for at in stamps
    ]
    since = datetime(2023, 1, 2, 10, tzinfo=UTC)
    moments = set(moments_between(since, since + (days - 3) * DAY, 3 * DAY))
    for change in CHANGES:
        night = datetime(change.year, change.month, change.day, tzinfo=UTC)
        moments.update(moments_between(night - DAY, night + 2 * DAY, 3 * HOUR))

    limits = Limits(look_within=7 * DAY)
    found = replayed(a_setting(list(pasts), BERLIN, limits), happenings, sorted(moments))

    assert [(finding.code, finding.message) for finding in found] == []


# --- A cold start -------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "rings"), [(1, False), (FEWEST_STAMPS - 1, False), (FEWEST_STAMPS, True)]
)
def test_a_repo_is_not_overdue_before_enough_is_known(count: int, rings: bool) -> None:
    hub = make_hub(zone="Asia/Taipei")
    replica = make_replica(hub)
    stamps = nights(TAIPEI, MONDAY, count)
    lay_snapshots(replica, stamps=stamps)
    now = stamps[-1] + 2 * DAY
    make_run(replica, now)

    judge_hub(hub, now)

    assert bool(told(hub, "overdue")) is rings


def test_a_repo_that_began_on_a_monday_is_not_expected_on_its_first_weekend() -> None:
    stamps = nights(BERLIN, MONDAY, 5)

    assert not any(due(stamps, moment) for moment in hours(stamps[-1], stamps[-1] + 3 * DAY))
    assert due(stamps, stamps[-1] + 4 * DAY)


def test_a_repo_that_began_on_a_thursday_rests_on_its_weekends() -> None:
    stamps = nights(BERLIN, MONDAY + 3 * DAY, 30, weekdays=OFFICE_DAYS)

    for known in range(FEWEST_STAMPS, len(stamps)):
        assert not any(
            due(stamps[:known], at) for at in hours(stamps[known - 1], stamps[known], 4 * HOUR)
        )


def test_stamps_that_are_all_alike_teach_nothing() -> None:
    assert learned((datetime(2024, 1, 1, tzinfo=UTC),) * 9, BERLIN) is None


@pytest.mark.parametrize("seed", range(20))
def test_any_stamps_at_all_give_a_schedule_that_goes_on(seed: int) -> None:
    chance = Random(seed)
    longest = chance.choice([600, 86_400, 900_000, 30_000_000])
    at, stamps = datetime(2024, 1, 1, tzinfo=UTC), []
    for _ in range(60):
        at += timedelta(seconds=chance.randint(0, longest))
        stamps.append(at)

    expected = schedule_of(stamps).after(at, BERLIN)

    three = [next(expected) for _ in range(3)]
    assert at < three[0] <= three[1] <= three[2]


# --- Runs that are late, or early, or at another hour -------------------------------------------


def around(stamps: Sequence[datetime], step: timedelta = 2 * HOUR) -> list[datetime]:
    """Return at which moments a repo was overdue, seeing only what had come by then."""
    moments = hours(stamps[FEWEST_STAMPS], stamps[-1] + HOUR, step)
    return [at for at in moments if due([one for one in stamps if one <= at][-60:], at)]


def test_a_run_that_is_late_within_the_grace_is_quiet() -> None:
    stamps = nights(BERLIN, MONDAY, 40)
    stamps[30] += GRACE - HOUR

    assert around(stamps) == []


def test_a_run_that_is_later_rings_until_it_comes() -> None:
    stamps = nights(BERLIN, MONDAY, 40)
    stamps[30] += 12 * HOUR

    late = around(stamps)
    assert late
    assert stamps[29] + DAY + GRACE < late[0]
    assert late[-1] < stamps[30]


@pytest.mark.parametrize("extra", [1, 7, 13, 18, 22])
def test_an_extra_run_by_hand_rings_nothing(extra: int) -> None:
    stamps = nights(BERLIN, MONDAY, 40)

    assert around(sorted([*stamps, stamps[30] + extra * HOUR])) == []


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_repo_made_once_a_day_now_earlier_now_later_is_expected_once_a_day(share: float) -> None:
    chance = Random(1)
    stamps = [at + (chance.random() < share) * 5 * HOUR for at in nights(BERLIN, MONDAY, 90)]

    assert around(stamps) == []


def test_a_run_that_starts_anywhere_within_two_hours_is_quiet() -> None:
    chance = Random(1)
    stamps = [at + chance.randint(0, 120) * MINUTE for at in nights(BERLIN, MONDAY, 90)]

    assert around(stamps) == []


@pytest.mark.parametrize("hour", [0, 1, 4, 6, 8])
def test_another_hour_that_is_near_is_learned_quietly(hour: int) -> None:
    stamps = nights(BERLIN, MONDAY, 30) + nights(BERLIN, MONDAY + 30 * DAY, 60, hour)

    assert around(stamps) == []


@pytest.mark.parametrize(
    "hour",
    [
        pytest.param(
            12, marks=pytest.mark.xfail(strict=True, reason="the old hour is waited for ten days")
        ),
        20,
        22,
    ],
)
def test_another_hour_that_is_far_rings_in_the_first_days_only(hour: int) -> None:
    stamps = nights(BERLIN, MONDAY, 60) + nights(BERLIN, MONDAY + 60 * DAY, 40, hour)

    late = around(stamps)

    assert late == [] or late[-1] < stamps[60] + 3 * DAY


def test_a_second_run_a_day_that_begins_rings_nothing() -> None:
    stamps = nights(BERLIN, MONDAY, 60) + nights(BERLIN, MONDAY + 30 * DAY, 30, hour=14)

    assert around(sorted(stamps), 6 * HOUR) == []


def test_a_second_run_a_day_that_stops_rings() -> None:
    stamps = nights(BERLIN, MONDAY, 60) + nights(BERLIN, MONDAY, 58, hour=14)

    assert around(sorted(stamps))


def test_a_weekday_repo_that_begins_to_run_on_weekends_rings_nothing() -> None:
    stamps = nights(BERLIN, MONDAY, 60, weekdays=OFFICE_DAYS) + nights(
        BERLIN, MONDAY + 60 * DAY, 40
    )

    assert around(stamps, 6 * HOUR) == []


def test_a_long_outage_is_not_learned() -> None:
    stamps = nights(BERLIN, MONDAY, 40) + nights(BERLIN, MONDAY + 60 * DAY, 20)

    assert due(stamps, stamps[-1] + DAY + GRACE + SECOND)


def test_backups_on_the_first_and_the_fifteenth_are_quiet() -> None:
    stamps = [at for at in nights(BERLIN, MONDAY, 700) if at.astimezone(BERLIN).day in (1, 15)]

    assert around(stamps, 6 * HOUR) == []


@pytest.mark.parametrize("period", [5, 7, 10])
def test_a_timer_that_does_not_fit_into_a_day_rings_after_two_periods(period: int) -> None:
    stamps = list(
        hours(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC), period * HOUR)
    )

    assert due(stamps, stamps[-1] + 2 * period * HOUR + GRACE)


# --- Told again as a hole -----------------------------------------------------------------------


def test_holes_that_were_told_as_overdue_while_it_reopened_are_not_told_again() -> None:
    stamps = nights(BERLIN, MONDAY, 40) + nights(BERLIN, MONDAY, 36, hour=14)
    happenings = [came(a_tarball(at, zone=BERLIN)) for at in sorted(stamps)]
    moments = moments_between(stamps[20] + HOUR, stamps[39] + HOUR, 2 * HOUR)

    found = replayed(a_setting(zone=BERLIN), happenings, moments)

    assert codes(found) == ["overdue"]
