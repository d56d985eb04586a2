"""Our own blindness: hubs that nobody has looked at in time, and rounds that are no sign of life."""

from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from hubs.models import Hub
from probes.models import CollectRun, RunStatus
from probes.reports import CollectReport


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


def why_blind(report: CollectReport, now: datetime, *, is_round: bool = True) -> str:
    """Return why this round is no sign that scmmon is alive and well, in one line; empty where it is.

    A node that cannot be reached is told to people. That none could, or that a hub is not looked at any more, is ours.
    """
    problems = []
    if is_round and not any(run.status == RunStatus.OK for run in report.runs):
        problems.append("no replica was listed completely")
    problems += [f"hub {hub.tag} could not be judged" for hub in report.unjudged]
    problems += [f"people could not be told of hub {hub.tag}" for hub in report.untold]
    problems += [f"no route leads to anybody for hub {hub.tag}" for hub in report.unheard]
    problems += [f"nobody has looked at hub {hub.tag} in time" for hub in late_hubs(now)]
    if report.delivered and not report.delivered.is_clean:
        # Whoever watches the heartbeat is told no addresses.
        problems.append(f"not delivered: {', '.join(sorted(report.delivered.channels))}")
    if report.delivered and report.delivered.printed:
        problems.append("mail reached nobody, as EMAIL_URL is not set")
    return "; ".join(problems)
