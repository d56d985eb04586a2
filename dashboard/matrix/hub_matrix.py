"""The matrix of a hub's page: takes the address, gives what the template needs, of now or of the end of any past day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from dashboard import queries
from dashboard.matrix.days import Day, asked_day
from dashboard.matrix.matrix_html import cells_html, column_html
from dashboard.matrix.past import findings_at, first_known_at, tarballs_at
from dashboard.matrix.table import (
    Known,
    Row,
    counted,
    findings_of_replica,
    matrix_of,
    tarballs_now,
)
from dashboard.planned import PlannedAround, PlannedLine, planned_around
from dashboard.wording import age, unknown_since
from hubs.models import Hub, Replica, Repo
from hubs.models import judged as judged_of
from probes.judge.conclusion import ReplicaState, replica_states, replica_states_at
from probes.models import Finding

ORDERS = ("worst", "name")


@dataclass(frozen=True)
class HubNow:
    """What the page knows of a hub already."""

    states: Mapping[int, ReplicaState]
    findings: Sequence[Finding]
    planned: PlannedAround


@dataclass(frozen=True)
class Head:
    """The heading of a column."""

    replica: Replica
    looked: str  # when, in words
    planned: PlannedLine | None
    finding: Finding | None  # the worst about the replica as a whole
    more: int
    address: str  # of the evidence of its cells
    is_one_of_two: bool  # on its node, told apart by their roots


def part(request: HttpRequest, hub: str) -> HttpResponse:
    """Give the matrix alone, for the page to show in its place."""
    now = timezone.now()
    this = queries.hub_of(request.user, hub)
    replicas = queries.replicas_of(this)
    repos = list(this.repos.select_related("policy"))
    context = matrix_context(request, this, replicas, repos, now)
    return render(request, "_matrix.html", {"hub": this, "now": now} | context)


def matrix_context(
    request: HttpRequest,
    hub: Hub,
    replicas: Sequence[Replica],
    all_repos: Sequence[Repo],
    now: datetime,
    hub_now: HubNow | None = None,
) -> dict[str, Any]:
    """Return what `_matrix.html` shows."""
    day = asked_day(request.GET.get("day", ""), hub.zone, now, first_known_at(replicas))
    judged = judged_of(all_repos)
    every_repo = bool(request.GET.get("all"))
    repos = list(all_repos) if every_repo else judged
    known = known_at(hub, replicas, repos, day, hub_now)
    rows = matrix_of(hub, replicas, repos, judged, known)
    order = request.GET.get("order")
    only_problems = request.GET.get("show") == "problems"
    shown = [row for row in rows if row.is_problem] if only_problems else rows
    if order != "name":
        shown = sorted(shown, key=lambda row: row.rank)
    proofs = [cell.proof for row in rows for cell in row.cells if cell.proof]
    is_any_proved = any(proof.words != "never proved" for proof in proofs)
    columns = [column_html(replica) for replica in replicas]
    on_node = Counter(replica.node_id for replica in replicas)
    return {
        "matrix": {
            "day": day,
            "is_past": day.is_past,
            "heads": [
                _head(hub, replica, known, is_one_of_two=on_node[replica.node_id] > 1)
                for replica in replicas
            ],
            "rows": [
                (
                    row,
                    cells_html(row, columns, _repo_address(hub, row), with_proofs=is_any_proved),
                )
                for row in shown
            ],
            "said": counted(rows),
            "is_any_unknown": any(not state.known for state in known.states.values()),
            "only_problems": only_problems,
            "order": order if order in ORDERS else "worst",
            "every_repo": every_repo,
            "not_judged": len(all_repos) - len(judged),
            "without_problems": sum(not row.is_problem for row in rows),
            "none_proved": bool(proofs) and not is_any_proved,
        }
    }


def known_at(
    hub: Hub,
    replicas: Sequence[Replica],
    repos: Sequence[Repo],
    day: Day,
    hub_now: HubNow | None = None,
) -> Known:
    """Return what was known at the end of a day, or is known now."""
    if day.is_past:
        there, gone = tarballs_at(hub, replicas, repos, day.moment)
        states = replica_states_at(replicas, day.moment)
        findings = list(findings_at(hub, day.moment))
    else:
        there, gone = tarballs_now(hub, replicas, repos)
        states = dict(hub_now.states) if hub_now else replica_states(replicas, day.moment)
        findings = list(hub_now.findings if hub_now else queries.open_findings(hub))
    planned = (
        hub_now.planned.at(day.moment)
        if hub_now
        else planned_around(hub, [replica.node for replica in replicas], day.moment)
    )
    return Known(day.moment, states, there, gone, findings, planned, day.is_past)


def _head(hub: Hub, replica: Replica, known: Known, is_one_of_two: bool) -> Head:
    state = known.states[replica.pk]
    findings = findings_of_replica(known.findings, replica)
    address = reverse("cell", args=[hub.tag, replica.node.tag])
    return Head(
        replica,
        _looked(replica, state, known),
        known.planned.of_node_now(replica.node.tag) if known.planned else None,
        findings[0] if findings else None,
        len(findings) - 1,
        f"{address}?replica={replica.pk}",
        is_one_of_two,
    )


def _looked(replica: Replica, state: ReplicaState, known: Known) -> str:
    if not replica.enabled and not (known.is_past and state.latest_run):
        return "not looked at (disabled)"
    if not state.known or state.complete_run is None:
        return unknown_since(state.unknown_since)
    return f"looked {age(state.complete_run.started_at, known.moment)}".replace(
        " ago", " before" if known.is_past else " ago"
    )


def _repo_address(hub: Hub, row: Row) -> str:
    return reverse("repo", args=[hub.tag, row.repo.category, row.repo.name])
