"""Rules about one repo on all replicas: overdue, count_low, missing, lagging, diverged."""

from datetime import date, timedelta

import pytest

from hubs.models import Hub, Replica
from probes.judge.findings import judge_hub
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

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def pair(hub: Hub) -> tuple[Replica, Replica]:
    source, copy = make_replica(hub, "vault", "source"), make_replica(hub, "attic", "copy")
    for replica in (source, copy):
        make_run(replica)
    return source, copy


@pytest.mark.parametrize("policy", [{"cadence": "1d"}, {"cadence": "0 10 * * *"}, {}])
def test_a_late_repo_is_overdue(policy: dict[str, str]) -> None:
    hub = make_hub(**policy)
    replica = make_replica(hub, "attic")
    lay_snapshots(replica, "tracs/env", every(9, newest=5 * DAY + 2 * HOUR))
    make_run(replica)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity, str(finding.repo)) == (
        "overdue",
        "alarm",
        "H tracs/env",
    )
    assert "2024-05-10 10:00:00 UTC" in finding.message


@pytest.mark.parametrize("policy", [{"cadence": "1d"}, {"cadence": "0 10 * * *"}, {}])
def test_a_fresh_repo_is_quiet(policy: dict[str, str]) -> None:
    hub = make_hub(**policy)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica)

    assert judge_hub(hub, NOW).opened == []


@pytest.mark.parametrize(("minutes", "rings"), [(0, False), (1, True)])
def test_overdue_at_the_edge(minutes: int, rings: bool) -> None:
    hub = make_hub(cadence="1d", grace=6 * HOUR)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=[NOW - 30 * HOUR - minutes * MINUTE])
    make_run(replica)

    judge_hub(hub, NOW)

    assert bool(told(hub, "overdue")) is rings


def test_time_between_looks_makes_no_repo_overdue() -> None:
    hub = make_hub(cadence="1d", grace=6 * HOUR)
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=[NOW - 40 * HOUR])
    make_run(replica, NOW - 20 * HOUR)

    assert judge_hub(hub, NOW).opened == []


def test_the_policy_of_a_repo_wins_over_its_hubs() -> None:
    hub = make_hub(cadence="1d")
    make_repo(hub, "tracs/yearly", cadence="52w")
    replica = make_replica(hub)
    lay_snapshots(replica, "tracs/yearly", [NOW - 100 * DAY])
    make_run(replica)

    assert judge_hub(hub, NOW).opened == []


def test_only_selected_repos_are_judged() -> None:
    hub = make_hub(cadence="1d")
    make_repo(hub, "tracs/env2", selected=True)
    replica = make_replica(hub)
    lay_snapshots(replica, "tracs/env", every(9, newest=5 * DAY))
    lay_snapshots(replica, "tracs/env2", every(9))
    make_run(replica)

    assert judge_hub(hub, NOW).opened == []


def test_a_late_source_is_told_once_and_not_for_each_copy() -> None:
    hub = make_hub(cadence="1d")
    for replica in pair(hub):
        lay_snapshots(replica, stamps=every(9, newest=5 * DAY))

    (finding,) = judge_hub(hub, NOW).opened

    assert finding.replica
    assert finding.replica.node.tag == "vault"


def test_a_repo_of_which_everything_is_gone_is_overdue() -> None:
    hub = make_hub(cadence="1d")
    replica = make_replica(hub)
    lay_snapshots(replica, "tracs/env", every(9, newest=3 * DAY), gone_at=NOW)
    lay_snapshots(replica, "tracs/env2", every(9))
    make_run(replica)

    judge_hub(hub, NOW)

    (finding,) = told(hub, "overdue")
    assert "not there any more" in finding.message


def test_without_a_known_source_the_freshest_copy_is_judged() -> None:
    hub = make_hub(cadence="1d")
    late, later = (make_replica(hub, tag, "copy") for tag in ("attic", "cellar"))
    lay_snapshots(late, stamps=every(12, newest=5 * DAY))
    lay_snapshots(later, stamps=every(11, newest=6 * DAY))
    for replica in (late, later):
        make_run(replica)

    judge_hub(hub, NOW)

    assert [finding.replica_id for finding in told(hub, "overdue")] == [late.pk]


