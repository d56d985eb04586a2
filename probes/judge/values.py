"""What the rules take and give: plain frozen values, without Django and without a clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

ALARM, WARN, NOTICE = "alarm", "warn", "notice"


class Tarball(NamedTuple):
    """What was last seen of one tarball; a tuple, as a hub's judgement makes thousands of them."""

    path: str
    stamp_at: datetime
    stamp_text: str
    size_bytes: int
    mtime_at: datetime | None
    sidecar_kind: str
    sidecar_state: str
    sidecar_digest: str
    sidecar_size_bytes: int | None
    first_seen_at: datetime
    gone_at: datetime | None

    @property
    def copy_key(self) -> tuple[str, str]:
        """What its copies on other replicas, maybe in another place below the root, have in common."""
        return self.stamp_text, self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Change:
    """A tarball that was replaced after it was complete."""

    tarball: Tarball
    noticed_at: datetime
    size_bytes_before: int
    size_bytes_after: int
    digest_before: str
    digest_after: str


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
    failures_in_a_row: int = 1  # counted only as far as the policy needs
    first_complete_at: datetime | None = None  # when the first complete look ended
    empty: bool = False  # the last complete look found nothing, and nothing is left from others

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
    replicas: tuple[ReplicaPast, ...]
    unmatched: tuple[RepoName, ...] = ()  # selected, and never seen anywhere


@dataclass(frozen=True)
class Kept:
    """One repo's tarballs on one known replica."""

    replica: ReplicaPast
    moment: datetime  # when its last complete look began: what is judged is what was there then
    seen_until: datetime  # when that look ended
    tarballs: tuple[Tarball, ...]  # the newest by stamp, newest first, gone ones too
    doubtful: tuple[Tarball, ...] = ()  # empty, or something is odd with the sidecar
    changes: tuple[Change, ...] = ()
    recent_stamps: tuple[datetime, ...] = ()  # where tarballs are counted by day
    oldest_stamp_at: datetime | None = None  # likewise


@dataclass(frozen=True)
class RepoPast:
    """One wanted repo on all replicas of its hub that are known and show any tarballs."""

    repo: RepoName
    zone: ZoneInfo
    kept: tuple[Kept, ...]


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
