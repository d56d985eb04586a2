"""Rules about copies: enough of them at enough sites, and not further behind than usual."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest

from hubs.models import Hub, Replica
from probes.judge.copy_rules import LAG_PATIENCE, LAGS_ALARM, LAGS_LEARNED_FROM
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
from tests.looking import look, pair

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


# --- Copies at sites: too_few_copies ------------------------------------------------------------


def copies(hub: Hub, sites: Iterable[str], lacking: Sequence[int] = ()) -> list[Replica]:
    """Lay the same tarballs on replicas at these sites; those named by number lack the newest five."""
    replicas = []
    for number, site in enumerate(sites):
        make_node(f"node{number}", site=site)
        role = "copy" if number else "source"
        replica = make_replica(hub, f"node{number}", role)
        stamps = every(12)
        lay_snapshots(replica, stamps=stamps[:-5] if number in lacking else stamps)
        replicas.append(replica)
    return replicas


def too_few(hub: Hub) -> list[tuple[str, str]]:
    return [row for row in look(hub) if row[0] == "too_few_copies"]


def test_enough_copies_are_quiet() -> None:
    hub = make_hub(copies=3, sites=2)
    copies(hub, ["A", "B", "B"])

    assert look(hub) == []


def test_fewer_copies_than_wanted_are_a_warning() -> None:
    hub = make_hub(copies=3)
    copies(hub, ["A", "B"])

    assert look(hub) == [("too_few_copies", "warn")]
    (finding,) = told(hub, "too_few_copies")
    assert "2 replicas (node0, node1)" in finding.message


def test_a_single_copy_is_an_alarm() -> None:
    hub = make_hub(copies=2)
    copies(hub, ["A"])

    assert look(hub) == [("too_few_copies", "alarm")]


def test_copies_at_one_site_are_too_few_where_two_sites_are_wanted() -> None:
    hub = make_hub(sites=2)
    copies(hub, ["A", "A", "A"])

    assert look(hub) == [("too_few_copies", "warn")]


def test_nodes_without_a_site_are_sites_of_their_own() -> None:
    hub = make_hub(sites=2)
    copies(hub, ["", ""])

    assert look(hub) == []


def test_two_replicas_on_one_node_are_one_site() -> None:
    hub = make_hub(sites=2)
    for root in ("/one", "/two"):
        replica = make_replica(hub, "vault", "source" if root == "/one" else "copy", root=root)
        lay_snapshots(replica, stamps=every(12))

    assert look(hub) == [("too_few_copies", "warn")]


def test_a_tarball_that_never_came_to_a_copy_is_not_counted() -> None:
    hub = make_hub(copies=2)
    copies(hub, ["A", "B"], lacking=[1])

    assert too_few(hub) == [("too_few_copies", "alarm")]


def test_a_copy_of_another_size_is_not_counted() -> None:
    hub = make_hub(copies=2)
    _, copy = copies(hub, ["A", "B"])
    copy.snapshots.update(size_bytes=999_999, sidecar_size_bytes=999_999)

    assert too_few(hub) == [("too_few_copies", "alarm")]


def test_nobody_counts_where_nothing_is_wanted() -> None:
    hub = make_hub()
    copies(hub, ["A"])

    assert look(hub) == []


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_tarball_has_its_time_to_be_copied(beyond: timedelta, rings: bool) -> None:
    hub = make_hub(copies=2, copy_within=10 * HOUR)
    source, copy = pair(hub)
    lay_snapshots(source, stamps=[*every(9, newest=2 * DAY), NOW - 10 * HOUR - beyond])
    lay_snapshots(copy, stamps=every(9, newest=2 * DAY))

    assert too_few(hub) == [("too_few_copies", "alarm")] * rings


def test_a_replica_that_cannot_be_looked_at_may_hold_it() -> None:
    hub = make_hub(copies=2)
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(9))
    make_run(source)
    make_run(copy, status="unreachable")

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unreachable"]


def test_a_copy_that_was_looked_at_before_the_tarball_was_due_there_may_hold_it() -> None:
    hub = make_hub(copies=2, copy_within=2 * HOUR)
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(9, newest=3 * HOUR))
    lay_snapshots(copy, stamps=every(9, newest=3 * HOUR)[:-1])
    make_run(source, NOW)
    make_run(copy, NOW - 5 * HOUR)

    judge_hub(hub, NOW)

    assert open_codes(hub) == []


def test_a_copy_that_comes_closes_it() -> None:
    hub = make_hub(copies=2)
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(12))
    lay_snapshots(copy, stamps=every(12)[:-4])
    assert ("too_few_copies", "alarm") in look(hub)
    lay_snapshots(copy, stamps=every(12)[-4:])

    assert look(hub, NOW + HOUR) == []


# --- Copies that are behind: a learned lag ------------------------------------------------------


USUAL_LAG = 9 * HOUR
ALLOWED = USUAL_LAG + LAG_PATIENCE


def with_lag(hub: Hub, missing_for: timedelta, lacking: int = 1, learned_from: int = 20) -> Hub:
    """Judge a copy that used to be behind by the usual lag, and lacks the newest tarballs."""
    source, copy = pair(hub)
    stamps = every(learned_from + lacking, newest=missing_for)
    for replica in (source, copy):
        make_run(replica, stamps[0] - DAY)
    for number, at in enumerate(stamps):
        lay_snapshots(source, stamps=[at], first_seen_at=at)
        if number < learned_from:
            lay_snapshots(copy, stamps=[at], first_seen_at=at + USUAL_LAG)
    look(hub)
    return hub


@pytest.mark.parametrize(("beyond", "rings"), [(0 * SECOND, False), (SECOND, True)])
def test_a_copy_rings_when_it_is_further_behind_than_usual(beyond: timedelta, rings: bool) -> None:
    hub = with_lag(make_hub(), ALLOWED + beyond)

    assert [finding.severity for finding in told(hub, "lagging")] == ["warn"] * rings


def test_a_copy_that_is_behind_as_usual_is_quiet() -> None:
    assert told(with_lag(make_hub(), USUAL_LAG), "lagging") == []


@pytest.mark.parametrize(("lacking", "severity"), [(LAGS_ALARM - 1, "warn"), (LAGS_ALARM, "alarm")])
def test_a_copy_that_lacks_some_is_an_alarm(lacking: int, severity: str) -> None:
    hub = with_lag(make_hub(cadence="1d"), ALLOWED + HOUR, lacking)

    (finding,) = told(hub, "lagging")
    assert (finding.severity, finding.evidence["lacking"]) == (severity, lacking)


def test_a_lag_is_not_learned_from_a_few() -> None:
    few = LAGS_LEARNED_FROM - 1

    assert told(with_lag(make_hub(), ALLOWED + HOUR, learned_from=few), "lagging") == []


def test_a_set_lag_wins_over_the_learned_one() -> None:
    patient, strict = make_hub("P", copy_within=3 * DAY), make_hub("S", copy_within=2 * HOUR)

    assert told(with_lag(patient, ALLOWED + DAY), "lagging") == []
    assert len(told(with_lag(strict, 2 * HOUR + SECOND), "lagging")) == 1


def test_a_lag_is_not_learned_from_what_was_there_before_we_looked() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    stamps = every(30, newest=20 * HOUR)
    lay_snapshots(source, stamps=stamps, first_seen_at=NOW)
    lay_snapshots(copy, stamps=stamps[:-1], first_seen_at=NOW)

    assert look(hub) == []


def test_a_copy_of_many_repos_that_stopped_is_one_finding() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    for number in range(8):
        lay_snapshots(source, f"tracs/env{number}", every(12))
        lay_snapshots(copy, f"tracs/env{number}", every(12)[:-5])

    assert look(hub) == [("lagging", "alarm")]
    assert told(hub, "lagging")[0].evidence["repos"] == [f"tracs/env{n}" for n in range(8)]


def test_replicas_without_any_tarball_in_common_do_not_lag() -> None:
    hub = make_hub()
    source, copy = pair(hub)
    lay_snapshots(source, stamps=every(9))
    lay_snapshots(copy, stamps=every(9, newest=12 * HOUR), file_name="other.tar.gz")

    assert all(code == "lagging" for code, _ in look(hub))


def test_copies_of_a_hub_without_a_source_are_compared_with_the_freshest() -> None:
    hub = make_hub()
    fresh, behind = make_replica(hub, "vault", "copy"), make_replica(hub, "attic", "copy")
    lay_snapshots(fresh, stamps=every(12))
    lay_snapshots(behind, stamps=every(12)[:-5])

    look(hub)

    assert [finding.replica_id for finding in told(hub, "lagging")] == [behind.pk]
