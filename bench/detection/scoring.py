"""Scores findings against planted faults: events, not points; a fault is found when a finding that explains it opens in time.

Findings are dicts as `backtest --format json` prints them; their moments may be ISO texts or aware datetimes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bench.detection.explains import COPIES, EXPLAINS, NOT_SEEN, lingers
from bench.detection.world import Benign, Fault, SimHub

DAY = timedelta(days=1)
GROUPED_WITHIN = timedelta(hours=48)
AROUND_CLOCK_CHANGE = timedelta(hours=48)
COLD_START = 14 * DAY
SEVERITIES = ("alarm", "warn", "notice")
REPOS_A_NODE = 16  # to which a node-year is scaled


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, read; empty sets of repos or nodes mean that it names none and is about all of them."""

    code: str
    severity: str
    repos: frozenset[str]
    nodes: frozenset[str]
    opened_at: datetime
    closed_at: datetime | None
    message: str
    raw: Mapping[str, Any]


def read_finding(raw: Mapping[str, Any]) -> Finding:
    """Return a finding from its dict; one about several names them in its evidence."""
    evidence = raw.get("evidence") or {}
    return Finding(
        code=raw["code"],
        severity=raw["severity"],
        repos=_names(raw.get("repo"), evidence.get("repos")),
        nodes=_names(raw.get("node"), evidence.get("nodes")),
        opened_at=_moment(raw["opened_at"]),
        closed_at=_moment(raw["closed_at"]) if raw.get("closed_at") else None,
        message=str(raw.get("message") or ""),
        raw=raw,
    )


def _names(one: object, several: object) -> frozenset[str]:
    if isinstance(one, str) and one:
        return frozenset({one})
    if isinstance(several, (list, tuple)):
        return frozenset(map(str, several))
    return frozenset()


def _moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def concerns(finding: Finding, fault: Fault) -> bool:
    """Tell whether a finding is about what a fault befell, or about more that includes it.

    A fault at the source shows on every node, so a finding about any of them is about it.
    """
    if fault.repo is not None and finding.repos and fault.repo not in finding.repos:
        return False
    return not (fault.node is not None and finding.nodes and fault.node not in finding.nodes)


@dataclass(frozen=True, slots=True)
class Detection:
    """What came of a fault; `found_after` is None when it was missed."""

    fault: Fault
    row: str
    found_after: timedelta | None
    by: Finding | None
    is_named: bool  # the finding names its repo and, for a fault of a node, that node and no other
    loss: float | None  # for drifts: share of the size that was lost or gained by then

    @property
    def is_found(self) -> bool:
        """Whether it was detected."""
        return self.found_after is not None


@dataclass(frozen=True, slots=True)
class Score:
    """How one set of findings did on one world."""

    detections: tuple[Detection, ...]
    false: tuple[Finding, ...]
    true: int  # findings that a fault explains or that follow from one
    told: tuple[
        tuple[str, int], ...
    ]  # for each found fault: its row, and how many findings came of it
    node_years: float
    at_clock_changes: int  # false findings around one
    in_cold_starts: int  # false alarms about a repo in its first 14 days


def row_of(fault: Fault) -> str:
    """Return the class under which a fault is reported."""
    if fault.setting:
        return fault.setting
    if fault.kind == "slow_decline":
        return "slow_decline_source" if fault.node is None else "slow_decline_copy"
    return fault.kind


def score(
    hub: SimHub,
    faults: Sequence[Fault],
    benign: Sequence[Benign],
    raw: Iterable[Mapping[str, Any]],
) -> Score:
    """Return how findings did on a hub."""
    findings = sorted((read_finding(each) for each in raw), key=lambda each: each.opened_at)
    every = look_interval(hub)
    of_fault = [[f for f in findings if follows(f, fault, every)] for fault in faults]
    explained = {id(finding) for several in of_fault for finding in several}
    false = tuple(finding for finding in findings if id(finding) not in explained)
    detections = tuple(
        detect(fault, several, every) for fault, several in zip(faults, of_fault, strict=True)
    )
    changes = [event.at for event in benign if event.kind == "clock_change"]
    return Score(
        detections=detections,
        false=false,
        true=len(findings) - len(false),
        told=tuple(
            (detection.row, len(several))
            for detection, several in zip(detections, of_fault, strict=True)
            if detection.is_found
        ),
        node_years=node_years(hub),
        at_clock_changes=sum(
            any(timedelta(0) <= finding.opened_at - at < AROUND_CLOCK_CHANGE for at in changes)
            for finding in false
        ),
        in_cold_starts=_in_cold_starts(benign, false),
    )


