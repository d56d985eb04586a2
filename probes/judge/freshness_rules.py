"""Rules about how fresh the repos of a hub are, and on which of their replicas that is judged.

A backup that is late is told of its source and not of each copy; a night in which the hub made none is told once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.cadence import Due, overdue_since, period_of, schedule_of
from probes.judge.tarball import Tarball
from probes.judge.values import (
    ALARM,
    NOTICE,
    WARN,
    HubPast,
    Kept,
    RepoName,
    RepoPast,
    Verdict,
)

COUNTED_DAYS = 7
# A tarball of the last minutes of a day is there some time after midnight; longer where the grace says so.
DAY_SETTLES_WITHIN = timedelta(hours=3)
# Repos that were missed while nothing else was made, and beside others that were made.
TOGETHER_FROM_NOTHING, TOGETHER_FROM = 2, 3
GAPS_TOLD_FOR = timedelta(days=7)
# Repos whose backups were expected so close to each other belong to one night.
ONE_NIGHT = timedelta(hours=14)
HALF_A_DAY = timedelta(hours=12)
EARLY = timedelta(hours=2)  # a tarball made so much before is of that night, too
# Where all that keep office hours rest, it is a holiday; but not for so long.
A_DAY = timedelta(days=1)
LONGEST_HOLIDAY, LONGEST_HOLIDAY_ALONE = timedelta(days=10), timedelta(days=5)
STAMPS_OF_A_HOLIDAY = 12  # that are asked whether somebody worked
BACKDATED, BACKDATED_TOLD_FOR = timedelta(hours=12), timedelta(days=2)


@dataclass(frozen=True)
class Freshness:
    """How fresh one repo is where that is judged."""

    repo: RepoName
    kept: Kept
    newest: Tarball
    due: Due | None
    grace: timedelta
    rests_on_weekdays: bool  # made on some days of the week only


def freshness(past: RepoPast, limits: Limits) -> Freshness | None:
    """Return how fresh a repo is; None where it has no tarball that could tell."""
    kept = past.reference
    newest = kept.newest if kept else None
    if not kept or not newest:
        return None
    stamps = kept.stamps
    due = overdue_since(limits, newest.stamp_at, stamps, past.zone, kept.moment, past.hub.planned)
    if due and past.copy_stands_in:
        # The source may hold a newer one, which this copy gets later.
        later = period_of(limits, stamps, past.zone, kept.moment) or A_DAY
        due = due if due.until + later < kept.moment else None
    schedule = schedule_of(limits, stamps, past.zone)
    rests = schedule is not None and schedule.skips_weekdays
    return Freshness(past.repo, kept, newest, due, limits.grace, rests)


# --- Overdue -----------------------------------------------------------------------------------


def overdue(all_repos: Sequence[Freshness], past: HubPast) -> Iterator[Verdict]:
    """Tell of repos whose next tarball should have been there at the last complete look; of one night together."""
    late = [fresh for fresh in all_repos if fresh.due]
    resting = [fresh for fresh in late if _may_rest(fresh, all_repos, past.zone)]
    night = _one_night([fresh for fresh in late if fresh not in resting], all_repos)
    if resting:
        yield _overdue_together(resting, all_repos, past, "weekdays", NOTICE)
    if night:
        begin = min(fresh.due.expected_at for fresh in night if fresh.due)
        # One night has one date, though it goes past midnight; another night is another finding.
        evening = begin.astimezone(past.zone) - HALF_A_DAY
        yield _overdue_together(night, all_repos, past, f"night of {evening:%Y-%m-%d}", ALARM)
    for fresh in late:
        if fresh.due and fresh not in resting and fresh not in night:
            severity = WARN if _may_rest_alone(fresh, all_repos, past) else ALARM
            yield _overdue(fresh, fresh.due, past, severity)


def _may_rest(fresh: Freshness, all_repos: Sequence[Freshness], zone: ZoneInfo) -> bool:
    """Say whether a late repo that rests on weekends may have a holiday: no other of that kind was made on the day."""
    peers = [
        other
        for other in all_repos
        if other.rests_on_weekdays
        and other is not fresh
        # One that was given up bears no witness.
        and other.newest.stamp_at > fresh.newest.stamp_at - LONGEST_HOLIDAY
    ]
    if not fresh.due or not fresh.rests_on_weekdays or not peers:
        return False
    expected_at = fresh.due.expected_at
    if fresh.kept.moment - expected_at > LONGEST_HOLIDAY:
        return False
    day = expected_at.astimezone(zone).date()
    return not any(_was_made_on(day, other, zone) for other in peers)


def _may_rest_alone(fresh: Freshness, all_repos: Sequence[Freshness], past: HubPast) -> bool:
    """Say whether a late repo may have a holiday that nobody can tell: it alone rests on weekends, and no calendar is kept."""
    if not fresh.due or not fresh.rests_on_weekdays or past.planned:
        return False
    is_alone = not any(other.rests_on_weekdays for other in all_repos if other is not fresh)
    return is_alone and fresh.kept.moment - fresh.due.expected_at <= LONGEST_HOLIDAY_ALONE


def _was_made_on(day: date, fresh: Freshness, zone: ZoneInfo) -> bool:
    stamps = fresh.kept.stamps[:STAMPS_OF_A_HOLIDAY]
    return any(stamp_at.astimezone(zone).date() == day for stamp_at in stamps)


def _one_night(late: Sequence[Freshness], all_repos: Sequence[Freshness]) -> list[Freshness]:
    """Return the late repos that were expected in one night in which the hub made no backup, or hardly any."""
    expected = [(fresh.due.expected_at, fresh) for fresh in late if fresh.due]
    nights = (_missed_from(begin, expected, all_repos) for begin, _ in expected)
    return max(nights, key=len, default=[])


def _missed_from(
    begin: datetime,
    expected: Sequence[tuple[datetime, Freshness]],
    all_repos: Sequence[Freshness],
) -> list[Freshness]:
    """Return the late repos of the night that began at a moment; none where most of the hub was backed up."""
    made = [fresh for fresh in all_repos if fresh.newest.stamp_at >= begin - EARLY]
    if not made:  # nothing at all since: what became late later is the same outage
        missed = [fresh for at, fresh in expected if at >= begin]
        return missed if len(missed) >= TOGETHER_FROM_NOTHING else []
    missed = [fresh for at, fresh in expected if begin <= at <= begin + ONE_NIGHT]
    return missed if len(missed) >= max(TOGETHER_FROM, len(made)) else []


def _overdue(fresh: Freshness, due: Due, past: HubPast, severity: str) -> Verdict:
    kept, newest = fresh.kept, fresh.newest
    gone = " and is not there any more, nor is any other" if newest.gone_at else ""
    return Verdict(
        code="overdue",
        severity=severity,
        subject=_subject(fresh),
        message=f"The newest tarball of {fresh.repo.path} on {kept.replica.label} is of "
        f"{wording.moment(newest.stamp_at, past.zone)}{gone}. Expected is {due.expectation} with "
        f"{spoken_duration(fresh.grace)} of grace, so a newer one by "
        f"{wording.moment(due.until, past.zone)}.",
        evidence={
            "newest_stamp_at": wording.iso(newest.stamp_at),
            "newest_path": newest.path,
            "expected": due.expectation,
            "expected_at": wording.iso(due.expected_at),
            "due_at": wording.iso(due.until),
            "looked_at": wording.iso(kept.moment),
        },
        replica_id=kept.replica.id,
        repo_id=fresh.repo.id,
    )


def _subject(fresh: Freshness) -> str:
    # Not the replica: which one is the reference may change while the repo is late.
    return f"repo {fresh.repo.id}"


def _overdue_together(
    late: Sequence[Freshness],
    all_repos: Sequence[Freshness],
    past: HubPast,
    kind: str,
    severity: str,
) -> Verdict:
    dues = [fresh.due for fresh in late if fresh.due]
    begin = min(due.expected_at for due in dues)
    names = sorted(fresh.repo.path for fresh in late)
    newest = max((fresh.newest.stamp_at for fresh in all_repos), default=begin)
    why = (
        "Of those that are made on some weekdays only, none was made that day: a holiday? Then enter it in a "
        "calendar of holidays."
        if kind == "weekdays"
        else "Did the backup run on the hub, and do its tarballs arrive?"
    )
    return Verdict(
        code="overdue",
        severity=severity,
        subject=f"hub {kind}",
        message=f"{len(late)} of {wording.number(len(all_repos), 'repo')} have no tarball from the backup that was "
        f"expected at {wording.moment(begin, past.zone)}: {wording.some(names, len(names))}. The newest tarball of "
        f"the hub is of {wording.moment(newest, past.zone)}. {why}",
        evidence={
            "repos": names,
            "expected_at": wording.iso(begin),
            "due_at": wording.iso(min(due.until for due in dues)),
            "newest_stamp_at": wording.iso(newest),
            "looked_at": wording.iso(max(fresh.kept.moment for fresh in late)),
            "compared_with": sorted({fresh.kept.replica.label for fresh in late}),
        },
        includes=tuple(_subject(fresh) for fresh in late),
    )


# --- Gaps and counts ---------------------------------------------------------------------------


def gap(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell, for a week, of a hole between two tarballs in which one more was expected.

    A hole that was told as overdue while it was open is not told again; see `probes.judge.life`.
    """
    kept = past.reference
    if not kept or past.copy_stands_in:
        return  # what a copy has not is told as lagging
    stamps = kept.stamps
    period = period_of(limits, stamps, past.zone, kept.moment)
    if period is None:
        return
    for later, earlier in pairwise(stamps):
        if later < kept.moment - GAPS_TOLD_FOR - period:
            return
        if later - earlier <= period + limits.grace:
            continue
        if past.accepted_from and earlier < past.accepted_from:
            return
        due = overdue_since(limits, earlier, stamps, past.zone, later, past.hub.planned)
        if due:
            yield _gap(past, kept, due, later)


