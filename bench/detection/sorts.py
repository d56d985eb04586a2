"""The kinds of faults that befall repos: where each can be, and how to choose among them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from bench.detection.drafts import Lane
from bench.detection.schedules import DAILY, MONTHLY, TWICE, WEEKDAYS, WEEKLY

ALL_SCHEDULES = (DAILY, WEEKDAYS, WEEKLY, TWICE, MONTHLY)
NOT_MONTHLY = (DAILY, WEEKDAYS, WEEKLY, TWICE)
DENSE = (DAILY, WEEKDAYS, TWICE)
PRESENCE, CONTENT, PURGE = "presence", "content", "purge"


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind of fault, and where it can be."""

    kind: str
    group: str
    at_source: bool
    on_nodes: str  # "", copy, any
    runs: tuple[int, int] = (1, 1)
    schedules: tuple[str, ...] = ALL_SCHEDULES
    of_dead: bool = True
    is_discrete: bool = False  # certain from few data
    runs_at_end: int = (
        0  # how many runs before the end it begins, so that one look then sees it; 0: it cannot
    )


SORTS = (
    Sort("missing_run", PRESENCE, True, "copy", is_discrete=True, runs_at_end=1),
    Sort("outage", PRESENCE, True, "copy", (3, 10), NOT_MONTHLY, runs_at_end=4),
    Sort("replica_lag", PRESENCE, False, "copy", is_discrete=True, runs_at_end=2),
    Sort("clock_behind", PRESENCE, True, "", (2, 6), NOT_MONTHLY, runs_at_end=2),
    Sort("clock_ahead", PRESENCE, True, "", (2, 6), NOT_MONTHLY, is_discrete=True, runs_at_end=2),
    Sort("truncated", CONTENT, True, "any", is_discrete=True, runs_at_end=1),
    Sort("empty", CONTENT, True, "any", is_discrete=True, runs_at_end=1),
    Sort("silent_shrink", CONTENT, True, "any", (30, 30), NOT_MONTHLY, runs_at_end=4),
    Sort("slow_decline", CONTENT, True, "any", (35, 45), DENSE, of_dead=False, runs_at_end=30),
    Sort("runaway_growth", CONTENT, True, "any", (25, 35), DENSE, of_dead=False, runs_at_end=20),
    Sort("stale_copy", CONTENT, True, "any", (6, 14), NOT_MONTHLY, of_dead=False, runs_at_end=6),
    Sort("duplicate_stamp", CONTENT, True, "any", is_discrete=True, runs_at_end=1),
    Sort("sidecar", CONTENT, True, "any", is_discrete=True, runs_at_end=1),
    Sort("digest_mismatch", CONTENT, False, "any", is_discrete=True),
    Sort("purged_too_much", PURGE, False, "any"),
    Sort("never_purged", PURGE, False, "any", (15, 30), NOT_MONTHLY),
)


@dataclass(frozen=True, slots=True)
class Plant:
    """A fault to be made: of so many runs of a repo from the first one on; node None is the source level."""

    sort: Sort
    lane: Lane
    node: str | None
    nodes: tuple[str, ...]  # those that it changes
    first: int
    runs: int
    setting: str = ""

    @property
    def kind(self) -> str:
        """Its name."""
        return self.sort.kind


class Bag:
    """Gives kinds of faults, the one that was planted least first, so that none is rare."""

    def __init__(self, sorts: Sequence[Sort], draw: Random, planted: Counter[str]) -> None:
        self.sorts, self.draw, self.planted = sorts, draw, planted

    def take(self, fits: Callable[[Sort], bool]) -> Sort | None:
        """Return a kind that fits; None where none does."""
        fitting = [sort for sort in self.sorts if fits(sort)]
        self.draw.shuffle(fitting)
        return min(fitting, key=lambda sort: self.planted[sort.kind], default=None)
