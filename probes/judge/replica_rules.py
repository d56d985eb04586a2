"""Rules about one replica that is known: is anything there, and are its disk, clock and locks well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hubs.durations import spoken_duration
from hubs.limits import Limits, free_space_floor_bytes
from probes.judge import wording
from probes.judge.robust import slope
from probes.judge.values import ALARM, NOTICE, WARN, Look, ReplicaPast, Verdict

SKEW_WARN, SKEW_ALARM = timedelta(minutes=2), timedelta(hours=1)
DISK_DAYS, DISK_BURST_DAYS, FEWEST_DISK_DAYS = 30, 5, 10
DISK_ALARM_DAYS = 3
LEAST_DAILY_LOSS = 0.0005  # of the whole file system


def empty(replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of a complete look that found no tarball at all."""
    if replica.empty:
        yield Verdict(
            code="empty",
            severity=ALARM,
            subject=replica.subject,
            message=f"The complete look at {replica.label} at {wording.moment(look.started_at, zone)} "
            f"found no tarball at all below {replica.root}. Is it the right root, and mounted?",
            evidence={"root": replica.root, "run": look.id},
            replica_id=replica.id,
        )


def clock_skew(
    replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of a node whose clock is far from that of this machine."""
    if look.clock_skew_seconds is None:
        return
    skew = timedelta(seconds=look.clock_skew_seconds)
    if abs(skew) <= SKEW_WARN:
        return
    direction = "ahead of" if skew > timedelta(0) else "behind"
    yield Verdict(
        code="clock_skew",
        severity=ALARM if abs(skew) > SKEW_ALARM else WARN,
        subject=replica.subject,
        message=f"The clock of {replica.node} is {spoken_duration(abs(skew))} {direction} this machine's; "
        f"up to {spoken_duration(SKEW_WARN)} is expected. Stamps made there are wrong by as much.",
        evidence={"clock_skew_seconds": look.clock_skew_seconds, "run": look.id},
        replica_id=replica.id,
    )


def disk_low(replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo) -> Iterator[Verdict]:
    """Tell of a file system with less free space than the policy wants; below half of that it is an alarm."""
    if look.free_bytes is None or look.total_bytes is None:
        return
    floor_bytes = free_space_floor_bytes(limits.free_space_min, look.total_bytes)
    if look.free_bytes >= floor_bytes:
        return
    yield Verdict(
        code="disk_low",
        severity=ALARM if look.free_bytes < floor_bytes / 2 else WARN,
        subject=replica.subject,
        message=f"The file system of {replica.root} on {replica.node} has {wording.size(look.free_bytes)} free "
        f"of {wording.size(look.total_bytes)}; expected are {wording.size(floor_bytes)} "
        f"({limits.free_space_min}).",
        evidence={
            "free_bytes": look.free_bytes,
            "total_bytes": look.total_bytes,
            "floor_bytes": floor_bytes,
            "free_space_min": limits.free_space_min,
        },
        replica_id=replica.id,
    )


@dataclass(frozen=True)
class Filling:
    """How fast a file system fills up."""

    bytes_a_day: float
    free_bytes: int

    @property
    def days_left(self) -> float:
        """Days until it is full, if it goes on like that."""
        return self.free_bytes / self.bytes_a_day


def filling(replica: ReplicaPast, look: Look) -> Filling | None:
    """Return how fast a replica's file system fills up, as the least free space of each day has been going.

    None where nothing is known of it, or it does not.
    """
    if look.free_bytes is None or look.total_bytes is None:
        return None
    today = look.started_at.toordinal()
    points = [(day, free) for day, free in replica.free_by_day if day < today]
    points.append((today, look.free_bytes))
    loss = max(_daily_loss(points, DISK_DAYS), _daily_loss(points, DISK_BURST_DAYS))
    return Filling(loss, look.free_bytes) if loss > look.total_bytes * LEAST_DAILY_LOSS else None


def disk_filling(
    replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of a file system that will be full soon."""
    found = filling(replica, look) if limits.days_to_full else None
    if not found or found.days_left >= limits.days_to_full:
        return
    days = found.days_left
    yield Verdict(
        code="disk_filling",
        severity=ALARM if days < DISK_ALARM_DAYS else WARN,
        subject=replica.subject,
        message=f"The file system of {replica.root} on {replica.node} loses "
        f"{wording.size(round(found.bytes_a_day))} a day and has {wording.size(found.free_bytes)} free: full in "
        f"{wording.number(round(days), 'day')}, and less than {wording.number(limits.days_to_full, 'day')} is told. "
        "Purge, or make room.",
        evidence={
            "free_bytes": found.free_bytes,
            "total_bytes": look.total_bytes,
            "bytes_a_day": round(found.bytes_a_day),
            "days_to_full": round(days, 1),
            "limit_days": limits.days_to_full,
        },
        replica_id=replica.id,
    )


def _daily_loss(points: Sequence[tuple[int, int]], days: int) -> float:
    """Return the bytes that the last days cost each, as the median of all slopes; 0 while the days are too few.

    A burst counts only when each of its days lost something, or the tide of a nightly backup would be one.
    """
    recent = [(day, float(free)) for day, free in points if day > points[-1][0] - days]
    if len(recent) < min(days, FEWEST_DISK_DAYS):
        return 0.0
    if days < FEWEST_DISK_DAYS:
        ebbs = [free for day, free in points if day <= points[-1][0] - days]
        if ebbs and points[-1][1] >= min(ebbs):
            return 0.0  # the tide of a week has been as low before
    third = len(recent) // 3 or 1
    before, after = recent[:third], recent[-third:]
    if max(free for _, free in after) >= max(free for _, free in before):
        return 0.0  # there is as much free as there was
    if days < FEWEST_DISK_DAYS and any(
        later[1] >= earlier[1] for earlier, later in pairwise(recent)
    ):
        return 0.0
    return max(0.0, -slope(recent))


def stale_lock(
    replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of a lock whose newest entry is too old for a backup that still works."""
    if not look.locks:
        return
    touched_at = datetime.fromtimestamp(max(mtime for _, mtime in look.locks), UTC)
    if look.started_at - touched_at <= limits.lock_max_age:
        return
    paths = [path for path, _ in look.locks]
    allowed = spoken_duration(limits.lock_max_age)
    yield Verdict(
        code="stale_lock",
        severity=WARN,
        subject=replica.subject,
        message=f"A backup locked {replica.root} on {replica.node} and did not end: the newest entry is of "
        f"{wording.moment(touched_at, zone)}, and a lock may be {allowed} old: "
        f"{wording.some(paths, len(paths))}.",
        evidence={
            "locks": paths,
            "touched_at": wording.iso(touched_at),
            "lock_max_age": allowed,
        },
        replica_id=replica.id,
    )


def unrecognised(
    replica: ReplicaPast, look: Look, limits: Limits, zone: ZoneInfo
) -> Iterator[Verdict]:
    """Tell of files below the root that do not fit the layout."""
    if look.unrecognised:
        examples = wording.some(look.unrecognised_examples, look.unrecognised)
        yield Verdict(
            code="unrecognised",
            severity=NOTICE,
            subject=replica.subject,
            message=f"{wording.number(look.unrecognised, 'file')} below {replica.root} on {replica.node} "
            f"did not fit <category>/<name>/YYYY/MM/DD/HHMMSS/<file> and were left out: {examples}.",
            evidence={
                "unrecognised": look.unrecognised,
                "examples": list(look.unrecognised_examples),
            },
            replica_id=replica.id,
        )
