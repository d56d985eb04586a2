"""What each kind of fault does to the tarballs of a repo, and from when to when it can be seen.

The onset is the first moment at which anybody could tell: when the bad tarball becomes visible, or when the
absent one would have. A fault that leaves one bad file behind ends after four days or three periods, although
the file stays: an alert that comes later is of little use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bench.detection import chance, schedules
from bench.detection.drafts import Draft, Lane
from bench.detection.retention import NeverPurged, Order, PurgedTooMuch
from bench.detection.scenario import Frame
from bench.detection.sorts import Plant
from bench.detection.world import Fault

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
EMPTY_SIZES = (0, 0, 20, 29, 45, 117)
CLOCK_DAYS = {"clock_behind": (-1, -2, -30), "clock_ahead": (1, 10, 30)}
Change = Callable[[int, Draft], tuple[int, str]]


@dataclass(frozen=True)
class Making:
    """All that a fault is made from; `orders` takes what the purge is to do wrong."""

    frame: Frame
    plant: Plant
    draw: Random
    orders: list[Order]

    @property
    def lane(self) -> Lane:
        """The repo."""
        return self.plant.lane

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the stamps."""
        return self.frame.zone

    def drafts(self) -> list[list[Draft]]:
        """Return, for each node, the tarballs that are there of the runs that it is about."""
        first, runs = self.plant.first, self.plant.runs
        return [
            [draft for draft in self.lane.drafts[node][first : first + runs] if draft.is_there]
            for node in self.plant.nodes
        ]

    def shape(self, change: Change, *, own_sidecar: bool = True) -> None:
        """Give the files other content; `change` takes how many runs after the first, and the file."""
        for drafts in self.drafts():
            for draft in drafts:
                size_bytes, digest = change(draft.number - self.plant.first, draft)
                draft.set_content(size_bytes, digest, own_sidecar=own_sidecar)

    def scale(self, factor: Callable[[int], float], *, own_sidecar: bool = True) -> None:
        """Multiply the sizes of the files."""
        self.shape(
            lambda number, draft: (
                max(1, int(draft.size_bytes * factor(number))),
                chance.digest(draft.digest, self.plant.kind),
            ),
            own_sidecar=own_sidecar,
        )

    def fault(self, end: datetime | None = None, **details: Any) -> Fault:
        """Return the fault, which by default lasts until the first run after it."""
        plant = self.plant
        onset = self.lane.first_seen_at(plant.first, plant.nodes)
        if end is None:
            end = self.lane.next_seen_at(plant.first + plant.runs, plant.nodes, self.frame.ends_at)
        return Fault(
            plant.kind,
            self.frame.tag,
            plant.node,
            self.lane.repo,
            onset,
            min(end, self.frame.ends_at),
            {
                "setting": plant.setting,
                "runs": plant.runs,
                "stamps": self.stamps(),
                "period_seconds": self.lane.schedule.period.total_seconds(),
                **details,
            },
        )

    def one_file(self, **details: Any) -> Fault:
        """Return the fault of a single bad file."""
        onset = self.lane.first_seen_at(self.plant.first, self.plant.nodes)
        return self.fault(soon_after(onset, self.lane), **details)

    def stamps(self) -> tuple[str, ...]:
        """Return the stamps of the runs that it is about."""
        first, runs = self.plant.first, self.plant.runs
        node = self.plant.nodes[0]
        return tuple(draft.stamp_text for draft in self.lane.drafts[node][first : first + runs])


def soon_after(onset: datetime, lane: Lane) -> datetime:
    """Return until when an alert about one bad file is of use."""
    return onset + max(4 * DAY, 3 * lane.schedule.period)


def make(frame: Frame, plant: Plant, orders: list[Order]) -> Fault | None:
    """Change a repo's tarballs as planted and return the fault; None where the purge is yet to make it."""
    draw = chance.stream(frame.seed, plant.kind, plant.lane.repo, plant.first, plant.node)
    return MAKERS[plant.kind](Making(frame, plant, draw, orders))


# --- tarballs that are not there, or not in their place ---


def _absent(making: Making) -> Fault:
    for drafts in making.drafts():
        for draft in drafts:
            draft.is_there = False
    return making.fault()


