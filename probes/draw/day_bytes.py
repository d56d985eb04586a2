"""The numbers of a hub's sparkline: takes a hub and the moment, gives the bytes of each of its last days."""

from datetime import date, datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate

from hubs.models import Hub, Replica
from probes.draw.reading import midnight_s
from probes.draw.series import newest_at
from probes.draw.spark import DayBytes
from probes.models import CollectRun, TarballSnapshot

DAYS = 30


def day_bytes(hub: Hub, now: datetime) -> DayBytes:
    """Return the bytes of the tarballs of each day, at the source; where there is none, on its first replica.

    Its days end with the newest tarball, or where that is long ago with the last one that was looked at when it was over.
    """
    replica = hub.replicas.filter(enabled=True).select_related("hub", "node").first()
    newest = newest_at(replica, now) if replica else None
    if replica is None or newest is None:
        return DayBytes(None, [])
    last = max(newest.astimezone(hub.zone).date(), _last_whole_day(replica, now))
    begin = last - timedelta(days=DAYS - 1)
    begin_s, end_s = (midnight_s(day, hub.zone) for day in (begin, last + timedelta(days=1)))
    rows = (
        TarballSnapshot.objects.filter(
            replica=replica,
            repo__in=hub.repos.values("pk"),  # the index begins with the repo
            stamp_at__gte=datetime.fromtimestamp(begin_s, hub.zone),
            stamp_at__lt=datetime.fromtimestamp(end_s, hub.zone),
        )
        .order_by()
        .values(day=TruncDate("stamp_at", tzinfo=hub.zone))
        .annotate(size_bytes=Sum("size_bytes"))
        .values_list("day", "size_bytes")
    )
    of_day = dict(rows)
    return DayBytes(last, [of_day.get(begin + timedelta(days=day), 0) for day in range(DAYS)])


def _last_whole_day(replica: Replica, now: datetime) -> date:
    """Return the day before that of the last complete look: of later ones nobody knows that they have no tarball."""
    looks = CollectRun.objects.complete().filter(replica=replica, started_at__lte=now)
    looked_at = looks.order_by("-started_at").values_list("started_at", flat=True).first()
    return (
        looked_at.astimezone(replica.hub.zone).date() - timedelta(days=1) if looked_at else date.min
    )
