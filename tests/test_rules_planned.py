"""What is planned excuses backups, copies and nodes while it lasts, and nothing after."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hubs.models import HolidayCalendar, Hub, Maintenance, Replica
from probes.judge.findings import judge_hub
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_node,
    make_replica,
    make_run,
    open_codes,
    told,
)
from tests.looking import look, pair, without

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
GRACE = 6 * HOUR


def plan(hub: Hub | None, begin: datetime, end: datetime, **fields: Any) -> Maintenance:
    return Maintenance.objects.create(
        hub=hub, starts_at=begin, ends_at=end, reason="new disks", **fields
    )


def last_night_missing(hub: Hub, repos: int = 1) -> Replica:
    """Lay daily backups at 02:00 of which that of this morning is missing."""
    replica = hub.replicas.first() or make_replica(hub)
    for number in range(repos):
        lay_snapshots(replica, f"tracs/env{number}", every(20, newest=DAY + 10 * HOUR))
    return replica


@pytest.mark.parametrize("policy", [{}, {"cadence": "1d"}, {"cadence": "0 2 * * *"}])
def test_what_a_window_covers_is_not_expected(policy: dict[str, str]) -> None:
    hub = make_hub(**policy)
    last_night_missing(hub, 3)
    plan(hub, NOW - 11 * HOUR, NOW - 9 * HOUR)

    assert look(hub) == []


@pytest.mark.parametrize("policy", [{}, {"cadence": "1d"}, {"cadence": "0 2 * * *"}])
def test_the_next_backup_after_a_window_is_expected_again(policy: dict[str, str]) -> None:
    hub = make_hub(**policy)
    last_night_missing(hub)
    plan(hub, NOW - 11 * HOUR, NOW - 9 * HOUR)

    assert look(hub, NOW + 14 * HOUR + GRACE) == []
    assert look(hub, NOW + 14 * HOUR + GRACE + SECOND) == [("overdue", "alarm")]


def test_a_window_that_does_not_cover_the_time_excuses_nothing() -> None:
    hub = make_hub()
    last_night_missing(hub)
    plan(hub, NOW - 9 * HOUR, NOW + DAY)

    assert look(hub) == [("overdue", "alarm")]


def test_a_window_that_was_switched_off_excuses_nothing() -> None:
    hub = make_hub()
    last_night_missing(hub)
    plan(hub, NOW - 11 * HOUR, NOW - 9 * HOUR, enabled=False)

    assert look(hub) == [("overdue", "alarm")]


def test_a_window_of_another_hub_excuses_nothing() -> None:
    hub = make_hub()
    last_night_missing(hub)
    plan(make_hub("G"), NOW - 11 * HOUR, NOW - 9 * HOUR)

    assert look(hub) == [("overdue", "alarm")]


def test_a_window_that_comes_again_excuses_each_time() -> None:
    hub = make_hub(zone="Europe/Berlin")
    replica = make_replica(hub)
    stamps = [at for at in every(60, newest=12 * HOUR) if at.weekday() != 6]
    lay_snapshots(replica, stamps=stamps)
    Maintenance.objects.create(
        hub=hub, cron="0 0 * * 0", duration=12 * HOUR, reason="Sundays, upgrades"
    )

    assert look(hub) == []


def test_a_hole_that_was_planned_is_not_told() -> None:
    hub = make_hub()
    stamps = every(30)
    lay_snapshots(make_replica(hub), stamps=without(stamps, 3))
    plan(hub, stamps[-4] - HOUR, stamps[-4] + HOUR)

    assert look(hub) == []


def test_a_day_that_was_planned_may_have_fewer() -> None:
    hub = make_hub(expected_per_day=1, cadence="52w")
    stamps = every(30)
    lay_snapshots(make_replica(hub), stamps=without(stamps, 3))
    plan(hub, stamps[-4] - HOUR, stamps[-4] + HOUR)

    assert look(hub) == []


def calendar(hub: Hub, days: str, node: str = "") -> HolidayCalendar:
    made = HolidayCalendar.objects.create(name=f"Office {hub.tag}", days=days)
    if node:
        made.nodes.add(make_node(node))
    else:
        made.hubs.add(hub)
    return made


@pytest.mark.parametrize("days", ["2024-05-15", "05-15", "2024-05-13..2024-05-15 # Pentecost"])
def test_a_holiday_in_a_calendar_excuses_the_backups_of_its_days(days: str) -> None:
    hub = make_hub()
    last_night_missing(hub, 3)
    calendar(hub, days)

    assert look(hub) == []


def test_the_day_after_a_holiday_counts_again() -> None:
    hub = make_hub()
    last_night_missing(hub, 3)
    calendar(hub, "2024-05-15")

    assert look(hub, NOW + DAY) == [("overdue", "alarm")]


def test_a_holiday_is_a_day_on_the_clock_of_the_hub() -> None:
    hub = make_hub(zone="Asia/Taipei")
    replica = make_replica(hub)
    # 02:00 in Taipei of 15 May is 18:00 UTC of 14 May.
    stamps = [at for at in every(20, newest=18 * HOUR) if at < NOW - DAY]
    lay_snapshots(replica, stamps=stamps)
    calendar(hub, "2024-05-15")

    assert look(hub) == []


def test_a_holiday_entered_late_closes_what_was_told() -> None:
    hub = make_hub()
    last_night_missing(hub, 3)
    assert look(hub) == [("overdue", "alarm")]
    calendar(hub, "2024-05-15")

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


def node_plan(node: str, begin: datetime, end: datetime) -> Maintenance:
    return Maintenance.objects.create(
        node=make_node(node), starts_at=begin, ends_at=end, reason="new disks"
    )


@pytest.mark.parametrize("status", ["unreachable", "host_key"])
def test_a_node_in_its_window_may_fail(status: str) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    node_plan("vault", NOW - HOUR, NOW + HOUR)
    make_run(replica, NOW, status, stage="connect")

    assert judge_hub(hub, NOW).opened == []


def test_a_node_that_fails_after_its_window_is_told() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    node_plan("vault", NOW - HOUR, NOW + HOUR)
    make_run(replica, NOW, "unreachable")
    judge_hub(hub, NOW)
    make_run(replica, NOW + HOUR, "unreachable")

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == ["unreachable"]


def test_a_look_that_failed_in_a_window_is_not_told_when_it_is_judged_after() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - 6 * HOUR)
    node_plan("vault", NOW - HOUR, NOW + HOUR)
    make_run(replica, NOW, "unreachable")

    judge_hub(hub, NOW + 2 * HOUR)

    assert open_codes(hub) == []


def test_a_node_that_was_dead_before_its_window_is_not_well_because_it_began() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW, "unreachable")
    judge_hub(hub, NOW)
    node_plan("vault", NOW + HOUR, NOW + 9 * HOUR)
    make_run(replica, NOW + 2 * HOUR, "unreachable")

    judge_hub(hub, NOW + 2 * HOUR)

    assert open_codes(hub) == ["unreachable"]


def test_a_window_of_the_whole_hub_excuses_its_nodes() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    plan(hub, NOW - HOUR, NOW + HOUR)
    make_run(replica, NOW, "unreachable")

    assert judge_hub(hub, NOW).opened == []


def test_a_window_of_one_node_excuses_no_other() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    node_plan("vault", NOW - HOUR, NOW + HOUR)
    for replica in (source, copy):
        lay_snapshots(replica, stamps=every(9))
        make_run(replica, NOW, "unreachable")

    judge_hub(hub, NOW)

    assert [finding.replica_id for finding in told(hub, "unreachable")] == [copy.pk]


def test_a_calendar_of_a_node_excuses_it_too() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    calendar(hub, "2024-05-15", node="vault")
    make_run(replica, NOW, "unreachable")

    assert judge_hub(hub, NOW).opened == []


def behind(hub: Hub) -> Replica:
    """Lay a copy that lacks the newest two tarballs."""
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(20))
    lay_snapshots(copy, stamps=every(20)[:-3])
    return copy


def test_a_copy_on_a_node_in_its_window_does_not_lag() -> None:
    hub = make_hub()
    behind(hub)
    node_plan("attic", NOW - 2 * DAY, NOW + HOUR)

    assert look(hub) == []


def test_a_copy_has_its_time_to_catch_up_after_a_window() -> None:
    hub = make_hub()
    behind(hub)
    node_plan("attic", NOW - 2 * DAY, NOW - HOUR)

    assert look(hub) == []


def test_a_copy_that_does_not_catch_up_after_a_window_lags() -> None:
    hub = make_hub()
    behind(hub)
    node_plan("attic", NOW - 4 * DAY, NOW - 2 * DAY)

    assert look(hub) == [("lagging", "warn")]