def _gap(past: RepoPast, kept: Kept, due: Due, later: datetime) -> Verdict:
    return Verdict(
        code="gap",
        severity=NOTICE,
        subject=f"repo {past.repo.id} after {due.since.isoformat()}",
        message=f"There is no tarball of {past.repo.path} between {wording.moment(due.since, past.zone)} and "
        f"{wording.moment(later, past.zone)} on {kept.replica.label}. Expected is {due.expectation}, so one at about "
        f"{wording.moment(due.expected_at, past.zone)}: that state cannot be restored.",
        evidence={
            "after": wording.iso(due.since),
            "before": wording.iso(later),
            "expected": due.expectation,
            "expected_at": wording.iso(due.expected_at),
            "nodes": [kept.replica.label],
        },
        replica_id=kept.replica.id,
        repo_id=past.repo.id,
        origin_at=due.expected_at,
    )


def backdated(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of new tarballs with stamps so old that earlier looks would have seen them: a clock is behind."""
    kept = past.reference
    if not kept or not kept.replica.is_source:
        return
    looks = [at for at, is_complete in kept.replica.looks_at if is_complete]
    for tarball in kept.tarballs.seen_last:
        if kept.moment - tarball.first_seen_at > BACKDATED_TOLD_FOR:
            return
        before = next((at for at in looks if at < tarball.first_seen_at), None)
        if before and tarball.stamp_at < before - BACKDATED:
            yield _backdated(past, kept, tarball, before)
            return


def _backdated(past: RepoPast, kept: Kept, tarball: Tarball, before: datetime) -> Verdict:
    behind = before - tarball.stamp_at
    return Verdict(
        code="clock_skew",
        severity=WARN,
        subject=f"{kept.replica.subject} repo {past.repo.id}",
        message=f"{tarball.path} on {kept.replica.label} was not there at the look of {wording.moment(before, past.zone)}, "
        f"although its stamp is {spoken_duration(behind)} older. Is the clock of the hub behind, or was an old tarball "
        "put back?",
        evidence={
            "behind_seconds": int(behind.total_seconds()),
            "looked_at": wording.iso(before),
            "first_seen_at": wording.iso(tarball.first_seen_at),
        },
        replica_id=kept.replica.id,
        repo_id=past.repo.id,
        path=tarball.path,
        stamp_at=tarball.stamp_at,
    )


def count_low(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of finished days, on the hub's clock, with fewer tarballs than are expected in a day."""
    kept = past.reference
    if not kept or not limits.expected_per_day or not kept.oldest_stamp_at:
        return
    counts = Counter(stamp_at.astimezone(past.zone).date() for stamp_at in kept.recent_stamps)
    settled_at = kept.moment - min(limits.grace, DAY_SETTLES_WITHIN)
    first = kept.oldest_stamp_at.astimezone(past.zone).date()
    low = {
        f"{day:%Y-%m-%d}": counts[day]
        for day in _days_before(settled_at.astimezone(past.zone).date())
        if day > first and counts[day] < limits.expected_per_day and not _is_excused(day, past)
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


def _is_excused(day: date, past: RepoPast) -> bool:
    """Say whether something planned covers any of a day on the hub's clock, or nothing is asked of it any more."""
    begin = datetime.combine(day, datetime.min.time(), past.zone).astimezone(UTC)
    if past.accepted_from and begin < past.accepted_from:
        return True
    return bool(past.hub.planned.spans(begin, begin + timedelta(days=1)))


def _days_before(today: date) -> list[date]:
    return [today - timedelta(days=days) for days in range(COUNTED_DAYS, 0, -1)]
