"""What the rules take and give: plain frozen values, without Django and without a clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from alerts.parcel import Trouble
from hubs.planned import NOTHING_PLANNED, Planned
from probes.judge.copies import Copies
from probes.judge.tarball import Change, Tarball, Window, newest_of

ALARM, WARN, NOTICE = WORST_FIRST = "alarm", "warn", "notice"
# A stamp so far ahead of the look is not the clock's or the transfer's doing. It says nothing about the past.
FUTURE_TOLERANCE = timedelta(minutes=15)
LOOKS_REMEMBERED = 12  # of a few days, to see which tarball was there before


@dataclass(frozen=True)
class Look:
    """One ended look at a replica."""

    id: int
    started_at: datetime
    ended_at: datetime
    status: str
    stage: str = ""
    error: str = ""
    command: str = ""
    full: bool = True
    unrecognised: int = 0
    unrecognised_examples: tuple[str, ...] = ()
    locks: tuple[tuple[str, float], ...] = ()
    free_bytes: int | None = None
    total_bytes: int | None = None
    clock_skew_seconds: float | None = None


@dataclass(frozen=True)
class ReplicaPast:
    """An enabled replica and its looks."""

    id: int
    node: str
    node_id: int
    label: str  # the node's tag, with the root where the hub has two replicas there
    root: str
    role: str
    latest: Look | None  # that ended
    complete: Look | None
    known: bool
    failures_in_a_row: int = 1  # counted as far back as anybody asks, at least
    first_complete_at: datetime | None = None  # when the first complete look ended
    empty: bool = False  # the last complete look found nothing, and nothing is left from others
    site: str = ""
    planned: Planned = NOTHING_PLANNED  # for its node
    looks_at: tuple[tuple[datetime, bool], ...] = ()  # the last few, newest first; complete or not
    free_by_day: tuple[tuple[int, int], ...] = ()  # (day's ordinal, least free bytes) of past days

    @property
    def is_source(self) -> bool:
        return self.role == "source"

    @property
    def subject(self) -> str:
        return f"replica {self.id}"


@dataclass(frozen=True)
class RepoName:
    """A repo and whether the user selected it."""

    id: int
    path: str
    selected: bool


@dataclass(frozen=True)
class HubPast:
    """What the rules about looks and the whole hub need."""

    zone: ZoneInfo
    replicas: tuple[ReplicaPast, ...]  # enabled ones, known or not
    unmatched: tuple[RepoName, ...] = ()  # selected, and never seen anywhere
    planned: Planned = NOTHING_PLANNED  # for the hub
    not_reached: tuple[Trouble, ...] = ()  # recipients of messages about it

    @cached_property
    def has_source(self) -> bool:
        """Whether one of the replicas is the hub's own, known or not."""
        return any(replica.is_source for replica in self.replicas)


@dataclass(frozen=True)
class Kept:
    """One repo's tarballs on one known replica."""

    replica: ReplicaPast
    moment: datetime  # when its last complete look began: what is judged is what was there then
    seen_until: datetime  # when that look ended
    tarballs: Window  # the newest by stamp, gone ones too
    present: int = 0  # how many are there, older ones too
    doubtful: tuple[Tarball, ...] = ()  # empty, disproved, or something is odd with the sidecar
    changes: tuple[Change, ...] = ()
    recent_stamps: tuple[datetime, ...] = ()  # where tarballs are counted by day
    oldest_stamp_at: datetime | None = None  # likewise
    accepted_from: datetime | None = None  # as in RepoPast

    @property
    def dated(self) -> Sequence[Tarball]:
        """The tarballs whose stamps are not in the future, nor were far in it when they came."""
        if self._has_no_future:
            return self.tarballs.dated
        return [tarball for tarball in self.tarballs.dated if tarball.stamp_at <= self.horizon]

    @property
    def stamps(self) -> tuple[datetime, ...]:
        """The stamps of those, newest first."""
        if self._has_no_future:
            return self.tarballs.stamps
        return tuple(tarball.stamp_at for tarball in self.dated)

    @property
    def newest(self) -> Tarball | None:
        """The newest tarball that is there; where all are gone, the newest of those."""
        if self._has_no_future:
            return self.tarballs.newest
        return newest_of(self.dated)

    @property
    def _has_no_future(self) -> bool:
        return not self.tarballs or self.tarballs[0].stamp_at <= self.horizon

    @property
    def horizon(self) -> datetime:
        """The latest stamp that is not in the future."""
        return self.seen_until + FUTURE_TOLERANCE


@dataclass(frozen=True)
class RepoPast:
    """One wanted repo on all replicas of its hub that are known and show any tarballs."""

    hub: HubPast
    repo: RepoName
    kept: tuple[Kept, ...]
    copies: Copies
    accepted_from: datetime | None  # sizes and counts before this stamp are no measure any more

    @property
    def zone(self) -> ZoneInfo:
        return self.hub.zone

    @cached_property
    def reference(self) -> Kept | None:
        """Where its freshness is judged: its source, or while none is known the copy with the newest stamp.

        The other replicas are compared with it, so that a late backup is told once and not for each copy.
        """
        held = [(kept, kept.newest) for kept in self.kept if kept.newest]
        present = [(kept, newest) for kept, newest in held if not newest.gone_at] or held
        sources = [(kept, newest) for kept, newest in present if kept.replica.is_source] or present
        freshest = max(sources, key=lambda one: (one[1].stamp_at, -one[0].replica.id), default=None)
        return freshest[0] if freshest else None

    @property
    def copy_stands_in(self) -> bool:
        """Whether that is a copy though the hub has a source, which may hold what this copy does not."""
        reference = self.reference
        return reference is not None and self.hub.has_source and not reference.replica.is_source


@dataclass(frozen=True)
class Verdict:
    """What a rule found; `subject` names what it is about, one open finding for each code and subject."""

    code: str
    severity: str
    subject: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    replica_id: int | None = None
    repo_id: int | None = None
    path: str = ""
    stamp_at: datetime | None = None
    includes: tuple[str, ...] = ()  # subjects that it tells together
    origin_at: datetime | None = None  # when it came about, where that tells one cause from another


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict, the first where several are as bad."""
    return min(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.severity))
