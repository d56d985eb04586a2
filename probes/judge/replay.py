"""Takes what happened to a hub's tarballs, gives what the rules would have said at each look in the past. Pure.

A look sees what is there at its moment and nothing of what came later, so that a replay knows no more than the monitor
would have known: a tarball is first seen, or missed, by the first complete look after it came or went.
"""

from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hubs.limits import Limits
from hubs.planned import NOTHING_PLANNED, Planned
from probes.judge.copies import Copies, Shelf
from probes.judge.freshness_rules import COUNTED_DAYS
from probes.judge.life import HOLES_REMEMBERED, Decision, Doubt, Evidence, Identity, decide
from probes.judge.replica_rules import DISK_DAYS
from probes.judge.rules import verdicts_on
from probes.judge.tarball import NOTHING_SEEN, WINDOW, Change, Tarball, Window
from probes.judge.tarball_rules import CHANGE_TOLD_FOR, DISPROVED, has_odd_size
from probes.judge.values import (
    LOOKS_REMEMBERED,
    WORST_FIRST,
    HubPast,
    Kept,
    Look,
    ReplicaPast,
    RepoName,
    RepoPast,
    Verdict,
)

SECONDS_OF_A_LOOK = timedelta(seconds=30)


@dataclass(frozen=True, order=True)
class Happening:
    """What became of one tarball at a moment: it is there, changed, or proved; or with None for it, gone."""

    at: datetime
    replica_id: int = field(compare=False)
    repo_id: int = field(compare=False)
    path: str = field(compare=False)
    tarball: Tarball | None = field(compare=False)
    change: Change | None = field(compare=False, default=None)


