"""Writes a simulated hub as files that the real commands read: `import_config`, then `import_snapshots`."""

import csv
import io
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import tomli_w

from bench.detection.world import Benign, Fault, SimHub

COLUMNS = (
    "hub",
    "node",
    "root",
    "path",
    "size_bytes",
    "mtime_at",
    "sidecar_digest",
    "sidecar_size",
    "first_seen_at",
    "gone_at",
)


def root_of(hub: SimHub) -> str:
    """Return the directory on each node that holds the tarballs."""
    return f"/backup/{hub.tag}"


def inventory(
    hub: SimHub,
    logins: Mapping[str, Mapping[str, Any]] | None = None,
    roots: Mapping[str, Path] | None = None,
) -> str:
    """Return a hub as an inventory in TOML.

    `logins` has, by node, what tells how to reach it (host, port, …), and `roots` where its tarballs are; without
    them the names are such that no machine has. Nodes that were retired before the end are disabled.
    """
    nodes = [
        {"tag": _tag(hub, node.tag), "site": node.site}
        | dict((logins or {}).get(node.tag, {"host": f"{node.tag.lower()}.invalid"}))
        for node in hub.nodes
    ]
    replicas = [
        {
            "node": _tag(hub, node.tag),
            "root": str((roots or {}).get(node.tag, root_of(hub))),
            "role": node.role,
            "enabled": node.retired_at is None,
        }
        for node in hub.nodes
    ]
    table: dict[str, Any] = {
        "tag": hub.tag,
        "name": hub.tag.lower(),
        "time_zone": hub.zone,
        "replica": replicas,
    }
    if hub.policy:
        table["policy"] = dict(hub.policy)
    return tomli_w.dumps({"node": nodes, "hub": [table]})


def _tag(hub: SimHub, node: str) -> str:
    """Return the tag of a node in an inventory that may hold several simulated hubs."""
    return f"{hub.tag}:{node}"


def snapshot_lines(hub: SimHub) -> Iterator[str]:
    """Yield the history as CSV lines: what complete looks saw, at the moments when they first saw it come and go."""
    complete: dict[str, list[datetime]] = {node.tag: [] for node in hub.nodes}
    for look in hub.looks:
        if look.status == "ok":
            complete[look.node].append(look.at)
    yield _line(COLUMNS)
    for tarball in hub.tarballs:
        looks = complete[tarball.node]
        seen_at = _first_from(looks, tarball.visible_at)
        missed_at = _first_from(looks, tarball.gone_at) if tarball.gone_at else None
        if seen_at is None or seen_at == missed_at:
            continue
        yield _line(
            (
                hub.tag,
                _tag(hub, tarball.node),
                root_of(hub),
                tarball.path,
                tarball.size_bytes,
                tarball.mtime_at.isoformat(),
                tarball.sidecar_digest,
                tarball.sidecar_size_bytes if tarball.sidecar_size_bytes is not None else "",
                seen_at.isoformat(),
                missed_at.isoformat() if missed_at else "",
            )
        )


def _first_from(looks: Sequence[datetime], at: datetime) -> datetime | None:
    place = bisect_left(looks, at)
    return looks[place] if place < len(looks) else None


def _line(values: Sequence[object]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def write(
    directory: Path, hub: SimHub, faults: Sequence[Fault], benign: Sequence[Benign]
) -> list[Path]:
    """Write a hub's inventory, its history and (for people) its truth into a directory; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    files = [directory / f"{hub.tag}{ending}" for ending in (".toml", ".csv", ".truth.json")]
    files[0].write_text(inventory(hub))
    with files[1].open("w", newline="") as history:
        history.writelines(snapshot_lines(hub))
    truth = {
        "faults": [_plain(fault, ("kind", "node", "repo", "onset", "end")) for fault in faults],
        "benign": [_plain(event, ("kind", "node", "repo", "at")) for event in benign],
    }
    files[2].write_text(json.dumps(truth, indent=1, default=str) + "\n")
    return files


def _plain(event: Fault | Benign, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(event, name) for name in names} | {"details": dict(event.details)}
