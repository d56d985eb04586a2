"""The pages: each takes a request, asks `dashboard.queries` and fills a template. Filters are in the URL."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from dashboard import queries, screens
from dashboard.access import may_collect, readable
from dashboard.collecting import asked_at, progress_of
from dashboard.matrix import matrix
from dashboard.planned import PlannedAround, PlannedLine, planned_around
from hubs.models import Replica
from hubs.models import judged as judged_of
from probes.draw.series import RANGE_DAYS, judged_repos
from probes.judge.conclusion import ReplicaState, conclusions, replica_states
from probes.models import Finding, RunStatus, Severity

PROBLEMS_SHOWN = 25


@readable
def index(request: HttpRequest) -> HttpResponse:
    """Every hub, worst first."""
    now = timezone.now()
    rows = queries.hubs_worst_first(request.user, now)
    return screens.page(request, "index.html", now, {"rows": rows})


@readable
def hub(request: HttpRequest, hub: str) -> HttpResponse:
    """One hub: its conclusion, repo x node, problems, and a chart for each replica."""
    now = timezone.now()
    this = queries.hub_of(request.user, hub)
    replicas = queries.replicas_of(this)
    states = replica_states(replicas, now)
    findings = list(queries.open_findings(this))
    every_repo = bool(request.GET.get("all"))
    all_repos = list(this.repos.select_related("policy"))
    judged = judged_of(all_repos)
    repos = all_repos if every_repo else judged
    conclusion = conclusions([this], now)[this.pk]
    planned = planned_around(this, [replica.node for replica in replicas], now)
    context = {
        "hub": this,
        "conclusion": conclusion,
        "planned": planned,
        "columns": _columns(replicas, states, planned),
        "rows": matrix(this, replicas, repos, judged, states, findings, now),
        "every_repo": every_repo,
        "repos_not_shown": len(all_repos) - len(repos),
        "findings": _worst_first(findings)[:PROBLEMS_SHOWN],
        "findings_in_all": len(findings),
        "range": _range(request),
        "may_collect": may_collect(request.user),
        "looking": progress_of(replicas, asked_at(request, now), now),
    }
    return screens.page(request, "hub.html", now, context | screens.looked(states.values()))


@readable
def node(request: HttpRequest, hub: str, node: str) -> HttpResponse:
    """The replicas of a hub on one node; there may be two roots."""
    now = timezone.now()
    first = queries.replica_on(request.user, hub, node)
    this = first.hub
    replicas = queries.replicas_of(this, node)
    states = replica_states(replicas, now)
    findings = [finding for finding in queries.open_findings(this) if _about(finding, replicas)]
    judged = judged_repos(this)
    rows = matrix(this, replicas, judged, judged, states, findings, now)
    tarballs_there = queries.tarballs_there(replicas)
    planned = planned_around(this, [first.node], now)
    context = {
        "hub": this,
        "node": first.node,
        "planned": planned,
        "planned_now": planned.of_node_now(first.node.tag),
        "places": [
            {
                "replica": replica,
                "state": states[replica.pk],
                "rows": [(row.repo, row.cells[place]) for row in rows],
                "runs": queries.recent_runs(replica),
                "tarballs": tarballs_there.get(replica.pk, 0),
            }
            for place, replica in enumerate(replicas)
        ],
        "findings": _worst_first(findings),
        "range": _range(request),
        "may_collect": may_collect(request.user),
        "looking": progress_of(replicas, asked_at(request, now), now),
    }
    return screens.page(request, "node.html", now, context | screens.looked(states.values()))


@readable
def repo(request: HttpRequest, hub: str, category: str, name: str) -> HttpResponse:
    """One repo on every node: its state there, its tarballs, its findings."""
    now = timezone.now()
    this = queries.repo_of(request.user, hub, category, name)
    replicas = queries.replicas_of(this.hub)
    states = replica_states(replicas, now)
    findings = list(queries.open_findings(this.hub).filter(repo=this))
    tarballs = queries.tarballs_of(this)
    if node := request.GET.get("node"):
        tarballs = tarballs.filter(replica__node__tag=node)
    if request.GET.get("gone") == "no":
        tarballs = tarballs.filter(gone_at=None)
    tarball_page = screens.cut(request, tarballs)
    judged = judged_repos(this.hub)
    (row,) = matrix(this.hub, replicas, [this], judged, states, findings, now)
    context = {
        "repo": this,
        "hub": this.hub,
        "cells": list(zip(replicas, row.cells, strict=True)),
        "page": tarball_page,
        "unknown_ids": {pk for pk, state in states.items() if not state.known},
        "changed": queries.changed_since_complete(tarball_page.object_list),
        "judged": this in judged,
        "findings": _worst_first(findings),
        "node_choices": sorted({replica.node.tag for replica in replicas}),
    }
    return screens.page(request, "repo.html", now, context | screens.looked(states.values()))


@readable
def runs(request: HttpRequest) -> HttpResponse:
    """Looks, newest first, with filters."""
    shown = screens.filtered(
        request,
        queries.runs_for(request.user),
        hub="replica__hub__tag",
        node="replica__node__tag",
        status="status",
    )
    context = {
        "page": screens.cut(request, shown),
        "hub_choices": queries.hub_tags(request.user),
        "node_choices": queries.node_tags(request.user),
        "status_choices": RunStatus.values,
    }
    return screens.page(request, "runs.html", timezone.now(), context)


@readable
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One look: what was executed where, how long it took, what came back."""
    this = get_object_or_404(queries.runs_for(request.user), pk=pk)
    now = timezone.now()
    looked = screens.looked(replica_states([this.replica], now).values())
    return screens.page(request, "run.html", now, {"run": this, "hub": this.replica.hub} | looked)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    order = [Severity.ALARM, Severity.WARN, Severity.NOTICE]
    return sorted(findings, key=lambda finding: order.index(Severity(finding.severity)))


def _range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "1m")
    return asked if asked in RANGE_DAYS else "1m"


def _columns(
    replicas: list[Replica], states: dict[int, ReplicaState], planned: PlannedAround
) -> list[dict[str, Replica | ReplicaState | PlannedLine | None]]:
    return [
        {
            "replica": replica,
            "state": states[replica.pk],
            "planned": planned.of_node_now(replica.node.tag),
        }
        for replica in replicas
    ]


def _about(finding: Finding, replicas: list[Replica]) -> bool:
    """Tell whether a finding is about these replicas, or about a repo wherever it lies."""
    return finding.replica_id is None or finding.replica_id in {replica.pk for replica in replicas}
