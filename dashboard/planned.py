"""What is planned, for people: takes a hub and its nodes, gives lines around now and marks for what is so now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from hubs.models import Hub, Maintenance, Node
from hubs.planned import Holidays, Planned, Recurring, Span
from hubs.planned_rows import (
    calendar_value,
    calendars_of_nodes,
    window_value,
)

SHOWN_AFTER, SHOWN_AHEAD = timedelta(days=7), timedelta(days=14)
MOST_LINES = 40


@dataclass(frozen=True)
class PlannedLine:
    """Something planned for a hub or for some of its nodes, once or one of many times."""

    span: Span
    when: str  # now, next, over
    word: str  # maintenance, holiday
    nodes: tuple[str, ...]  # tags; empty: the whole hub
    author: str
    again: str  # how it comes again; empty where it does not


@dataclass(frozen=True)
class _Plan:
    """One row of what is planned, as a value."""

    value: Span | Recurring | Holidays
    node: str  # its tag; empty: the whole hub
    author: str = ""

    def spans(self, now: datetime) -> list[Span]:
        """Return what of it is shown: of a window that comes again only the last that is over and the next."""
        once = (self.value,) if isinstance(self.value, Span) else ()
        again = () if isinstance(self.value, Span) else (self.value,)
        spans = Planned(once, again).spans(now - SHOWN_AFTER, now + SHOWN_AHEAD)
        if not isinstance(self.value, Recurring):
            return spans
        over = [span for span in spans if span.end <= now]
        return over[-1:] + spans[len(over) :][:1]

    @property
    def again(self) -> str:
        """How it comes again."""
        if not isinstance(self.value, Recurring):
            return ""
        return f"{self.value.cron} ({self.value.zone})"


@dataclass(frozen=True)
class PlannedAround:
    """What is planned around a moment: what is so now, then what comes, then what is over."""

    lines: list[PlannedLine]
    left_out: int
    plans: tuple[_Plan, ...] = ()

    def at(self, moment: datetime) -> "PlannedAround":
        """Return what the same plans have around another moment; reads nothing."""
        return _around(self.plans, moment)

    @property
    def of_hub_now(self) -> PlannedLine | None:
        """What covers the whole hub now; of several what ends last."""
        return _last(line for line in self.lines if line.when == "now" and not line.nodes)

    def of_node_now(self, tag: str) -> PlannedLine | None:
        """Return what covers a node now; of several what ends last."""
        return _last(line for line in self.lines if line.when == "now" and tag in line.nodes)


def planned_around(hub: Hub, nodes: Iterable[Node], now: datetime) -> PlannedAround:
    """Return what is planned for a hub and these nodes from a week ago to two weeks ahead; reads three queries."""
    return _around(tuple(_plans(hub, {node.pk: node for node in nodes})), now)


def _around(plans: tuple[_Plan, ...], now: datetime) -> PlannedAround:
    tags_of: dict[tuple[Span, str, str, str], list[str]] = {}
    for plan in plans:
        word = "holiday" if isinstance(plan.value, Holidays) else "maintenance"
        for span in plan.spans(now):
            tags_of.setdefault((span, word, plan.author, plan.again), []).append(plan.node)
    lines = []
    for (span, word, author, again), tags in tags_of.items():
        named = tuple(sorted(set(filter(None, tags))))
        owners = [()] * ("" in tags) + [named] * bool(named)
        lines += [
            PlannedLine(span, _when(span, now), word, owner, author, again) for owner in owners
        ]
    lines.sort(key=lambda line: _nearness(line, now))
    return PlannedAround(lines[:MOST_LINES], max(0, len(lines) - MOST_LINES), plans)


def _plans(hub: Hub, nodes: Mapping[int, Node]) -> Iterator[_Plan]:
    windows = Maintenance.objects.filter(Q(hub=hub) | Q(node__in=nodes), enabled=True)
    for window in windows.select_related("hub", "node"):
        yield _Plan(window_value(window), window.node.tag if window.node else "", window.author)
    for calendar in hub.calendars.all():
        yield _Plan(calendar_value(calendar, hub.zone), "")
    for pk, calendars in calendars_of_nodes(nodes).items():
        for calendar in calendars:
            yield _Plan(calendar_value(calendar, hub.zone), nodes[pk].tag)


def _when(span: Span, now: datetime) -> str:
    if span.covers(now):
        return "now"
    return "next" if span.begin > now else "over"


def _nearness(line: PlannedLine, now: datetime) -> tuple[int, timedelta, str, tuple[str, ...]]:
    order = ["now", "next", "over"].index(line.when)
    away = now - line.span.end if line.when == "over" else line.span.begin - now
    return order, away, line.span.reason, line.nodes


def _last(lines: Iterable[PlannedLine]) -> PlannedLine | None:
    return max(lines, key=lambda line: line.span.end, default=None)
