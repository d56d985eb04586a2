"""Takes the findings that stand and the verdicts of a moment, gives what opens, goes on and closes. Pure.

A finding opens once enough looks showed it, closes only on evidence and never because nobody could look, and one that
comes back within a day is the same one. The rows of the database and the findings of a replay live by the same rules.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from probes.judge.rules import CODES, LOOK_CODES, REPO_CODES
from probes.judge.values import HubPast, ReplicaPast, Verdict, worst_of

ABOUT_OURSELVES = {"monitor_late", "delivery_failed"}
ABOUT_LOOKING = LOOK_CODES | ABOUT_OURSELVES
Identity = tuple[str, str]  # code, and key of the subject
SAME_WITHIN = timedelta(days=1)  # of its closing, a finding that comes back is the same
HOLES_REMEMBERED = timedelta(days=45)  # an overdue backup that was told is not told again as a gap
TOLD_UNTIL_AFTER = timedelta(days=2)


class Told(Protocol):
    """A finding, whether a row or one of a replay."""

    @property
    def code(self) -> str: ...
    @property
    def subject_key(self) -> str: ...
    @property
    def replica_id(self) -> int | None: ...
    @property
    def repo_id(self) -> int | None: ...
    @property
    def includes(self) -> Any: ...  # keys of subjects that it tells together
    @property
    def evidence(self) -> Any: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def confirmed_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...


F = TypeVar("F", bound=Told)


@dataclass(frozen=True)
class Evidence:
    """What a judgement rests on, as far as closing needs to know."""

    past: HubPast
    wanted: Mapping[int, str]  # repos that are judged: id → category/name
    all_read: frozenset[int]  # replicas of which no odd tarball was left out

    def replica(self, replica_id: int | None) -> ReplicaPast | None:
        """Return a replica that is still looked at."""
        return next((one for one in self.past.replicas if one.id == replica_id), None)

    def looked_at(self, verdict: Verdict) -> datetime | None:
        """Return when the look began that shows a verdict; the newest of the hub where it is about several."""
        looks = [
            replica.complete.started_at
            for replica in self.past.replicas
            if replica.complete and verdict.replica_id in (None, replica.id)
        ]
        return max(looks, default=None)


@dataclass(frozen=True)
class Doubt:
    """A verdict that waits for more looks."""

    looks: int
    looked_at: datetime


@dataclass
class Decision(Generic[F]):
    """What becomes of findings; `closed` names the identity of the finding that tells it from now on, if any."""

    confirmed: list[tuple[F, Verdict]] = field(default_factory=list)
    reopened: list[tuple[F, Verdict]] = field(default_factory=list)
    opened: list[tuple[Identity, Verdict]] = field(default_factory=list)
    closed: list[tuple[F, Identity | None]] = field(default_factory=list)
    doubts: dict[Identity, Doubt] = field(default_factory=dict)


def decide(
    findings: Iterable[F],
    verdicts: Mapping[Identity, Verdict],
    evidence: Evidence,
    doubts: Mapping[Identity, Doubt],
    looks_wanted: Callable[[Verdict], int],
    key: Callable[[str], str],
    now: datetime,
) -> Decision[F]:
    """Return what becomes of a hub's findings: those that are open, and those that closed lately."""
    findings = list(findings)
    standing = {_identity(one): one for one in findings if one.closed_at is None}
    lately = {
        _identity(one): one
        for one in sorted(findings, key=lambda one: one.closed_at or now)
        if one.closed_at and one.closed_at > now - SAME_WITHIN
    }
    verdicts = _kept_together(verdicts, standing, evidence)
    overdue = [one for one in findings if one.code == "overdue"]
    decision = Decision[F]()
    for identity, verdict in verdicts.items():
        if identity in standing:
            decision.confirmed.append((standing[identity], verdict))
        elif verdict.code == "gap" and _was_told_as_overdue(verdict, overdue, evidence, key):
            continue
        elif identity in lately:
            decision.reopened.append((lately[identity], verdict))
        elif doubt := _doubt(verdict, doubts.get(identity), looks_wanted(verdict), evidence):
            decision.doubts[identity] = doubt
        else:
            decision.opened.append((identity, verdict))
    told_by = {
        (verdict.code, key(subject)): identity
        for identity, verdict in verdicts.items()
        for subject in verdict.includes
    }
    for identity, finding in standing.items():
        told_in = told_by.get(identity)
        if identity in verdicts or told_in in decision.doubts:
            continue  # still so, though what tells it with others may wait for more looks
        # One that was confirmed later than this moment was judged on newer evidence by another judge.
        if told_in or (finding.confirmed_at <= now and _may_close(finding, evidence)):
            decision.closed.append((finding, told_in))
    return decision


def _kept_together(
    verdicts: Mapping[Identity, Verdict], standing: Mapping[Identity, Told], evidence: Evidence
) -> dict[Identity, Verdict]:
    """Let a finding that told several together tell those that are left of them, though they are few now."""
    kept = dict(verdicts)
    for identity, finding in standing.items():
        if identity in kept or not finding.includes:
            continue
        code, members = identity[0], set(finding.includes)
        left = [each for each in kept if each[0] == code and each[1] in members]
        if left:
            kept[identity] = _left_of(finding, [kept.pop(each) for each in left], evidence)
    return kept


