"""scmmon on a simulated hub: its tarballs and looks become what the replay of `probes.judge` takes."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bench.detection.world import SimHub, SimTarball
from hubs.limits import limits_from
from hubs.planned import Holidays, Planned, Span, parse_days
from probes.judge.replay import Happening, ReplayedFinding, Setting, replay
from probes.judge.tarball import Tarball
from probes.judge.values import Look, ReplicaPast, RepoName


def findings_of(hub: SimHub) -> list[dict[str, Any]]:
    """Return what scmmon would have told, in the form of `backtest --format json`, each at its worst severity."""
    replica_ids = {node.tag: number for number, node in enumerate(hub.nodes, 1)}
    repo_ids = {repo: number for number, repo in enumerate(hub.repos, 1)}
    setting = _setting(hub, replica_ids, repo_ids)
    looks: dict[int, list[Look]] = defaultdict(list)
    for look in hub.looks:
        looks[replica_ids[look.node]].append(
            Look(
                0,
                look.at,
                look.at,
                look.status,
                free_bytes=look.free_bytes,
                total_bytes=look.total_bytes,
                clock_skew_seconds=look.clock_skew_seconds,
            )
        )
    moments = sorted({look.at for look in hub.looks})
    happenings = _happenings(hub.tarballs, replica_ids, repo_ids)
    (findings,) = deque(replay(setting, happenings, looks, moments), maxlen=1)
    nodes = {number: tag for tag, number in replica_ids.items()}
    repos = {number: repo for repo, number in repo_ids.items()}
    return [told for finding in findings for told in _told(finding, nodes, repos)]


def _setting(hub: SimHub, replica_ids: Mapping[str, int], repo_ids: Mapping[str, int]) -> Setting:
    limits = limits_from(hub.policy)
    zone = ZoneInfo(hub.zone)
    holidays = Holidays("holidays", parse_days("\n".join(map(str, hub.holidays))), zone)
    return Setting(
        zone=zone,
        limits=limits,
        replicas=[
            ReplicaPast(
                id=replica_ids[node.tag],
                node=node.tag,
                node_id=replica_ids[node.tag],
                label=node.tag,
                root="/backup",
                role=node.role,
                latest=None,
                complete=None,
                known=False,
                site=node.site,
                planned=Planned(tuple(_windows(hub, node.tag))),
            )
            for node in hub.nodes
        ],
        repos={number: RepoName(number, repo, False) for repo, number in repo_ids.items()},
        limits_of_repo=dict.fromkeys(repo_ids.values(), limits),
        planned=Planned(tuple(_windows(hub, None)), (holidays,) if hub.holidays else ()),
        watched={replica_ids[node.tag]: (node.added_at, node.retired_at) for node in hub.nodes},
    )


def _windows(hub: SimHub, node: str | None) -> Iterator[Span]:
    for window in hub.maintenance:
        if window.node == node:
            yield Span(window.starts_at, window.ends_at, "announced")


def _happenings(
    tarballs: Iterable[SimTarball], replica_ids: Mapping[str, int], repo_ids: Mapping[str, int]
) -> Iterator[Happening]:
    for seen in tarballs:
        place = replica_ids[seen.node], repo_ids[seen.repo], seen.path
        tarball = Tarball(
            seen.path,
            seen.stamp_at,
            seen.stamp_text,
            seen.size_bytes,
            seen.mtime_at,
            seen.sidecar_kind,
            seen.sidecar_state,
            seen.sidecar_digest,
            seen.sidecar_size_bytes,
            seen.visible_at,
            None,
        )
        yield Happening(seen.visible_at, *place, tarball)
        for proved_at in (seen.proved_at, seen.proved_again_at):
            if proved_at:
                proved = tarball._replace(verified_at=proved_at, verified_verdict=seen.proof)
                yield Happening(proved_at, *place, proved)
        if seen.gone_at:
            yield Happening(seen.gone_at, *place, None)


def _told(
    finding: ReplayedFinding, nodes: Mapping[int, str], repos: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    """Give a finding once for each time that it opened."""
    last = finding.reopened_at or finding.opened_at, finding.closed_at
    for opened_at, closed_at in [*finding.episodes, last]:
        yield _as_json(finding, nodes, repos) | {"opened_at": opened_at, "closed_at": closed_at}


def _as_json(
    finding: ReplayedFinding, nodes: Mapping[int, str], repos: Mapping[int, str]
) -> dict[str, Any]:
    return {
        "id": finding.id,
        "code": finding.code,
        "severity": finding.worst_severity,
        "node": nodes.get(finding.replica_id or 0),
        "repo": repos.get(finding.repo_id or 0),
        "path": finding.path or None,
        "stamp_at": finding.stamp_at,
        "message": finding.message,
        "evidence": finding.evidence,
    }
