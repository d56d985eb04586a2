"""Looks at hubs of the database, and what stands open after them."""

from collections.abc import Sequence
from datetime import datetime

from hubs.models import Hub, Replica
from probes.judge.findings import judge_hub
from probes.models import Finding
from tests.estate import NOW, make_replica, make_run

OVERDUE = ("overdue", "alarm")


def look(hub: Hub, now: datetime = NOW) -> list[tuple[str, str]]:
    """Look at all replicas, judge, and return the open findings as code and severity.

    But for `monitor_late`, as the looks of many tests lie days apart.
    """
    for replica in hub.replicas.all():
        make_run(replica, now)
    judge_hub(hub, now)
    found = Finding.objects.filter(hub=hub).open().exclude(code="monitor_late")
    return sorted(found.values_list("code", "severity"))


def pair(hub: Hub) -> tuple[Replica, Replica]:
    """Store a source and a copy."""
    return make_replica(hub, "vault", "source"), make_replica(hub, "attic", "copy")


def without(stamps: Sequence[datetime], *ago: int) -> list[datetime]:
    """Leave out those at these places, the newest being 0."""
    return [at for number, at in enumerate(reversed(stamps)) if number not in ago][::-1]
