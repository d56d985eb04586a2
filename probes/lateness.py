"""Hubs that nobody has looked at in time, whichever runs there were: our own blindness."""

from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from hubs.models import Hub
from probes.models import CollectRun


def looked_at_by_hub() -> dict[Hub, datetime | None]:
    """Return when a look at each hub that is watched last ended, well or not; None where there was none."""
    ended = CollectRun.objects.ended().filter(replica=OuterRef("replicas")).order_by("-started_at")
    hubs = (
        Hub.objects.filter(replicas__enabled=True)
        .select_related("policy")
        .annotate(looked_at=Max(Subquery(ended.values("finished_at")[:1])))
    )
    return {hub: hub.looked_at for hub in hubs}


def late_hubs(now: datetime) -> list[Hub]:
    """Return the hubs of which no look ended in time, new ones too."""
    return [hub for hub, at in looked_at_by_hub().items() if _is_late(hub, at, now)]


def is_blind(now: datetime) -> bool:
    """Say whether the monitor itself is late: with a hub that it looked at before, or with all.

    A hub that has just been added waits for the next look and is no sign of that.
    """
    looked_at = looked_at_by_hub()
    known = {hub: at for hub, at in looked_at.items() if at} or looked_at
    return any(_is_late(hub, at, now) for hub, at in known.items())


def _is_late(hub: Hub, looked_at: datetime | None, now: datetime) -> bool:
    return looked_at is None or now - looked_at > hub.limits().look_within
