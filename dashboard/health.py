"""/healthz: tells a watcher of the watcher, without login, whether the monitor itself works. No names, no secrets."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, OuterRef, Subquery
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from hubs.limits import DEFAULT_LIMITS
from hubs.models import Hub, Replica
from probes.models import CollectRun


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when all is well with ourselves, else 503, and why."""
    try:
        health = _health(timezone.now())
    except DatabaseError:
        health = {"status": "database unreachable"}
    return JsonResponse(health, status=200 if health["status"] == "ok" else 503)


def _health(now: datetime) -> dict[str, Any]:
    if _migrations_pending():
        return {"status": "migrations pending"}
    replicas = Replica.objects.filter(enabled=True)
    hubs = Hub.objects.filter(replicas__in=replicas).distinct().select_related("policy")
    look_within = min(
        (hub.limits().look_within for hub in hubs), default=DEFAULT_LIMITS.look_within
    )
    last_at, last_complete_at = _last_looks(replicas)
    late = replicas.exists() and (last_at is None or now - last_at > look_within)
    return {
        "status": "late" if late else "ok",
        "last_look_at": last_at,
        "last_complete_look_at": last_complete_at,
        "look_within_seconds": look_within // timedelta(seconds=1),
    }


def _migrations_pending() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _last_looks(replicas: Any) -> tuple[datetime | None, datetime | None]:
    """Return when a look last finished, and when one was last complete."""
    ended = CollectRun.objects.ended().filter(replica=OuterRef("pk")).order_by("-started_at")
    complete = CollectRun.objects.complete().filter(replica=OuterRef("pk")).order_by("-started_at")
    last = replicas.aggregate(
        any=Max(Subquery(ended.values("finished_at")[:1])),
        complete=Max(Subquery(complete.values("finished_at")[:1])),
    )
    return last["any"], last["complete"]
