"""Hubs that nobody has looked at in time, whichever runs there were: our own blindness."""

from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from hubs.models import Hub
from probes.models import CollectRun


def late_hubs(now: datetime) -> list[str]:
    """Return the tags of hubs with an enabled replica of which no look, good or bad, ended in time."""
    ended = CollectRun.objects.ended().filter(replica=OuterRef("replicas")).order_by("-started_at")
    hubs = (
        Hub.objects.filter(replicas__enabled=True)
        .select_related("policy")
        .annotate(looked_at=Max(Subquery(ended.values("finished_at")[:1])))
    )
    return [
        hub.tag
        for hub in hubs
        if hub.looked_at is None or now - hub.looked_at > hub.limits().look_within
    ]
