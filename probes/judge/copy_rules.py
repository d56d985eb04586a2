"""Rules about copies of one repo: does a replica lack what another has, do copies of one tarball differ."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.cadence import period_of
from probes.judge.grouping import grouped
from probes.judge.size_rules import is_cut_copy
from probes.judge.tarball import CopyKey, Tarball, Window
from probes.judge.tarball_rules import told_alone, under_way
from probes.judge.values import ALARM, WARN, Kept, RepoPast, Verdict

# Where nothing is set and nothing can be learned yet, a copy may be so much behind.
PRESUMED_PERIOD = timedelta(days=1)
# A copy's lag is that of all but the slowest, and so much more.
LAGS_LEARNED_FROM, LAG_SHARE, LAG_PATIENCE = 8, 0.95, timedelta(hours=8)
LAGS_ALARM = 3  # tarballs
DIVERGED_ALONE_AT_MOST = 2  # on one replica: more are one fault of the copying
PROMPT_SHARE, PROMPT = 0.75, timedelta(hours=12)
NO_TIME = timedelta(0)


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
    newest = kept.newest
    is_there = newest is not None and not newest.gone_at
    return is_there and kept.tarballs[-1].stamp_at < moment - allowed


def _allowed_lag(kept: Kept, past: RepoPast, limits: Limits) -> timedelta:
    """Return how long a copy may lack what this replica has while nothing is learned: until the next one comes."""
    if limits.copy_within is not None:
        return limits.copy_within
    stamps = kept.stamps
    period = period_of(limits, stamps, past.zone, kept.moment)
    return (period or PRESUMED_PERIOD) + limits.grace


def lagging(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a copy that lacks tarballs which the source has had for longer than a copy takes.

    What is older than all the copy ever had is not missed: it may keep fewer, or have begun later. While the source
    is unknown another copy is no measure, as it may keep what the source has purged.
    """
    source = past.reference
    if not source or past.copy_stands_in:
        return
    unlearned: timedelta | None = None
    for kept in past.kept:
        if kept is source or not kept.tarballs:
            continue
        absent = past.copies.lacking(source.replica.id, kept.replica.id)
        if not absent:
            continue
        allowed = _learned_lag(source, kept, limits)
        if allowed is None:
            unlearned = unlearned or _allowed_lag(source, past, limits)
            allowed = unlearned
        planned = kept.replica.planned
        if planned and (planned.covering(kept.moment) or planned.covering(kept.moment - allowed)):
            continue
        lacking = [
            tarball for tarball in absent if _there_since(tarball, source) + allowed < kept.moment
        ]
        if lacking:
            yield _lagging(past, source, kept, lacking, allowed)


def _there_since(tarball: Tarball, source: Kept) -> datetime:
    """Return since when the source has a tarball, as far as we know: what the first look saw may have been there before."""
    watched_since = source.replica.first_complete_at
    if watched_since and tarball.first_seen_at > watched_since:
        return max(tarball.stamp_at, min(tarball.first_seen_at, source.moment))
    return tarball.stamp_at


def _learned_lag(source: Kept, kept: Kept, limits: Limits) -> timedelta | None:
    """Return how long after the source this copy should have a tarball, from how long it took; None while too few."""
    watched = [kept.replica.first_complete_at, source.replica.first_complete_at]
    since = max((at for at in watched if at), default=None)
    if limits.copy_within is not None or since is None:
        return None
    lags = learned_lags(source.tarballs, kept.tarballs, since)
    if len(lags) < LAGS_LEARNED_FROM:
        return None
    return _usual_lag(lags) + LAG_PATIENCE


@lru_cache(maxsize=4096)
def learned_lags(source: Window, copy: Window, since: datetime) -> tuple[timedelta, ...]:
    """Return, sorted, how much later a copy was first seen than the source's, of tarballs that came while we watched."""
    seen_at = {tarball.copy_key: tarball.first_seen_at for tarball in source}
    return tuple(
        sorted(
            max(NO_TIME, tarball.first_seen_at - seen_at[tarball.copy_key])
            for tarball in copy
            if tarball.first_seen_at > since and seen_at.get(tarball.copy_key, since) > since
        )
    )


def _usual_lag(lags: Sequence[timedelta]) -> timedelta:
    """Return the lag that few exceed; where copies come at once but for an outage, that is not learned."""
    most = lags[int(PROMPT_SHARE * len(lags))]
    return most if most <= PROMPT else lags[int(LAG_SHARE * len(lags))]


