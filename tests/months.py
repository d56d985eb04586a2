"""RepoMonth rows for tests: what ingest would have summed up of the snapshots that a replica has."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from hubs.models import Replica
from hubs.names import key
from probes.models import RepoMonth, TarballSnapshot
from probes.thin import thin


def sum_up(replica: Replica) -> None:
    """Store a row for each month of each repo of a replica."""
    snapshots = TarballSnapshot.objects.filter(replica=replica).order_by("repo_id", "stamp_at")
    for (_, month), group in groupby(snapshots, key=lambda one: (one.repo_id, _month(one))):
        RepoMonth.objects.create(replica=replica, **_fields(month, list(group)))


def _month(snapshot: TarballSnapshot) -> str:
    return "/".join(snapshot.path.split("/")[:4])


def _fields(directory: str, snapshots: list[TarballSnapshot]) -> dict[str, object]:
    zone = snapshots[0].replica.hub.zone
    days = [snapshot.stamp_at.astimezone(zone).date() for snapshot in snapshots]
    return {
        "repo_id": snapshots[0].repo_id,
        "directory": directory,
        "directory_key": key(directory),
        "starts_on": days[0].replace(day=1),
        "tarballs": len(snapshots),
        "size_bytes": sum(snapshot.size_bytes for snapshot in snapshots),
        "day_counts": dict(Counter(str(day.day) for day in days)),
    } | _points(snapshots)


def _points(snapshots: Iterable[TarballSnapshot]) -> dict[str, object]:
    points = [(int(one.stamp_at.timestamp()), one.size_bytes) for one in snapshots]
    return {"fine_points": thin(points, 64), "coarse_points": thin(points, 8)}
