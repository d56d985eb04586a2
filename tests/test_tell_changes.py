"""What of a finding is told, and when: pure, by what it says now and what people were told of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hubs.limits import DEFAULT_LIMITS, Limits
from probes.change import Change
from probes.tell.changes import Standing, change_of, is_last_for_now, is_reminded
from tests.estate import DAY, HOUR, NOW

OPEN = Standing(severity="warn", is_open=True)
TOLD = replace(OPEN, told_as="warn", told_at=NOW - DAY)
CLOSED = replace(TOLD, is_open=False)


def change(standing: Standing, limits: Limits = DEFAULT_LIMITS) -> Change | None:
    return change_of(standing, limits, NOW)


def lately(*told: str, step: timedelta = HOUR) -> list[tuple[datetime, str]]:
    """Return tellings an hour apart, the newest an hour ago."""
    return [(NOW - step * (len(told) - number), what) for number, what in enumerate(told)]


def test_what_nobody_was_told_is_new() -> None:
    assert change(OPEN) == Change.NEW


def test_what_was_told_is_told_once() -> None:
    assert change(TOLD) is None


def test_a_worse_severity_is_told() -> None:
    assert change(replace(TOLD, severity="alarm")) == Change.WORSE


def test_a_better_severity_is_told() -> None:
    assert change(replace(TOLD, severity="notice")) == Change.BETTER


def test_an_end_is_told_to_those_who_were_told_the_beginning() -> None:
    assert change(CLOSED) == Change.CLOSED


def test_an_end_that_was_told_is_told_once() -> None:
    assert change(replace(CLOSED, told_as="closed")) is None


def test_an_end_of_what_nobody_was_told_is_not_told() -> None:
    assert change(replace(CLOSED, told_as="")) is None


def test_what_comes_back_is_told_again() -> None:
    assert change(replace(TOLD, told_as="closed")) == Change.AGAIN


def test_what_is_acknowledged_before_anybody_was_told_stays_quiet() -> None:
    assert change(replace(OPEN, is_muted=True)) is None


def test_what_is_acknowledged_and_gets_better_stays_quiet() -> None:
    assert change(replace(TOLD, severity="notice", is_muted=True)) is None


def test_the_end_of_what_is_acknowledged_is_told() -> None:
    assert change(replace(CLOSED, is_muted=True)) == Change.CLOSED


# --- Coming and going ---------------------------------------------------------------------------


def test_coming_and_going_is_told_as_often_as_the_policy_says() -> None:
    twice = replace(CLOSED, coming_and_going=lately("warn", "closed"))

    assert change(twice) == Change.CLOSED


def test_coming_and_going_is_told_no_more_often() -> None:
    thrice = replace(CLOSED, coming_and_going=lately("warn", "closed", "warn"))

    assert change(thrice) is None


def test_a_day_later_it_may_be_told_again() -> None:
    thrice = replace(CLOSED, coming_and_going=lately("warn", "closed", "warn", step=8 * HOUR))

    assert change(thrice) == Change.CLOSED


def test_what_is_worse_than_all_that_was_told_is_never_held_back() -> None:
    thrice = replace(TOLD, severity="alarm", coming_and_going=lately("warn", "closed", "warn"))

    assert change(thrice) == Change.WORSE


def test_what_is_as_bad_as_what_was_told_is_held_back() -> None:
    thrice = replace(
        TOLD,
        told_as="closed",
        severity="alarm",
        coming_and_going=lately("alarm", "closed", "alarm"),
    )

    assert change(thrice) is None


def test_what_nobody_was_told_is_never_held_back() -> None:
    assert change(OPEN, replace(DEFAULT_LIMITS, messages_per_day=1)) == Change.NEW


@pytest.mark.parametrize(("told", "is_last"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_last_message_of_a_day_is_known(told: int, is_last: bool) -> None:
    standing = replace(TOLD, coming_and_going=lately(*["warn"] * told))

    assert is_last_for_now(standing, DEFAULT_LIMITS, NOW) is is_last


@pytest.mark.parametrize("severity", ["notice", "warn", "alarm"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_a_finding_that_flaps_at_every_look_of_a_day_stays_within_the_limit(
    severity: str, limit: int
) -> None:
    limits, standing = replace(DEFAULT_LIMITS, messages_per_day=limit), OPEN
    told: list[tuple[datetime, str]] = []
    for look in range(144):  # every ten minutes
        now = NOW + look * timedelta(minutes=10)
        standing = replace(
            standing, severity=severity, is_open=look % 2 == 0, coming_and_going=told
        )
        if found := change_of(standing, limits, now):
            what = "closed" if found == Change.CLOSED else severity
            told.append((now, what))
            standing = replace(standing, told_as=what, told_at=now)

    assert len(told) <= limit


# --- Reminders ----------------------------------------------------------------------------------


def reminded(standing: Standing) -> bool:
    return is_reminded(standing, DEFAULT_LIMITS, NOW)


def test_a_reminder_comes_after_the_time_of_the_policy() -> None:
    assert reminded(replace(TOLD, told_at=NOW - 7 * DAY))


def test_no_reminder_comes_before() -> None:
    assert not reminded(replace(TOLD, told_at=NOW - 7 * DAY + timedelta(seconds=1)))


def test_what_is_acknowledged_is_not_reminded_of() -> None:
    assert not reminded(replace(TOLD, told_at=NOW - 30 * DAY, is_muted=True))


def test_what_is_over_is_not_reminded_of() -> None:
    assert not reminded(replace(CLOSED, told_at=NOW - 30 * DAY))


def test_a_snoozing_that_ran_out_is_a_reason_to_remind() -> None:
    assert reminded(replace(TOLD, told_at=NOW - DAY, mute_ended_at=NOW))


def test_it_reminds_once_for_each_snoozing() -> None:
    assert not reminded(replace(TOLD, told_at=NOW - HOUR, mute_ended_at=NOW - 2 * HOUR))
