"""One cause is told once: a night without backups, a node that dies, a holiday."""

from datetime import datetime, timedelta

import pytest

from hubs.models import Hub, Replica
from probes.answers import acknowledge
from probes.judge.findings import judge_hub
from probes.judge.freshness_rules import (
    LONGEST_HOLIDAY,
)
from probes.models import Finding
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_replica,
    make_run,
    open_codes,
    told,
)
from tests.findings import make_user
from tests.looking import look, pair

pytestmark = pytest.mark.django_db


# --- A whole night ------------------------------------------------------------------------------


def nights_of(hub: Hub, repos: int, newest: timedelta) -> Replica:
    replica = hub.replicas.first() or make_replica(hub)
    for number in range(repos):
        lay_snapshots(replica, f"tracs/env{number:02}", every(9, newest=newest))
    return replica


def test_a_night_in_which_the_hub_made_no_backup_is_one_finding_that_names_the_repos() -> None:
    hub = make_hub()
    nights_of(hub, 50, DAY + 12 * HOUR)

    assert look(hub) == [("overdue", "alarm")]
    (finding,) = Finding.objects.all()
    assert finding.evidence["repos"] == [f"tracs/env{number:02}" for number in range(50)]
    assert "50 of 50 repos" in finding.message
    assert "tracs/env00, tracs/env01" in finding.message
    assert (finding.replica, finding.repo) == (None, None)


def test_a_night_on_several_replicas_is_one_finding() -> None:
    hub = make_hub()
    pair(hub)
    for replica in hub.replicas.all():
        for number in range(20):
            lay_snapshots(replica, f"tracs/env{number:02}", every(9, newest=DAY + 12 * HOUR))

    assert look(hub) == [("overdue", "alarm")]


def test_a_night_goes_on_as_one_finding_for_days() -> None:
    hub = make_hub()
    nights_of(hub, 10, DAY + 12 * HOUR)
    look(hub)

    for days in range(1, 5):
        assert look(hub, NOW + days * DAY) == [("overdue", "alarm")]

    assert Finding.objects.count() == 1


def test_a_night_closes_when_the_backups_came() -> None:
    hub = make_hub()
    replica = nights_of(hub, 10, DAY + 12 * HOUR)
    look(hub)
    for number in range(10):
        lay_snapshots(replica, f"tracs/env{number:02}", [NOW])

    assert look(hub, NOW + HOUR) == []


@pytest.mark.parametrize(("late", "findings"), [(1, 1), (2, 2), (4, 4)])
def test_a_few_late_repos_of_many_are_told_one_by_one(late: int, findings: int) -> None:
    hub = make_hub()
    replica = nights_of(hub, 20, 2 * HOUR)
    for number in range(late):
        lay_snapshots(replica, f"svn/late{number}", every(9, newest=DAY + 12 * HOUR))

    assert look(hub) == [("overdue", "alarm")] * findings


def test_a_single_repo_that_is_late_is_told_with_its_own_expectation() -> None:
    hub = make_hub()
    nights_of(hub, 1, DAY + 12 * HOUR)
    look(hub)

    (finding,) = told(hub, "overdue")
    assert finding.repo
    assert "every day at about" in finding.evidence["expected"]


def test_two_nights_apart_in_time_are_not_mixed() -> None:
    hub = make_hub()
    nights_of(hub, 10, 2 * HOUR)
    lay_snapshots(hub.replicas.get(), "svn/dead", every(9, newest=20 * DAY))
    lay_snapshots(hub.replicas.get(), "svn/late", every(9, newest=DAY + 12 * HOUR))

    assert look(hub) == [("overdue", "alarm")] * 2


def test_a_repo_that_was_late_before_is_no_part_of_the_night() -> None:
    hub = make_hub()
    replica = nights_of(hub, 5, 2 * HOUR)
    lay_snapshots(replica, "svn/late", every(9, newest=DAY + 12 * HOUR))
    look(hub)

    assert look(hub, NOW + 2 * DAY) == [("overdue", "alarm")] * 2
    assert Finding.objects.get(repo__name="late").closed_at is None


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_a_new_night_is_told_though_a_repo_of_an_older_one_never_came(
    is_acknowledged: bool,
) -> None:
    hub = make_hub()
    replica = nights_of(hub, 6, DAY + 12 * HOUR)
    look(hub)
    for number in range(1, 6):
        lay_snapshots(replica, f"tracs/env{number:02}", every(10, newest=-10 * DAY))
    look(hub, NOW + 9 * DAY)
    if is_acknowledged:
        (old,) = told(hub, "overdue")
        acknowledge(old, make_user(), "retired", now=NOW + 9 * DAY)

    make_run(replica, NOW + 12 * DAY)
    opened = judge_hub(hub, NOW + 12 * DAY).opened

    assert "overdue" in [finding.code for finding in opened]
    assert not all(finding.is_muted(NOW + 12 * DAY) for finding in told(hub, "overdue"))