def _lag(making: Making) -> Fault:
    """Hold what a copy would get for one and a half to four periods; then all comes at once."""
    (node,) = making.plant.nodes
    drafts = making.lane.drafts[node]
    periods = 4.0 if making.frame.scenario.at_end else making.draw.uniform(1.5, 4)
    first = drafts[making.plant.first]
    released_at = first.visible_at + periods * making.lane.schedule.period
    fault = making.fault(released_at, periods=periods)
    for number, draft in enumerate(drafts[making.plant.first :]):
        if draft.visible_at >= released_at:
            break
        draft.visible_at = released_at + number * 20 * SECOND
    return fault


def _clock(making: Making) -> Fault:
    """Write stamps from a clock that is days off; half the time the files' own times are, too."""
    several = CLOCK_DAYS[making.plant.kind]
    days = several[-1] if making.frame.scenario.at_end else making.draw.choice(several)
    with_mtime = making.draw.random() < 0.5
    shift = days * DAY
    for drafts in making.drafts():
        for draft in drafts:
            taken = {other.stamp_text for other in making.lane.drafts[draft.node]}
            _restamp(draft, draft.stamp_at + shift, making.zone, taken)
            if with_mtime:
                draft.mtime_at += shift
    return making.fault(days=days, with_mtime=with_mtime)


def _restamp(draft: Draft, at: datetime, zone: ZoneInfo, taken: set[str]) -> None:
    text, stamp_at = schedules.stamp(at, zone)
    while text in taken:
        at += SECOND
        text, stamp_at = schedules.stamp(at, zone)
    draft.stamp_text, draft.stamp_at = text, stamp_at


def _duplicate(making: Making) -> Fault:
    """Write a tarball into the directory of the one before it, or two into one."""
    first = making.plant.first
    is_reused = making.draw.random() < 0.5
    for node in making.plant.nodes:
        draft, before = (making.lane.drafts[node][number] for number in (first, first - 1))
        if not (draft.is_there and before.is_there):
            continue
        name = _other_name(before.file_name)
        if is_reused:
            draft.stamp_text, draft.stamp_at = before.stamp_text, before.stamp_at
            draft.file_name = name if draft.file_name == before.file_name else draft.file_name
        else:
            making.lane.extras.append(_twin(draft))
    return making.one_file(variant="reused" if is_reused else "twin")


def _twin(draft: Draft) -> Draft:
    digest = chance.digest(draft.digest, "twin")
    return Draft(
        node=draft.node,
        repo=draft.repo,
        number=draft.number,
        stamp_at=draft.stamp_at,
        stamp_text=draft.stamp_text,
        file_name=_other_name(draft.file_name),
        size_bytes=draft.size_bytes,
        digest=digest,
        mtime_at=draft.mtime_at,
        visible_at=draft.visible_at + SECOND,
        sidecar_digest=digest,
        sidecar_size_bytes=draft.size_bytes,
    )


def _other_name(file_name: str) -> str:
    stem = file_name.removesuffix(".tar.gz")
    name, dash, revision = stem.rpartition("-")
    if dash and revision.isdecimal():
        return f"{name}-{int(revision) + 1}.tar.gz"
    return f"{stem}-2.tar.gz"


# --- tarballs with the wrong content ---


def _truncated(making: Making) -> Fault:
    """Cut a tarball: at the source before its digest was taken, or a copy whose sidecar never came."""
    factor = making.draw.uniform(0.3, 0.98)
    making.scale(lambda _: factor)
    if making.plant.node:
        _drop_sidecars(making)
    return making.one_file(factor=factor)


def _empty(making: Making) -> Fault:
    size_bytes = making.draw.choice(EMPTY_SIZES)
    digest = chance.digest("nothing", size_bytes)
    is_at_source = making.plant.node is None
    making.shape(lambda *_: (size_bytes, digest), own_sidecar=is_at_source)
    has_sidecar = is_at_source or making.draw.random() < 0.5
    if not has_sidecar:
        _drop_sidecars(making)
    return making.one_file(size_bytes=size_bytes, has_sidecar=has_sidecar)


def _drop_sidecars(making: Making) -> None:
    for drafts in making.drafts():
        for draft in drafts:
            draft.sidecar_state = "absent"


def _shrink(making: Making) -> Fault:
    factor = making.draw.uniform(0.5, 0.97)
    return _scaled(making, lambda _: factor)


def _decline(making: Making) -> Fault:
    rate = making.draw.uniform(0.002, 0.01)
    return _scaled(making, lambda number: (1 - rate) ** (number + 1), rate=rate)


def _growth(making: Making) -> Fault:
    rate = making.draw.uniform(0.01, 0.03)
    return _scaled(making, lambda number: (1 + rate) ** (number + 1), rate=rate)