def look_interval(hub: SimHub) -> timedelta:
    """Return the usual time between two looks at a node."""
    moments = sorted({look.at for look in hub.looks})
    gaps = sorted(after - before for before, after in pairwise(moments))
    return gaps[len(gaps) // 2] if gaps else timedelta(hours=6)


def node_years(hub: SimHub) -> float:
    """Return how many years of nodes with sixteen repos were looked at."""
    years = sum(
        (
            min(node.retired_at or hub.ends_at, hub.ends_at)
            - max(node.added_at or hub.starts_at, hub.starts_at)
        )
        / timedelta(days=365.25)
        for node in hub.nodes
    )
    return years * len(hub.repos) / REPOS_A_NODE


def detect(fault: Fault, findings: Sequence[Finding], every: timedelta) -> Detection:
    """Return what came of a fault, given the findings that follow from it, oldest first.

    One look after its end still counts, as looks are that far apart. What was open already counts from the onset if
    it opened at an earlier sign of the same fault (`first_sign_at` in its details).
    """
    codes = EXPLAINS[fault.kind]
    first_sign_at = fault.details.get("first_sign_at", fault.onset)
    latest = fault.end + every
    for finding in findings:
        if finding.code not in codes or not first_sign_at <= finding.opened_at <= latest:
            continue
        if not concerns(finding, fault) or _was_over(finding, fault):
            continue
        return Detection(
            fault,
            row_of(fault),
            max(timedelta(0), finding.opened_at - fault.onset),
            finding,
            _is_named(finding, fault),
            _loss(fault, finding.opened_at),
        )
    return Detection(fault, row_of(fault), None, None, False, None)


def _was_over(finding: Finding, fault: Fault) -> bool:
    return finding.closed_at is not None and finding.closed_at < fault.onset


def _is_named(finding: Finding, fault: Fault) -> bool:
    repo = fault.repo is None or fault.repo in finding.repos
    return repo and (fault.node is None or finding.nodes == {fault.node})


def _loss(fault: Fault, at: datetime) -> float | None:
    """Return by which share of its size a drifting series was off when it was found."""
    seen = [share for visible_at, share in fault.details.get("steps", ()) if visible_at <= at]
    return abs(seen[-1]) if seen else None


def follows(finding: Finding, fault: Fault, every: timedelta) -> bool:
    """Tell whether a finding explains a fault or is one of its direct consequences."""
    period_seconds = fault.details.get("period_seconds", 0.0)
    lasting = lingers(fault.kind, finding.code, period_seconds)
    if lasting is None:
        return False
    begins_at = fault.details.get("first_sign_at", fault.onset)
    if not begins_at <= finding.opened_at <= fault.end + every + lasting:
        return False
    if concerns(finding, fault):
        return True
    # What compares copies may name the wrong one; while the hub itself is down no copy gets anything.
    is_elsewhere = finding.code in COPIES or (
        bool(fault.details.get("hub_is_down")) and finding.code not in NOT_SEEN
    )
    return is_elsewhere and concerns(finding, replace(fault, node=None))


def _in_cold_starts(benign: Sequence[Benign], false: Sequence[Finding]) -> int:
    born = {event.repo: event.at for event in benign if event.kind == "new_repo"}
    return sum(
        finding.severity == "alarm"
        and any(
            repo in born and timedelta(0) <= finding.opened_at - born[repo] < COLD_START
            for repo in finding.repos
        )
        for finding in false
    )


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """Return the first finding of each group: one code about one repo within 48 hours, on whatever nodes."""
    begun: dict[tuple[str, frozenset[str]], datetime] = {}
    first = []
    for finding in sorted(findings, key=lambda each: each.opened_at):
        key = (finding.code, finding.repos)
        if key in begun and finding.opened_at - begun[key] <= GROUPED_WITHIN:
            continue
        begun[key] = finding.opened_at
        first.append(finding)
    return first


def wilson(found: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson interval (95 % by default) of a share."""
    if of == 0:
        return 0.0, 1.0
    share = found / of
    centre = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which this share of some lies, the nearest that there is; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
