"""One fault of each code, laid as rows: each is there at every look from now on, and as little else as can be."""

from collections.abc import Callable
from typing import Any

from hubs.models import Hub, Replica, Repo
from probes.models import TarballEvent, TarballSnapshot
from tests.counts import count_present
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
)

Fault = Callable[[Hub, str], None]  # lays itself as a repo of this path


def source(hub: Hub) -> Replica:
    return hub.replicas.filter(role="source").first() or make_replica(hub)


def steady(hub: Hub, path: str, **fields: Any) -> list[TarballSnapshot]:
    """Lay daily tarballs, the newest four hours ago."""
    return lay_snapshots(source(hub), path, every(30, newest=4 * HOUR), **fields)


def odd(**fields: Any) -> Fault:
    """Return the fault of one tarball beside good ones."""

    def lay(hub: Hub, path: str) -> None:
        steady(hub, path)
        fresh = {"file_name": "odd.tar.gz"} | fields
        lay_snapshots(source(hub), path, [NOW - 3 * DAY + HOUR], **fresh)

    return lay


def sized(*sizes: int) -> Fault:
    """Return the fault of a series of sizes in MB."""

    def lay(hub: Hub, path: str) -> None:
        laid = lay_snapshots(source(hub), path, every(len(sizes), newest=4 * HOUR))
        for snapshot, size in zip(laid, sizes, strict=True):
            snapshot.size_bytes = snapshot.sidecar_size_bytes = size * 1_000_000
        TarballSnapshot.objects.bulk_update(laid, ["size_bytes", "sidecar_size_bytes"])

    return lay


def wanting(**policy: Any) -> Fault:
    """Return the fault of a good repo of which more is wanted."""

    def lay(hub: Hub, path: str) -> None:
        steady(hub, path)
        make_repo(hub, path, **policy)

    return lay


def changed(hub: Hub, path: str) -> None:
    TarballEvent.objects.create(
        snapshot=steady(hub, path)[9],
        kind=TarballEvent.Kind.CHANGED,
        noticed_at=NOW,
        size_bytes_before=5,
        size_bytes_after=1_000_000,
    )


def stale(hub: Hub, path: str) -> None:
    pks = [snapshot.pk for snapshot in steady(hub, path)[-5:]]
    TarballSnapshot.objects.filter(pk__in=pks).update(sidecar_digest="a" * 32)


def revisions(hub: Hub, path: str) -> None:
    for at, revision in zip(every(5, newest=4 * HOUR), (7, 8, 9, 3, 4), strict=True):
        lay_snapshots(source(hub), path, [at], file_name=f"env-{revision}.tar.gz")


def purged(hub: Hub, path: str) -> None:
    pks = [snapshot.pk for snapshot in steady(hub, path)[:-1]]
    TarballSnapshot.objects.filter(pk__in=pks).update(gone_at=NOW)


def unpurged(hub: Hub, path: str) -> None:
    laid = steady(hub, path)
    for old, new in zip(laid[:10], laid[5:15], strict=True):
        old.gone_at = new.first_seen_at
    TarballSnapshot.objects.bulk_update(laid, ["gone_at"])


def late(hub: Hub, path: str) -> None:
    lay_snapshots(source(hub), path, every(30, newest=3 * DAY))


def holed(hub: Hub, path: str) -> None:
    stamps = every(30, newest=4 * HOUR)
    lay_snapshots(source(hub), path, stamps[:-3] + stamps[-2:])


def backdated(hub: Hub, path: str) -> None:
    steady(hub, path)
    lay_snapshots(source(hub), path, [NOW - 3 * DAY], first_seen_at=NOW, file_name="b.tar.gz")


def unmatched(hub: Hub, path: str) -> None:
    Repo.objects.filter(hub=hub).update(selected=True)
    make_repo(hub, path, selected=True)


def ahead(hub: Hub, path: str) -> None:
    steady(hub, path)
    lay_snapshots(source(hub), path, [NOW + 90 * DAY])


def doubled(hub: Hub, path: str) -> None:
    again = steady(hub, path)[-3].stamp_at
    lay_snapshots(source(hub), path, [again], file_name="x.tar.gz")


def copied(stamps: slice, **fields: Any) -> Fault:
    """Return the fault of a copy with some of the tarballs, or with other ones."""

    def lay(hub: Hub, path: str) -> None:
        steady(hub, path)
        copy = hub.replicas.get(role="copy")
        lay_snapshots(copy, path, every(30, newest=4 * HOUR)[stamps], **fields)

    return lay


ALONE: dict[str, Fault] = {
    "overdue": late,
    "gap": holed,
    "count_low": wanting(expected_per_day=2),
    "purged_too_much": purged,
    "not_purged": unpurged,
    "unverified_too_long": wanting(verified_within=DAY),
    "revision_back": revisions,
    "shrunk": sized(*[100] * 20, 40),
    "grown": sized(*[100] * 20, 400),
    "declining": sized(*[10_000] * 20, *[10_000 - 25 * n for n in range(1, 13)]),
    "growing": sized(*[1_000] * 20, *[1_000 + 25 * n for n in range(1, 13)]),
    "stale_content": stale,
    "empty_archive": odd(size_bytes=0),
    "size_mismatch": odd(sidecar_size_bytes=5),
    "no_sidecar": odd(sidecar_state="absent"),
    "bad_sidecar": odd(sidecar_state="bad"),
    "digest_mismatch": odd(verified_at=NOW, verified_verdict="digest_mismatch"),
    "corrupt": odd(verified_at=NOW, verified_verdict="corrupt"),
    "unreadable_content": odd(verified_at=NOW, verified_verdict="unreadable_content"),
    "changed_after_complete": changed,
    "future_stamp": ahead,
    "duplicate_stamp": doubled,
    "clock_skew": backdated,
    "select_unmatched": unmatched,
}
TOGETHER: dict[str, Fault] = {
    "missing": copied(slice(0)),
    "lagging": copied(slice(-9)),
    "diverged": copied(slice(None), size_bytes=999_999),
    "too_few_copies": copied(slice(None)),
}
# What a look says of itself, and what another says when all is well again.
RUNS: dict[str, dict[str, Any]] = {
    "empty": {"seen": 0},
    "clock_skew": {"clock_skew_seconds": 900.0},
    "disk_low": {"free_bytes": 1, "total_bytes": 1000},
    "stale_lock": {"locks": [["LOCKED", 1.0]]},
    "unrecognised": {"unrecognised": 3, "unrecognised_examples": ["a", "b", "c"]},
}
WELL = {"seen": 9, "clock_skew_seconds": 0.1, "free_bytes": 900, "total_bytes": 1000}


def a_hub(faults: dict[str, Fault], **policy: Any) -> Hub:
    """Store a hub, looked at before, with a repo for each of these faults."""
    hub = make_hub(**policy)
    make_replica(hub)
    if set(faults) & set(TOGETHER):
        make_replica(hub, "attic", "copy")
    for replica in hub.replicas.all():
        make_run(replica, NOW - 2 * HOUR)
    for code, lay in faults.items():
        lay(hub, f"{'svn' if code == 'revision_back' else 'tracs'}/{code}")
    count_present(hub)
    return Hub.objects.get(pk=hub.pk)


def hub_with(code: str, **policy: Any) -> Hub:
    return a_hub({code: ALONE[code]}, **policy)
