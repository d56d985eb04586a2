"""Rules about single tarballs of one repo on one replica: empty, changed, dated ahead, or odd with their sidecars."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.cadence import FUTURE_TOLERANCE
from probes.judge.values import ALARM, WARN, Change, Kept, RepoName, Tarball, Verdict

CHANGE_TOLD_FOR = timedelta(days=14)


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


def _past_deadline(tarball: Tarball, kept: Kept, limits: Limits) -> bool:
    return arrived_at(tarball, kept) + limits.sidecar_deadline < kept.moment


def told_alone(tarball: Tarball, limits: Limits) -> bool:
    """Return whether a rule of this module tells that the content is wrong, without looking at other copies."""
    return tarball.size_bytes == 0 or _size_differs(tarball, limits)


def _size_differs(tarball: Tarball, limits: Limits) -> bool:
    return (
        limits.sidecar != "none"
        and tarball.sidecar_state == "ok"
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
        if not tarball.gone_at and tarball.stamp_at > kept.seen_until + FUTURE_TOLERANCE:
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
