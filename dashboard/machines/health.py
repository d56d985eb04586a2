"""/healthz: tells a watcher of the watcher, without login, whether the monitor itself works. No names, no secrets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import DurationField, Max, Min, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from hubs.limits import DEFAULT_LIMITS
from hubs.models import Replica
from probes.blindness import is_blind
from probes.models import CollectRun


@login_not_required
@require_safe
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
    looking = looking_now()
    return {
        "status": "late" if is_blind(now) else "ok",
        "last_look_at": looking.last_at,
        "last_complete_look_at": looking.last_complete_at,
        "look_within_seconds": looking.look_within // timedelta(seconds=1),
    }


def _migrations_pending() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@dataclass(frozen=True)
class Looking:
    """How the monitor keeps up with its looks."""

    look_within: timedelta  # the shortest that any of their hubs wants
    last_at: datetime | None  # when a look last finished
    last_complete_at: datetime | None


def looking_now() -> Looking:
    """Return how the monitor keeps up, in one query."""
    ended = CollectRun.objects.ended().filter(replica=OuterRef("pk")).order_by("-started_at")
    complete = CollectRun.objects.complete().filter(replica=OuterRef("pk")).order_by("-started_at")
    default = Value(DEFAULT_LIMITS.look_within, DurationField())
    found = Replica.objects.filter(enabled=True).aggregate(
        look_within=Min(Coalesce("hub__policy__look_within", default)),
        last_at=Max(Subquery(ended.values("finished_at")[:1])),
        last_complete_at=Max(Subquery(complete.values("finished_at")[:1])),
    )
    return Looking(**found | {"look_within": found["look_within"] or DEFAULT_LIMITS.look_within})
