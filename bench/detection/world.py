"""What a simulated world consists of: plain frozen values. All moments are aware and in UTC; sizes are bytes.

`SimHub` is what a monitor could see, had it looked; `Fault` and `Benign` are the truth that only the scoring reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bench.detection.schedules import Schedule

# A seed belongs to one of these: rules are tuned on the former and reported on the latter.
TUNING_SEEDS = range(1, 100)
REPORTING_SEEDS = range(1001, 2000)


@dataclass(frozen=True, slots=True)
class SimTarball:
    """One tarball on one node, from the moment that a look sees it until it is gone."""

    node: str
    repo: str  # category/name
    path: str  # relative to the root
    stamp_at: datetime  # what the path says, not when it was made
    stamp_text: str  # YYYY/MM/DD/HHMMSS in the hub's zone
    size_bytes: int
    mtime_at: datetime
    sidecar_state: str  # ok, absent, bad (no sidecar's text)
    sidecar_kind: str  # dna
    sidecar_digest: str  # as the sidecar says; empty unless its state is ok
    sidecar_size_bytes: int | None
    visible_at: datetime
    gone_at: datetime | None
    proof: str  # "", good, digest_mismatch: what re-reading the file came to
    proved_at: datetime | None  # the first complete look that sees it
    proved_again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SimLook:
    """One look at a node; `free_bytes` and the others are None unless the status is ok."""

    node: str
    at: datetime
    status: str  # ok, unreachable, timeout
    free_bytes: int | None
    total_bytes: int | None
    clock_skew_seconds: float | None


@dataclass(frozen=True, slots=True)
class SimNode:
    """A node with its replica of the hub, which is enabled from `added_at` to `retired_at`."""

    tag: str
    role: str  # source, copy
    site: str
    added_at: datetime | None = None  # None: from the beginning
    retired_at: datetime | None = None  # None: to the end


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window that was announced, for one node or (node None) for the hub."""

    node: str | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SimHub:
    """One hub as a monitor may know it. Tarballs are in the order in which they became visible.

    `policy` and `holidays` are what its user told: most tell nothing, as all can be learned. `schedules` is
    truth, for the one simple limit that knows it; a monitor may not read it.
    """

    tag: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    nodes: tuple[SimNode, ...]
    repos: tuple[str, ...]
    policy: Mapping[str, Any]
    tarballs: tuple[SimTarball, ...]
    looks: tuple[SimLook, ...]
    maintenance: tuple[Maintenance, ...]
    holidays: tuple[date, ...]
    schedules: Mapping[str, Schedule] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault, observable from `onset` to `end`; node None: at the source, so on all nodes."""

    kind: str
    hub: str
    node: str | None
    repo: str | None  # None: a fault of a node or of all
    onset: datetime
    end: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        """Under what it happened: "", cold_start, holidays, double."""
        return str(self.details.get("setting", ""))


@dataclass(frozen=True, slots=True)
class Benign:
    """Something that happened and is no fault: a monitor must stay silent."""

    kind: str
    node: str | None
    repo: str | None
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
