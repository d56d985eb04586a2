"""Rules about one replica: empty, clock, disk, locks and files that do not fit."""

from typing import Any

import pytest

from hubs.models import Hub
from probes.judge.findings import judge_hub
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
    told,
)

pytestmark = pytest.mark.django_db


def judged(hub: Hub, code: str, **run: Any) -> list[Finding]:
    """Judge a healthy replica whose look said this besides."""
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, **run)
    judge_hub(hub, NOW)
    return told(hub, code)


def severities(findings: list[Finding]) -> list[str]:
    return [finding.severity for finding in findings]


def test_empty_rings_when_a_complete_look_finds_nothing() -> None:
    hub = make_hub()
    make_run(make_replica(hub), seen=0)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.severity) == ("empty", "alarm")


def test_empty_is_quiet_when_a_daily_look_finds_nothing_new_beside_old_tarballs() -> None:
    assert judged(make_hub(), "empty", seen=0, full=False) == []


def test_an_empty_replica_is_one_finding_whatever_was_there_before() -> None:
    hub = make_hub(cadence="1d")
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9, newest=5 * DAY), gone_at=NOW)
    make_run(replica, seen=0)

    judge_hub(hub, NOW)

    assert [finding.code for finding in Finding.objects.all()] == ["empty"]


@pytest.mark.parametrize(
    ("skew", "expected"),
    [
        (None, []),
        (-120, []),
        (121, ["warn"]),
        (-121, ["warn"]),
        (3600, ["warn"]),
        (3601, ["alarm"]),
    ],
)
def test_clock_skew(skew: float | None, expected: list[str]) -> None:
    assert severities(judged(make_hub(), "clock_skew", clock_skew_seconds=skew)) == expected


@pytest.mark.parametrize(
    ("free_min", "free", "expected"),
    [
        ("10%", 100, []),
        ("10%", 99, ["warn"]),
        ("10%", 50, ["warn"]),
        ("10%", 49, ["alarm"]),
        ("200B", 150, ["warn"]),
        ("10%", None, []),
    ],
)
def test_disk_low(free_min: str, free: int | None, expected: list[str]) -> None:
    hub = make_hub(free_space_min=free_min)

    assert severities(judged(hub, "disk_low", free_bytes=free, total_bytes=1000)) == expected


@pytest.mark.parametrize(("age", "expected"), [(1, []), (12, []), (13, ["warn"])])
def test_stale_lock_goes_by_the_newest_entry(age: int, expected: list[str]) -> None:
    touched = (NOW - age * HOUR).timestamp()
    locks = [["LOCKED/started", touched - 86_400], ["LOCKED", touched]]

    assert severities(judged(make_hub(), "stale_lock", locks=locks)) == expected


def test_files_that_do_not_fit_are_a_notice_with_examples() -> None:
    (finding,) = judged(
        make_hub(), "unrecognised", unrecognised=7, unrecognised_examples=["notes.txt", "x/y"]
    )

    assert finding.severity == "notice"
    assert "notes.txt, x/y and 5 more" in finding.message


def test_nothing_left_out_is_quiet() -> None:
    assert judged(make_hub(), "unrecognised", unrecognised=0) == []
