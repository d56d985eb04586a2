"""Which finding codes explain which kind of fault, and which follow from it without explaining it.

A fault counts as detected only by a code that explains it: an old newest tarball does not explain a wrong digest.
A finding is false when no fault explains it and it follows from none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

DAY = timedelta(days=1)

ABSENT = {"overdue", "gap", "count_low", "missing"}
COPIES = {"lagging", "too_few_copies", "diverged", "unverified_too_long"}
PROOFS = {"size_mismatch", "digest_mismatch", "diverged", "corrupt", "unreadable_content"}
STEPS = {"shrunk", "grown", "declining", "growing"}
NOT_SEEN = {"unreachable", "incomplete", "not_looked", "monitor_late"}

EXPLAINS: Mapping[str, frozenset[str]] = {
    kind: frozenset(codes)
    for kind, codes in {
        "missing_run": ABSENT | {"lagging", "too_few_copies"},
        "outage": ABSENT | {"lagging", "too_few_copies"},
        "missed_night": ABSENT,
        "replica_lag": ABSENT | {"lagging", "too_few_copies"},
        "clock_behind": ABSENT - {"missing"} | {"clock_skew", "duplicate_stamp", "revision_back"},
        "clock_ahead": {"future_stamp", "clock_skew", "revision_back"},
        "truncated": PROOFS | {"shrunk", "no_sidecar"},
        "empty": PROOFS | {"empty_archive", "shrunk", "no_sidecar"},
        "silent_shrink": PROOFS | {"shrunk", "declining"},
        "slow_decline": PROOFS | {"shrunk", "declining"},
        "runaway_growth": PROOFS | {"grown", "growing"},
        "stale_copy": PROOFS | {"stale_content"},
        "duplicate_stamp": {"duplicate_stamp"},
        "digest_mismatch": {"digest_mismatch", "corrupt", "unreadable_content", "diverged"},
        "sidecar": PROOFS | {"no_sidecar", "bad_sidecar"},
        "purged_too_much": {"purged_too_much", "empty", "missing", "too_few_copies"},
        "never_purged": {"not_purged"},
        "renamed": ABSENT,
        "disk_filling": {"disk_filling", "disk_low"},
        "disk_burst": {"disk_filling", "disk_low"},
        "node_clock": {"clock_skew"},
        "node_out": {"unreachable", "incomplete", "not_looked"},
        "monitor_dead": {"monitor_late", "not_looked"},
    }.items()
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """Codes that follow from a fault, and for how long after its end: days, and periods of the repo."""

    codes: frozenset[str]
    days: float
    periods: float = 0

    def lingers(self, period_seconds: float) -> timedelta:
        """Return how long after the end of a fault a finding still follows from it."""
        return self.days * DAY + timedelta(seconds=self.periods * period_seconds)


def _after(codes: set[str], days: float, periods: float = 0) -> Consequence:
    return Consequence(frozenset(codes), days, periods)


# A hole in the history stays as long as the tarballs around it.
HOLE = _after({"gap"}, 21)

# What explains a fault may open late, and what is opposite follows when it ends; for sizes the series is unlike its past
# until some twenty runs later. What compares copies may name any of those that it compares.
CONSEQUENCES: Mapping[str, tuple[Consequence, ...]] = {
    "missing_run": (_after(ABSENT | COPIES, 1, 2), HOLE),
    "outage": (_after(ABSENT | COPIES | {"grown"}, 2, 3), HOLE),
    "missed_night": (_after(ABSENT | COPIES, 3, 2), HOLE),
    "replica_lag": (_after(ABSENT | COPIES, 1, 2),),
    "clock_behind": (_after(ABSENT | COPIES | {"duplicate_stamp", "revision_back"}, 2, 4),),
    "clock_ahead": (
        _after(ABSENT | COPIES | {"duplicate_stamp", "revision_back", "future_stamp"}, 32, 4),
    ),
    "truncated": (_after(STEPS | COPIES | {"no_sidecar"}, 1, 6),),
    "empty": (_after(STEPS | COPIES | {"no_sidecar", "stale_content"}, 1, 6),),
    "silent_shrink": (_after(STEPS | COPIES, 2, 20),),
    "slow_decline": (_after(STEPS | COPIES, 2, 20),),
    "runaway_growth": (_after(STEPS | COPIES, 2, 20),),
    "stale_copy": (_after(STEPS | COPIES | {"revision_back"}, 1, 4),),
    # Where the stamp of the one before is used again, it is also a day old when it comes.
    "duplicate_stamp": (
        _after(ABSENT | COPIES | {"changed_after_complete", "clock_skew", "revision_back"}, 1, 3),
    ),
    "digest_mismatch": (_after(COPIES, 1, 6),),
    "sidecar": (_after(COPIES | {"no_sidecar"}, 1, 6),),
    "purged_too_much": (_after(ABSENT | COPIES | {"empty"}, 2, 6),),
    "never_purged": (_after({"purged_too_much"}, 2, 2),),
    "renamed": (_after(ABSENT | COPIES | {"not_purged"}, 10_000),),
    "disk_filling": (_after({"disk_filling", "disk_low"}, 2),),
    "disk_burst": (_after({"disk_filling", "disk_low"}, 2),),
    "node_clock": (_after({"clock_skew"}, 1),),
    "node_out": (_after(NOT_SEEN | ABSENT | COPIES | {"no_sidecar"}, 4), HOLE),
    "monitor_dead": (_after(NOT_SEEN, 1),),
}


def lingers(kind: str, code: str, period_seconds: float) -> timedelta | None:
    """Return how long after the end of a fault a finding of a code still follows from it; None: never does.

    What explains a fault lingers as long as its first consequence.
    """
    first, *_ = of_kind = CONSEQUENCES[kind]
    lasting = [each.lingers(period_seconds) for each in of_kind if code in each.codes]
    if code in EXPLAINS[kind]:
        lasting.append(first.lingers(period_seconds))
    return max(lasting, default=None)