def test_future_stamps_make_no_late_repo_fresh() -> None:
    hub = make_hub(cadence="1d")
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=[*every(9, newest=4 * DAY), *every(80, HOUR, newest=-9 * DAY)])
    make_run(replica)

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["future_stamp", "overdue"]


def days_with(hub: Hub, counts: dict[int, int]) -> None:
    replica = make_replica(hub)
    noon = NOW.replace(hour=4)  # midday in Taipei
    stamps = [
        noon - DAY * ago + HOUR * number for ago, count in counts.items() for number in range(count)
    ]
    lay_snapshots(replica, stamps=stamps)
    make_run(replica)


def taipei_hub() -> Hub:
    return make_hub(zone="Asia/Taipei", expected_per_day=3, cadence="12h", grace=2 * DAY)


def test_days_with_too_few_tarballs_are_named() -> None:
    hub = taipei_hub()
    days_with(hub, {8: 3, 7: 3, 6: 3, 5: 3, 4: 0, 3: 3, 2: 1, 1: 3, 0: 1})

    (finding,) = judge_hub(hub, NOW).opened

    assert finding.evidence["counts_by_day"] == {"2024-05-11": 0, "2024-05-13": 1}


def test_today_and_the_first_day_known_may_have_fewer() -> None:
    hub = taipei_hub()
    days_with(hub, {4: 1, 3: 3, 2: 3, 1: 4, 0: 0})

    assert judge_hub(hub, NOW).opened == []


def test_days_more_than_a_week_ago_are_not_counted() -> None:
    hub = taipei_hub()
    days_with(hub, {9: 3, 8: 0} | dict.fromkeys(range(8), 3))

    judge_hub(hub, NOW)

    assert told(hub, "count_low") == []


def test_days_are_those_of_the_hub() -> None:
    hub = taipei_hub()
    replica = make_replica(hub)
    # 23:00 in Taipei on each day is 15:00 UTC of the same day.
    late_evening = NOW.replace(hour=15) - DAY
    stamps = [late_evening - DAY * ago - MINUTE * n for ago in range(8) for n in range(3)]
    lay_snapshots(replica, stamps=stamps)
    make_run(replica, NOW.replace(hour=16) - DAY)  # one minute of the new day has begun there

    judge_hub(hub, NOW.replace(hour=16) - DAY)

    assert told(hub, "count_low") == []
    assert date(2024, 5, 14) == late_evening.astimezone(hub.zone).date()


def test_a_copy_that_never_had_a_repo_is_told() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, "tracs/env", every(9))
    lay_snapshots(source, "tracs/env2", every(9))
    lay_snapshots(copy, "tracs/env2", every(9))

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity) == ("missing", "alarm")
    assert (finding.replica_id, str(finding.repo)) == (copy.pk, "H tracs/env")


@pytest.mark.parametrize(("age", "rings"), [(29, False), (30, False), (31, True)])
def test_a_new_repo_has_its_time_to_reach_the_copies(age: int, rings: bool) -> None:
    hub = make_hub(cadence="1d", grace=6 * HOUR)
    source, copy = pair(hub)
    for replica in (source, copy):
        lay_snapshots(replica, "tracs/old", every(9))
    lay_snapshots(source, "tracs/new", [NOW - age * HOUR, NOW - HOUR])

    judge_hub(hub, NOW)

    assert bool(told(hub, "missing")) is rings


def test_what_no_replica_ever_showed_is_not_missing_too() -> None:
    hub = make_hub()
    source, _ = pair(hub)
    lay_snapshots(source, stamps=every(9))
    make_repo(hub, "tracs/nothere", selected=True)

    judge_hub(hub, NOW)

    assert "missing" not in open_codes(hub)


def test_a_source_may_have_retired_what_only_a_copy_has() -> None:
    hub = make_hub(cadence="52w")
    source, copy = pair(hub)
    for replica in (source, copy):
        lay_snapshots(replica, "tracs/env", every(9))
    lay_snapshots(copy, "tracs/retired", every(9, newest=50 * DAY))

    assert judge_hub(hub, NOW).opened == []


