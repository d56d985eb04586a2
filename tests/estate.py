"""Hubs, replicas, looks and tarballs for tests, as plain rows in the database; moments are arguments."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hubs.models import Hub, Node, Policy, Replica, Repo
from hubs.names import key
from probes.models import CollectRun, Finding, RunStatus, SidecarState, TarballSnapshot

NOW = datetime(2024, 5, 15, 12, 0, tzinfo=UTC)  # a Wednesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def every(count: int, step: timedelta = DAY, newest: timedelta = 2 * HOUR) -> list[datetime]:
    """Return moments that lie `step` apart, oldest first, the newest that long before NOW."""
    return [NOW - newest - step * number for number in reversed(range(count))]


def make_hub(tag: str = "H", zone: str = "UTC", **policy: Any) -> Hub:
    """Store a hub; keywords are fields of its policy."""
    hub = Hub.objects.create(tag=tag, name=f"{tag.lower()}host", time_zone=zone)
    if policy:
        Policy.objects.create(hub=hub, **policy)
    return hub


def make_node(tag: str = "vault", **fields: Any) -> Node:
    """Return the node of this tag, storing it when it is new."""
    return Node.objects.get_or_create(tag=tag, defaults={"host": f"{tag}.example.org"} | fields)[0]


def make_replica(hub: Hub, node: str = "vault", role: str = "source", **fields: Any) -> Replica:
    """Store a replica of a hub on the node of this tag."""
    root = fields.pop("root", f"/backup/{hub.tag}")
    return Replica.objects.create(hub=hub, node=make_node(node), role=role, root=root, **fields)


def make_run(
    replica: Replica,
    started_at: datetime = NOW,
    status: str = RunStatus.OK,
    seconds: float | None = 5,
    **fields: Any,
) -> CollectRun:
    """Store a look; `seconds` of None leaves it without an end."""
    finished_at = None if seconds is None else started_at + timedelta(seconds=seconds)
    fields = {"batch": "test", "full": True, "seen": 1, "finished_at": finished_at} | fields
    return CollectRun.objects.create(
        replica=replica, started_at=started_at, status=status, **fields
    )


def make_repo(hub: Hub, path: str = "tracs/env", selected: bool = False, **policy: Any) -> Repo:
    """Return the repo `category/name` of a hub, storing it when it is new; keywords are its policy."""
    category, name = path.split("/")
    repo, _ = Repo.objects.get_or_create(hub=hub, category=category, name=name)
    if selected:
        Repo.objects.filter(pk=repo.pk).update(selected=True)
    if policy:
        Policy.objects.create(repo=repo, **policy)
    return repo


def lay_snapshots(
    replica: Replica,
    path: str = "tracs/env",
    stamps: Iterable[datetime] = (),
    **fields: Any,
) -> list[TarballSnapshot]:
    """Store a tarball with a fitting sidecar for each stamp; keywords replace fields of all of them.

    `file_name` is that of the tarballs; `sidecar_state="absent"` leaves the sidecars out.
    """
    repo = make_repo(replica.hub, path)
    file_name = fields.pop("file_name", f"{repo.name}.tar.gz")
    return TarballSnapshot.objects.bulk_create(
        _snapshot(replica, repo, stamp_at, file_name, dict(fields)) for stamp_at in stamps
    )


def _snapshot(
    replica: Replica, repo: Repo, stamp_at: datetime, file_name: str, fields: dict[str, Any]
) -> TarballSnapshot:
    stamp_text = stamp_at.astimezone(replica.hub.zone).strftime("%Y/%m/%d/%H%M%S")
    path = f"{repo.path}/{stamp_text}/{file_name}"
    size_bytes = fields.pop("size_bytes", 1_000_000)
    sidecar: dict[str, Any] = {}
    if fields.get("sidecar_state") != SidecarState.ABSENT:
        sidecar = {
            "sidecar_kind": "dna",
            "sidecar_state": SidecarState.OK,
            "sidecar_digest": key(stamp_text),
            "sidecar_size_bytes": size_bytes,
            "sidecar_length": 60,
            "sidecar_mtime_at": stamp_at,
        }
    defaults = {"mtime_at": stamp_at, "first_seen_at": stamp_at + HOUR} | sidecar
    return TarballSnapshot(
        replica=replica,
        repo=repo,
        path=path,
        path_key=key(path),
        stamp_at=stamp_at,
        stamp_text=stamp_text,
        size_bytes=size_bytes,
        **(defaults | fields),
    )


def open_codes(hub: Hub) -> list[str]:
    """Return the codes of a hub's open findings, sorted."""
    return sorted(Finding.objects.filter(hub=hub).open().values_list("code", flat=True))


def told(hub: Hub, code: str) -> list[Finding]:
    """Return a hub's open findings of a code, by what they are about."""
    return list(Finding.objects.filter(hub=hub, code=code).open().order_by("subject_key"))
