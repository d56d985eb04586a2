"""Simple limits, as scripts and other monitors have them, on the same looks: what the rules must beat.

Each gives findings as the product does. They see no more than it: newest stamps and sizes at complete looks.
The limit by schedule is told each repo's crontab line, which the product has to learn.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.detection.schedules import Schedule
from bench.detection.world import SimHub, SimTarball

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRACE = 6 * HOUR
Findings = list[dict[str, Any]]
Baseline = Callable[[SimHub], Findings]


@dataclass(frozen=True, slots=True)
class Series:
    """A repo on a node as complete looks saw it; `new` has, for each, the tarballs that were not there before."""

    node: str
    repo: str
    looks: Sequence[datetime]
    new: dict[int, list[SimTarball]]
    newest: list[datetime | None]  # stamp


def series_of(hub: SimHub) -> Iterator[Series]:
    """Yield each repo on each node."""
    complete: dict[str, list[datetime]] = {node.tag: [] for node in hub.nodes}
    for look in hub.looks:
        if look.status == "ok":
            complete[look.node].append(look.at)
    together: dict[tuple[str, str], list[SimTarball]] = {}
    for tarball in hub.tarballs:
        together.setdefault((tarball.node, tarball.repo), []).append(tarball)
    for (node, repo), tarballs in sorted(together.items()):
        yield _series(node, repo, complete[node], tarballs)


def _series(
    node: str, repo: str, looks: Sequence[datetime], tarballs: Sequence[SimTarball]
) -> Series:
    new: dict[int, list[SimTarball]] = {}
    changes: dict[int, list[tuple[bool, SimTarball]]] = {}
    for tarball in tarballs:
        first = bisect_left(looks, tarball.visible_at)
        last = bisect_left(looks, tarball.gone_at) if tarball.gone_at else len(looks)
        if first >= last:
            continue
        new.setdefault(first, []).append(tarball)
        changes.setdefault(first, []).append((True, tarball))
        changes.setdefault(last, []).append((False, tarball))
    there: dict[str, datetime] = {}
    newest: list[datetime | None] = []
    now: datetime | None = None
    for number in range(len(looks)):
        for appears, tarball in changes.get(number, ()):
            if appears:
                there[tarball.path] = tarball.stamp_at
            else:
                there.pop(tarball.path, None)
        if number in changes:
            now = max(there.values(), default=None)
        newest.append(now)
    return Series(node, repo, looks, new, newest)


def max_age(limit: timedelta) -> Baseline:
    """Return the limit "the newest tarball is older than this"."""

    def findings_of(hub: SimHub) -> Findings:
        def is_late(_: str, at: datetime, newest: datetime) -> bool:
            return at - newest > limit

        return [finding for series in series_of(hub) for finding in _late(hub, series, is_late)]

    return findings_of


def by_schedule(grace: timedelta = GRACE) -> Baseline:
    """Return the limit "nothing newer than the last start of its crontab line that is older than the grace"."""

    def findings_of(hub: SimHub) -> Findings:
        due = {repo: _due(hub, schedule) for repo, schedule in hub.schedules.items()}

        def is_late(repo: str, at: datetime, newest: datetime) -> bool:
            place = bisect_left(due[repo], at - grace)
            return place > 0 and newest < due[repo][place - 1] - HOUR

        return [finding for series in series_of(hub) for finding in _late(hub, series, is_late)]

    return findings_of


def _due(hub: SimHub, schedule: Schedule) -> list[datetime]:
    first, last = hub.starts_at.date() - 40 * DAY, hub.ends_at.date()
    return list(schedule.due(ZoneInfo(hub.zone), first, last, hub.holidays))


def _late(
    hub: SimHub, series: Series, is_late: Callable[[str, datetime, datetime], bool]
) -> Findings:
    found: Findings = []
    is_open = False
    for at, newest in zip(series.looks, series.newest, strict=True):
        late = newest is not None and is_late(series.repo, at, newest)
        if late and not is_open:
            found.append(_finding(hub, series, "overdue", at))
        elif is_open and not late:
            found[-1]["closed_at"] = at
        is_open = late
    return found


def drop(share: float) -> Baseline:
    """Return the limit "smaller than the one before by more than this share"."""

    def findings_of(hub: SimHub) -> Findings:
        found: Findings = []
        for series in series_of(hub):
            before: SimTarball | None = None
            for number in sorted(series.new):
                for tarball in sorted(series.new[number], key=lambda each: each.stamp_at):
                    if before and tarball.size_bytes < before.size_bytes * (1 - share):
                        found.append(_finding(hub, series, "shrunk", series.looks[number]))
                    before = tarball
        return found

    return findings_of


def both(one: Baseline, other: Baseline) -> Baseline:
    """Return what two limits find."""
    return lambda hub: one(hub) + other(hub)


def _finding(hub: SimHub, series: Series, code: str, at: datetime) -> dict[str, Any]:
    return {
        "code": code,
        "severity": "alarm",
        "hub": hub.tag,
        "node": series.node,
        "repo": series.repo,
        "path": None,
        "stamp_at": None,
        "message": "",
        "opened_at": at,
        "closed_at": None,
        "evidence": {},
    }


BASELINES: dict[str, Baseline] = {
    "24 h": max_age(24 * HOUR),
    "36 h": max_age(36 * HOUR),
    "192 h": max_age(192 * HOUR),
    "schedule + 6 h": by_schedule(),
    "+ drop > 50 %": both(by_schedule(), drop(0.5)),
    "+ drop > 10 %": both(by_schedule(), drop(0.1)),
    "+ drop > 3 %": both(by_schedule(), drop(0.03)),
}