def test_a_copy_that_lacks_the_newest_tarballs_lags() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    stamps = every(13, newest=5 * MINUTE)
    lay_snapshots(source, stamps=stamps)
    lay_snapshots(copy, stamps=stamps[:-4])

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity, finding.replica_id) == ("lagging", "warn", copy.pk)
    assert finding.evidence["lacking"] == 2


def test_a_copy_that_lacks_only_the_tarball_of_this_minute_does_not_lag() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    stamps = every(13, newest=5 * MINUTE)
    lay_snapshots(source, stamps=stamps)
    lay_snapshots(copy, stamps=stamps[:-1])

    assert judge_hub(hub, NOW).opened == []


def test_a_copy_that_keeps_fewer_does_not_lag() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(30))
    lay_snapshots(copy, stamps=every(3))

    assert judge_hub(hub, NOW).opened == []


def test_a_copy_that_had_a_tarball_and_purged_it_does_not_lag() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    stamps = every(13)
    lay_snapshots(source, stamps=stamps)
    lay_snapshots(copy, stamps=stamps[:5] + stamps[8:])
    lay_snapshots(copy, stamps=stamps[5:8], gone_at=NOW)

    assert judge_hub(hub, NOW).opened == []


def test_another_size_on_a_copy_is_diverged() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    stamps = every(9)
    lay_snapshots(source, stamps=stamps)
    lay_snapshots(copy, stamps=stamps[:4] + stamps[5:])
    (odd,) = lay_snapshots(copy, stamps=stamps[4:5], size_bytes=900_000)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity, finding.path) == ("diverged", "alarm", odd.path)
    assert finding.evidence["size_bytes_by_replica"] == {"vault": 1_000_000, "attic": 900_000}


def test_the_majority_is_right_even_against_the_source() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    other = make_replica(hub, "cellar", "copy")
    make_run(other)
    stamps = every(1)
    lay_snapshots(source, stamps=stamps, size_bytes=5)
    for replica in (copy, other):
        lay_snapshots(replica, stamps=stamps)

    (finding,) = judge_hub(hub, NOW).opened

    assert finding.replica_id == source.pk


def test_another_digest_of_the_same_kind_is_diverged() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(1), sidecar_digest="a" * 32)
    lay_snapshots(copy, stamps=every(1), sidecar_digest="b" * 32)

    assert [finding.code for finding in judge_hub(hub, NOW).opened] == ["diverged"]


def test_digests_of_other_kinds_are_not_compared() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(1), sidecar_digest="a" * 32)
    lay_snapshots(copy, stamps=every(1), sidecar_digest="b" * 64, sidecar_kind="sha256")

    assert judge_hub(hub, NOW).opened == []


def test_a_copy_still_on_its_way_is_not_diverged() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(1))
    written_at = NOW - MINUTE
    lay_snapshots(copy, stamps=every(1), size_bytes=77, sidecar_state="absent", mtime_at=written_at)

    assert judge_hub(hub, NOW).opened == []


def test_a_truncated_copy_with_the_right_sidecar_is_told_once() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(1))
    lay_snapshots(copy, stamps=every(1), size_bytes=77, sidecar_size_bytes=1_000_000)

    assert [finding.code for finding in judge_hub(hub, NOW).opened] == ["size_mismatch"]


def test_many_diverged_tarballs_of_a_repo_are_one_finding() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(11))
    lay_snapshots(copy, stamps=every(11), size_bytes=5)

    (finding,) = judge_hub(hub, NOW).opened

    assert finding.path == ""
    assert finding.evidence["tarballs"] == 11


@pytest.mark.parametrize(("days", "severity"), [(1, "warn"), (6, "alarm")])
def test_the_only_repo_that_rests_on_weekends_may_have_a_holiday(days: int, severity: str) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    friday = NOW.replace(day=10, hour=2)
    stamps = [friday - DAY * number for number in range(40)]
    lay_snapshots(replica, stamps=[at for at in stamps if at.weekday() < 5])
    moment = friday + (3 + days) * DAY
    make_run(replica, moment)

    judge_hub(hub, moment)

    assert [finding.severity for finding in told(hub, "overdue")] == [severity]
