"""Takes replicas and a moment, gives whether what is stored of each may still be believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from hubs.limits import limits_from
from hubs.models import Replica
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
    """Return the state of each replica by its primary key, with two queries whatever their number."""
    # A look stamped by a clock that was ahead is evidence of nothing until its moment comes.
    runs = CollectRun.objects.filter(started_at__lte=now + CLOCK_TOLERANCE)
    return _states(replicas, runs, now)


def replica_states_at(replicas: Iterable[Replica], moment: datetime) -> dict[int, ReplicaState]:
    """Return the states as they were at a moment of the past: by the looks that had ended then, and today's limits."""
    runs = CollectRun.objects.filter(started_at__lte=moment, finished_at__lte=moment)
    return _states(replicas, runs, moment)


def _states(
    replicas: Iterable[Replica], looks: CollectRunQuerySet, moment: datetime
) -> dict[int, ReplicaState]:
    replicas = list(replicas)
    of_replica = looks.filter(replica=OuterRef("pk"))
    rows = Replica.objects.filter(pk__in=[replica.pk for replica in replicas]).values_list(
        "pk",
        "hub__policy__look_within",
        _newest(of_replica.ended()),
        _newest(of_replica.complete()),
    )
    within = {pk: limits_from({"look_within": span}).look_within for pk, span, *_ in rows}
    run_ids = {pk: ids for pk, _, *ids in rows}
    runs = CollectRun.objects.defer("noise", "remote_stderr").in_bulk(
        {run_id for ids in run_ids.values() for run_id in ids if run_id}
    )
    states = {}
    for replica in replicas:
        latest_run, complete_run = (runs.get(run_id) for run_id in run_ids[replica.pk])
        states[replica.pk] = _state(latest_run, complete_run, moment - within[replica.pk])
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
