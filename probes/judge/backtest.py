"""Reads a hub's stored past, replays the rules over it, and gives what they would have told: with today's policy or another."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q
from django.utils import timezone

from hubs.limits import Limits, limits_from
from hubs.models import Hub, Replica, Repo, judged, policy_layer
from hubs.planned import NOTHING_PLANNED
from hubs.planned_rows import planned_of, planned_of_nodes
from probes.judge.history import look_of, replica_labels
from probes.judge.replay import (
    Happening,
    ReplayedFinding,
    Setting,
    moments_between,
    replay,
)
from probes.judge.tarball import Change, Tarball
from probes.judge.values import Look, ReplicaPast, RepoName
from probes.models import AcceptedLevel, CollectRun, Finding, TarballEvent, TarballSnapshot

LEARNED_FROM = timedelta(days=420)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Backtest:
    """What the rules would have told; the findings are not stored."""

    looks: int
    findings: list[Finding]


def backtest(
    hub: Hub,
    since: datetime,
    until: datetime,
    every: timedelta,
    overrides: Mapping[str, Any] | None = None,
    progress: Progress = lambda done, all_of_them: None,
) -> Backtest:
    """Replay the rules at looks that are `every` apart, with some limits replaced; nothing is stored."""
    until = min(until, timezone.now())
    replicas = list(hub.replicas.filter(enabled=True).select_related("node").order_by("pk"))
    watched = _watched_since(replicas)
    replicas = [replica for replica in replicas if replica.pk in watched]
    if not replicas:
        return Backtest(0, [])
    # Before that there is nothing to look at.
    since += max(0, (min(watched.values()) - since) // every) * every
    repos = {repo.pk: repo for repo in judged(hub.repos.select_related("policy"))}
    setting = _setting(hub, replicas, repos, watched, overrides or {}, every)
    moments = list(moments_between(since, until, every))
    looks = _looks(replicas, since - every, until)
    states = replay(setting, _happenings(replicas, repos, since, until), looks, moments)
    findings: list[ReplayedFinding] = []
    for done, told in enumerate(states, 1):
        findings = told
        progress(done, len(moments))
    by_replica = {replica.pk: replica for replica in replicas}
    rows = [_row(finding, hub, by_replica, repos) for finding in findings]
    return Backtest(len(moments), rows)


def _setting(
    hub: Hub,
    replicas: list[Replica],
    repos: Mapping[int, Repo],
    watched: Mapping[int, datetime],
    overrides: Mapping[str, Any],
    every: timedelta,
) -> Setting:
    hub_layer = policy_layer(hub)
    limits = limits_from(hub_layer, overrides)
    planned = planned_of_nodes(hub, [replica.node for replica in replicas])
    labels = replica_labels(replicas)
    return Setting(
        zone=hub.zone,
        # The looks of the replay are nobody's neglect, however far they are apart.
        limits=replace(limits, look_within=max(limits.look_within, 2 * every)),
        replicas=[
            ReplicaPast(
                id=replica.pk,
                node=replica.node.tag,
                node_id=replica.node_id,
                label=labels[replica.pk],
                root=replica.root,
                role=replica.role,
                latest=None,
                complete=None,
                known=False,
                first_complete_at=watched.get(replica.pk),
                site=replica.node.site,
                planned=planned.get(replica.node_id, NOTHING_PLANNED),
            )
            for replica in replicas
        ],
        repos={pk: RepoName(pk, repo.path, repo.selected) for pk, repo in repos.items()},
        limits_of_repo={pk: _limits(hub_layer, repo, overrides) for pk, repo in repos.items()},
        planned=planned_of(hub),
        accepted=_accepted(hub),
        watched={pk: (at, None) for pk, at in watched.items()},
    )


def _limits(
    hub_layer: Mapping[str, Any] | None, repo: Repo, overrides: Mapping[str, Any]
) -> Limits:
    return limits_from(hub_layer, policy_layer(repo), overrides)


def _watched_since(replicas: list[Replica]) -> dict[int, datetime]:
    """Return when each replica was first looked at, or its history begins, where that is known."""
    seen = (
        TarballSnapshot.objects.filter(replica__in=replicas)
        .order_by()
        .values_list("replica")
        .annotate(Min("first_seen_at"))
    )
    looked = (
        CollectRun.objects.filter(replica__in=replicas)
        .order_by()
        .values_list("replica")
        .annotate(Min("started_at"))
    )
    since: dict[int, datetime] = dict(seen)
    for replica_id, at in looked:
        since[replica_id] = min(at, since.get(replica_id, at))
    return since


def _accepted(hub: Hub) -> dict[int, list[tuple[datetime, datetime]]]:
    accepted: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for level in AcceptedLevel.objects.filter(repo__hub=hub):
        accepted[level.repo_id].append((level.accepted_at, level.from_stamp_at))
    return accepted


def _looks(replicas: list[Replica], since: datetime, until: datetime) -> dict[int, list[Look]]:
    looks: dict[int, list[Look]] = defaultdict(list)
    runs = (
        CollectRun.objects.ended()
        .filter(replica__in=replicas, started_at__gt=since, started_at__lte=until)
        .defer("noise", "remote_stderr")
        .order_by("started_at")
    )
    for run in runs.iterator():
        looks[run.replica_id].append(look_of(run))
    return looks


# --- What happened to tarballs -----------------------------------------------------------------


def _happenings(
    replicas: list[Replica], repos: Mapping[int, Repo], since: datetime, until: datetime
) -> Iterator[Happening]:
    first_looks = dict(
        CollectRun.objects.complete()
        .filter(replica__in=replicas)
        .order_by()
        .values_list("replica")
        .annotate(Min("started_at"))
    )
    events: dict[int, list[TarballEvent]] = defaultdict(list)
    for event in TarballEvent.objects.filter(snapshot__replica__in=replicas).order_by(
        "noticed_at", "pk"
    ):
        events[event.snapshot_id].append(event)
    # What was there at the time, and what may be learned from: sixty tarballs of a weekly repo are of fourteen months.
    counts = Q(stamp_at__gte=since - LEARNED_FROM) | Q(gone_at=None) | Q(gone_at__gte=since)
    snapshots = TarballSnapshot.objects.filter(
        counts, replica__in=replicas, first_seen_at__lte=until
    ).order_by()
    rows = snapshots.values_list("pk", "replica", "repo", *Tarball._fields)
    for pk, replica_id, repo_id, *row in rows.iterator(chunk_size=5000):
        if repo_id in repos:
            tarball = Tarball(*row)
            yield from _of_one(
                replica_id, repo_id, tarball, events.get(pk, ()), first_looks.get(replica_id)
            )


def _of_one(
    replica_id: int,
    repo_id: int,
    last: Tarball,
    events: Any,
    first_look_at: datetime | None,
) -> Iterator[Happening]:
    """Give what happened to one tarball, from when it came to when it went."""
    place = replica_id, repo_id, last.path
    changed = [event for event in events if event.kind == TarballEvent.Kind.CHANGED]
    tarball = last._replace(gone_at=None, verified_at=None, verified_verdict="")
    if changed:
        tarball = _before(changed[0], tarball)
    yield Happening(_came_at(last, first_look_at), *place, tarball)
    is_told = last.verified_at is None
    for event in events:
        if not is_told and last.verified_at and last.verified_at <= event.noticed_at:
            is_told, tarball = True, _proved_as(last, tarball)
            yield Happening(last.verified_at, *place, tarball)
        if event.kind == TarballEvent.Kind.RETURNED:
            if event.gone_at_before:
                yield Happening(event.gone_at_before, *place, None)
            yield Happening(event.noticed_at, *place, tarball)
        else:
            tarball = _after(event, tarball)
            yield Happening(event.noticed_at, *place, tarball, _change(event, tarball))
    if not is_told and last.verified_at:
        yield Happening(last.verified_at, *place, _proved_as(last, tarball))
    if last.gone_at:
        yield Happening(last.gone_at, *place, None)


def _proved_as(last: Tarball, tarball: Tarball) -> Tarball:
    return tarball._replace(verified_at=last.verified_at, verified_verdict=last.verified_verdict)


def _change(event: TarballEvent, tarball: Tarball) -> Change:
    return Change(
        tarball,
        event.noticed_at,
        event.size_bytes_before,
        event.size_bytes_after,
        event.digest_before,
        event.digest_after,
    )


def _before(event: TarballEvent, tarball: Tarball) -> Tarball:
    return _as(tarball, event.size_bytes_before, event.mtime_at_before, event.digest_before)


def _after(event: TarballEvent, tarball: Tarball) -> Tarball:
    return _as(tarball, event.size_bytes_after, event.mtime_at_after, event.digest_after)


def _as(tarball: Tarball, size_bytes: int, mtime_at: datetime | None, digest: str) -> Tarball:
    """Return a tarball as it was; an event tells of its sidecar only the digest, so that one without had none."""
    return tarball._replace(
        size_bytes=size_bytes,
        mtime_at=mtime_at,
        sidecar_digest=digest,
        sidecar_state="ok" if digest else "absent",
        sidecar_size_bytes=size_bytes if digest else None,
    )


def _came_at(tarball: Tarball, first_look_at: datetime | None) -> datetime:
    """Return when a look would have seen it first; what the very first look saw had been there since it was written."""
    if tarball.first_seen_at != first_look_at:
        return tarball.first_seen_at
    written_at = max(tarball.stamp_at, tarball.mtime_at or tarball.stamp_at)
    return min(written_at, tarball.first_seen_at)


def _row(
    finding: ReplayedFinding,
    hub: Hub,
    replicas: Mapping[int, Replica],
    repos: Mapping[int, Repo],
) -> Finding:
    """Return a finding of a replay as a row that is not stored."""
    return Finding(
        pk=finding.id,
        hub=hub,
        replica=replicas.get(finding.replica_id or 0),
        repo=repos.get(finding.repo_id or 0),
        code=finding.code,
        severity=finding.severity,
        subject_key=finding.subject_key,
        path=finding.path,
        stamp_at=finding.stamp_at,
        message=finding.message,
        evidence=dict(finding.evidence),
        opened_at=finding.opened_at,
        confirmed_at=finding.confirmed_at,
        closed_at=finding.closed_at,
        reopenings=finding.reopenings,
    )
