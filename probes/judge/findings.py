"""Judges a hub and keeps its findings: opens, confirms and closes rows, closing only what was judged on evidence."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from hubs.models import Hub
from hubs.names import key
from probes.judge.history import History, read_history
from probes.judge.rules import CODES, LOOK_CODES, REPO_CODES, hub_verdicts, repo_verdicts
from probes.judge.values import ReplicaPast, Verdict
from probes.models import Finding

Identity = tuple[str, str]  # code and subject_key
TOLD = ("severity", "replica_id", "repo_id", "path", "stamp_at", "message", "evidence")


@dataclass(frozen=True)
class Changes:
    """Findings that a judgement opened and closed."""

    opened: list[Finding] = field(default_factory=list)
    closed: list[Finding] = field(default_factory=list)


def judge_hub(hub: Hub, now: datetime) -> Changes:
    """Judge what is stored of a hub and bring its findings up to it.

    Judging is safe at any time and any number of times: nothing is concluded from what could not be looked at.
    """
    history = read_history(hub, now)
    verdicts = {
        (verdict.code, key(verdict.subject)): verdict for verdict in _verdicts(history, now)
    }
    with transaction.atomic():
        Hub.objects.select_for_update().get(pk=hub.pk)  # one judge of a hub writes at a time
        return _reconcile(hub, history, verdicts, now)


def _verdicts(history: History, now: datetime) -> Iterable[Verdict]:
    yield from hub_verdicts(history.past, history.limits, now)
    for past, limits in history.repo_pasts():
        yield from repo_verdicts(past, limits)


def _reconcile(
    hub: Hub, history: History, verdicts: dict[Identity, Verdict], now: datetime
) -> Changes:
    standing = {
        (finding.code, finding.subject_key): finding
        for finding in Finding.objects.filter(hub=hub).open()
    }
    confirmed = [
        (finding, verdicts[identity])
        for identity, finding in standing.items()
        if identity in verdicts
    ]
    closed = [
        finding
        for identity, finding in standing.items()
        # One that was confirmed later than this moment was judged on newer evidence by another judge.
        if identity not in verdicts and finding.confirmed_at <= now and _may_close(finding, history)
    ]
    _confirm(confirmed, now)
    for finding in closed:
        finding.closed_at = now
    Finding.objects.filter(pk__in=[finding.pk for finding in closed]).update(closed_at=now)
    new = [verdict for identity, verdict in verdicts.items() if identity not in standing]
    opened = [stored for verdict in new if (stored := store(hub, verdict, now))]
    return Changes(opened, closed)


def _confirm(confirmed: list[tuple[Finding, Verdict]], now: datetime) -> None:
    reworded = []
    for finding, verdict in confirmed:
        told = _told(verdict)
        if any(getattr(finding, name) != value for name, value in told.items()):
            for name, value in told.items():
                setattr(finding, name, value)
            reworded.append(finding)
    if reworded:
        Finding.objects.bulk_update(reworded, TOLD, batch_size=200)
    if confirmed:
        pks = [finding.pk for finding, _ in confirmed]
        Finding.objects.filter(pk__in=pks, confirmed_at__lt=now).update(confirmed_at=now)


def _told(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in TOLD}


def store(hub: Hub, verdict: Verdict, now: datetime) -> Finding | None:
    """Store a new finding and return it; None where another judge has just stored it."""
    finding = Finding(
        hub=hub,
        code=verdict.code,
        subject_key=key(verdict.subject),
        opened_at=now,
        confirmed_at=now,
        **_told(verdict),
    )
    try:
        with transaction.atomic():
            finding.save(force_insert=True)
    except IntegrityError:
        return None
    return finding


def _went_further(finding: Finding, replica: ReplicaPast | None) -> bool:
    """Return whether a later look shows that what a finding tells of a failed look is over.

    A host key that changed is not forgiven because the node then fell silent, and a look that was merely ended
    says nothing of the node.
    """
    if replica is None or replica.latest is None or replica.latest.status == "ok":
        return True
    if replica.latest.status == "aborted":
        return False
    return not (finding.code == "host_key" and replica.latest.status in ("unreachable", "timeout"))


def _may_close(finding: Finding, history: History) -> bool:
    """Return whether the absence of a verdict says that the finding is over, not merely that nobody could look."""
    if finding.code not in CODES:
        return False
    replicas = {replica.id: replica for replica in history.past.replicas}
    if finding.replica_id is not None and finding.replica_id not in replicas:
        return True  # not looked at any more
    if finding.repo_id is not None and finding.repo_id not in history.wanted:
        return True  # not judged any more
    if finding.code in LOOK_CODES:
        return _went_further(finding, replicas.get(finding.replica_id or 0))
    if finding.code == "select_unmatched":
        return finding.repo_id not in {repo.id for repo in history.past.unmatched}
    replica = replicas.get(finding.replica_id or 0)
    if replica is None or not replica.known or not replica.complete:
        return False
    if finding.code in REPO_CODES:
        return (
            not replica.empty
            and history.doubts[replica.id].all_read
            and _compared_are_known(finding, history)
        )
    look = replica.complete
    return {
        "unrecognised": look.full,  # other looks walk the last months only
        "disk_low": look.free_bytes is not None,
        "clock_skew": look.clock_skew_seconds is not None,
    }.get(finding.code, True)


def _compared_are_known(finding: Finding, history: History) -> bool:
    unknown = {
        replica.label for replica in history.past.replicas if not replica.known or replica.empty
    }
    return not unknown.intersection(finding.evidence.get("compared_with", ()))