def _left_of(finding: Told, left: Sequence[Verdict], evidence: Evidence) -> Verdict:
    worst = worst_of(left)
    told = dict(worst.evidence) | {"left": len(left)}
    if "repos" in finding.evidence:
        repo_ids = {verdict.repo_id for verdict in left}
        told["repos"] = sorted(path for pk, path in evidence.wanted.items() if pk in repo_ids)
    return replace(
        worst,
        message=f"{len(left)} left of what was told together. {worst.message}",
        evidence=told,
        replica_id=finding.replica_id,
        repo_id=finding.repo_id,
        path="",
        stamp_at=None,
        includes=tuple(verdict.subject for verdict in left),
    )


def _identity(finding: Told) -> Identity:
    return finding.code, finding.subject_key


def _doubt(verdict: Verdict, before: Doubt | None, wanted: int, evidence: Evidence) -> Doubt | None:
    """Return what is still to be confirmed by more looks; None when there were enough."""
    looked_at = evidence.looked_at(verdict)
    if wanted <= 1 or verdict.code in ABOUT_LOOKING or looked_at is None:
        return None  # failed looks are counted by their own rule
    if before and looked_at <= before.looked_at:
        return before
    looks = (before.looks if before else 0) + 1
    return Doubt(looks, looked_at) if looks < wanted else None


def _was_told_as_overdue(
    verdict: Verdict, overdue: Iterable[Told], evidence: Evidence, key: Callable[[str], str]
) -> bool:
    hole = verdict.evidence.get("one", verdict.evidence)
    expected_at = datetime.fromisoformat(hole["expected_at"])
    before = datetime.fromisoformat(hole["before"]) + TOLD_UNTIL_AFTER
    told = {
        subject
        for one in overdue
        if one.opened_at <= before and one.confirmed_at > expected_at
        for subject in (one.subject_key, *one.includes)
    }
    paths = verdict.evidence.get("repos", (evidence.wanted.get(verdict.repo_id or 0),))
    repo_ids = [pk for pk, path in evidence.wanted.items() if path in paths]
    return told.issuperset(key(f"repo {repo_id}") for repo_id in repo_ids)


# --- Closing -----------------------------------------------------------------------------------


def _may_close(finding: Told, evidence: Evidence) -> bool:
    """Return whether the absence of a verdict says that the finding is over, not merely that nobody could look."""
    if finding.code not in CODES:
        return False
    replica = evidence.replica(finding.replica_id)
    if finding.replica_id is not None and replica is None:
        return True  # not looked at any more
    if finding.repo_id is not None and finding.repo_id not in evidence.wanted:
        return True  # not judged any more
    if finding.code == "not_looked":
        return any(
            _was_looked_at(one) for one in ([replica] if replica else evidence.past.replicas)
        )
    if finding.code in LOOK_CODES:
        return _went_further(finding, replica, evidence)
    if finding.code == "select_unmatched":
        return finding.repo_id not in {repo.id for repo in evidence.past.unmatched}
    if finding.code in ABOUT_OURSELVES:
        return True  # somebody looked; a message was taken
    if replica is None:
        return _compared_are_known(finding, evidence)
    if not replica.known or not replica.complete:
        return False
    about_repos = finding.repo_id is not None or "repos" in finding.evidence
    if finding.code in REPO_CODES or about_repos:
        return (
            not replica.empty
            and replica.id in evidence.all_read
            and _compared_are_known(finding, evidence)
        )
    look = replica.complete
    return {
        "unrecognised": look.full,  # other looks walk the last months only
        "stale_lock": look.full,
        "disk_low": look.free_bytes is not None,
        "disk_filling": look.free_bytes is not None,
        "clock_skew": look.clock_skew_seconds is not None,
    }.get(finding.code, True)


def _was_looked_at(replica: ReplicaPast) -> bool:
    return replica.known or (replica.latest is not None and replica.latest.status != "ok")


def _went_further(finding: Told, replica: ReplicaPast | None, evidence: Evidence) -> bool:
    """Return whether a later look shows that what a finding tells of a failed look is over.

    A host key that changed is not forgiven because the node then fell silent, and a look that was merely ended
    says nothing of the node.
    """
    if replica is None or replica.latest is None or replica.latest.status == "ok":
        return True
    at = replica.latest.started_at
    if replica.planned.covering(at) or evidence.past.planned.covering(at):
        return False  # it failed in a window, in which nothing is told of it
    if replica.latest.status == "aborted":
        return False
    return not (finding.code == "host_key" and replica.latest.status in ("unreachable", "timeout"))


def _compared_are_known(finding: Told, evidence: Evidence) -> bool:
    unknown = {
        replica.label for replica in evidence.past.replicas if not replica.known or replica.empty
    }
    asked = list(finding.evidence.get("compared_with", ()))
    if finding.replica_id is None:
        asked += finding.evidence.get("nodes", ())
    return not unknown.intersection(asked)
