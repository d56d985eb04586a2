"""The table repo x node of a hub: takes rows, states and findings, gives one cell for each with a word and a colour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.queries import Newest, newest_gone_tarballs, newest_tarballs
from dashboard.wording import age, exact_bytes, moment, size, unknown_since
from hubs.limits import limits_from
from hubs.models import Hub, Replica, Repo, policy_layer
from probes.judge.conclusion import ReplicaState
from probes.models import Finding, SidecarState

SEVERITIES = ["notice", "warn", "alarm"]


@dataclass(frozen=True)
class Cell:
    """One repo on one replica: a state that is a colour, the word for it, and its newest tarball."""

    state: str  # ok, warn, alarm, unknown, transfer, none
    word: str
    age: str = ""
    size: str = ""
    stamp: str = ""  # exact, for the hover text
    tarball: Newest | None = None


@dataclass(frozen=True)
class Seen:
    """All that a cell is made from."""

    replica: Replica
    state: ReplicaState
    tarball: Newest | None
    gone: Newest | None  # the newest that is there no more
    finding: Finding | None
    overdue: bool  # somewhere: one finding tells it for all replicas
    sidecar_required: bool
    judged: bool


@dataclass(frozen=True)
class Row:
    """One repo on every replica."""

    repo: Repo
    cells: list[Cell]


def matrix(
    hub: Hub,
    replicas: Sequence[Replica],
    repos: Sequence[Repo],
    judged: Sequence[Repo],
    states: Mapping[int, ReplicaState],
    findings: Iterable[Finding],
    now: datetime,
) -> list[Row]:
    """Return a row for each repo with a cell for each replica; four queries for up to a hundred replicas."""
    newest = newest_tarballs(hub, replicas, repos)
    bare = [
        replica
        for replica in replicas
        if any((replica.pk, repo.pk) not in newest for repo in repos)
    ]
    gone = newest_gone_tarballs(hub, bare, repos) if bare else {}
    findings = list(findings)
    worst = _worst(findings)
    overdue_ids = {finding.repo_id for finding in findings if finding.code == "overdue"}
    judged_ids = {repo.pk for repo in judged}

    def row(repo: Repo) -> Row:
        sidecar_required, is_judged = _sidecar_required(hub, repo), repo.pk in judged_ids
        cells = [
            _cell(
                Seen(
                    replica,
                    states[replica.pk],
                    newest.get((replica.pk, repo.pk)),
                    gone.get((replica.pk, repo.pk)),
                    worst.get((replica.pk, repo.pk)) or worst.get((None, repo.pk)),
                    repo.pk in overdue_ids,
                    sidecar_required,
                    is_judged,
                ),
                now,
            )
            for replica in replicas
        ]
        return Row(repo, cells)

    return [row(repo) for repo in repos]


def _cell(seen: Seen, now: datetime) -> Cell:
    state, word = _state_and_word(seen)
    shown = seen.tarball or seen.gone
    if shown is None:
        return Cell(state, word)
    return Cell(
        state,
        word,
        age(shown.stamp_at, now),
        size(shown.size_bytes),
        f"{moment(shown.stamp_at)}, {exact_bytes(shown.size_bytes)}",
        shown,
    )


def _state_and_word(seen: Seen) -> tuple[str, str]:
    if not seen.replica.enabled:
        return "none", "not looked at"
    if not seen.state.known:
        return "unknown", unknown_since(seen.state.unknown_since)
    if seen.finding is not None:
        return seen.finding.severity, seen.finding.code.replace("_", " ")
    if not seen.judged:
        return "none", "not judged"
    if seen.tarball is None:
        return "none", "all gone" if seen.gone else "not here"
    if seen.overdue:
        return "warn", "overdue too"
    if seen.sidecar_required and seen.tarball.sidecar_state == SidecarState.ABSENT:
        return "transfer", "in transfer"
    return "ok", "ok"


def _worst(findings: Iterable[Finding]) -> dict[tuple[int | None, int], Finding]:
    """Return the worst warning or alarm about each repo on each replica (None: on all of them)."""
    worst: dict[tuple[int | None, int], Finding] = {}
    for finding in findings:
        if finding.repo_id is None or finding.severity == "notice":
            continue
        place = (finding.replica_id, finding.repo_id)
        known = worst.get(place)
        if known is None or _rank(finding) > _rank(known):
            worst[place] = finding
    return worst


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _sidecar_required(hub: Hub, repo: Repo) -> bool:
    return limits_from(policy_layer(hub), policy_layer(repo)).sidecar == "required"
