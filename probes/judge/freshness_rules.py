"""Rules about how fresh one repo is, and on which of its replicas that is judged."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.cadence import FUTURE_TOLERANCE, Due, overdue_since
from probes.judge.values import ALARM, WARN, Kept, RepoPast, Tarball, Verdict

COUNTED_DAYS = 7
# A tarball of the last minutes of a day is there some time after midnight; longer where the grace says so.
DAY_SETTLES_WITHIN = timedelta(hours=3)


def reference(past: RepoPast) -> Kept | None:
    """Return where the repo's freshness is judged: its source, or while none is known the copy with the newest stamp.

    The other replicas are compared with it, so that a late backup is told once and not for each copy.
    """
    held = [(kept, newest) for kept in past.kept if (newest := newest_of(kept))]
    present = [(kept, newest) for kept, newest in held if not newest.gone_at] or held
    sources = [(kept, newest) for kept, newest in present if kept.replica.is_source] or present
    freshest = max(sources, key=lambda one: (one[1].stamp_at, -one[0].replica.id), default=None)
    return freshest[0] if freshest else None


def newest_of(kept: Kept) -> Tarball | None:
    """Return the newest tarball that is there; where all are gone, the newest of those."""
    there = (tarball for tarball in dated(kept) if not tarball.gone_at)
    return next(there, None) or next(dated(kept), None)


def dated(kept: Kept) -> Iterator[Tarball]:
    """Give the tarballs whose stamps are not in the future."""
    horizon = kept.seen_until + FUTURE_TOLERANCE
    return (tarball for tarball in kept.tarballs if tarball.stamp_at <= horizon)


def overdue(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a repo whose next tarball should have been there at the last complete look."""
    kept = reference(past)
    newest = kept and newest_of(kept)
    if not kept or not newest:
        return
    stamps = [tarball.stamp_at for tarball in dated(kept)]
    due = overdue_since(limits, newest.stamp_at, stamps, past.zone, kept.moment)
    if due:
        yield Verdict(
            code="overdue",
            severity=ALARM,
            subject=f"{kept.replica.subject} repo {past.repo.id}",
            message=_overdue_message(past, kept, newest, due, limits),
            evidence={
                "newest_stamp_at": wording.iso(newest.stamp_at),
                "newest_path": newest.path,
                "expected": due.expectation,
                "due_at": wording.iso(due.until),
                "looked_at": wording.iso(kept.moment),
            },
            replica_id=kept.replica.id,
            repo_id=past.repo.id,
        )


def _overdue_message(past: RepoPast, kept: Kept, newest: Tarball, due: Due, limits: Limits) -> str:
    gone = " and is not there any more, nor is any other" if newest.gone_at else ""
    return (
        f"The newest tarball of {past.repo.path} on {kept.replica.label} is of "
        f"{wording.moment(newest.stamp_at, past.zone)}{gone}. Expected is {due.expectation} with "
        f"{spoken_duration(limits.grace)} of grace, so a newer one by "
        f"{wording.moment(due.until, past.zone)}."
    )


def count_low(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of finished days, on the hub's clock, with fewer tarballs than are expected in a day."""
    kept = reference(past)
    if not kept or not limits.expected_per_day or not kept.oldest_stamp_at:
        return
    counts = Counter(stamp_at.astimezone(past.zone).date() for stamp_at in kept.recent_stamps)
    settled_at = kept.moment - min(limits.grace, DAY_SETTLES_WITHIN)
    first = kept.oldest_stamp_at.astimezone(past.zone).date()
    low = {
        f"{day:%Y-%m-%d}": counts[day]
        for day in _days_before(settled_at.astimezone(past.zone).date())
        if day > first and counts[day] < limits.expected_per_day
    }
    if low:
        days = ", ".join(f"{count} on {day}" for day, count in low.items())
        yield Verdict(
            code="count_low",
            severity=WARN,
            subject=f"{kept.replica.subject} repo {past.repo.id}",
            message=f"{past.repo.path} on {kept.replica.label} has fewer tarballs than the "
            f"{limits.expected_per_day} expected in a day (in {past.zone}): {days}.",
            evidence={"counts_by_day": low, "expected_per_day": limits.expected_per_day},
            replica_id=kept.replica.id,
            repo_id=past.repo.id,
        )


def _days_before(today: date) -> list[date]:
    return [today - timedelta(days=days) for days in range(COUNTED_DAYS, 0, -1)]
