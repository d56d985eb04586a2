"""Takes replicas and a moment, gives whether what is stored of each may still be believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from hubs.limits import limits_from
from hubs.models import Policy, Replica
from probes.models import CollectRun, CollectRunQuerySet, RunStatus


@dataclass(frozen=True)
class ReplicaState:
    """A replica's latest look, its latest complete one, and whether its tarballs are known."""

    latest_run: CollectRun | None  # that ended
    complete_run: CollectRun | None
    known: bool
    unknown_since: (
        datetime | None
    )  # None while it is known, and where it was never listed completely


CLOCK_TOLERANCE = timedelta(minutes=5)


def replica_states(replicas: Iterable[Replica], now: datetime) -> dict[int, ReplicaState]:
    """Return the state of each replica by its primary key, with three queries whatever their number."""
    replicas = list(replicas)
    # A look stamped by a clock that was ahead is evidence of nothing until its moment comes.
    latest = CollectRun.objects.filter(
        replica=OuterRef("pk"), started_at__lte=now + CLOCK_TOLERANCE
    )
    rows = Replica.objects.filter(pk__in=[replica.pk for replica in replicas]).values_list(
        "pk", _newest(latest.ended()), _newest(latest.complete())
    )
    run_ids = {pk: ids for pk, *ids in rows}
    runs = CollectRun.objects.defer("noise", "remote_stderr").in_bulk(
        {run_id for ids in run_ids.values() for run_id in ids if run_id}
    )
    policies = Policy.objects.filter(hub__in={replica.hub_id for replica in replicas})
    limits = {policy.hub_id: limits_from(policy.layer()) for policy in policies}
    default = limits_from()
    states = {}
    for replica in replicas:
        latest_run, complete_run = (runs.get(run_id) for run_id in run_ids[replica.pk])
        within = limits.get(replica.hub_id, default).look_within
        oldest_at = now - within
        states[replica.pk] = _state(latest_run, complete_run, oldest_at)
    return states


def _newest(runs: CollectRunQuerySet) -> Subquery:
    return Subquery(runs.order_by("-started_at", "-pk").values("pk")[:1])


def _state(
    latest_run: CollectRun | None, complete_run: CollectRun | None, oldest_at: datetime
) -> ReplicaState:
    known = (
        complete_run is not None
        and latest_run is not None
        and latest_run.status == RunStatus.OK
        and complete_run.started_at >= oldest_at
    )
    since = complete_run.started_at if complete_run and not known else None
    return ReplicaState(latest_run, complete_run, known, since)
