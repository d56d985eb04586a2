"""Pasts of hubs as plain values, for replays: what came and went when, without a database; moments are arguments."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hubs.limits import Limits
from probes.judge.replay import Happening, ReplayedFinding, Setting, replay
from probes.judge.tarball import Tarball
from probes.judge.values import Look, ReplicaPast, RepoName
from tests.estate import DAY

GMT = ZoneInfo("UTC")
EVERY_DAY, OFFICE_DAYS, SUNDAYS = range(7), range(5), (6,)


def nights(
    zone: ZoneInfo,
    first: date,
    days: int,
    hour: int = 2,
    minute: int = 30,
    weekdays: Iterable[int] = EVERY_DAY,
) -> list[datetime]:
    """Return when cron on the wall of a zone makes a backup, in UTC, oldest first."""
    chosen = set(weekdays)
    dates = (first + DAY * number for number in range(days))
    return [
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
        for day in dates
        if day.weekday() in chosen
    ]


def a_tarball(
    stamp_at: datetime,
    path: str = "tracs/env",
    zone: ZoneInfo = GMT,
    size_bytes: int = 1_000_000,
    **fields: Any,
) -> Tarball:
    """Return a tarball with a fitting sidecar that came at its stamp; keywords replace fields."""
    stamp_text = stamp_at.astimezone(zone).strftime("%Y/%m/%d/%H%M%S")
    file_name = fields.pop("file_name", f"{path.split('/')[1]}.tar.gz")
    defaults: dict[str, Any] = {
        "mtime_at": stamp_at,
        "sidecar_kind": "dna",
        "sidecar_state": "ok",
        "sidecar_digest": stamp_text,
        "sidecar_size_bytes": size_bytes,
        "first_seen_at": stamp_at,
        "gone_at": None,
    }
    place = f"{path}/{stamp_text}/{file_name}"
    return Tarball(place, stamp_at, stamp_text, size_bytes, **(defaults | fields))


def a_replica(number: int = 1, role: str = "source", **fields: Any) -> ReplicaPast:
    """Return a replica that nobody has looked at, on a node of its own."""
    node = f"node{number}"
    defaults: dict[str, Any] = {
        "node": node,
        "node_id": number,
        "label": node,
        "root": "/backup",
        "role": role,
    }
    return ReplicaPast(id=number, latest=None, complete=None, known=False, **(defaults | fields))


def a_setting(
    paths: Sequence[str] = ("tracs/env",),
    zone: ZoneInfo = GMT,
    limits: Limits | None = None,
    replicas: Sequence[ReplicaPast] = (),
    **fields: Any,
) -> Setting:
    """Return a hub whose repos have the numbers 1, 2, … in the order of their paths."""
    limits = limits or Limits()
    repos = {number: RepoName(number, path, False) for number, path in enumerate(paths, 1)}
    return Setting(
        zone=zone,
        limits=limits,
        replicas=replicas or (a_replica(),),
        repos=repos,
        limits_of_repo=dict.fromkeys(repos, limits),
        **fields,
    )


def came(tarball: Tarball, replica_id: int = 1, repo_id: int = 1, **fields: Any) -> Happening:
    """Say that a tarball came, at its first sighting where `at` says nothing else."""
    at = fields.pop("at", tarball.first_seen_at)
    return Happening(at, replica_id, repo_id, tarball.path, tarball, **fields)


def went(tarball: Tarball, at: datetime, replica_id: int = 1, repo_id: int = 1) -> Happening:
    """Say that a tarball was not there any more from a moment on."""
    return Happening(at, replica_id, repo_id, tarball.path, None)


def replayed(
    setting: Setting,
    happenings: Iterable[Happening],
    moments: Iterable[datetime],
    looks: Mapping[int, Sequence[Look]] | None = None,
) -> list[ReplayedFinding]:
    """Return all findings of a replay, as they are at its end."""
    return deque(replay(setting, happenings, looks or {}, moments), maxlen=1).pop()


def codes(findings: Iterable[ReplayedFinding]) -> list[str]:
    """Return the codes of findings, sorted."""
    return sorted(finding.code for finding in findings)
