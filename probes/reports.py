"""What a `collect` did, as values; and runs and findings in the JSON shape that programs rely on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.delivery import Round
from hubs.models import Hub, Replica
from hubs.names import exact
from probes.models import CollectRun, Finding, RunStatus, Severity

EX_OK, EX_INTERNAL, EX_USAGE, EX_SOME, EX_NONE, EX_FINDINGS, EX_LOCKED = 0, 1, 2, 3, 4, 5, 75


@dataclass
class CollectReport:
    """What came of looking at some replicas, and what was judged from it."""

    started_at: datetime
    finished_at: datetime | None = None
    runs: list[CollectRun] = field(default_factory=list)
    skipped: list[Replica] = field(default_factory=list)
    opened: list[Finding] = field(default_factory=list)
    closed: list[Finding] = field(default_factory=list)
    redrawn: list[Finding] = field(default_factory=list)  # they go on, and look different
    open_counts: dict[str, int] = field(default_factory=dict)
    unjudged: list[Hub] = field(default_factory=list)  # judging them failed; the log says how
    untold: list[Hub] = field(default_factory=list)  # writing messages about them failed, likewise
    undrawn: list[Hub] = field(default_factory=list)  # drawing their pictures failed, likewise
    unheard: list[Hub] = field(
        default_factory=list
    )  # something bad is open, and nobody is told of it
    delivered: Round | None = None  # None where nobody was to be told

    @property
    def exit_code(self) -> int:
        """What `collect` exits with, findings aside."""
        complete = sum(run.status == RunStatus.OK for run in self.runs)
        if self.unjudged or self.untold:
            return EX_INTERNAL
        if not self.runs:
            return EX_LOCKED
        if complete == len(self.runs) and not self.skipped:
            return EX_OK
        return EX_SOME if complete or self.skipped else EX_NONE

    def has_open(self, worst: str) -> bool:
        """Say whether a finding of this severity or a worse one is open."""
        levels = {"alarm": ["alarm"], "warn": ["alarm", "warn"]}[worst]
        return any(self.open_counts.get(level) for level in levels)

    def as_json(self, exit_code: int) -> dict[str, Any]:
        """Return the object that `collect --format json` prints."""
        return {
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "exit_code": exit_code,
            "replicas": [run_as_json(run) for run in self.runs]
            + [run_as_json(skipped_run(replica)) for replica in self.skipped],
            "findings": {
                "opened": [finding_as_json(finding) for finding in self.opened],
                "closed": [finding_as_json(finding) for finding in self.closed],
                "open": {level: self.open_counts.get(level, 0) for level in Severity.values},
            },
        }


def run_as_json(run: CollectRun) -> dict[str, Any]:
    """Return a run as one of the `replicas` of `collect --format json`."""
    return _place_as_json(run.replica) | {
        "status": run.status,
        "stage": run.stage,
        "error": run.error,
        "command": run.command,
        "method": run.method,
        "seen": run.seen,
        "new": run.new,
        "changed": run.changed,
        "gone": run.gone,
        "unrecognised": run.unrecognised,
        "noise_bytes": run.noise_bytes,
        "bytes_received": run.bytes_received,
        "seconds": run.seconds,
        "clock_skew_seconds": run.clock_skew_seconds,
    }


def skipped_run(replica: Replica) -> CollectRun:
    """Return an unsaved run for a replica that another process is looking at."""
    return CollectRun(
        replica=replica, status=RunStatus.SKIPPED_LOCKED, error="another run is looking at it"
    )


def _place_as_json(replica: Replica) -> dict[str, Any]:
    return {
        "hub": replica.hub.tag,
        "node": replica.node.tag,
        "role": replica.role,
        "root": replica.root,
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as `findings --format json` prints it; names in the form of `hubs.names.exact`."""
    return {
        "id": finding.pk,
        "code": finding.code,
        "severity": finding.severity,
        "hub": finding.hub.tag,
        "node": finding.replica.node.tag if finding.replica else None,
        "repo": exact(finding.repo.path) if finding.repo else None,
        "path": exact(finding.path) if finding.path else None,
        "stamp_at": finding.stamp_at,
        "message": finding.message,
        "opened_at": finding.opened_at,
        "closed_at": finding.closed_at,
        "evidence": finding.evidence,
        "acknowledged_by": finding.acknowledged_by.get_username()
        if finding.acknowledged_by
        else None,
    }
