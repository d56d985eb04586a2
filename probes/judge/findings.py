"""Judges a hub and keeps its findings as rows; what opens and what closes is decided in `probes.judge.life`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from hubs.models import Hub
from hubs.names import key
from probes.judge.history import read_history
from probes.judge.life import (
    HOLES_REMEMBERED,
    SAME_WITHIN,
    Decision,
    Doubt,
    Identity,
    decide,
)
from probes.judge.rules import verdicts_on
from probes.judge.values import WORST_FIRST, Verdict
from probes.models import ACKNOWLEDGEMENT, Finding, Suspicion

DRAWN = "severity", "replica_id", "repo_id", "stamp_at"  # what pictures show of a finding
TOLD = ("severity", "replica_id", "repo_id", "path", "stamp_at", "message", "evidence", "includes")


@dataclass(frozen=True)
class Changes:
    """Findings that a judgement opened and closed, and those that go on and look different now."""

    opened: list[Finding] = field(default_factory=list)
    closed: list[Finding] = field(default_factory=list)
    redrawn: list[Finding] = field(default_factory=list)


def judge_hub(hub: Hub, now: datetime) -> Changes:
    """Judge what is stored of a hub and bring its findings up to it.

    Judging is safe at any time and any number of times: nothing is concluded from what could not be looked at.
    """
    history = read_history(hub, now)
    verdicts = {
        (verdict.code, key(verdict.subject)): verdict
        for verdict in verdicts_on(history.past, history.limits, history.repo_pasts(), now)
    }
    with transaction.atomic():
        Hub.objects.select_for_update().get(pk=hub.pk)  # one judge of a hub writes at a time
        decision = decide(  # type: ignore[type-var]  # the stubs learn a row's fields too late
            _living(hub, now),
            verdicts,
            history.evidence(),
            _doubts(hub),
            history.looks_wanted,
            key,
            now,
        )
        return _write(hub, decision, now)


def _living(hub: Hub, now: datetime) -> Iterable[Finding]:
    """Return the findings that stand, and those that closed so lately that they count."""
    findings = Finding.objects.filter(hub=hub)
    lately = Q(closed_at__gt=now - SAME_WITHIN)
    told_of_holes = Q(code="overdue", closed_at__gt=now - HOLES_REMEMBERED)
    return [
        *findings.open(),
        *findings.filter(lately | told_of_holes, closed_at__isnull=False),
    ]


def _doubts(hub: Hub) -> dict[Identity, Doubt]:
    return {
        (row.code, row.subject_key): Doubt(row.looks, row.looked_at)
        for row in Suspicion.objects.filter(hub=hub)
    }


def _write(
    hub: Hub,
    decision: Decision[Finding],  # type: ignore[type-var]
    now: datetime,
) -> Changes:
    redrawn = _confirm(decision.confirmed, now)
    reopened = [_reopen(finding, verdict, now) for finding, verdict in decision.reopened]
    opened = {
        identity: stored
        for identity, verdict in decision.opened
        if (stored := store(hub, verdict, now))
    }
    _close(hub, decision.closed, now)
    _keep_doubts(hub, decision.doubts)
    closed = [finding for finding, _ in decision.closed]
    return Changes([*opened.values(), *reopened], closed, redrawn)


def _reopen(finding: Finding, verdict: Verdict, now: datetime) -> Finding:
    """Let a finding that closed within a day go on."""
    finding.closed_at, finding.confirmed_at = None, now
    finding.reopenings += 1
    is_another_night = verdict.evidence.get("expected_at") != finding.evidence.get("expected_at")
    if is_another_night or _is_worse(verdict, finding):
        finding.unmute()
    for name, value in _told(verdict, finding.includes).items():
        setattr(finding, name, value)
    finding.save()
    return finding


def _close(hub: Hub, closed: list[tuple[Finding, Identity | None]], now: datetime) -> None:
    open_by_identity = (
        {
            (finding.code, finding.subject_key): finding
            for finding in Finding.objects.filter(hub=hub).open()
        }
        if any(into for _, into in closed)
        else {}
    )
    for finding, into in closed:
        finding.closed_at = now
        finding.told_in = open_by_identity.get(into) if into else None
    Finding.objects.bulk_update(
        [finding for finding, _ in closed], ["closed_at", "told_in"], batch_size=200
    )


def _keep_doubts(hub: Hub, doubts: Mapping[Identity, Doubt]) -> None:
    stored = Suspicion.objects.filter(hub=hub)
    for row in stored:
        if (row.code, row.subject_key) not in doubts:
            row.delete()
    for (code, subject_key), doubt in doubts.items():
        Suspicion.objects.update_or_create(
            hub=hub,
            code=code,
            subject_key=subject_key,
            defaults={"looks": doubt.looks, "looked_at": doubt.looked_at},
        )


def _confirm(confirmed: list[tuple[Finding, Verdict]], now: datetime) -> list[Finding]:
    """Bring findings that go on up to their verdicts; return those that a picture shows otherwise now."""
    reworded, unmuted, redrawn = [], [], []
    for finding, verdict in confirmed:
        told = _told(verdict, finding.includes)
        if any(getattr(finding, name) != value for name, value in told.items()):
            came_on_top = set(told["includes"]) - set(finding.includes)
            if finding.acknowledged_at and (came_on_top or _is_worse(verdict, finding)):
                finding.unmute()  # nobody has said anything to that
                unmuted.append(finding)
            if any(getattr(finding, name) != told[name] for name in DRAWN):
                redrawn.append(finding)
            for name, value in told.items():
                setattr(finding, name, value)
            reworded.append(finding)
    if reworded:
        Finding.objects.bulk_update(reworded, TOLD, batch_size=200)
    if unmuted:  # only those: somebody may be answering another one at this moment
        Finding.objects.bulk_update(unmuted, ACKNOWLEDGEMENT, batch_size=200)
    if confirmed:
        pks = [finding.pk for finding, _ in confirmed]
        Finding.objects.filter(pk__in=pks, confirmed_at__lt=now).update(confirmed_at=now)
    return redrawn


def _is_worse(verdict: Verdict, finding: Finding) -> bool:
    """Say whether a verdict is worse than what its finding says, and than what people were told of it."""
    known = [finding.severity, finding.told_as]
    return all(WORST_FIRST.index(verdict.severity) < _rank(severity) for severity in known)


def _rank(severity: str) -> int:
    return WORST_FIRST.index(severity) if severity in WORST_FIRST else len(WORST_FIRST)


def _told(verdict: Verdict, included: Iterable[str] = ()) -> dict[str, Any]:
    """Return what a verdict says as a row's fields; what was told together once stays included."""
    told = {name: getattr(verdict, name) for name in TOLD if name != "includes"}
    return told | {"includes": sorted({*included, *map(key, verdict.includes)})}


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
