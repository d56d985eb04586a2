"""Rules about tarballs that were read again: disproved ones, and repos of which none was proved for too long."""

from typing import Any

import pytest

from hubs.models import Hub
from probes.judge.findings import judge_hub
from probes.judge.gathering import TARBALLS_TOGETHER_FROM
from probes.models import Finding, TarballSnapshot
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
DISPROVED = ["digest_mismatch", "corrupt", "unreadable_content"]
SECOND = HOUR / 3600


def lay_read(hub: Hub, verdict: str, **fields: Any) -> TarballSnapshot:
    """Lay nine tarballs of which one was read again with this result, and judge."""
    replica = make_replica(hub)
    *_, read, _, _ = lay_snapshots(replica, stamps=every(9))
    TarballSnapshot.objects.filter(pk=read.pk).update(
        verified_level="content", verified_at=NOW - HOUR, verified_verdict=verdict, **fields
    )
    make_run(replica)
    judge_hub(hub, NOW)
    return read


# --- Disproved ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", DISPROVED)
def test_a_disproved_tarball_is_an_alarm_of_its_own_code(verdict: str) -> None:
    hub = make_hub()
    read = lay_read(hub, verdict)

    (finding,) = Finding.objects.all()

    assert (finding.code, finding.severity, finding.path) == (verdict, "alarm", read.path)
    assert "was read again at 2024-05-15 11:00:00 UTC" in finding.message


@pytest.mark.parametrize("verdict", ["good", ""])
def test_a_proved_tarball_is_quiet(verdict: str) -> None:
    hub = make_hub()
    lay_read(hub, verdict)

    assert open_codes(hub) == []


@pytest.mark.parametrize("verdict", DISPROVED)
def test_a_disproved_tarball_that_is_gone_is_quiet(verdict: str) -> None:
    hub = make_hub()
    lay_read(hub, verdict, gone_at=NOW - HOUR)

    assert open_codes(hub) == []


@pytest.mark.parametrize("sidecar", ["required", "optional", "none"])
def test_a_disproof_counts_whatever_is_asked_of_sidecars(sidecar: str) -> None:
    hub = make_hub(sidecar=sidecar)
    lay_read(hub, "corrupt")

    assert open_codes(hub) == ["corrupt"]


def test_a_tarball_read_again_and_found_good_closes_it() -> None:
    hub = make_hub()
    read = lay_read(hub, "corrupt")
    TarballSnapshot.objects.filter(pk=read.pk).update(verified_verdict="good")

    closed = judge_hub(hub, NOW + HOUR).closed

    assert [finding.code for finding in closed] == ["corrupt"]


def test_a_disproved_tarball_older_than_all_that_is_compared_is_told() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    oldest, *_ = lay_snapshots(replica, stamps=every(200))
    TarballSnapshot.objects.filter(pk=oldest.pk).update(
        verified_at=NOW - HOUR, verified_verdict="corrupt"
    )
    make_run(replica)

    judge_hub(hub, NOW)

    assert [finding.path for finding in told(hub, "corrupt")] == [oldest.path]


def test_of_two_replicas_the_one_with_the_rotten_copy_is_told() -> None:
    hub = make_hub()
    lay_read(hub, "digest_mismatch")
    copy = make_replica(hub, "attic", "copy")
    lay_snapshots(copy, stamps=every(9))
    make_run(copy)

    judge_hub(hub, NOW)

    (finding,) = told(hub, "digest_mismatch")
    assert finding.replica
    assert finding.replica.node.tag == "vault"


def test_a_whole_repo_that_rots_is_one_finding() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(
        replica, stamps=every(40), verified_at=NOW - HOUR, verified_verdict="digest_mismatch"
    )
    make_run(replica)

    judge_hub(hub, NOW)

    (finding,) = told(hub, "digest_mismatch")
    assert finding.evidence["tarballs"] == 40


def test_a_disk_on_which_all_repos_rot_is_one_finding() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(TARBALLS_TOGETHER_FROM):
        path = f"tracs/env{number}"
        lay_snapshots(replica, path, every(2), verified_at=NOW - HOUR, verified_verdict="corrupt")
    make_run(replica)

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["corrupt"]


# --- Never, or too long ago --------------------------------------------------------------------


def judge_proved(hub: Hub, age: Any = None, **fields: Any) -> list[Finding]:
    """Judge nine tarballs of which the newest was proved so long ago, if at all."""
    replica = make_replica(hub)
    *_, newest = lay_snapshots(replica, stamps=every(40, newest=2 * HOUR), **fields)
    if age is not None:
        TarballSnapshot.objects.filter(pk=newest.pk).update(
            verified_at=NOW - age, verified_verdict="good"
        )
    make_run(replica)
    judge_hub(hub, NOW)
    return told(hub, "unverified_too_long")


@pytest.mark.parametrize(
    ("beyond", "rings"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)]
)
def test_a_repo_rings_when_its_last_proof_is_older_than_wanted(beyond: Any, rings: bool) -> None:
    hub = make_hub(verified_within=30 * DAY)

    found = judge_proved(hub, 30 * DAY + beyond)

    assert [finding.severity for finding in found] == ["warn"] * rings


def test_a_repo_that_was_never_proved_rings_once_it_was_known_for_so_long() -> None:
    hub = make_hub(verified_within=30 * DAY)

    (finding,) = judge_proved(hub)

    assert "were never proved" in finding.message
    assert finding.evidence["verified_at"] is None


def test_a_new_repo_has_its_time_to_be_proved() -> None:
    assert judge_proved(make_hub(verified_within=41 * DAY)) == []


def test_nobody_is_told_where_no_proof_is_wanted() -> None:
    assert judge_proved(make_hub()) == []


def test_a_repo_may_want_what_its_hub_does_not() -> None:
    hub = make_hub()
    make_repo(hub, "tracs/env", verified_within=7 * DAY)

    assert len(judge_proved(hub, 8 * DAY)) == 1


def test_a_repo_of_which_nothing_is_left_needs_no_proof() -> None:
    hub = make_hub(verified_within=7 * DAY, cadence="52w")
    lay_snapshots(make_replica(hub), "tracs/other", every(9), first_seen_at=NOW)
    make_run(hub.replicas.get())

    lay_snapshots(hub.replicas.get(), stamps=every(9), gone_at=NOW)
    judge_hub(hub, NOW)

    assert told(hub, "unverified_too_long") == []


def test_each_replica_needs_a_proof_of_its_own() -> None:
    hub = make_hub(verified_within=30 * DAY)
    copy = make_replica(hub, "attic", "copy")
    lay_snapshots(copy, stamps=every(40))
    make_run(copy)

    found = judge_proved(hub, DAY)

    assert [finding.replica_id for finding in found] == [copy.pk]


def test_many_repos_that_nobody_proves_are_one_finding() -> None:
    hub = make_hub(verified_within=7 * DAY)
    replica = make_replica(hub)
    for number in range(6):
        lay_snapshots(replica, f"tracs/env{number}", every(9))
    make_run(replica)

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["unverified_too_long"]


def test_a_proof_closes_it() -> None:
    hub = make_hub(verified_within=30 * DAY)
    judge_proved(hub, 31 * DAY)
    TarballSnapshot.objects.filter(verified_at__isnull=False).update(verified_at=NOW)

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


@pytest.mark.parametrize("verdict", DISPROVED)
def test_a_disproof_is_no_proof(verdict: str) -> None:
    hub = make_hub(verified_within=30 * DAY)

    assert judge_proved(hub, verified_at=NOW - DAY, verified_verdict=verdict)
