"""Rules about single tarballs of one repo on one replica: empty, changed, dated ahead, or odd with their sidecars."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.tarball import Change, Tarball
from probes.judge.values import ALARM, WARN, Kept, RepoName, Verdict

CHANGE_TOLD_FOR = timedelta(days=14)
# Whoever writes to a file that arrives does so every few seconds; one that was left alone for so long was left for good.
QUIET_AFTER = timedelta(hours=1)
DUPLICATES_LEARNED_FROM = 4
DISPROVED = {
    "digest_mismatch": "its digest is not the one of its sidecar, so its content changed or was cut",
    "corrupt": "it is no archive that can be read to its end",
    "unreadable_content": "the archive can be read, but not what is in it",
}


def arrived_at(tarball: Tarball, kept: Kept) -> datetime:
    """Return since when, at the latest, the tarball has been waiting for its sidecar on this replica.

    A copy keeps the times of the original, so one that came while we watched counts from its first sighting.
    """
    written = [tarball.stamp_at, tarball.mtime_at or tarball.stamp_at]
    moments = [at for at in written if at <= kept.seen_until] or [tarball.first_seen_at]
    watched_since = kept.replica.first_complete_at
    if watched_since and tarball.first_seen_at > watched_since:
        moments.append(tarball.first_seen_at)
    return min(max(moments), kept.seen_until)


def in_transfer(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    """Return whether the tarball may still be on its way, as its sidecar comes last and is not here yet."""
    has_come = tarball.sidecar_state not in ("absent", "unread")
    return not has_come and not _past_deadline(tarball, kept, limits)


def under_way(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    """Return whether it may still be written to, so that its size says nothing: in transfer, and touched just now."""
    if tarball.sidecar_state == "ok":
        return False
    is_quiet = tarball.mtime_at is not None and kept.moment - tarball.mtime_at > QUIET_AFTER
    return not is_quiet and in_transfer(tarball, kept, limits)


def is_cut(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    """Return whether nobody writes to it any more and no sidecar came: what there is of it is all."""
    return tarball.sidecar_state == "absent" and not under_way(tarball, kept, limits)


def _past_deadline(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    return arrived_at(tarball, kept) + limits.sidecar_deadline < kept.moment


def told_alone(tarball: Tarball, limits: Limits) -> bool:
    """Return whether a rule of this module tells that the content is wrong, without looking at other copies."""
    return tarball.size_bytes == 0 or _size_differs(tarball, limits)


def _size_differs(tarball: Tarball, limits: Limits) -> bool:
    return limits.sidecar != "none" and has_odd_size(tarball)


def has_odd_size(tarball: Tarball) -> bool:
    """Return whether a tarball is not as long as its sidecar says."""
    return (
        tarball.sidecar_state == "ok"
        and tarball.sidecar_size_bytes is not None
        and tarball.sidecar_size_bytes != tarball.size_bytes
    )


def empty_archive(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of tarballs without a single byte that are not just being written."""
    for tarball in kept.doubtful:
        if tarball.size_bytes == 0 and not in_transfer(tarball, kept, limits):
            yield _about(
                "empty_archive",
                ALARM,
                repo,
                kept,
                tarball,
                f"{_name(tarball, kept)} is empty: 0 bytes, written at "
                f"{wording.moment(tarball.mtime_at or tarball.stamp_at, zone)}.",
            )


