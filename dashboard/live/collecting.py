"""Looks that readers ask for: puts them into the work queue, and says how far they have come.

Nothing is stored about the asking itself: its moment stands in the address of the page, and the runs tell the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard import queries
from dashboard.access import may_collect, readable
from hubs.models import Hub, Replica
from probes.models import CollectRun, RunStatus
from probes.tasks import queue_looks

ONCE_IN = timedelta(seconds=20)  # a second click is no second look
FOLLOWED_FOR = timedelta(hours=12)  # an address that is older shows no progress
TIME_TO_END = timedelta(minutes=1)  # of looks whose budget is used up
BEGINS_WITHIN = timedelta(seconds=30)  # later than that, and nobody seems to work on the queue


@dataclass(frozen=True)
class Asked:
    """What came of asking for looks."""

    at: datetime
    queued: list[Replica]
    under_way: list[Replica]  # asked for a moment ago, or being looked at: not asked for again
    disabled: list[Replica]


def collect_now(replicas: Iterable[Replica]) -> Asked:
    """Queue a look at each enabled replica that is not being looked at; raises what the queue raises."""
    replicas, now = list(replicas), timezone.now()
    looks = CollectRun.objects.filter(_under_way(now), replica__in=replicas)
    running = set(looks.values_list("replica_id", flat=True))
    asked = Asked(now, [], [], [replica for replica in replicas if not replica.enabled])
    for replica in replicas:
        if replica.enabled:
            is_new = replica.pk not in running and _is_first(replica)
            (asked.queued if is_new else asked.under_way).append(replica)
    try:
        queue_looks([replica.pk for replica in asked.queued])
    except Exception:
        cache.delete_many(_noted_as(replica) for replica in asked.queued)  # may be asked for again
        raise
    return asked


def _under_way(now: datetime) -> Q:
    """Return the condition for looks that go on; one that began longer ago than any may take lost its process."""
    begun = now - timedelta(seconds=settings.SCMMON_RUN_BUDGET) - TIME_TO_END
    return Q(status=RunStatus.RUNNING, started_at__gte=begun)


def _is_first(replica: Replica) -> bool:
    """Tell whether nobody asked for a look at a replica just now, and note that somebody has."""
    first: bool = cache.add(_noted_as(replica), True, ONCE_IN.total_seconds())
    return first


def _noted_as(replica: Replica) -> str:
    return f"collect-now-{replica.pk}"


# --- Pages ---------------------------------------------------------------------------------------

Choose = Callable[..., list[Replica]]  # whose looks a request asks for


def _for_operators(choose: Choose) -> Callable[..., HttpResponse]:
    """Let only who may ask for looks do so; who is not logged in comes back to the page of the hub."""

    @login_not_required  # the middleware would lead from the login to this address, which knows no GET
    @require_POST
    @wraps(choose)
    def guarded(request: HttpRequest, hub: str, **where: str) -> HttpResponse:
        page = reverse("node" if where else "hub", kwargs={"hub": hub, **where})
        if not isinstance(request.user, User):
            return redirect_to_login(page)
        this = queries.hub_of(request.user, hub)
        if not may_collect(request.user):
            raise PermissionDenied
        asked = collect_now(choose(request, this, **where))
        query = urlencode({"asked": milliseconds(asked.at)})
        return redirect(f"{page}?{query}#looking")

    return guarded


@_for_operators
def collect_hub(request: HttpRequest, hub: Hub) -> list[Replica]:
    """Look at all replicas of a hub."""
    return queries.replicas_of(hub)


@_for_operators
def collect_node(request: HttpRequest, hub: Hub, node: str) -> list[Replica]:
    """Look at a hub's replicas on one node."""
    queries.replica_on(request.user, hub.tag, node)
    return queries.replicas_of(hub, node)


@readable
def looking(request: HttpRequest, hub: str, node: str | None = None) -> HttpResponse:
    """Give the panel that says how far the looks have come, for the page to show in its place."""
    this = queries.hub_of(request.user, hub)
    replicas = queries.replicas_of(this, node)
    now = timezone.now()
    context = {
        "hub": this,
        "node": queries.replica_on(request.user, hub, node).node if node else None,
        "looking": progress_of(replicas, asked_at(request, now), now),
        "now": now,
    }
    return render(request, "_looking.html", context)


def asked_at(request: HttpRequest, now: datetime) -> datetime | None:
    """Return when the looks were asked for that the address speaks of; None where it is long ago, or no moment."""
    text = request.GET.get("asked", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 15):
        return None
    at = datetime.fromtimestamp(int(text) / 1000, UTC)
    return at if now - FOLLOWED_FOR <= at <= now else None


def milliseconds(at: datetime) -> int:
    """Return a moment as it stands in an address: a look that ended earlier in the same second is none of those."""
    return int(at.timestamp() * 1000)


@dataclass(frozen=True)
class Step:
    """A replica, and how far the look at it is."""

    replica: Replica
    run: CollectRun | None

    @property
    def state(self) -> str:
        """Its state: waiting, running, ok, none, unknown."""
        if self.run is None:
            return "waiting"
        if self.run.status in (RunStatus.RUNNING, RunStatus.OK):
            return str(self.run.status)
        return "none" if self.run.status == RunStatus.SKIPPED_LOCKED else "unknown"


@dataclass(frozen=True)
class Looking:
    """How far the looks have come that somebody asked for."""

    asked_at: datetime
    steps: list[Step]
    now: datetime

    @property
    def asked_ms(self) -> int:
        """The moment for the address."""
        return milliseconds(self.asked_at)

    @property
    def ended(self) -> int:
        """How many replicas have been looked at."""
        return sum(step.state not in ("waiting", "running") for step in self.steps)

    @property
    def is_over(self) -> bool:
        """Whether every look has ended."""
        return self.ended == len(self.steps)

    @property
    def waits_in_vain(self) -> bool:
        """Whether some wait and nothing went on for so long that nobody seems to work on the queue."""
        states = {step.state for step in self.steps}
        ends = [step.run.finished_at for step in self.steps if step.run and step.run.finished_at]
        idle = self.now - max([self.asked_at, *ends])
        return "waiting" in states and "running" not in states and idle > BEGINS_WITHIN


def progress_of(
    replicas: Sequence[Replica], asked: datetime | None, now: datetime
) -> Looking | None:
    """Return how far the looks are that were asked for at a moment; None where none was. One query."""
    enabled = [replica for replica in replicas if replica.enabled]
    if asked is None or not enabled:
        return None
    since = CollectRun.objects.filter(
        Q(started_at__gte=asked) | _under_way(now) | Q(finished_at__gte=asked),
        replica__in=enabled,
        started_at__gte=asked - FOLLOWED_FOR,
    )
    newest: dict[int, CollectRun] = {}
    for run in since.order_by("-started_at", "-pk"):
        newest.setdefault(run.replica_id, run)
    return Looking(asked, [Step(replica, newest.get(replica.pk)) for replica in enabled], now)
