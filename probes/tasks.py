"""What the work queue does: a look at one replica is one task, safe to run twice.

The queue delivers at least once. Tasks take ids and fetch anew; a look that another run is making is left
to that run.
"""

import uuid

from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from alerts.delivery import deliver, summary
from alerts.failures import loud
from hubs.models import Replica
from probes.pipeline import CollectRequest, collect, collect_replicas

LOOK, COLLECT, HEARTBEAT, DELIVER = (
    "probes.tasks.look",
    "probes.tasks.collect_all",
    "probes.tasks.heartbeat",
    "probes.tasks.deliver_due",
)

# What the queue may run on a schedule: name, function, cron text (UTC).
SCHEDULES = (
    ("scmmon: look at everything", COLLECT, "17 * * * *"),
    ("scmmon: the queue is alive", HEARTBEAT, "*/5 * * * *"),
    ("scmmon: deliver what waits", DELIVER, "*/5 * * * *"),
)


def queue_looks(replica_ids: list[int], *, full: bool = False, quiet: bool = False) -> str:
    """Queue a look at each replica; return the group under which the queue shows them."""
    group = uuid.uuid4().hex
    for replica_id in replica_ids:
        async_task(
            LOOK,
            replica_id,
            full=full,
            quiet=quiet,
            group=group,
            task_name=f"look at {replica_id}",
        )
    return group


def look(replica_id: int, *, full: bool = False, quiet: bool = False) -> str:
    """Look at one replica, store, judge its hub, tell; return the run's status, or `gone` for a deleted replica."""
    replicas = Replica.objects.filter(pk=replica_id, enabled=True)
    found = list(replicas.select_related("hub", "hub__policy", "node"))
    if not found:
        return "gone"
    (replica,) = found
    again = ("collect", replica.hub.tag, "--node", replica.node.tag)
    with loud(f"looking at {replica}", *again):
        report = collect_replicas(found, full=full, quiet=quiet, is_round=False)
    return report.runs[0].status if report.runs else "skipped_locked"


def collect_all() -> int:
    """Do what `collect` does; return its exit code."""
    with loud("collect", "collect"):
        return collect(CollectRequest()).exit_code


def deliver_due() -> str:
    """Do what `deliver` does; return what came of it."""
    with loud("deliver", "deliver"):
        return summary(deliver())


def heartbeat() -> str:
    """Do nothing but succeed: the time of its last success tells that the queue works."""
    return timezone.now().isoformat()


def set_up_schedules() -> list[str]:
    """Make the schedules that are missing and correct the others' function; return what changed.

    The times are the operator's once a schedule exists.
    """
    changed = []
    for name, function, cron in SCHEDULES:
        schedule, is_new = Schedule.objects.get_or_create(
            name=name,
            defaults={"func": function, "schedule_type": Schedule.CRON, "cron": cron},
        )
        if is_new:
            changed.append(f"added {name} ({cron} UTC)")
        elif schedule.func != function:
            schedule.func = function
            schedule.save(update_fields=["func"])
            changed.append(f"corrected {name}")
    return changed
