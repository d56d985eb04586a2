"""How much of each node's disk is free: what the tarballs take, what others do there, and faults that fill it."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from bench.detection import chance
from bench.detection.drafts import Draft
from bench.detection.events import Fill
from bench.detection.scenario import Frame

DAY = timedelta(days=1)
USED_AT_MOST, OTHERS_SHARE, NOISE_SHARE = 0.55, (0.1, 0.4), 0.002
SCRATCH_CHANCE, SCRATCH_SHARE = 0.03, 0.06


def free_space(
    frame: Frame, node: str, drafts: Sequence[Draft], fills: Sequence[Fill]
) -> tuple[int, Callable[[datetime], int]]:
    """Return the size of a node's disk in bytes and what tells how much of it is free at a moment.

    Moments must be asked for in order. With no fault at least a third stays free.
    """
    draw = chance.stream(frame.seed, "disk", node)
    changes = [(draft.visible_at, draft.size_bytes) for draft in drafts]
    changes += [(draft.gone_at, -draft.size_bytes) for draft in drafts if draft.gone_at]
    changes.sort()
    moments = [at for at, _ in changes]
    used = list(accumulate(size for _, size in changes))
    most = max(used, default=1) or 1
    total = int(most / draw.uniform(0.3, USED_AT_MOST))
    others = draw.uniform(*OTHERS_SHARE) * (total - most)

    def free(at: datetime) -> int:
        place = bisect_right(moments, at)
        taken = (used[place - 1] if place else 0) + others + draw.gauss(0, NOISE_SHARE) * total
        if draw.random() < SCRATCH_CHANCE:
            taken += SCRATCH_SHARE * total
        rest = max(0.0, total - taken)
        for fill in fills:
            if fill.span.starts_at <= at < fill.span.ends_at:
                done = (at - fill.span.starts_at) / (fill.full_at - fill.span.starts_at)
                goal = fill.free_share * total
                rest = min(rest, rest - (rest - goal) * min(1.0, done))
        return int(rest)

    return total, free
