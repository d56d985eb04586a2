"""The purge on each node: only the newest arrivals of a repo stay, unless it was ordered to go wrong."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.detection.drafts import Draft
from bench.detection.sorts import Plant

AFTER_ARRIVAL = timedelta(minutes=10)


@dataclass
class PurgedTooMuch:
    """At a moment all but some of a repo's tarballs go; `seen_at` is set when that takes away at least three."""

    plant: Plant
    node: str
    at: datetime
    left: int
    seen_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When it is over."""
        return self.at


@dataclass
class NeverPurged:
    """Nothing goes in a time; `seen_at` is set when there is one more than is kept."""

    plant: Plant
    node: str
    at: datetime
    until: datetime
    seen_at: datetime | None = None


Order = PurgedTooMuch | NeverPurged


def retain(
    drafts: Sequence[Draft], keep_at: Callable[[datetime], int], orders: Sequence[Order]
) -> None:
    """Set when each tarball of a repo on a node is gone, and when each order for it can be seen."""
    there: deque[Draft] = deque()
    waiting = sorted(
        (order for order in orders if isinstance(order, PurgedTooMuch)), key=lambda order: order.at
    )
    pauses = [order for order in orders if isinstance(order, NeverPurged)]
    for draft in sorted(drafts, key=lambda draft: draft.visible_at):
        while waiting and waiting[0].at <= draft.visible_at:
            _purge_too_much(there, waiting.pop(0))
        there.append(draft)
        kept = keep_at(draft.visible_at)
        pause = next((p for p in pauses if p.at <= draft.visible_at < p.until), None)
        if pause:
            if len(there) > kept and pause.seen_at is None:
                pause.seen_at = draft.visible_at
            continue
        while len(there) > kept:
            there.popleft().gone_at = draft.visible_at + AFTER_ARRIVAL
    for order in waiting:
        _purge_too_much(there, order)


def _purge_too_much(there: deque[Draft], order: PurgedTooMuch) -> None:
    if len(there) - order.left >= 3:
        order.seen_at = order.at
    while len(there) > order.left:
        there.popleft().gone_at = order.at