def size_mismatch(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of tarballs that are not as long as their sidecars say; of an empty one that is told already."""
    for tarball in kept.doubtful:
        if tarball.size_bytes and _size_differs(tarball, limits):
            expected_bytes = tarball.sidecar_size_bytes or 0
            yield _about(
                "size_mismatch",
                ALARM,
                repo,
                kept,
                tarball,
                f"{_name(tarball, kept)} has {wording.size(tarball.size_bytes)}; its sidecar says "
                f"{wording.size(expected_bytes)}.",
                sidecar_size_bytes=expected_bytes,
            )


def no_sidecar(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of tarballs whose sidecars, which the policy requires, did not come in time."""
    if limits.sidecar != "required":
        return
    for tarball in kept.doubtful:
        if tarball.sidecar_state == "absent" and _past_deadline(tarball, kept, limits):
            yield _about(
                "no_sidecar",
                WARN,
                repo,
                kept,
                tarball,
                f"{_name(tarball, kept)} has no sidecar. It has been there since "
                f"{wording.moment(arrived_at(tarball, kept), zone)}, and a sidecar is expected within "
                f"{spoken_duration(limits.sidecar_deadline)}.",
            )


def bad_sidecar(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of sidecars that cannot be understood, or could still not be read after their deadline."""
    if limits.sidecar == "none":
        return
    for tarball in kept.doubtful:
        is_bad = tarball.sidecar_state == "bad"
        if is_bad or (tarball.sidecar_state == "unread" and _past_deadline(tarball, kept, limits)):
            problem = "cannot be understood" if is_bad else "is there but cannot be read"
            yield _about(
                "bad_sidecar",
                WARN,
                repo,
                kept,
                tarball,
                f"The sidecar of {_name(tarball, kept)} {problem}: expected is a digest with the size "
                "of the tarball, so nothing proves what the tarball holds.",
                sidecar_state=tarball.sidecar_state,
            )


def future_stamp(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of stamps that had not come yet when the look ended."""
    for tarball in kept.tarballs:
        if tarball.stamp_at <= kept.horizon:
            return
        if not tarball.gone_at:
            yield _about(
                "future_stamp",
                WARN,
                repo,
                kept,
                tarball,
                f"{_name(tarball, kept)} is dated {wording.moment(tarball.stamp_at, zone)}, which was still "
                f"to come at the look of {wording.moment(kept.moment, zone)}. It makes no repo fresh. "
                "Are the clock and the time zone of the hub right?",
                looked_at=wording.iso(kept.moment),
            )


def duplicate_stamp(
    repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of stamps with more tarballs than the repo's stamps usually have."""
    if not kept.tarballs.repeats_stamps:
        return
    at_stamp = kept.tarballs.by_stamp
    counts = sorted(len(tarballs) for tarballs in at_stamp.values())
    usual = counts[len(counts) // 2] if len(counts) >= DUPLICATES_LEARNED_FROM else 1
    for tarballs in at_stamp.values():
        there = [tarball for tarball in tarballs if not tarball.gone_at]
        if len(there) > usual:
            names = sorted(tarball.path.rpartition("/")[2] for tarball in there)
            yield _about(
                "duplicate_stamp",
                WARN,
                repo,
                kept,
                there[0],
                f"{len(there)} tarballs of {repo.path} on {kept.replica.label} have the stamp of "
                f"{wording.moment(there[0].stamp_at, zone)}, where {usual} is usual: {', '.join(names)}. "
                "Which of them is the backup?",
                tarballs=len(there),
                usual=usual,
            )


def disproved(repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of tarballs that were read again and are not what they should be."""
    for tarball in kept.doubtful:
        if tarball.verified_verdict in DISPROVED and tarball.verified_at:
            yield _about(
                tarball.verified_verdict,
                ALARM,
                repo,
                kept,
                tarball,
                f"{_name(tarball, kept)} was read again at {wording.moment(tarball.verified_at, zone)}: "
                f"{DISPROVED[tarball.verified_verdict]}. Copy it again from a replica whose copy is proved.",
                verified_at=wording.iso(tarball.verified_at),
                digest=tarball.sidecar_digest,
            )


def unverified_too_long(
    repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of a replica on which no tarball of the repo was proved lately, where the policy wants that."""
    if limits.verified_within is None or not kept.tarballs.there:
        return
    proved_at = kept.tarballs.proved_at
    since = proved_at or min(tarball.first_seen_at for tarball in kept.tarballs)
    if kept.moment - since <= limits.verified_within:
        return
    within = spoken_duration(limits.verified_within)
    told = (
        f"were last proved at {wording.moment(since, zone)}" if proved_at else "were never proved"
    )
    yield Verdict(
        code="unverified_too_long",
        severity=WARN,
        subject=f"{kept.replica.subject} repo {repo.id}",
        message=f"The tarballs of {repo.path} on {kept.replica.label} {told}; one of them should be read again "
        f"within {within}.",
        evidence={
            "verified_at": wording.iso(since) if proved_at else None,
            "verified_within": within,
        },
        replica_id=kept.replica.id,
        repo_id=repo.id,
    )


def changed_after_complete(
    repo: RepoName, kept: Kept, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell, for a fortnight, of tarballs that were replaced although they had been complete."""
    newest = {
        change.tarball.path: change
        for change in sorted(kept.changes, key=lambda change: change.noticed_at)
        if kept.moment - change.noticed_at < CHANGE_TOLD_FOR
    }
    for change in newest.values():
        yield _about(
            "changed_after_complete",
            ALARM,
            repo,
            kept,
            change.tarball,
            f"{_name(change.tarball, kept)} was complete and then changed, noticed at "
            f"{wording.moment(change.noticed_at, zone)}: {_before_and_after(change)}. "
            "A finished tarball is never written again.",
            noticed_at=wording.iso(change.noticed_at),
            size_bytes_before=change.size_bytes_before,
            size_bytes_after=change.size_bytes_after,
            digest_before=change.digest_before,
            digest_after=change.digest_after,
        )


def _before_and_after(change: Change) -> str:
    before, after = wording.size(change.size_bytes_before), wording.size(change.size_bytes_after)
    if change.size_bytes_before != change.size_bytes_after:
        return f"from {before} to {after}"
    return f"still {after}, but other content or another time"


def _name(tarball: Tarball, kept: Kept) -> str:
    return f"{tarball.path} on {kept.replica.label}"


def _about(
    code: str,
    severity: str,
    repo: RepoName,
    kept: Kept,
    tarball: Tarball,
    message: str,
    **evidence: str | int,
) -> Verdict:
    return Verdict(
        code=code,
        severity=severity,
        subject=f"{kept.replica.subject} path {tarball.path}",
        message=message,
        evidence={
            "size_bytes": tarball.size_bytes,
            "mtime_at": tarball.mtime_at and wording.iso(tarball.mtime_at),
            **evidence,
        },
        replica_id=kept.replica.id,
        repo_id=repo.id,
        path=tarball.path,
        stamp_at=tarball.stamp_at,
    )
