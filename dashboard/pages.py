"""The pages: each takes a request, asks `dashboard.queries` and fills a template. Filters are in the URL."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from dashboard import queries
from dashboard.access import readable
from dashboard.matrix import matrix
from hubs.models import Replica
from probes.draw.series import RANGE_DAYS, judged_repos
from probes.judge.conclusion import ReplicaState, conclusions, replica_states
from probes.models import Finding, RunStatus, Severity

ROWS_A_PAGE = 100
PROBLEMS_SHOWN = 25


@readable
def index(request: HttpRequest) -> HttpResponse:
    """Every hub, worst first."""
    now = timezone.now()
    rows = queries.hubs_worst_first(request.user, now)
    return _page(request, "index.html", now, {"rows": rows})


@readable
def hub(request: HttpRequest, hub: str) -> HttpResponse:
    """One hub: its conclusion, repo x node, problems, and a chart for each replica."""
    now = timezone.now()
    this = queries.hub_of(request.user, hub)
    replicas = queries.replicas_of(this)
    states = replica_states(replicas, now)
    findings = list(queries.open_findings(this))
    every_repo = bool(request.GET.get("all"))
    judged = judged_repos(this)
    repos = list(this.repos.select_related("policy")) if every_repo else judged
    conclusion = conclusions([this], now)[this.pk]
    context = {
        "hub": this,
        "conclusion": conclusion,
        "columns": _columns(replicas, states),
        "rows": matrix(this, replicas, repos, judged, states, findings, now),
        "every_repo": every_repo,
        "repos_not_shown": 0 if every_repo else this.repos.count() - len(judged),
        "findings": _worst_first(findings)[:PROBLEMS_SHOWN],
        "findings_in_all": len(findings),
        "range": _range(request),
    }
    return _page(request, "hub.html", now, context | _looked(states.values()))


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
    context = {
        "hub": this,
        "node": first.node,
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
    }
    return _page(request, "node.html", now, context | _looked(states.values()))


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
    tarball_page = _cut(request, tarballs)
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
    return _page(request, "repo.html", now, context | _looked(states.values()))


@readable
def findings(request: HttpRequest) -> HttpResponse:
    """Findings with filters: open ones unless others are asked for."""
    now = timezone.now()
    shown = queries.findings_for(request.user)
    state = request.GET.get("state", "open")
    if state in ("open", "closed"):
        shown = shown.filter(closed_at__isnull=state == "open")
    else:
        state = "all"
    shown = _filtered(
        request,
        shown,
        hub="hub__tag",
        node="replica__node__tag",
        code="code",
        severity="severity",
    )
    context = {
        "page": _cut(request, shown),
        "state": state,
        "caption": f"{state} findings, newest first".capitalize(),
        "state_choices": ["open", "closed", "all"],
        "hub_choices": queries.hub_tags(request.user),
        "node_choices": queries.node_tags(request.user),
        "severity_choices": Severity.values,
    }
    return _page(request, "findings.html", now, context)


@readable
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding with its evidence and history."""
    now = timezone.now()
    this = get_object_or_404(queries.findings_for(request.user), pk=pk)
    replicas = [this.replica] if this.replica else queries.replicas_of(this.hub)
    looked = _looked(replica_states(replicas, now).values())
    context = {"finding": this, "hub": this.hub, "like_it": queries.like_it(this)}
    return _page(request, "finding.html", now, context | looked)


@readable
def runs(request: HttpRequest) -> HttpResponse:
    """Looks, newest first, with filters."""
    shown = _filtered(
        request,
        queries.runs_for(request.user),
        hub="replica__hub__tag",
        node="replica__node__tag",
        status="status",
    )
    context = {
        "page": _cut(request, shown),
        "hub_choices": queries.hub_tags(request.user),
        "node_choices": queries.node_tags(request.user),
        "status_choices": RunStatus.values,
    }
    return _page(request, "runs.html", timezone.now(), context)


@readable
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One look: what was executed where, how long it took, what came back."""
    this = get_object_or_404(queries.runs_for(request.user), pk=pk)
    now = timezone.now()
    looked = _looked(replica_states([this.replica], now).values())
    return _page(request, "run.html", now, {"run": this, "hub": this.replica.hub} | looked)


def _page(
    request: HttpRequest, template: str, now: datetime, context: dict[str, Any]
) -> HttpResponse:
    """Render a page; where it is about no hub in particular, it says when any look was last complete."""
    if "looked_at" not in context:
        context["looked_at"] = queries.newest_complete_look(request.user)
    return render(request, template, {"now": now} | context)


def _cut(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))


def _filtered(request: HttpRequest, rows: QuerySet[Any], **fields: str) -> QuerySet[Any]:
    """Keep rows that have the values of the URL; an empty one does not filter."""
    asked = {
        lookup: value for name, lookup in fields.items() if (value := request.GET.get(name, ""))
    }
    return rows.filter(**asked)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    order = [Severity.ALARM, Severity.WARN, Severity.NOTICE]
    return sorted(findings, key=lambda finding: order.index(Severity(finding.severity)))


def _range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "1m")
    return asked if asked in RANGE_DAYS else "1m"


def _columns(
    replicas: list[Replica], states: dict[int, ReplicaState]
) -> list[dict[str, Replica | ReplicaState]]:
    return [{"replica": replica, "state": states[replica.pk]} for replica in replicas]


def _about(finding: Finding, replicas: list[Replica]) -> bool:
    """Tell whether a finding is about these replicas, or about a repo wherever it lies."""
    return finding.replica_id is None or finding.replica_id in {replica.pk for replica in replicas}


def _looked(states: Iterable[ReplicaState]) -> dict[str, datetime | None]:
    """Return when one of these replicas was last looked at completely, and when every one had been."""
    moments = [state.complete_run.started_at if state.complete_run else None for state in states]
    complete = [at for at in moments if at]
    every = len(complete) == len(moments)
    return {
        "looked_at": max(complete, default=None),
        "all_looked_at": min(complete, default=None) if every else None,
    }
