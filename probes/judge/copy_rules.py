"""Rules about copies of one repo: does a replica lack what another has, do copies of one tarball differ."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.cadence import period_of
from probes.judge.freshness_rules import dated, newest_of, reference
from probes.judge.grouping import grouped
from probes.judge.tarball_rules import in_transfer, told_alone
from probes.judge.values import ALARM, WARN, Kept, RepoPast, Tarball, Verdict

# Where nothing is set and nothing can be learned yet, a copy may be so much behind.
PRESUMED_PERIOD = timedelta(days=1)

CopyKey = tuple[str, str]


def missing(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a replica that never had a repo which another one has had for longer than a backup takes to arrive.

    A source that lacks what only a copy has may have retired it: there it is told of a selected repo only.
    """
    for kept in past.kept:
        if kept.tarballs or (kept.replica.is_source and not past.repo.selected):
            continue
        holders = [
            other for other in past.kept if _has_had_for_long(other, kept.moment, past, limits)
        ]
        if holders:
            labels = sorted(other.replica.label for other in holders)
            since = min(other.tarballs[-1].stamp_at for other in holders)
            yield Verdict(
                code="missing",
                severity=ALARM,
                subject=f"{kept.replica.subject} repo {past.repo.id}",
                message=f"No tarball of {past.repo.path} was ever seen on {kept.replica.label} below "
                f"{kept.replica.root}, although {', '.join(labels)} has it, at the latest since "
                f"{wording.moment(since, past.zone)}.",
                evidence={"compared_with": labels, "there_since": wording.iso(since)},
                replica_id=kept.replica.id,
                repo_id=past.repo.id,
            )


def _has_had_for_long(kept: Kept, moment: datetime, past: RepoPast, limits: Limits) -> bool:
    allowed = _allowed_lag(kept, past, limits)
    newest = newest_of(kept)
    is_there = newest is not None and not newest.gone_at
    return is_there and kept.tarballs[-1].stamp_at < moment - allowed


def _allowed_lag(kept: Kept, past: RepoPast, limits: Limits) -> timedelta:
    """Return how long a copy may lack what this replica has: until the next one comes, and the grace."""
    stamps = [tarball.stamp_at for tarball in dated(kept)]
    period = period_of(limits, stamps, past.zone, kept.moment)
    return (period or PRESUMED_PERIOD) + limits.grace


def lagging(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a copy that lacks tarballs which the source has had for longer than a copy takes.

    What is older than all the copy ever had is not missed: it may keep fewer, or have begun later.
    """
    source = reference(past)
    if not source:
        return
    allowed = _allowed_lag(source, past, limits)
    for kept in past.kept:
        if kept is source or not kept.tarballs:
            continue
        lacking = _lacking(source, kept, kept.moment - allowed)
        if lacking:
            yield _lagging(past, source, kept, lacking, allowed)


def _lacking(source: Kept, kept: Kept, before: datetime) -> list[Tarball]:
    seen = {tarball.copy_key for tarball in kept.tarballs}
    oldest_at = kept.tarballs[-1].stamp_at
    return [
        tarball
        for tarball in source.tarballs
        if not tarball.gone_at
        and oldest_at < tarball.stamp_at < before
        and tarball.copy_key not in seen
    ]


def _lagging(
    past: RepoPast, source: Kept, kept: Kept, lacking: list[Tarball], allowed: timedelta
) -> Verdict:
    stamps = wording.some((tarball.stamp_text for tarball in lacking), len(lacking))
    return Verdict(
        code="lagging",
        severity=WARN,
        subject=f"{kept.replica.subject} repo {past.repo.id}",
        message=f"{kept.replica.label} lacks {wording.number(len(lacking), 'tarball')} of {past.repo.path} "
        f"that {source.replica.label} has, the newest of "
        f"{wording.moment(lacking[0].stamp_at, past.zone)}: {stamps}. "
        f"A copy may be {spoken_duration(allowed)} behind.",
        evidence={
            "compared_with": [source.replica.label],
            "lacking": len(lacking),
            "examples": [tarball.path for tarball in lacking[: wording.EXAMPLES]],
            "allowed_lag": spoken_duration(allowed),
        },
        replica_id=kept.replica.id,
        repo_id=past.repo.id,
    )


def diverged(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a tarball that has another size, or another digest, on one replica than on others.

    Left out are tarballs that may still be on their way, and those of which a sidecar tells the fault already.
    """
    copies: dict[CopyKey, list[tuple[Kept, Tarball]]] = defaultdict(list)
    for kept in past.kept:
        for tarball in kept.tarballs:
            if _comparable(tarball, kept, limits):
                copies[tarball.copy_key].append((kept, tarball))
    verdicts = []
    for key, held in copies.items():
        differing = _differing(held) if len(held) > 1 else ()
        if differing:
            verdicts.append(_diverged(past, key, held, differing))
    yield from grouped(verdicts, past.repo, None)


def _comparable(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    return not (
        tarball.gone_at or in_transfer(tarball, kept, limits) or told_alone(tarball, limits)
    )


def _differing(held: Sequence[tuple[Kept, Tarball]]) -> list[tuple[Kept, Tarball]]:
    """Return the copies that are not like most; like the source where as many are like another."""
    by_size = _unlike_most([(kept, tarball, tarball.size_bytes) for kept, tarball in held])
    if by_size:
        return by_size
    differing = []
    for kind in sorted({tarball.sidecar_kind for _, tarball in held}):
        differing += _unlike_most(
            [
                (kept, tarball, tarball.sidecar_digest)
                for kept, tarball in held
                if tarball.sidecar_kind == kind and tarball.sidecar_state == "ok"
            ]
        )
    return differing


def _unlike_most(
    held: Sequence[tuple[Kept, Tarball, int | str]],
) -> list[tuple[Kept, Tarball]]:
    counts = Counter(content for _, _, content in held)
    if len(counts) < 2:
        return []
    trusted = max(
        held,
        key=lambda one: (counts[one[2]], one[0].replica.is_source, -one[0].replica.id),
    )[2]
    return [(kept, tarball) for kept, tarball, content in held if content != trusted]


def _diverged(
    past: RepoPast,
    key: CopyKey,
    held: Sequence[tuple[Kept, Tarball]],
    differing: Sequence[tuple[Kept, Tarball]],
) -> Verdict:
    kept, tarball = min(differing, key=lambda one: one[0].replica.id)
    seen = "; ".join(
        f"{other.replica.label} has {wording.size(copy.size_bytes)}"
        + (f" with digest {copy.sidecar_digest}" if copy.sidecar_digest else "")
        for other, copy in held
    )
    odd = sorted(other.replica.label for other, _ in differing)
    return Verdict(
        code="diverged",
        severity=ALARM,
        subject=f"repo {past.repo.id} copy {'/'.join(key)}",
        message=f"Copies of {tarball.path} should be the same but are not: {seen}. "
        f"Unlike the rest: {', '.join(odd)}.",
        evidence={
            "size_bytes_by_replica": {other.replica.label: copy.size_bytes for other, copy in held},
            "digest_by_replica": {other.replica.label: copy.sidecar_digest for other, copy in held},
            "unlike_the_rest": odd,
            "compared_with": sorted(other.replica.label for other, _ in held),
        },
        replica_id=kept.replica.id,
        repo_id=past.repo.id,
        path=tarball.path,
        stamp_at=tarball.stamp_at,
    )
