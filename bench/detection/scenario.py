"""The size of a world, and the parts of it that are drawn before anything happens in it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from bench.detection import calendars, schedules
from bench.detection.schedules import Schedule, draw_schedule
from bench.detection.world import SimNode

DAY = timedelta(days=1)
YEAR = timedelta(days=365.25)
ZONES = (
    "Europe/Berlin",
    "Asia/Taipei",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Shanghai",
    "America/Chicago",
    "Europe/London",
    "UTC",
)
SITES = ("NTU", "IHEP", "BNL", "home", "LBL")
# Shares of the schedules; a dead repo is looked after daily, and never changes.
KINDS = (
    (schedules.DAILY, 0.48),
    (schedules.WEEKDAYS, 0.15),
    (schedules.WEEKLY, 0.14),
    (schedules.TWICE, 0.09),
    ("dead", 0.09),
    (schedules.MONTHLY, 0.05),
)
NEW_SHARE, NEVER_FAULTY_SHARE = 0.3, 0.3
HOLIDAYS_TOLD_SHARE = 1 / 3
CATEGORIES = ("tracs", "svn", "folders", "git")
NAMES = (
    "env",
    "dybsvn",
    "toysvn",
    "heprez",
    "aberdeen",
    "data",
    "opw",
    "newtest",
    "workflow",
    "mdc11",
    "offline",
    "muon",
    "daq",
    "detsim",
    "calib",
    "geometry",
    "slowmon",
    "raw",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What kind of world: None means drawn from the seed, in the spans of the reference."""

    years: float | None = None  # 3 to 5
    repos: int | None = None  # 10 to 40
    nodes: int | None = None  # 3 to 8
    look_every: timedelta = timedelta(hours=6)
    faults: bool = True
    benign: bool = True
    zone: str | None = None
    ends_at: datetime | None = None
    keep: tuple[int, int] | None = (
        None  # tarballs of a repo on a node; 8 to 14 at the source, to 30 on copies
    )
    at_end: bool = False  # one fault in most repos, to be seen at the end, and none of nodes


@dataclass(frozen=True, slots=True)
class RepoPlan:
    """One repo before it has history; `born_at` is None for what was there before the monitor."""

    name: str
    schedule: Schedule
    is_dead: bool
    born_at: datetime | None
    renamed_at: datetime | None
    is_faulty: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The fixed parts of a world; `keep` is how many tarballs of a repo each node keeps."""

    seed: int
    scenario: Scenario
    tag: str
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    nodes: tuple[SimNode, ...]
    keep: dict[str, int]
    repos: tuple[RepoPlan, ...]
    holidays: frozenset[date]
    holidays_are_told: bool

    @property
    def source(self) -> SimNode:
        """The hub's own node."""
        return self.nodes[0]

    @property
    def copies(self) -> tuple[SimNode, ...]:
        """The other nodes."""
        return self.nodes[1:]


def draw_frame(seed: int, scenario: Scenario, draw: Random) -> Frame:
    """Return the fixed parts of the world of a seed."""
    years = scenario.years or draw.uniform(3, 5)
    first = date(2018, 1, 1) + draw.randrange(0, 1100) * DAY
    starts_at = datetime.combine(first, datetime.min.time(), UTC)
    if scenario.ends_at:
        starts_at = scenario.ends_at - years * YEAR
    ends_at = scenario.ends_at or starts_at + years * YEAR
    zone = scenario.zone or ZONES[seed % len(ZONES)]
    nodes = _nodes(scenario, draw, starts_at, ends_at)
    spare_days = 3 * 366  # monthly ones that were kept from before the first look
    return Frame(
        seed=seed,
        scenario=scenario,
        tag=f"S{seed}",
        zone=ZoneInfo(zone),
        starts_at=starts_at,
        ends_at=ends_at,
        nodes=nodes,
        keep={
            node.tag: draw.randint(*(scenario.keep or (8, 14 if node.role == "source" else 30)))
            for node in nodes
        },
        repos=_repos(scenario, draw, starts_at, ends_at),
        holidays=calendars.holidays(
            zone, starts_at.date() - spare_days * DAY, ends_at.date() + 30 * DAY
        ),
        holidays_are_told=draw.random() < HOLIDAYS_TOLD_SHARE,
    )


def _nodes(
    scenario: Scenario, draw: Random, starts_at: datetime, ends_at: datetime
) -> tuple[SimNode, ...]:
    """Return the source and its copies; where there are enough, one may come later and one may go earlier."""
    count = scenario.nodes or draw.randint(3, 8)
    span = ends_at - starts_at
    may_come, may_go = (
        scenario.benign and count >= 4 and span > YEAR and draw.random() < share
        for share in (0.4, 0.3)
    )
    added_at = starts_at + draw.uniform(0.25, 0.5) * span
    retired_at = starts_at + draw.uniform(0.65, 0.85) * span
    return tuple(
        SimNode(
            tag="H" if number == 0 else f"C{number}",
            role="source" if number == 0 else "copy",
            site=SITES[number % len(SITES)],
            added_at=added_at if may_come and number == count - 1 else None,
            retired_at=retired_at if may_go and number == 1 else None,
        )
        for number in range(count)
    )


def _repos(
    scenario: Scenario, draw: Random, starts_at: datetime, ends_at: datetime
) -> tuple[RepoPlan, ...]:
    count = scenario.repos or draw.randint(10, 40)
    kinds = stratified(KINDS, count, draw)
    names = [f"{category}/{name}" for name in NAMES for category in CATEGORIES]
    names = draw.sample(names, count)
    span = ends_at - starts_at
    new_share = NEW_SHARE if scenario.benign and span > YEAR / 2 else 0.0
    renames = draw.randint(1, 2) if scenario.faults and span > YEAR / 2 else 0
    plans = []
    for name, kind in zip(names, kinds, strict=True):
        is_daily = kind in (schedules.DAILY, schedules.WEEKDAYS, schedules.TWICE)
        is_new = is_daily and draw.random() < new_share
        is_renamed = is_daily and not is_new and renames > 0
        renames -= is_renamed
        plans.append(
            RepoPlan(
                name=name,
                schedule=draw_schedule(schedules.DAILY if kind == "dead" else kind, draw),
                is_dead=kind == "dead",
                born_at=starts_at + draw.uniform(0.15, 0.8) * span if is_new else None,
                renamed_at=starts_at + draw.uniform(0.3, 0.9) * span if is_renamed else None,
                is_faulty=scenario.faults and (is_new or draw.random() >= NEVER_FAULTY_SHARE),
            )
        )
    return tuple(plans)


def stratified(shares: Sequence[tuple[str, float]], count: int, draw: Random) -> list[str]:
    """Return so many names in shares that are kept as well as whole numbers allow, in any order."""
    offset = draw.random()
    bounds = list(accumulate(share for _, share in shares))
    found = []
    for number in range(count):
        place = bisect_left(bounds, (number + offset) / count)
        found.append(shares[min(place, len(shares) - 1)][0])
    draw.shuffle(found)
    return found
