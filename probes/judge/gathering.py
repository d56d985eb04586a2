"""Takes all verdicts of a hub, gives one for those that have one cause: told once, not once for each repo. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from probes.judge import wording
from probes.judge.values import ReplicaPast, RepoName, Verdict, worst_of

TOGETHER_FROM, TARBALLS_TOGETHER_FROM = 3, 11  # repos
ONE_CAUSE_WITHIN = timedelta(hours=24)


def gathered(
    verdicts: Iterable[Verdict], repos: Mapping[int, RepoName], replicas: Sequence[ReplicaPast]
) -> Iterator[Verdict]:
    """Give verdicts as they are, or one for many repos that have the same on one replica, or at one time on all."""
    labels = {replica.id: replica.label for replica in replicas}
    of_replica: dict[tuple[str, int], list[Verdict]] = defaultdict(list)
    of_hub: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.repo_id is None:
            yield verdict
        elif verdict.replica_id and verdict.subject.startswith(f"replica {verdict.replica_id} "):
            of_replica[verdict.code, verdict.replica_id].append(verdict)
        elif verdict.origin_at:
            of_hub[verdict.code].append(verdict)
        else:
            yield verdict
    for (_, replica_id), alike in of_replica.items():
        if _repos_of(alike) >= _many(alike, len(repos)):
            yield _together(alike, repos, f"replica {replica_id}", labels[replica_id])
        else:
            yield from alike
    for code, alike in of_hub.items():
        for cluster in _clusters(alike):
            if _repos_of(cluster) >= TOGETHER_FROM:
                begin = cluster[0].origin_at
                yield replace(
                    _together(cluster, repos, f"hub {code} from {begin}", ""), replica_id=None
                )
            else:
                yield from cluster


def _many(alike: Sequence[Verdict], repos: int) -> int:
    """Return how many repos with the same fault have it of their replica: half of all, and more where it is of tarballs."""
    of_tarballs = all(verdict.path for verdict in alike)
    return max(TARBALLS_TOGETHER_FROM if of_tarballs else TOGETHER_FROM, (repos + 1) // 2)


def _repos_of(verdicts: Iterable[Verdict]) -> int:
    return len({verdict.repo_id for verdict in verdicts})


def _clusters(alike: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    """Give verdicts that came about at one time, oldest first."""
    timed = sorted(
        (
            (verdict.origin_at, place, verdict)
            for place, verdict in enumerate(alike)
            if verdict.origin_at
        )
    )
    cluster: list[Verdict] = []
    for origin_at, _, verdict in timed:
        begin = cluster[0].origin_at if cluster else None
        if begin and origin_at - begin > ONE_CAUSE_WITHIN:
            yield cluster
            cluster = []
        cluster.append(verdict)
    if cluster:
        yield cluster


def _together(
    alike: Sequence[Verdict], repos: Mapping[int, RepoName], subject: str, label: str
) -> Verdict:
    worst = worst_of(alike)
    ids = {verdict.repo_id for verdict in alike}
    names = sorted(repo.path for repo_id, repo in repos.items() if repo_id in ids)
    nodes = {node for verdict in alike for node in verdict.evidence.get("nodes", ())}
    compared = {node for verdict in alike for node in verdict.evidence.get("compared_with", ())}
    where = f" on {label}" if label else ""
    return Verdict(
        code=worst.code,
        severity=worst.severity,
        subject=f"{subject} repos",
        message=f"{len(names)} of {wording.number(len(repos), 'repo')}{where}: "
        f"{wording.some(names, len(names))}. One of them: {worst.message}",
        evidence={"repos": names, "one": dict(worst.evidence)}
        | ({"nodes": sorted(nodes)} if nodes else {})
        | ({"compared_with": sorted(compared)} if compared else {}),
        replica_id=worst.replica_id,
        stamp_at=worst.stamp_at if worst.origin_at else None,
        includes=tuple(one for verdict in alike for one in (verdict.subject, *verdict.includes)),
    )