def _scaled(making: Making, factor: Callable[[int], float], **details: Any) -> Fault:
    """Scale; on one node the sidecar is, half the time, still that of the right file."""
    own_sidecar = making.plant.node is None or making.draw.random() < 0.5
    making.scale(factor, own_sidecar=own_sidecar)
    node = making.plant.nodes[0]
    steps = [
        (draft.visible_at, factor(number) - 1)
        for number, draft in enumerate(
            making.lane.drafts[node][making.plant.first : making.plant.first + making.plant.runs]
        )
    ]
    return making.fault(steps=tuple(steps), own_sidecar=own_sidecar, **details)


def _stale(making: Making) -> Fault:
    """Pack the same bytes again and again."""
    for node in making.plant.nodes:
        last_good = making.lane.drafts[node][making.plant.first - 1]
        for draft in making.lane.drafts[node][making.plant.first :][: making.plant.runs]:
            draft.set_content(last_good.size_bytes, last_good.digest)
            draft.file_name = last_good.file_name
    return making.fault()


def _digest_mismatch(making: Making) -> Fault:
    """Change some bytes of a file and neither its size nor its sidecar."""
    making.shape(
        lambda _, draft: (draft.size_bytes, chance.digest(draft.digest, "damaged")),
        own_sidecar=False,
    )
    return making.one_file()


def _sidecar(making: Making) -> Fault:
    """Lose a sidecar, cut it, or take that of the run before or of another file."""
    variants = ("missing", "other", "garbled") + (() if making.lane.is_dead else ("stale",))
    variant = making.draw.choice(variants)
    share = making.draw.uniform(0.2, 3)
    for node, drafts in zip(making.plant.nodes, making.drafts(), strict=True):
        for draft in drafts:
            if variant == "missing":
                draft.sidecar_state = "absent"
            elif variant == "garbled":
                draft.sidecar_state = "bad"
            elif variant == "stale":
                before = making.lane.drafts[node][draft.number - 1]
                draft.sidecar_digest, draft.sidecar_size_bytes = before.digest, before.size_bytes
            else:
                draft.sidecar_digest = chance.digest(draft.digest, "other")
                draft.sidecar_size_bytes = int(draft.size_bytes * share)
    return making.one_file(variant=variant)


# --- the purge ---


def _purged_too_much(making: Making) -> None:
    (node,) = making.plant.nodes
    draft = making.lane.drafts[node][making.plant.first]
    at = draft.visible_at + making.draw.uniform(1, 5) * HOUR
    left = making.draw.choice((2, 1, 0))
    making.orders.append(PurgedTooMuch(making.plant, node, at.replace(microsecond=0), left))


def _never_purged(making: Making) -> None:
    (node,) = making.plant.nodes
    drafts = making.lane.drafts[node]
    until = drafts[making.plant.first + making.plant.runs].visible_at
    making.orders.append(
        NeverPurged(making.plant, node, drafts[making.plant.first].visible_at, until)
    )


def made_by_purge(frame: Frame, orders: Sequence[Order]) -> list[Fault]:
    """Return the faults of the purge orders that were carried out and could be seen."""
    faults = []
    for order in orders:
        if order.seen_at is None:
            continue
        plant = order.plant
        is_brief = isinstance(order, PurgedTooMuch)
        end = soon_after(order.seen_at, plant.lane) if is_brief else order.until
        details = {
            "setting": plant.setting,
            "runs": plant.runs,
            "stamps": (),
            "period_seconds": plant.lane.schedule.period.total_seconds(),
        }
        if isinstance(order, PurgedTooMuch):
            details["left"] = order.left
        faults.append(
            Fault(
                plant.kind,
                frame.tag,
                order.node,
                plant.lane.repo,
                order.seen_at,
                min(end, frame.ends_at),
                details,
            )
        )
    return faults


MAKERS: dict[str, Callable[[Making], Fault | None]] = {
    "missing_run": _absent,
    "outage": _absent,
    "replica_lag": _lag,
    "clock_behind": _clock,
    "clock_ahead": _clock,
    "truncated": _truncated,
    "empty": _empty,
    "silent_shrink": _shrink,
    "slow_decline": _decline,
    "runaway_growth": _growth,
    "stale_copy": _stale,
    "duplicate_stamp": _duplicate,
    "sidecar": _sidecar,
    "digest_mismatch": _digest_mismatch,
    "purged_too_much": _purged_too_much,
    "never_purged": _never_purged,
}
