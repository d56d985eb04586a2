"""What happens to nodes, to the hub as a whole and to the monitor: faults and harmless things, each at its time.

They are placed before the faults of single repos, which keep away from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bench.detection.calendars import clock_changes
from bench.detection.scenario import YEAR, Frame
from bench.detection.world import Benign, Fault, Maintenance, SimNode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SPACING = 40 * DAY  # between two faults of one node
MARGIN = 4 * DAY  # around what concerns all
TRIES = 200


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which something holds for a node, or (node None) for all."""

    node: str | None
    starts_at: datetime
    ends_at: datetime

    def holds(self, node: str | None, at: datetime) -> bool:
        """Tell whether it holds for a node at a moment."""
        return self.node in (None, node) and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Skew:
    """A node's clock is wrong by so many seconds."""

    span: Span
    seconds: float


@dataclass(frozen=True, slots=True)
class Fill:
    """A node's disk fills from a moment until `full_at`, down to a share of it, and is cleared at the end."""

    span: Span
    full_at: datetime
    free_share: float


@dataclass(frozen=True, slots=True)
class KeepChange:
    """From a moment a node, or every node, keeps so many tarballs of a repo more (or fewer)."""

    node: str | None
    at: datetime
    by: int


@dataclass
class Events:
    """All of them, by what they do to the world."""

    away: list[Span] = field(default_factory=list)  # not reachable, and nothing arrives
    idle: list[Span] = field(default_factory=list)  # the hub makes no backups
    blind: list[Span] = field(default_factory=list)  # no looks
    missed_looks: list[Span] = field(default_factory=list)  # one look fails
    skews: list[Skew] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    keep_changes: list[KeepChange] = field(default_factory=list)
    reproofs: list[tuple[str, datetime]] = field(default_factory=list)
    maintenance: list[Maintenance] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    benign: list[Benign] = field(default_factory=list)

    def quiet(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Tell whether a time is clear of what would hide or cause faults of repos."""
        return not any(
            span.starts_at - 2 * DAY < ends_at and starts_at < span.ends_at + 2 * DAY
            for span in (*self.away, *self.idle, *self.blind)
        )

    def keep(self, node: str, at: datetime, kept: int) -> int:
        """Return how many tarballs of a repo a node keeps at a moment, where it kept so many at first."""
        return kept + sum(
            change.by
            for change in self.keep_changes
            if change.node in (None, node) and change.at <= at
        )


class _Diary:
    """Finds free times: what concerns all keeps away from everything, faults of one node from each other."""

    def __init__(self, frame: Frame, draw: Random) -> None:
        self.frame, self.draw = frame, draw
        self.common: list[Span] = []
        self.by_node: dict[str, list[Span]] = {}

    def book(
        self, node: SimNode | None, length: timedelta, *, common: bool, spaced: bool = True
    ) -> Span | None:
        """Return a free time of this length and take it; None where none was found.

        What is common keeps away from all that is; what is spaced, from the other faults of its node. What is
        neither is small: it takes no time from others, but is not near what is common.
        """
        first = (node and node.added_at) or self.frame.starts_at
        last = (node and node.retired_at) or self.frame.ends_at
        earliest, latest = first + 30 * DAY, last - 15 * DAY - length
        if latest <= earliest:
            return None
        for _ in range(TRIES):
            at = earliest + self.draw.random() * (latest - earliest)
            span = Span(node.tag if node else None, _whole(at), _whole(at + length))
            if self._is_free(span, common, spaced):
                if common:
                    self.common.append(span)
                if node and spaced:
                    self.by_node.setdefault(node.tag, []).append(span)
                return span
        return None

    def _is_free(self, span: Span, common: bool, spaced: bool) -> bool:
        if (common or not spaced) and any(_near(span, other, MARGIN) for other in self.common):
            return False
        others = self.by_node.get(span.node or "", []) if spaced else []
        return not any(_near(span, other, SPACING) for other in others)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _near(one: Span, other: Span, distance: timedelta) -> bool:
    return one.starts_at < other.ends_at + distance and other.starts_at < one.ends_at + distance


def place_events(frame: Frame, draw: Random) -> Events:
    """Return what happens in a world besides the faults of its repos."""
    events = Events()
    diary = _Diary(frame, draw)
    if frame.scenario.faults and not frame.scenario.at_end:
        _monitor_faults(frame, diary, events)
        _node_faults(frame, diary, events)
    if frame.scenario.benign:
        _maintenance(frame, diary, events)
        _small_things(frame, diary, events)
        _keep_changes(frame, draw, events)
    events.benign += [
        Benign("clock_change", None, None, at)
        for at in clock_changes(frame.zone, frame.starts_at, frame.ends_at)
    ]
    return events


def _times(frame: Frame, node: SimNode | None, rate_a_year: float, draw: Random) -> Iterator[int]:
    """Yield as often as something happens at this rate while a node is looked at, in whole numbers."""
    first = (node and node.added_at) or frame.starts_at
    last = (node and node.retired_at) or frame.ends_at
    expected = rate_a_year * ((last - first) / YEAR)
    yield from range(int(expected) + (draw.random() < expected % 1))


def _monitor_faults(frame: Frame, diary: _Diary, events: Events) -> None:
    draw = diary.draw
    for _ in _times(frame, None, 1, draw):
        if span := diary.book(None, draw.uniform(1, 7) * DAY, common=True):
            events.blind.append(span)
            events.faults.append(_fault(frame, "monitor_dead", span))
    for _ in _times(frame, None, 0.8, draw):
        if span := diary.book(None, DAY, common=True):
            events.idle.append(span)
            events.faults.append(_fault(frame, "missed_night", span))


def _node_faults(frame: Frame, diary: _Diary, events: Events) -> None:
    draw = diary.draw
    for node in frame.nodes:
        for _ in _times(frame, node, 0.8, draw):
            if span := diary.book(node, draw.uniform(2, 6) * DAY, common=True):
                _away(frame, events, span)
                is_hub = node == frame.source
                events.faults.append(_fault(frame, "node_out", span, hub_is_down=is_hub))
        for _ in _times(frame, node, 0.5, draw):
            days = draw.uniform(12, 40)
            length = (days + draw.uniform(3, 7)) * DAY
            if span := diary.book(node, length, common=False):
                _fill(frame, events, "disk_filling", span, days, draw)
        for _ in _times(frame, node, 0.5, draw):
            days = draw.uniform(0.4, 1.5)
            length = (days + draw.uniform(2, 5)) * DAY
            if span := diary.book(node, length, common=False):
                _fill(frame, events, "disk_burst", span, days, draw)
        clock_rate = 0.5 if node.role == "copy" else 0  # the hub's own writes stamps
        for _ in _times(frame, node, clock_rate, draw):
            if span := diary.book(node, draw.uniform(3, 20) * DAY, common=False):
                seconds = draw.choice((-1, 1)) * draw.choice((300, 1800, 7200, 86_400))
                events.skews.append(Skew(span, seconds))
                events.faults.append(_fault(frame, "node_clock", span, seconds=seconds))


def _away(frame: Frame, events: Events, span: Span) -> None:
    """Let a node be away; when it is the hub itself, nothing is made meanwhile."""
    events.away.append(span)
    if span.node == frame.source.tag:
        events.idle.append(Span(None, span.starts_at, span.ends_at))


def _fill(frame: Frame, events: Events, kind: str, span: Span, days: float, draw: Random) -> None:
    fill = Fill(span, _whole(span.starts_at + days * DAY), draw.uniform(0.005, 0.03))
    events.fills.append(fill)
    full_at = fill.full_at.isoformat()
    events.faults.append(_fault(frame, kind, span, full_at=full_at, free_share=fill.free_share))


def _fault(frame: Frame, kind: str, span: Span, **details: object) -> Fault:
    return Fault(kind, frame.tag, span.node, None, span.starts_at, span.ends_at, details)


def _maintenance(frame: Frame, diary: _Diary, events: Events) -> None:
    """Announce windows: the hub makes nothing in its own, a node is away in its."""
    draw = diary.draw
    for _ in _times(frame, None, 0.5, draw):
        if span := diary.book(None, draw.uniform(8, 30) * HOUR, common=True):
            events.idle.append(span)
            _announce(events, span)
    for node in frame.copies:
        for _ in _times(frame, node, 0.5, draw):
            if span := diary.book(node, draw.uniform(4, 24) * HOUR, common=True, spaced=False):
                events.away.append(span)
                _announce(events, span)


def _announce(events: Events, span: Span) -> None:
    events.maintenance.append(Maintenance(span.node, span.starts_at, span.ends_at))
    ends_at = span.ends_at.isoformat()
    events.benign.append(
        Benign("maintenance", span.node, None, span.starts_at, {"ends_at": ends_at})
    )


def _small_things(frame: Frame, diary: _Diary, events: Events) -> None:
    """Let single looks fail, nodes restart, and stored tarballs be proved once more."""
    draw = diary.draw
    for node in frame.nodes:
        for kind, rate in (("unreachable_look", 2.0), ("reboot", 1.0)):
            for _ in _times(frame, node, rate, draw):
                length = frame.scenario.look_every  # holds exactly one look
                if span := diary.book(node, length, common=False, spaced=False):
                    events.missed_looks.append(span)
                    events.benign.append(Benign(kind, node.tag, None, span.starts_at))
        for _ in _times(frame, node, 0.5, draw):
            if span := diary.book(node, HOUR, common=False, spaced=False):
                events.reproofs.append((node.tag, span.starts_at))
                events.benign.append(Benign("proved_again", node.tag, None, span.starts_at))
        if node.added_at:
            events.benign.append(Benign("node_added", node.tag, None, node.added_at))
        if node.retired_at:
            events.benign.append(Benign("node_retired", node.tag, None, node.retired_at))


def _keep_changes(frame: Frame, draw: Random, events: Events) -> None:
    """Change once, in most worlds, how many tarballs are kept on a node or everywhere."""
    if draw.random() > 0.7:
        return
    span = frame.ends_at - frame.starts_at
    at = frame.starts_at + draw.uniform(0.3, 0.7) * span
    node = draw.choice([None, *(node.tag for node in frame.nodes)])
    change = KeepChange(node, _whole(at), draw.choice((-4, -3, -2, 1, 2, 3, 4)))
    events.keep_changes.append(change)
    events.benign.append(Benign("keep_changed", node, None, change.at, {"by": change.by}))
