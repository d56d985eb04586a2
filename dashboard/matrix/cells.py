"""The evidence of one cell of the matrix: a piece of HTML that the page fetches when a cell is pointed at or focused."""

from dataclasses import replace
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import queries
from dashboard.access import readable
from dashboard.matrix.days import Day, asked_day
from dashboard.matrix.hub_matrix import known_at
from dashboard.matrix.past import changes_after
from dashboard.matrix.table import Cell, Known, matrix_of
from hubs.models import Replica, Repo
from probes.models import TarballSnapshot


@readable
def cell(request: HttpRequest, hub: str, node: str) -> HttpResponse:
    """Show what is known of `?repo=` on a replica, now or at the end of `?day=`."""
    now = timezone.now()
    replica = queries.replica_on(request.user, hub, node, request.GET.get("replica", ""))
    category, slash, name = request.GET.get("repo", "").partition("/")
    if not slash:
        raise Http404("no such repo")
    repo = queries.repo_of(request.user, hub, category, name)
    day = asked_day(request.GET.get("day", ""), replica.hub.zone, now, None)
    known = known_at(replica.hub, [replica], [repo], day)
    shown = _cell(replica, repo, known)
    context = {
        "hub": replica.hub,
        "replica": replica,
        "repo": repo,
        "day": day,
        "cell": shown,
        "state": known.states[replica.pk],
        "tarball": _as_it_was(shown, day),
        "now": day.moment,
    }
    return render(request, "_cell.html", context)


def _cell(replica: Replica, repo: Repo, known: Known) -> Cell:
    """Return the cell that the matrix has for it, though this one knows of one replica only."""
    others = Repo.objects.filter(hub=repo.hub_id, selected=True)
    is_judged = repo.selected or not others.exists()
    is_elsewhere = repo.selected and _was_ever_seen(repo, known.moment)
    known = replace(known, seen_elsewhere=frozenset({repo.pk} if is_elsewhere else ()))
    (row,) = matrix_of(replica.hub, [replica], [repo], [repo] if is_judged else [], known)
    return row.cells[0]


def _was_ever_seen(repo: Repo, moment: datetime) -> bool:
    return TarballSnapshot.objects.filter(repo=repo, first_seen_at__lte=moment).exists()


def _as_it_was(shown: Cell, day: Day) -> TarballSnapshot | None:
    """Return the row of a cell's tarball with the values that it had."""
    if shown.tarball is None:
        return None
    row = TarballSnapshot.objects.get(pk=shown.tarball.pk)
    if day.is_past:
        row.size_bytes = shown.tarball.size_bytes
        row.sidecar_kind = shown.tarball.sidecar_kind
        row.sidecar_state = shown.tarball.sidecar_state
        if changed := changes_after(day.moment).filter(snapshot=row).first():
            row.mtime_at, row.sidecar_digest = changed.mtime_at_before, changed.digest_before
        if not row.sidecar_kind:
            row.sidecar_digest = ""
    return row
