"""Estates that nobody would draw, and that are judged without a wrong word."""

from datetime import timedelta

import pytest

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
from tests.looking import look, pair

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_repo_of_a_few_tarballs_is_quiet(count: int) -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(count, newest=2 * DAY))

    assert look(hub) == []


def test_the_only_tarball_that_went_is_told_at_most_once() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=[NOW - DAY], gone_at=NOW)
    lay_snapshots(replica, "tracs/other", every(9))

    assert len(look(hub)) <= 1


def test_a_repo_with_stamps_of_the_future_only_is_told_of_those_only() -> None:
    hub = make_hub(cadence="1d")
    lay_snapshots(make_replica(hub), stamps=every(3, newest=-9 * DAY))

    assert look(hub) == [("future_stamp", "warn")] * 3


def test_a_stamp_of_the_future_hides_no_step_of_size() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20, newest=DAY + 2 * HOUR))
    lay_snapshots(replica, stamps=[NOW - 2 * HOUR], size_bytes=300_000)
    lay_snapshots(replica, stamps=[NOW + 30 * DAY])

    assert look(hub) == [("future_stamp", "warn"), ("shrunk", "alarm")]


def test_a_stamp_that_was_once_of_the_future_makes_no_repo_fresh_when_its_day_has_come() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20, newest=9 * DAY))
    lay_snapshots(replica, stamps=[NOW - HOUR], first_seen_at=NOW - 9 * DAY)

    assert ("overdue", "alarm") in look(hub)


def test_a_hub_without_a_source_is_judged_by_its_copies() -> None:
    hub = make_hub()
    for node in ("vault", "attic"):
        lay_snapshots(make_replica(hub, node, "copy"), stamps=every(20))
    assert look(hub) == []

    assert look(hub, NOW + 2 * DAY) == [("overdue", "alarm")]


def test_copies_are_judged_while_the_source_cannot_be_reached() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    for number in range(10):
        for replica in (source, copy):
            lay_snapshots(replica, f"tracs/env{number}", every(20))
    look(hub)
    for hours in (24, 48, 72):
        make_run(source, NOW + hours * HOUR, "unreachable", stage="connect")
        make_run(copy, NOW + hours * HOUR)
        judge_hub(hub, NOW + hours * HOUR)

    assert open_codes(hub) == ["overdue", "unreachable"]


def test_a_source_that_cannot_be_looked_at_once_makes_no_repo_late_that_it_had_in_time() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    for number in range(4):
        lay_snapshots(source, f"tracs/env{number}", every(20, newest=10 * HOUR))
        lay_snapshots(copy, f"tracs/env{number}", every(20, newest=10 * HOUR)[:-1])
    assert look(hub, NOW - 3 * HOUR) == []
    make_run(source, NOW, "unreachable", stage="connect")
    make_run(copy, NOW)

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unreachable"]


def test_two_replicas_on_one_node_are_called_by_their_roots() -> None:
    hub = make_hub()
    for root in ("/one", "/two"):
        replica = make_replica(hub, "vault", "source" if root == "/one" else "copy", root=root)
        lay_snapshots(replica, stamps=every(20)[: None if root == "/one" else -5])
    look(hub)

    (finding,) = told(hub, "lagging")
    assert finding.message.startswith("vault:/two lacks")
    assert finding.evidence["compared_with"] == ["vault:/one"]


def test_two_sources_are_compared_with_the_fresher() -> None:
    hub = make_hub()
    for node in ("vault", "attic"):
        replica = make_replica(hub, node, "source")
        lay_snapshots(replica, stamps=every(20)[: None if node == "vault" else -5])

    assert [code for code, _ in look(hub)] == ["lagging"]


def test_repos_that_are_not_selected_are_in_nobodys_count() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    make_repo(hub, "tracs/wanted", selected=True)
    lay_snapshots(replica, "tracs/wanted", every(20, newest=2 * DAY))
    for number in range(6):
        lay_snapshots(replica, f"tracs/env{number}", every(20, newest=9 * DAY), size_bytes=0)

    assert look(hub) == [("overdue", "alarm")]
    assert told(hub, "overdue")[0].repo == make_repo(hub, "tracs/wanted")


@pytest.mark.parametrize(("ahead", "is_seen"), [(4 * MINUTE, True), (6 * MINUTE, False)])
def test_a_look_by_a_clock_that_is_ahead_counts_when_its_moment_has_come(
    ahead: timedelta, is_seen: bool
) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20))
    make_run(replica, NOW - HOUR)
    make_run(replica, NOW + ahead, "unreachable")

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unreachable"] * is_seen


def test_tarballs_without_times_of_their_own_are_judged() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20), mtime_at=None)
    lay_snapshots(
        replica, "tracs/other", every(20), mtime_at=None, sidecar_state="absent", size_bytes=7
    )

    assert [code for code, _ in look(hub)] == ["no_sidecar"]


def test_stamps_of_half_a_century_are_judged() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(51, 365 * DAY))

    assert look(hub) == []


def test_sixty_tarballs_of_one_stamp_are_judged() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(65):
        lay_snapshots(replica, stamps=every(1), file_name=f"{number}.tar.gz")

    assert look(hub) == [("duplicate_stamp", "warn")]


def test_an_empty_source_is_told_and_not_each_repo_that_its_copy_has() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    for number in range(4):
        lay_snapshots(copy, f"tracs/env{number}", every(20))
        make_repo(hub, f"tracs/env{number}", selected=True)
    make_run(source, seen=0)
    make_run(copy)

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["empty"]
