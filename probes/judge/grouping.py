"""Takes verdicts about tarballs, gives one for the repo where they are many: 500 missing sidecars are one finding."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from probes.judge import wording
from probes.judge.values import ReplicaPast, RepoName, Verdict

ALONE_AT_MOST = 10


def grouped(
    verdicts: Iterable[Verdict],
    repo: RepoName,
    replica: ReplicaPast | None,
    alone_at_most: int = ALONE_AT_MOST,
) -> Iterator[Verdict]:
    """Give verdicts of one repo as they are, or one for all of a code on a replica where those are many.

    The replica is the one that they are all about; None where they compare several.
    """
    by_code: dict[tuple[str, int | None], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_code[verdict.code, verdict.replica_id].append(verdict)
    for alike in by_code.values():
        if len(alike) > alone_at_most:
            yield _together(alike, repo, replica)
        else:
            yield from alike


def _together(alike: list[Verdict], repo: RepoName, replica: ReplicaPast | None) -> Verdict:
    # Stamps are in the paths, so these sort by time.
    newest_first = sorted(alike, key=lambda verdict: verdict.path, reverse=True)
    newest = newest_first[0]
    where = f" on {replica.label}" if replica else ""
    compared = {label for verdict in alike for label in verdict.evidence.get("compared_with", ())}
    return Verdict(
        code=newest.code,
        severity=newest.severity,
        subject=f"replica {newest.replica_id} repo {repo.id} tarballs",
        message=f"{len(alike):,} tarballs of {repo.path}{where}. The newest: {newest.message}",
        evidence={
            "tarballs": len(alike),
            "examples": [verdict.path for verdict in newest_first[: wording.EXAMPLES]],
            "newest": dict(newest.evidence),
        }
        | ({"compared_with": sorted(compared)} if compared else {}),
        replica_id=newest.replica_id,
        repo_id=repo.id,
        includes=tuple(verdict.subject for verdict in alike),
    )