def _lagging(
    past: RepoPast, source: Kept, kept: Kept, lacking: list[Tarball], allowed: timedelta
) -> Verdict:
    stamps = wording.some((tarball.stamp_text for tarball in lacking), len(lacking))
    return Verdict(
        code="lagging",
        severity=ALARM if len(lacking) >= LAGS_ALARM else WARN,
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
    by_replica = {kept.replica.id: kept for kept in past.kept}
    verdicts = []
    for generation in past.copies.differing:
        held = [
            (by_replica[replica_id], tarball)
            for replica_id, tarball in generation.held.items()
            if replica_id in by_replica and _comparable(tarball, by_replica[replica_id], limits)
        ]
        most_bytes = max((tarball.size_bytes for _, tarball in held), default=0)
        held = [one for one in held if not is_cut_copy(one[1], one[0], most_bytes, limits)]
        gone = [
            (by_replica[replica_id], tarball)
            for replica_id, tarball in generation.held.items()
            if replica_id in by_replica and tarball.gone_at and tarball.size_bytes
        ]
        differing = _differing(held, gone) if len(held) > 1 else ()
        if differing:
            verdicts.append(_diverged(past, generation.key, held, differing))
    yield from grouped(verdicts, past.repo, None, DIVERGED_ALONE_AT_MOST)


def _comparable(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    return not (tarball.gone_at or under_way(tarball, kept, limits) or told_alone(tarball, limits))


def _differing(
    held: Sequence[tuple[Kept, Tarball]], gone: Sequence[tuple[Kept, Tarball]]
) -> list[tuple[Kept, Tarball]]:
    """Return the copies that are not like most; like the source where as many are like another.

    Copies that were purged bear witness, too, or the last but one to go would be blamed for the fault of the last.
    """
    by_size = _unlike_most(held, gone, lambda tarball: tarball.size_bytes)
    if by_size:
        return by_size
    differing = []
    for kind in sorted({tarball.sidecar_kind for _, tarball in held}):
        alike, gone_alike = (
            [one for one in some if one[1].sidecar_kind == kind and one[1].sidecar_state == "ok"]
            for some in (held, gone)
        )
        differing += _unlike_most(alike, gone_alike, lambda tarball: tarball.sidecar_digest)
    return differing


def _unlike_most(
    held: Sequence[tuple[Kept, Tarball]],
    gone: Sequence[tuple[Kept, Tarball]],
    content: Callable[[Tarball], int | str],
) -> list[tuple[Kept, Tarball]]:
    if len({content(tarball) for _, tarball in held}) < 2:
        return []
    counts = Counter(content(tarball) for _, tarball in [*held, *gone])
    of_source = {content(tarball) for kept, tarball in [*held, *gone] if kept.replica.is_source}
    _, trusted = max(
        held,
        key=lambda one: (
            counts[content(one[1])],
            content(one[1]) in of_source,
            -one[0].replica.id,
        ),
    )
    return [one for one in held if content(one[1]) != content(trusted)]


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


def too_few_copies(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a repo whose newest settled tarball is on fewer replicas, or sites, than the policy wants.

    A replica that is unknown may hold it: nothing is told that could be wrong.
    """
    source = past.reference
    if not source or not (limits.copies or limits.sites):
        return
    before = source.moment - _allowed_lag(source, past, limits)
    newest = next(
        (tarball for tarball in source.dated if not tarball.gone_at and tarball.stamp_at < before),
        None,
    )
    if newest is None:
        return
    holders = [kept for kept in past.kept if _holds(kept, newest, limits)]
    sites = {kept.replica.site or kept.replica.node for kept in holders}
    # One that was looked at before a copy was due there may hold it by now, as may one that is unknown.
    not_yet = [
        kept
        for kept in past.kept
        if kept not in holders and kept.moment - (source.moment - before) < newest.stamp_at
    ]
    unknown = len(past.hub.replicas) - len(past.kept) + len(not_yet)
    copies_short = bool(limits.copies) and len(holders) + unknown < (limits.copies or 0)
    sites_short = bool(limits.sites) and len(sites) + unknown < (limits.sites or 0)
    if copies_short or sites_short:
        yield _too_few(past, source, newest, holders, sites, limits)


def _holds(kept: Kept, newest: Tarball, limits: Limits) -> bool:
    return any(
        tarball.copy_key == newest.copy_key
        and not tarball.gone_at
        and tarball.size_bytes == newest.size_bytes
        and not told_alone(tarball, limits)
        for tarball in kept.tarballs
    )


def _too_few(
    past: RepoPast,
    source: Kept,
    newest: Tarball,
    holders: Sequence[Kept],
    sites: set[str],
    limits: Limits,
) -> Verdict:
    labels = sorted(kept.replica.label for kept in holders)
    wanted = [
        wording.number(number, noun)
        for number, noun in ((limits.copies, "replica"), (limits.sites, "site"))
        if number
    ]
    return Verdict(
        code="too_few_copies",
        severity=ALARM if len(holders) < 2 else WARN,
        subject=f"repo {past.repo.id}",
        message=f"{newest.path} of {wording.moment(newest.stamp_at, past.zone)} is on "
        f"{wording.number(len(holders), 'replica')} ({', '.join(labels)}) at {wording.number(len(sites), 'site')} "
        f"({', '.join(sorted(sites))}); wanted are {' and '.join(wanted)}.",
        evidence={
            "nodes": labels,
            "sites": sorted(sites),
            "copies_wanted": limits.copies,
            "sites_wanted": limits.sites,
            "compared_with": sorted(kept.replica.label for kept in past.kept),
        },
        replica_id=source.replica.id,
        repo_id=past.repo.id,
        path=newest.path,
        stamp_at=newest.stamp_at,
    )