def test_fifty_repos_on_a_node_that_dies_are_one_finding_for_as_long_as_it_is_dead() -> None:
    hub = make_hub()
    replica = nights_of(hub, 50, 2 * HOUR)
    look(hub)

    for days in range(1, 4):
        make_run(replica, NOW + days * DAY, "unreachable", stage="connect")
        judge_hub(hub, NOW + days * DAY)

        assert open_codes(hub) == ["unreachable"]

    assert Finding.objects.count() == 1


def test_fifty_repos_on_two_replicas_of_a_node_that_dies_are_one_finding() -> None:
    hub = make_hub()
    for root in ("/one", "/two"):
        replica = make_replica(hub, "vault", "source" if root == "/one" else "copy", root=root)
        for number in range(25):
            lay_snapshots(replica, f"tracs/env{number}", every(9))
    look(hub)
    for replica in hub.replicas.all():
        make_run(replica, NOW + DAY, "unreachable", stage="connect")

    judge_hub(hub, NOW + DAY)

    assert open_codes(hub) == ["unreachable"]


# --- Holidays that nobody entered ---------------------------------------------------------------


def office_days(until: datetime, count: int) -> list[datetime]:
    """Return the last weekdays before a moment at its time of day, oldest first."""
    days = [until - DAY * number for number in range(2 * count)]
    return [day for day in days if day.weekday() < 5][:count][::-1]


TUESDAY = NOW - DAY - 10 * HOUR  # 02:00; NOW is a Wednesday


def rested(hub: Hub, repos: int, worked: int = 0) -> list[tuple[str, str]]:
    """Judge repos that are made on weekdays and were not made this Wednesday, but for some."""
    replica = make_replica(hub)
    for number in range(repos):
        newest = TUESDAY + DAY if number < worked else TUESDAY
        lay_snapshots(replica, f"tracs/env{number}", office_days(newest, 30))
    return look(hub)


def test_a_day_on_which_all_who_rest_on_weekends_rest_is_a_notice() -> None:
    hub = make_hub()

    assert rested(hub, 5) == [("overdue", "notice")]
    (finding,) = Finding.objects.all()
    assert "a holiday?" in finding.message
    assert len(finding.evidence["repos"]) == 5


def test_a_day_on_which_one_of_them_worked_is_an_alarm_for_the_others() -> None:
    rows = rested(make_hub(), 5, worked=1)

    assert rows
    assert set(rows) == {("overdue", "alarm")}


def test_a_single_repo_that_rests_on_weekends_is_a_warning_at_first() -> None:
    assert rested(make_hub(), 1) == [("overdue", "warn")]


def test_daily_repos_do_not_hide_behind_a_holiday() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(4):
        lay_snapshots(replica, f"tracs/office{number}", office_days(TUESDAY, 30))
        lay_snapshots(replica, f"svn/daily{number}", every(30, newest=NOW - TUESDAY))

    assert look(hub) == [("overdue", "alarm"), ("overdue", "notice")]


def test_a_holiday_does_not_last_for_ever() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", office_days(TUESDAY, 30))
    assert look(hub) == [("overdue", "notice")]

    assert look(hub, NOW + LONGEST_HOLIDAY) == [("overdue", "alarm")]


def test_a_weekend_is_no_holiday_of_those_who_rest_on_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    friday = datetime(2024, 5, 10, 2, tzinfo=NOW.tzinfo)
    for number in range(3):
        lay_snapshots(replica, f"tracs/env{number}", office_days(friday, 30))

    assert look(hub, friday + 2 * DAY + 20 * HOUR) == []


def test_a_repo_that_was_given_up_bears_no_witness_to_a_holiday() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, "tracs/alive", office_days(TUESDAY, 30))
    lay_snapshots(replica, "tracs/dead", office_days(TUESDAY - 50 * DAY, 30))

    look(hub)

    assert "notice" not in {finding.severity for finding in told(hub, "overdue")}
