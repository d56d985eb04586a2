"""Rules about single tarballs: empty, changed, dated ahead, and their sidecars."""

from datetime import timedelta
from typing import Any

import pytest

from hubs.models import Hub
from probes.judge.findings import judge_hub
from probes.models import TarballEvent, TarballSnapshot
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
    told,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def lay_one(hub: Hub, age: timedelta = 7 * DAY, **fields: Any) -> TarballSnapshot:
    """Lay a tarball of this age with these fields beside nine good ones, and look."""
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    (odd,) = lay_snapshots(replica, stamps=[NOW - age], file_name="odd.tar.gz", **fields)
    make_run(replica)
    judge_hub(hub, NOW)
    return odd


def test_a_tarball_without_bytes_is_empty_and_nothing_else() -> None:
    hub = make_hub()
    odd = lay_one(hub, size_bytes=0, sidecar_size_bytes=1_000_000)

    (finding,) = hub.findings.all()

    assert (finding.code, finding.severity, finding.path) == ("empty_archive", "alarm", odd.path)


@pytest.mark.parametrize(("minutes", "rings"), [(2, False), (6 * 60, False), (6 * 60 + 1, True)])
def test_a_tarball_that_is_just_being_written_is_not_empty_yet(minutes: int, rings: bool) -> None:
    hub = make_hub()
    lay_one(hub, minutes * MINUTE, size_bytes=0, sidecar_state="absent")

    assert bool(told(hub, "empty_archive")) is rings


def test_a_size_other_than_the_sidecar_says_is_told_in_bytes() -> None:
    hub = make_hub()
    odd = lay_one(hub, size_bytes=1_147_682_816, sidecar_size_bytes=1_531_229_474)

    (finding,) = hub.findings.all()

    assert (finding.code, finding.severity, finding.path) == ("size_mismatch", "alarm", odd.path)
    assert "1,147,682,816 bytes" in finding.message
    assert "1,531,229,474 bytes" in finding.message


def test_a_size_as_the_sidecar_says_is_quiet() -> None:
    hub = make_hub()
    lay_one(hub)

    assert not hub.findings.exists()


def test_a_sidecar_without_a_size_is_no_mismatch() -> None:
    hub = make_hub()
    lay_one(hub, sidecar_size_bytes=None, sidecar_kind="sha256")

    assert not hub.findings.exists()


@pytest.mark.parametrize(("minutes", "rings"), [(2, False), (6 * 60, False), (6 * 60 + 1, True)])
def test_a_sidecar_has_until_its_deadline_to_come(minutes: int, rings: bool) -> None:
    hub = make_hub()
    lay_one(hub, minutes * MINUTE, sidecar_state="absent")

    assert [finding.severity for finding in told(hub, "no_sidecar")] == ["warn"] * rings


@pytest.mark.parametrize("sidecar", ["optional", "none"])
def test_a_sidecar_that_is_not_required_may_be_absent(sidecar: str) -> None:
    hub = make_hub(sidecar=sidecar)
    lay_one(hub, sidecar_state="absent")

    assert not hub.findings.exists()


def test_a_repo_may_require_sidecars_where_its_hub_does_not() -> None:
    hub = make_hub(sidecar="optional")
    make_repo(hub, "tracs/env", sidecar="required")
    lay_one(hub, sidecar_state="absent")

    assert told(hub, "no_sidecar")


def test_a_copy_that_came_just_now_with_its_old_times_is_in_transfer() -> None:
    hub = make_hub()
    replica = make_replica(hub, "attic", "copy")
    make_run(replica, NOW - DAY)
    make_run(replica, NOW)
    lay_snapshots(replica, stamps=every(9, newest=2 * DAY))
    lay_snapshots(replica, stamps=[NOW - DAY], first_seen_at=NOW, sidecar_state="absent")

    assert judge_hub(hub, NOW).opened == []


@pytest.mark.parametrize(
    ("state", "age", "rings"),
    [
        ("bad", 7 * DAY, True),
        ("unread", 7 * DAY, True),
        ("unread", HOUR, False),
        ("ok", DAY, False),
    ],
)
def test_a_bad_sidecar_is_told(state: str, age: timedelta, rings: bool) -> None:
    hub = make_hub()
    lay_one(hub, age, sidecar_state=state)

    assert [finding.severity for finding in told(hub, "bad_sidecar")] == ["warn"] * rings


def test_sidecars_do_not_matter_where_the_policy_says_none() -> None:
    hub = make_hub(sidecar="none")
    lay_one(hub, sidecar_state="bad")
    lay_snapshots(hub.replicas.get(), stamps=[NOW - 2 * DAY], sidecar_size_bytes=5, file_name="x")

    assert judge_hub(hub, NOW).opened == []


@pytest.mark.parametrize(("minutes", "rings"), [(15, False), (16, True)])
def test_a_stamp_that_is_still_to_come_is_told(minutes: int, rings: bool) -> None:
    hub = make_hub()
    odd = lay_one(hub, -minutes * MINUTE)

    found = told(hub, "future_stamp")

    assert [finding.path for finding in found] == [odd.path] * rings


def test_a_hub_far_in_the_east_has_no_future_stamps() -> None:
    hub = make_hub(zone="Pacific/Kiritimati", cadence="1d")
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9, newest=10 * MINUTE))
    make_run(replica)

    assert judge_hub(hub, NOW).opened == []


def change(snapshot: TarballSnapshot, ago: timedelta) -> TarballEvent:
    return TarballEvent.objects.create(
        snapshot=snapshot,
        kind=TarballEvent.Kind.CHANGED,
        noticed_at=NOW - ago,
        size_bytes_before=500,
        size_bytes_after=snapshot.size_bytes,
    )


@pytest.mark.parametrize(
    ("ago", "rings"), [(DAY, True), (14 * DAY - MINUTE, True), (14 * DAY, False)]
)
def test_a_tarball_replaced_after_it_was_complete_is_told_for_a_fortnight(
    ago: timedelta, rings: bool
) -> None:
    hub = make_hub()
    odd = lay_one(hub)
    change(odd, ago)

    judge_hub(hub, NOW)

    found = told(hub, "changed_after_complete")
    assert [(finding.severity, finding.path) for finding in found] == [("alarm", odd.path)] * rings


def test_a_replaced_tarball_that_is_gone_is_not_told() -> None:
    hub = make_hub()
    change(lay_one(hub, gone_at=NOW), DAY)

    assert judge_hub(hub, NOW).opened == []


def test_many_missing_sidecars_of_a_repo_are_one_finding() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(500, newest=DAY + 2 * HOUR), sidecar_state="absent")
    lay_snapshots(replica, stamps=every(1))
    make_run(replica)

    (finding,) = judge_hub(hub, NOW).opened

    assert (finding.code, finding.path, finding.evidence["tarballs"]) == ("no_sidecar", "", 500)


@pytest.mark.parametrize(("count", "findings"), [(10, 10), (11, 1)])
def test_ten_are_told_one_by_one(count: int, findings: int) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(count), sidecar_state="bad")
    make_run(replica)

    assert len(judge_hub(hub, NOW).opened) == findings
