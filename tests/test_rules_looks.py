"""Rules about looks: what is told of a node that cannot be looked at, and of a selection that matches nothing."""

import pytest

from probes.judge.findings import judge_hub
from probes.judge.values import LOOKS_REMEMBERED
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


@pytest.mark.parametrize(
    ("status", "code", "severity"),
    [
        ("unreachable", "unreachable", "alarm"),
        ("host_key", "host_key", "alarm"),
        ("no_root", "no_root", "alarm"),
        ("partial", "incomplete", "warn"),
        ("timeout", "incomplete", "warn"),
        ("truncated", "incomplete", "warn"),
        ("aborted", "incomplete", "warn"),
        ("auth", "incomplete", "alarm"),
        ("malformed", "incomplete", "alarm"),
        ("overflow", "incomplete", "alarm"),
        ("error", "incomplete", "alarm"),
    ],
)
def test_a_look_that_is_not_complete_is_one_finding(status: str, code: str, severity: str) -> None:
    hub = make_hub()
    make_run(make_replica(hub, "mirror"), status=status, error="No route to host", stage="connect")

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity) == (code, severity)
    assert "No route to host" in finding.message


@pytest.mark.parametrize("status", ["running", "skipped_locked"])
def test_a_look_that_is_not_done_says_nothing(status: str) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - HOUR)
    make_run(replica, NOW, status=status)

    assert judge_hub(hub, NOW).opened == []


def test_two_replicas_on_a_dead_node_are_one_finding() -> None:
    hub = make_hub()
    for root in ("/one", "/two"):
        make_run(make_replica(hub, "mirror", root=root), status="unreachable")

    (finding,) = judge_hub(hub, NOW).opened

    assert finding.evidence["roots"] == ["/one", "/two"]


def test_two_roots_that_are_not_there_are_two_findings() -> None:
    hub = make_hub()
    for root in ("/one", "/two"):
        make_run(make_replica(hub, "mirror", root=root), status="no_root", stage="list")

    assert len(judge_hub(hub, NOW).opened) == 2


def test_a_dead_node_with_many_repos_is_one_finding() -> None:
    hub = make_hub()
    source, copy = make_replica(hub), make_replica(hub, "mirror", "copy")
    for number in range(50):
        lay_snapshots(source, f"tracs/env{number}", every(9))
        lay_snapshots(copy, f"tracs/env{number}", every(9))
    make_run(source)
    make_run(copy, NOW - DAY)
    make_run(copy, NOW, "unreachable")

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unreachable"]


@pytest.mark.parametrize(("age", "rings"), [(25, False), (26, False), (27, True)])
def test_not_looked_rings_after_look_within(age: int, rings: bool) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - age * HOUR)

    judge_hub(hub, NOW)

    assert [finding.severity for finding in told(hub, "not_looked")] == ["alarm"] * rings


def test_a_replica_that_was_never_looked_at_is_a_warning() -> None:
    hub = make_hub()
    make_replica(hub)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity) == ("not_looked", "warn")


def test_a_failing_look_is_told_once_and_not_as_not_looked_too() -> None:
    hub = make_hub()
    replica = make_replica(hub, "mirror")
    make_run(replica, NOW - DAY)
    make_run(replica, NOW, "unreachable")

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unreachable"]


@pytest.mark.parametrize("wanted", [2, LOOKS_REMEMBERED + 1])
def test_alert_after_waits_for_that_many_failing_looks(wanted: int) -> None:
    hub = make_hub(alert_after=wanted)
    replica = make_replica(hub, "mirror")
    for hours in range(1, wanted):
        make_run(replica, NOW - hours * HOUR, "unreachable")
    assert judge_hub(hub, NOW - HOUR).opened == []

    make_run(replica, NOW, "timeout")

    assert [finding.code for finding in judge_hub(hub, NOW).opened] == ["incomplete"]


def test_a_selected_repo_that_was_never_seen_is_named() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_repo(hub, "tracs/env", selected=True)
    make_repo(hub, "tracs/nothere", selected=True)
    make_run(replica)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity) == ("select_unmatched", "warn")
    assert "tracs/nothere" in finding.message
    assert finding.evidence["select"] == "tracs/nothere"


def test_a_selection_is_not_judged_before_a_complete_look() -> None:
    hub = make_hub()
    make_repo(hub, "tracs/nothere", selected=True)
    make_run(make_replica(hub), status="unreachable")

    judge_hub(hub, NOW)

    assert told(hub, "select_unmatched") == []


def test_a_selection_that_is_met_is_quiet() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_repo(hub, "tracs/env", selected=True)
    make_run(replica)

    assert judge_hub(hub, NOW).opened == []


def test_the_message_names_the_zone_of_the_hub() -> None:
    hub = make_hub(zone="Asia/Taipei")
    replica = make_replica(hub, "mirror")
    make_run(replica, NOW - DAY)
    make_run(replica, NOW, "unreachable")

    (finding,) = judge_hub(hub, NOW).opened

    assert "unknown since 2024-05-14 20:00:00 Asia/Taipei" in finding.message