@dataclass(frozen=True)
class Setting:
    """What of a hub stays as it is during a replay."""

    zone: ZoneInfo
    limits: Limits
    replicas: Sequence[ReplicaPast]  # without looks
    repos: Mapping[int, RepoName]  # those that are judged
    limits_of_repo: Mapping[int, Limits]
    planned: Planned = NOTHING_PLANNED
    accepted: Mapping[int, Sequence[tuple[datetime, datetime]]] = field(default_factory=dict)
    # by repo: when a level was accepted, and from which stamp on
    watched: Mapping[int, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    # by replica: from when to when it was looked at, where that is not always


@dataclass
class ReplayedFinding:
    """A finding as the monitor would have stored it."""

    id: int
    code: str
    subject_key: str
    severity: str
    worst_severity: str
    replica_id: int | None
    repo_id: int | None
    path: str
    stamp_at: datetime | None
    message: str
    evidence: Mapping[str, Any]
    opened_at: datetime
    confirmed_at: datetime
    includes: tuple[str, ...] = ()
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    reopenings: int = 0
    episodes: list[tuple[datetime, datetime]] = field(default_factory=list)  # before it reopened
    told_in: int | None = None


def replay(
    setting: Setting,
    happenings: Iterable[Happening],
    looks: Mapping[int, Sequence[Look]],
    moments: Iterable[datetime],
) -> Iterator[list[ReplayedFinding]]:
    """Judge at each moment, in order; after each, give all findings so far, which go on changing.

    At a moment each enabled replica is looked at. What a stored look of the time since the moment before ended as (the
    newest, where there are several) is how that look ended; where there is none it was complete.
    """
    house = _House(setting, sorted(happenings), looks)
    for now in moments:
        house.look(now)
        house.judge(now)
        yield house.findings


class _Series:
    """One repo's tarballs on one replica, as seen so far."""

    def __init__(self) -> None:
        self.by_path: dict[str, Tarball] = {}
        self.order: list[tuple[datetime, str]] = []  # stamp and path
        self.present = 0
        self.odd: dict[str, Tarball] = {}
        self.changes: deque[Change] = deque(maxlen=50)
        self.window = NOTHING_SEEN

    def take(self, happening: Happening, seen_at: datetime) -> Tarball | None:
        """Take what became of a tarball, as a look saw at some moment; return it as it is now, if that is news."""
        before = self.by_path.get(happening.path)
        if happening.tarball is None:
            if before is None or before.gone_at:
                return None
            after = before._replace(gone_at=seen_at)
        else:
            first_seen_at = before.first_seen_at if before else seen_at
            after = happening.tarball._replace(first_seen_at=first_seen_at, gone_at=None)
        if before is None:
            insort(self.order, (after.stamp_at, after.path))
        self.present += (after.gone_at is None) - (before is not None and before.gone_at is None)
        self.by_path[after.path] = after
        if happening.change:
            self.changes.append(replace(happening.change, tarball=after, noticed_at=seen_at))
        if after.gone_at is None and _is_odd(after):
            self.odd[after.path] = after
        else:
            self.odd.pop(after.path, None)
        return after

    def settle(self) -> None:
        """Work out the newest tarballs anew."""
        self.window = Window(self.by_path[path] for _, path in reversed(self.order[-WINDOW:]))

    def stamps_since(self, since: datetime) -> tuple[datetime, ...]:
        """Return the stamps from a moment on, oldest first."""
        return tuple(
            stamp_at for stamp_at, _ in self.order[bisect_right(self.order, (since, "")) :]
        )


def _is_odd(tarball: Tarball) -> bool:
    return (
        tarball.size_bytes == 0
        or tarball.sidecar_state != "ok"
        or has_odd_size(tarball)
        or tarball.verified_verdict in DISPROVED
    )


def _like_the_one_before(complete: Look | None, now: datetime) -> Look:
    """Return a look that nobody stored: complete, and it saw of locks and of other files what the one before saw."""
    if complete is None:
        return Look(0, now, now, "ok", full=False)
    return Look(
        0,
        now,
        now,
        "ok",
        full=False,
        unrecognised=complete.unrecognised,
        unrecognised_examples=complete.unrecognised_examples,
        locks=complete.locks,
    )


def _with(
    looks: tuple[tuple[datetime, bool], ...], now: datetime, *, is_complete: bool
) -> tuple[tuple[datetime, bool], ...]:
    return ((now, is_complete), *looks[: LOOKS_REMEMBERED - 1])


class _House:
    """All that the monitor knows of a hub at a moment of a replay."""

    def __init__(
        self, setting: Setting, happenings: Sequence[Happening], looks: Mapping[int, Sequence[Look]]
    ) -> None:
        self.setting = setting
        self.findings: list[ReplayedFinding] = []
        self.living: list[ReplayedFinding] = []
        self.doubts: Mapping[Identity, Doubt] = {}
        self.series: dict[tuple[int, int], _Series] = {}
        self.shelves: dict[int, Shelf] = defaultdict(Shelf)
        self.copies: dict[int, tuple[list[Window], Copies]] = {}
        self.replicas = {
            replica.id: replace(
                replica, latest=None, complete=None, known=False, failures_in_a_row=0
            )
            for replica in setting.replicas
        }
        self.present: dict[int, int] = defaultdict(int)
        self.free: dict[int, dict[int, int]] = defaultdict(dict)
        self.waiting: dict[int, deque[Happening]] = defaultdict(deque)
        for happening in happenings:
            self.waiting[happening.replica_id].append(happening)
        self.looks = {
            pk: deque(sorted(each, key=lambda look: look.started_at)) for pk, each in looks.items()
        }
        self.look_number = 0

    # --- Looking

    def look(self, now: datetime) -> None:
        """Look at every replica that was watched at the time."""
        for replica in self.replicas.values():
            if self._is_watched(replica, now):
                self._look_at(replica, now)

    def _is_watched(self, replica: ReplicaPast, now: datetime) -> bool:
        since, until = self.setting.watched.get(replica.id, (None, None))
        return (since is None or since <= now) and (until is None or now <= until)

    def _look_at(self, replica: ReplicaPast, now: datetime) -> None:
        self.look_number += 1
        stored = self._stored_look(replica.id, now)
        look = replace(
            stored or _like_the_one_before(replica.complete, now),
            id=self.look_number,
            started_at=now,
            ended_at=now + SECONDS_OF_A_LOOK,
        )
        if look.status != "ok":
            failures = replica.failures_in_a_row + 1
            self.replicas[replica.id] = replace(
                replica,
                latest=look,
                known=False,
                failures_in_a_row=failures,
                looks_at=_with(replica.looks_at, now, is_complete=False),
            )
            return
        self._see(replica.id, now)
        if look.free_bytes is not None:
            least = self.free[replica.id]
            day = now.astimezone(UTC).toordinal()
            least[day] = min(look.free_bytes, least.get(day, look.free_bytes))
            least.pop(day - DISK_DAYS - 1, None)
        self.replicas[replica.id] = replace(
            replica,
            latest=look,
            complete=look,
            known=True,
            failures_in_a_row=0,
            first_complete_at=replica.first_complete_at or look.ended_at,
            empty=not self.present[replica.id],
            looks_at=_with(replica.looks_at, now, is_complete=True),
            free_by_day=tuple(sorted(self.free[replica.id].items())),
        )

    def _stored_look(self, replica_id: int, now: datetime) -> Look | None:
        stored, newest = self.looks.get(replica_id, deque()), None
        while stored and stored[0].started_at <= now:
            newest = stored.popleft()
        return newest

    def _see(self, replica_id: int, now: datetime) -> None:
        """Take what happened on a replica since the last complete look."""
        is_first = self.replicas[replica_id].complete is None
        touched: dict[int, _Series] = {}
        for happening in self._since_the_last_look(replica_id, now, is_first=is_first):
            series = self.series.setdefault((replica_id, happening.repo_id), _Series())
            before = series.present
            # What came before the first look of the replay was seen by looks of the time.
            after = series.take(happening, happening.at if is_first else now)
            if after:
                self.shelves[happening.repo_id].put(replica_id, after)
            self.present[replica_id] += series.present - before
            touched[happening.repo_id] = series
        for series in touched.values():
            series.settle()

    def _since_the_last_look(
        self, replica_id: int, now: datetime, *, is_first: bool
    ) -> list[Happening]:
        """Return what a look can know of: not what came and went between two looks."""
        waiting, happened = self.waiting[replica_id], []
        last: dict[tuple[int, str], Happening] = {}
        while waiting and waiting[0].at <= now:
            happening = waiting.popleft()
            if happening.repo_id in self.setting.repos:
                happened.append(happening)
                last[happening.repo_id, happening.path] = happening
        if is_first:
            return happened
        return [
            one
            for one in happened
            if last[one.repo_id, one.path].tarball or self._is_known(replica_id, one)
        ]

    def _is_known(self, replica_id: int, happening: Happening) -> bool:
        series = self.series.get((replica_id, happening.repo_id))
        return series is not None and happening.path in series.by_path

    # --- Judging

    def judge(self, now: datetime) -> None:
        """Judge what is known, and bring the findings up to it."""
        setting = self.setting
        replicas = tuple(
            replica for replica in self.replicas.values() if self._is_watched(replica, now)
        )
        seen = {repo_id for _, repo_id in self.series}
        past = HubPast(
            setting.zone,
            replicas,
            tuple(repo for repo in setting.repos.values() if repo.selected and repo.id not in seen),
            setting.planned,
        )
        verdicts = {
            (verdict.code, verdict.subject): verdict
            for verdict in verdicts_on(past, setting.limits, self._repo_pasts(past, now), now)
        }
        evidence = Evidence(
            past,
            {pk: repo.path for pk, repo in setting.repos.items()},
            frozenset(replica.id for replica in replicas),
        )
        decision = decide(
            self.living, verdicts, evidence, self.doubts, self._looks_wanted, str, now
        )
        self._write(decision, now)

    def _looks_wanted(self, verdict: Verdict) -> int:
        setting = self.setting
        return setting.limits_of_repo.get(verdict.repo_id or 0, setting.limits).alert_after

    def _repo_pasts(self, hub: HubPast, now: datetime) -> Iterator[tuple[RepoPast, Limits]]:
        known = [replica for replica in hub.replicas if replica.known and not replica.empty]
        for repo in self.setting.repos.values():
            limits = self.setting.limits_of_repo[repo.id]
            kept = tuple(self._kept(replica, repo, limits, now) for replica in known)
            copies, accepted_from = self._copies(repo.id, kept), self._accepted_from(repo.id, now)
            yield RepoPast(hub, repo, kept, copies, accepted_from), limits

    def _kept(self, replica: ReplicaPast, repo: RepoName, limits: Limits, now: datetime) -> Kept:
        series = self.series.get((replica.id, repo.id)) or _Series()
        complete_at = replica.complete.started_at if replica.complete else now
        counted = limits.expected_per_day and series.order
        return Kept(
            replica,
            moment=complete_at,
            seen_until=complete_at + SECONDS_OF_A_LOOK,
            tarballs=series.window,
            present=series.present,
            doubtful=tuple(series.odd.values()),
            changes=tuple(
                change for change in series.changes if now - change.noticed_at < CHANGE_TOLD_FOR
            ),
            recent_stamps=series.stamps_since(now - timedelta(days=COUNTED_DAYS + 2))
            if counted
            else (),
            oldest_stamp_at=series.order[0][0] if counted else None,
            accepted_from=self._accepted_from(repo.id, now),
        )

    def _copies(self, repo_id: int, kept: Sequence[Kept]) -> Copies:
        """Return the copies side by side, worked out again only when one of the replicas shows something else."""
        windows = [each.tarballs for each in kept]
        before = self.copies.get(repo_id)
        if before and len(before[0]) == len(windows):
            same = all(one is other for one, other in zip(before[0], windows, strict=True))
            if same and list(before[1].tarballs) == [each.replica.id for each in kept]:
                return before[1]
        tarballs = {each.replica.id: each.tarballs for each in kept}
        copies = Copies(tarballs, self.shelves[repo_id].newest())
        self.copies[repo_id] = windows, copies
        return copies

    def _accepted_from(self, repo_id: int, now: datetime) -> datetime | None:
        accepted = self.setting.accepted.get(repo_id, ())
        return max((stamp_at for at, stamp_at in accepted if at <= now), default=None)

    # --- Findings

    def _write(self, decision: Decision[ReplayedFinding], now: datetime) -> None:
        for finding, verdict in decision.confirmed + decision.reopened:
            self._tell(finding, verdict, now)
        for finding, _ in decision.reopened:
            if finding.closed_at:
                finding.episodes.append(
                    (finding.reopened_at or finding.opened_at, finding.closed_at)
                )
            finding.reopened_at, finding.closed_at = now, None
            finding.reopenings += 1
        for (code, subject), verdict in decision.opened:
            finding = ReplayedFinding(
                id=len(self.findings) + 1,
                code=code,
                subject_key=subject,
                severity=verdict.severity,
                worst_severity=verdict.severity,
                replica_id=verdict.replica_id,
                repo_id=verdict.repo_id,
                path=verdict.path,
                stamp_at=verdict.stamp_at,
                message=verdict.message,
                evidence=verdict.evidence,
                opened_at=now,
                confirmed_at=now,
                includes=verdict.includes,
            )
            self.findings.append(finding)
            self.living.append(finding)
        standing = {
            (finding.code, finding.subject_key): finding.id
            for finding in self.living
            if finding.closed_at is None
        }
        for finding, into in decision.closed:
            finding.closed_at = now
            finding.told_in = standing.get(into) if into else None
        self.doubts = decision.doubts
        self.living = [
            finding
            for finding in self.living
            if finding.closed_at is None or finding.closed_at > now - HOLES_REMEMBERED
        ]

    def _tell(self, finding: ReplayedFinding, verdict: Verdict, now: datetime) -> None:
        finding.severity, finding.message = verdict.severity, verdict.message
        finding.worst_severity = min(
            finding.worst_severity, verdict.severity, key=WORST_FIRST.index
        )
        finding.replica_id, finding.repo_id = verdict.replica_id, verdict.repo_id
        finding.path, finding.stamp_at = verdict.path, verdict.stamp_at
        finding.includes = tuple({*finding.includes, *verdict.includes})
        finding.evidence, finding.confirmed_at = verdict.evidence, now


def moments_between(since: datetime, until: datetime, every: timedelta) -> Iterator[datetime]:
    """Give the moments of looks that are `every` apart, from the first to at most the last."""
    now = since
    while now <= until:
        yield now
        now += every
