"""Rules about how many tarballs of a repo a replica keeps: too few left by a purge, or never purged.

How many are kept is learned from purges themselves: when one tarball of a repo goes, those newer than it are what is kept.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from hubs.limits import Limits
from probes.judge import wording
from probes.judge.robust import quantile
from probes.judge.tarball import WINDOW, Window
from probes.judge.values import ALARM, WARN, Kept, RepoName, Verdict

PURGES_LEARNED_FROM = 5
USUAL_SHARE = (
    0.8  # of the purges kept no more; a purge that went wrong leaves fewer and is not to be learned
)
FEW_LEFT, LEFT_SHARE = 2, 0.25
MORE_THAN_USUAL = 3


@lru_cache(maxsize=4096)
def usually_kept(tarballs: Window, since: datetime | None = None) -> int | None:
    """Return how many tarballs purges usually leave; None while too few were purged since a moment."""
    left: list[int] = []
    came: list[datetime] = []
    went: list[datetime] = []  # of those newer
    for tarball in tarballs:
        if tarball.gone_at:
            if since is None or tarball.gone_at > since:
                newer = bisect_right(came, tarball.gone_at)
                left.append(newer - bisect_left(went, tarball.gone_at))
            insort(went, tarball.gone_at)
        insort(came, tarball.first_seen_at)
    return int(quantile(left, USUAL_SHARE)) if len(left) >= PURGES_LEARNED_FROM else None


def purged_too_much(
    repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of a replica on which far fewer tarballs are left than are kept; of fewer than `keep_min` where it is set."""
    if len(kept.tarballs) == len(kept.tarballs.there):
        return  # nothing was purged: there were never more
    if limits.keep_min is not None:
        too_few, expected = kept.present < limits.keep_min, limits.keep_min
    elif kept.present > LEFT_SHARE * WINDOW:
        return
    else:
        expected = usually_kept(kept.tarballs, kept.accepted_from) or 0
        few = min(max(FEW_LEFT, LEFT_SHARE * expected), expected - 2)
        too_few = kept.present <= few
    if not too_few:
        return
    told = "is set" if limits.keep_min is not None else "is usual (learned)"
    last_gone_at = max(tarball.gone_at for tarball in kept.tarballs if tarball.gone_at)
    yield _about(
        "purged_too_much",
        ALARM,
        repo,
        kept,
        f"{wording.number(kept.present, 'tarball')} of {repo.path} {'is' if kept.present == 1 else 'are'} left on "
        f"{kept.replica.label}, where {expected} {told}; the last purge was seen at "
        f"{wording.moment(last_gone_at, zone)}. Stop purging there, and copy back what another replica still has.",
        expected,
        gone_at=wording.iso(last_gone_at),
    )


def not_purged(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of a replica that keeps more and more tarballs than it used to, or more than `keep_max` where it is set."""
    usual = usually_kept(kept.tarballs, kept.accepted_from)
    if limits.keep_max is not None:
        expected, too_many = limits.keep_max, kept.present > limits.keep_max + 1
    elif usual:
        expected, too_many = usual, kept.present > usual + MORE_THAN_USUAL
    else:
        return
    if too_many:
        told = "is the most that is set" if limits.keep_max is not None else "is usual (learned)"
        yield _about(
            "not_purged",
            WARN,
            repo,
            kept,
            f"{wording.number(kept.present, 'tarball')} of {repo.path} are on {kept.replica.label}, where {expected} "
            f"{told}: old ones are not purged any more, and the disk will fill.",
            expected,
        )


def _about(
    code: str,
    severity: str,
    repo: RepoName,
    kept: Kept,
    message: str,
    expected: int,
    **evidence: str,
) -> Verdict:
    return Verdict(
        code=code,
        severity=severity,
        subject=f"{kept.replica.subject} repo {repo.id}",
        message=message,
        evidence={"present": kept.present, "expected": expected, **evidence},
        replica_id=kept.replica.id,
        repo_id=repo.id,
    )
