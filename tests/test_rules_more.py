"""Rules about one replica or repo alone: holes, equal stamps, disks that fill, blind monitors, clocks that are behind."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hubs.models import Hub, Replica
from probes.judge.findings import judge_hub
from probes.judge.freshness_rules import (
    BACKDATED,
    BACKDATED_TOLD_FOR,
    GAPS_TOLD_FOR,
)
from probes.judge.gathering import TARBALLS_TOGETHER_FROM
from probes.judge.replica_rules import DISK_ALARM_DAYS, DISK_BURST_DAYS, FEWEST_DISK_DAYS
from probes.judge.tarball_rules import DUPLICATES_LEARNED_FROM
from probes.models import AcceptedLevel, Finding, TarballSnapshot
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_replica,
    make_repo,
    make_run,
    open_codes,
    told,
)
from tests.looking import look, pair, without

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
GRACE = 6 * HOUR


# --- Holes: gap ---------------------------------------------------------------------------------


def test_a_hole_between_two_tarballs_that_nobody_was_told_of_is_a_notice() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=without(every(30), 3))

    assert look(hub) == [("gap", "notice")]
    (finding,) = told(hub, "gap")
    assert "between 2024-05-11 10:00:00 UTC and 2024-05-13 10:00:00 UTC" in finding.message


def test_tarballs_without_a_hole_are_quiet() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(30))

    assert look(hub) == []


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_hole_is_one_that_is_longer_than_period_and_grace(beyond: timedelta, rings: bool) -> None:
    hub = make_hub(cadence="1d", grace=GRACE)
    newest = NOW - 2 * HOUR
    lay_snapshots(make_replica(hub), stamps=[newest - DAY - GRACE - beyond, newest])

    assert look(hub) == [("gap", "notice")] * rings


def test_each_hole_is_told() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=without(every(40), 2, 5))

    assert look(hub) == [("gap", "notice")] * 2


def test_an_old_hole_is_not_told() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=without(every(40), 12))

    assert look(hub) == []


def test_a_hole_is_told_for_a_while_and_then_closes() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=without(every(30), 3))
    look(hub)
    later = NOW + GAPS_TOLD_FOR
    lay_snapshots(replica, stamps=[at + GAPS_TOLD_FOR for at in every(7)])

    assert look(hub, later) == []


def test_a_hole_that_was_told_as_overdue_is_not_told_again() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(30, newest=DAY + 12 * HOUR))
    assert look(hub) == [("overdue", "alarm")]
    lay_snapshots(replica, stamps=[NOW + 2 * HOUR])

    assert look(hub, NOW + 3 * HOUR) == []


def test_a_hole_that_was_told_as_a_night_is_not_told_again() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=DAY + 12 * HOUR))
    assert look(hub) == [("overdue", "alarm")]
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", [NOW + 2 * HOUR])

    assert look(hub, NOW + 3 * HOUR) == []


def test_a_hole_of_the_first_repo_that_came_after_a_night_is_not_told_again() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(8):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=DAY + 12 * HOUR))
    look(hub)
    lay_snapshots(replica, "tracs/env0", [NOW + HOUR])
    look(hub, NOW + 2 * HOUR)
    for number in range(1, 8):
        lay_snapshots(replica, f"tracs/env{number}", [NOW + 3 * HOUR])

    assert look(hub, NOW + 4 * HOUR) == []


def test_one_hole_of_many_repos_is_one_finding() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(6):
        lay_snapshots(replica, f"tracs/env{number}", without(every(30), 3))

    assert look(hub) == [("gap", "notice")]


def test_a_hole_before_an_accepted_level_is_not_told() -> None:
    hub = make_hub()
    stamps = every(30)
    lay_snapshots(make_replica(hub), stamps=without(stamps, 3))
    AcceptedLevel.objects.create(
        repo=make_repo(hub), from_stamp_at=stamps[-2], accepted_at=NOW, reason="moved"
    )

    assert look(hub) == []


# --- Equal stamps: duplicate_stamp --------------------------------------------------------------


def test_two_tarballs_of_one_stamp_ring() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    lay_snapshots(replica, stamps=every(9)[-3:-2], file_name="again.tar.gz")

    assert look(hub) == [("duplicate_stamp", "warn")]
    (finding,) = told(hub, "duplicate_stamp")
    assert "again.tar.gz, env.tar.gz" in finding.message


def test_two_files_at_every_stamp_are_usual() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for name in ("attachments.tar.gz", "database.tar.gz"):
        lay_snapshots(replica, stamps=every(9), file_name=name)

    assert look(hub) == []


def test_a_third_file_where_two_are_usual_rings() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for name in ("attachments.tar.gz", "database.tar.gz"):
        lay_snapshots(replica, stamps=every(9), file_name=name)
    lay_snapshots(replica, stamps=every(1), file_name="again.tar.gz")

    assert ("duplicate_stamp", "warn") in look(hub)


@pytest.mark.parametrize(
    ("stamps", "rings"), [(DUPLICATES_LEARNED_FROM - 1, True), (DUPLICATES_LEARNED_FROM, False)]
)
def test_what_is_usual_is_learned_from_so_many_stamps(stamps: int, rings: bool) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for name in ("attachments.tar.gz", "database.tar.gz"):
        lay_snapshots(replica, stamps=every(stamps), file_name=name)

    assert bool(told_after_look(hub, "duplicate_stamp")) is rings


def told_after_look(hub: Hub, code: str) -> list[Finding]:
    look(hub)
    return told(hub, code)


def test_removing_one_of_them_closes_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    lay_snapshots(replica, stamps=every(1), file_name="again.tar.gz")
    look(hub)
    TarballSnapshot.objects.filter(path__endswith="again.tar.gz").update(gone_at=NOW)

    assert look(hub, NOW + HOUR) == []


# --- Disks: disk_filling ------------------------------------------------------------------------


TOTAL = 1_000_000_000_000


def filling(free: Sequence[float], total: int = TOTAL, **policy: Any) -> list[str]:
    """Judge a replica with so much free space, a share of all, at one look on each day, the last now."""
    hub = make_hub(free_space_min="0%", **policy)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    for number, share in enumerate(reversed(free)):
        make_run(replica, NOW - number * DAY, free_bytes=int(share * total), total_bytes=total)
    judge_hub(hub, NOW)
    return [finding.severity for finding in told(hub, "disk_filling")]


def line(last: float, loss: float, days: int = 20) -> list[float]:
    return [last + loss * number for number in reversed(range(days))]


@pytest.mark.parametrize(("days", "severities"), [(14.1, []), (13.9, ["warn"])])
def test_a_disk_that_fills_rings_below_so_many_days(days: float, severities: list[str]) -> None:
    assert filling(line(0.01 * days, 0.01)) == severities


@pytest.mark.parametrize(
    ("days", "severity"), [(DISK_ALARM_DAYS + 0.1, "warn"), (DISK_ALARM_DAYS - 0.1, "alarm")]
)
def test_a_disk_that_is_full_in_a_few_days_is_an_alarm(days: float, severity: str) -> None:
    assert filling(line(0.01 * days, 0.01)) == [severity]


def test_the_limit_of_days_may_be_set() -> None:
    assert filling(line(0.2, 0.01), days_to_full=30) == ["warn"]


def test_nothing_is_told_where_the_limit_is_no_day() -> None:
    assert filling(line(0.02, 0.01), days_to_full=0) == []


def test_a_steady_disk_is_quiet() -> None:
    assert filling([0.02] * 30) == []


def test_a_disk_that_empties_is_quiet() -> None:
    assert filling(line(0.5, -0.01)) == []


def test_a_tide_of_a_week_is_quiet() -> None:
    assert filling([0.1 - 0.01 * (number % 7) for number in range(34)]) == []


def test_a_disk_that_was_purged_today_is_quiet() -> None:
    assert filling([*line(0.02, 0.01, 29), 0.5]) == []


def test_too_few_days_are_quiet() -> None:
    few = min(FEWEST_DISK_DAYS, DISK_BURST_DAYS) - 1

    assert filling(line(0.02, 0.02, few)) == []


def test_a_burst_of_some_days_rings_though_the_month_was_still() -> None:
    burst = [0.5 - 0.09 * number for number in range(DISK_BURST_DAYS + 1)]

    assert filling([*[0.5] * 24, *burst[1:]]) == ["alarm"]


def test_a_large_upload_on_one_day_is_quiet() -> None:
    assert filling([*[0.5] * 20, *[0.2] * 9]) == []


def test_a_disk_that_is_full_is_an_alarm() -> None:
    assert filling(line(0.0, 0.01)) == ["alarm"]


@pytest.mark.parametrize("total", [0, 1])
def test_a_disk_of_no_size_is_quiet(total: int) -> None:
    assert filling([0.0] * 20, total=total) == []


def test_the_least_free_space_of_a_day_counts_and_not_its_tide() -> None:
    hub = make_hub(free_space_min="0%")
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    for number in range(120):
        free = 0.08 if number % 4 == 1 else 0.2
        make_run(
            replica,
            NOW - number * 6 * HOUR,
            free_bytes=int(free * TOTAL),
            total_bytes=TOTAL,
        )

    judge_hub(hub, NOW)

    assert open_codes(hub) == []


def test_a_disk_of_which_nothing_is_known_any_more_closes_nothing() -> None:
    filling(line(0.05, 0.01))
    hub = Hub.objects.get()
    make_run(hub.replicas.get(), NOW + HOUR)

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == ["disk_filling"]


# --- Ourselves: monitor_late --------------------------------------------------------------------


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_monitor_that_has_not_looked_in_time_rings(beyond: timedelta, rings: bool) -> None:
    hub = make_hub(look_within=26 * HOUR)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9, newest=30 * HOUR))
    make_run(replica, NOW - 26 * HOUR - beyond)

    judge_hub(hub, NOW)

    assert [finding.severity for finding in told(hub, "monitor_late")] == ["alarm"] * rings


def test_a_look_that_failed_is_a_look() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    make_run(source, NOW - 9 * DAY)
    for number in reversed(range(9)):
        make_run(copy, NOW - HOUR - number * DAY, "unreachable")

    judge_hub(hub, NOW)

    assert told(hub, "monitor_late") == []


def test_a_look_that_is_not_over_is_none() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    make_run(replica, NOW - 3 * DAY)
    make_run(replica, NOW - HOUR, "running", seconds=None)

    judge_hub(hub, NOW)

    assert told(hub, "monitor_late")


def test_a_hub_that_was_never_looked_at_is_not_late() -> None:
    hub = make_hub()
    make_replica(hub)

    judge_hub(hub, NOW)

    assert told(hub, "monitor_late") == []


def test_a_hub_without_replicas_is_not_late() -> None:
    hub = make_hub()

    assert judge_hub(hub, NOW).opened == []


def blind_for_days(hub: Hub) -> Replica:
    """Judge a hub that nobody has looked at for nine days."""
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20, newest=-6 * DAY))
    make_run(replica, NOW - 9 * DAY)
    judge_hub(hub, NOW)
    return replica


def test_a_monitor_that_looks_again_is_told_of_for_a_day_more() -> None:
    hub = make_hub()
    replica = blind_for_days(hub)
    make_run(replica, NOW + HOUR)
    judge_hub(hub, NOW + HOUR + MINUTE)

    assert [finding.severity for finding in told(hub, "monitor_late")] == ["warn"]

    for hours in (13, 25, 26):
        make_run(replica, NOW + hours * HOUR)
        judge_hub(hub, NOW + hours * HOUR)
    assert told(hub, "monitor_late") == []


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_blind_time_that_is_over_is_one_longer_than_wanted(
    beyond: timedelta, rings: bool
) -> None:
    hub = make_hub(look_within=26 * HOUR)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - 27 * HOUR - beyond)
    make_run(replica, NOW - HOUR)

    judge_hub(hub, NOW)

    assert bool(told(hub, "monitor_late")) is rings


def test_a_look_of_this_moment_is_a_look() -> None:
    hub = make_hub()
    make_run(blind_for_days(hub), NOW + HOUR)

    judge_hub(hub, NOW + HOUR)

    (finding,) = told(hub, "monitor_late")
    assert finding.severity == "warn"
    assert not finding.message.startswith("Nobody has looked at any replica")


def test_a_dead_monitor_is_told_of_once_however_many_replicas_there_are() -> None:
    hub = make_hub()
    for number in range(6):
        replica = make_replica(hub, f"node{number}", "copy" if number else "source")
        lay_snapshots(replica, stamps=every(9))
        make_run(replica, NOW - 4 * DAY)

    judge_hub(hub, NOW)

    assert len(told(hub, "monitor_late")) == 1
    assert len(told(hub, "not_looked")) <= 1


# --- Clocks that are behind: clock_skew of one repo ---------------------------------------------


def seen_now(behind: timedelta, role: str = "source", looks: int = 8) -> Hub:
    """Judge a replica, looked at every six hours, which shows a new tarball with an old stamp."""
    hub = make_hub(grace=40 * DAY)
    replica = make_replica(hub, role=role)
    before = [NOW - 6 * HOUR * number for number in range(1, looks)]
    for at in before:
        make_run(replica, at)
    lay_snapshots(replica, stamps=every(9, newest=3 * DAY))
    latest = max(before, default=NOW)
    lay_snapshots(replica, stamps=[latest - behind], first_seen_at=NOW, file_name="new.tar.gz")
    look(hub)
    return hub


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_new_tarball_with_an_old_stamp_rings(beyond: timedelta, rings: bool) -> None:
    hub = seen_now(BACKDATED + beyond)

    found = told(hub, "clock_skew")

    assert [finding.severity for finding in found] == ["warn"] * rings


def test_it_is_told_which_tarball_is_dated_back_by_how_much() -> None:
    (finding,) = told(seen_now(2 * DAY), "clock_skew")

    assert finding.path.endswith("new.tar.gz")
    assert "2d older" in finding.message


def test_what_the_first_look_finds_may_be_as_old_as_it_likes() -> None:
    assert told(seen_now(30 * DAY, looks=1), "clock_skew") == []


def test_old_tarballs_may_come_to_a_copy() -> None:
    assert told(seen_now(30 * DAY, role="copy"), "clock_skew") == []


def test_a_tarball_dated_back_is_told_for_a_while() -> None:
    hub = seen_now(2 * DAY)
    later = NOW + BACKDATED_TOLD_FOR
    lay_snapshots(hub.replicas.get(), stamps=[NOW + DAY, later - HOUR])

    assert ("clock_skew", "warn") in look(hub, later)
    assert look(hub, later + HOUR) == []


def test_tarballs_dated_back_of_many_repos_are_told_for_a_while_too() -> None:
    hub = make_hub(grace=40 * DAY)
    replica = make_replica(hub)
    make_run(replica, NOW - 6 * HOUR)
    for number in range(TARBALLS_TOGETHER_FROM):
        path = f"tracs/env{number}"
        lay_snapshots(replica, path, every(9, newest=3 * DAY))
        lay_snapshots(replica, path, [NOW - 2 * DAY], first_seen_at=NOW, file_name="new.tar.gz")
    assert look(hub) == [("clock_skew", "warn")]

    assert look(hub, NOW + BACKDATED_TOLD_FOR + HOUR) == []
