"""The pages: each takes a request, asks `dashboard.queries` and fills a template. Filters are in the URL."""

from collections.abc import Iterable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from dashboard import queries, summary
from dashboard.access import may_collect, readable
from dashboard.lists import screens
from dashboard.lists.columns import (
    HUB_COLUMNS,
    HUB_KEYS,
    REPO_COLUMNS,
    REPO_KEYS,
    RUN_COLUMNS,
    TARBALL_COLUMNS,
)
from dashboard.lists.sorting import Sorting, in_order, sorting_of
from dashboard.live.collecting import asked_at, progress_of
from dashboard.matrix import hub_matrix
from dashboard.matrix.table import Cell, Row, matrix
from dashboard.planned import PlannedAround, PlannedLine, planned_around
from dashboard.plots.links import PlotLinks, links_of, links_of_repo, sparks_of
from hubs.models import Replica, Repo
from probes.draw.series import RANGE_DAYS, judged_repos
from probes.judge.conclusion import ReplicaState, conclusion_of, replica_states
from probes.models import Finding, RunStatus, Severity

PROBLEMS_SHOWN = 25
RUN_KINDS = ("daily", "full")
GONE = {"": "shown", "no": "left out", "only": "nothing else"}


@readable
def index(request: HttpRequest) -> HttpResponse:
    """Every hub, worst first."""
    now = timezone.now()
    rows = queries.hubs_worst_first(request.user, now)
    sparks = sparks_of(row.hub for row in rows)
    rows = [replace(row, spark=sparks[row.hub.pk]) for row in rows]
    sorting = sorting_of(request, HUB_COLUMNS, "state")
    context = {
        "page": screens.cut(request, in_order(rows, sorting, HUB_KEYS)),
        "sorting": sorting,
        "summary": summary.of_hubs(rows),
    }
    return screens.page(request, "index.html", now, context)


@readable
def hub(request: HttpRequest, hub: str) -> HttpResponse:
    """One hub: its conclusion, repo x node, problems, and a chart for each replica."""
    if request.GET.get("part") == "matrix":
        return hub_matrix.part(request, hub)
    now = timezone.now()
    this = queries.hub_of(request.user, hub)
    replicas = queries.replicas_of(this)
    states = replica_states(replicas, now)
    findings = list(queries.open_findings(this))
    repos = list(this.repos.select_related("policy"))
    conclusion = conclusion_of(this, replicas, states, now)
    planned = planned_around(this, [replica.node for replica in replicas], now)
    context = {
        "hub": this,
        "conclusion": conclusion,
        "planned": planned,
        "columns": _columns(replicas, states, planned, links_of(replicas, _range(request))),
        "findings": _worst_first(findings)[:PROBLEMS_SHOWN],
        "findings_in_all": len(findings),
        "range": _range(request),
        "may_collect": may_collect(request.user),
        "looking": progress_of(replicas, asked_at(request, now), now),
    }
    known_now = hub_matrix.HubNow(states, findings, planned)
    context |= hub_matrix.matrix_context(request, this, replicas, repos, now, known_now)
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
    planned = planned_around(this, [first.node], now)
    rows = matrix(this, replicas, judged, judged, states, findings, now, planned)
    held = queries.held_on(replicas)
    plots = links_of(replicas, _range(request))
    cells = [(row.repo.path, cell) for row in rows for cell in row.cells]
    sorting = sorting_of(request, REPO_COLUMNS, "repo")
    context = {
        "hub": this,
        "node": first.node,
        "summary": summary.of_node(cells, findings),
        "sorting": sorting,
        "planned": planned,
        "planned_now": planned.of_node_now(first.node.tag),
        "places": [
            {
                "replica": replica,
                "state": states[replica.pk],
                "page": screens.cut(request, _repos_on(place, rows, sorting)),
                "runs": queries.recent_runs(replica),
                "tarballs": held.get(replica.pk, (0, 0))[0],
                "plot": plots[replica.pk],
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
    if request.GET.get("gone") in ("no", "only"):
        tarballs = tarballs.filter(gone_at__isnull=request.GET["gone"] == "no")
    tarballs = screens.within_days(request, tarballs, "stamp_at")
    sorting = sorting_of(request, TARBALL_COLUMNS, "-stamp")
    tarball_page = screens.sorted_page(request, tarballs, sorting)
    judged = judged_repos(this.hub)
    planned = planned_around(this.hub, [replica.node for replica in replicas], now)
    (row,) = matrix(this.hub, replicas, [this], judged, states, findings, now, planned)
    context = {
        "repo": this,
        "hub": this.hub,
        "cells": list(zip(replicas, row.cells, strict=True)),
        "summary": summary.of_repo(
            (replica.node.tag, cell) for replica, cell in zip(replicas, row.cells, strict=True)
        ),
        "page": tarball_page,
        "caption": screens.how_many(tarball_page, "tarball"),
        "sorting": sorting,
        "is_narrowed": screens.is_narrowed(request),
        "gone_choices": GONE.items(),
        "unknown_ids": {pk for pk, state in states.items() if not state.known},
        "changed": queries.changed_since_complete(tarball_page.object_list),
        "judged": this in judged,
        "range": _range(request),
        "plot": links_of_repo(this, _range(request)),
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
    if (kind := request.GET.get("kind")) in RUN_KINDS:
        shown = shown.filter(full=kind == "full")
    shown = screens.within_days(request, shown, "started_at")
    sorting = sorting_of(request, RUN_COLUMNS, "-started")
    page = screens.sorted_page(request, shown, sorting)
    context = {
        "page": page,
        "caption": screens.how_many(page, "look"),
        "sorting": sorting,
        "is_narrowed": screens.is_narrowed(request),
        "has_more_filters": any(map(request.GET.get, ("kind", "since", "until"))),
        "kind_choices": RUN_KINDS,
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


def _repos_on(place: int, rows: Iterable[Row], sorting: Sorting) -> list[tuple[Repo, Cell]]:
    """Return the repos with their state on one of the replicas that a matrix is about."""
    return in_order(((row.repo, row.cells[place]) for row in rows), sorting, REPO_KEYS)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    order = [Severity.ALARM, Severity.WARN, Severity.NOTICE]
    return sorted(findings, key=lambda finding: order.index(Severity(finding.severity)))


def _range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "1m")
    return asked if asked in RANGE_DAYS else "1m"


def _columns(
    replicas: list[Replica],
    states: dict[int, ReplicaState],
    planned: PlannedAround,
    plots: dict[int, PlotLinks],
) -> list[dict[str, Replica | ReplicaState | PlannedLine | PlotLinks | None]]:
    return [
        {
            "replica": replica,
            "state": states[replica.pk],
            "planned": planned.of_node_now(replica.node.tag),
            "plot": plots[replica.pk],
        }
        for replica in replicas
    ]


def _about(finding: Finding, replicas: list[Replica]) -> bool:
    """Tell whether a finding is about these replicas, or about a repo wherever it lies."""
    return finding.replica_id is None or finding.replica_id in {replica.pk for replica in replicas}
