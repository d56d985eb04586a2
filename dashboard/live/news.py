"""News for a page that is open: what came since it was made, in one sentence, asked for every half minute."""

from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from dashboard import queries
from dashboard.access import Reader, readable, visible_hubs
from hubs.models import Hub
from probes.judge.wording import number
from probes.models import CollectRun, Finding, RunStatus

LONGEST_LOOK = timedelta(hours=12)  # looks that began earlier are no news when they end
LONGEST_OPEN = timedelta(days=7)  # of a page


@readable
def news(request: HttpRequest) -> JsonResponse:
    """Tell what came since `?since=` (epoch seconds), of one hub or of all that he may see."""
    now = timezone.now()
    since = _since(request.GET.get("since", ""), now)
    tag = request.GET.get("hub")
    hub = queries.hub_of(request.user, tag) if tag else None
    return JsonResponse({"words": _words(request.user, hub, since), "now": int(now.timestamp())})


def _since(text: str, now: datetime) -> datetime:
    """Return the moment of the address; now where it is none, and never longer ago than a page stays open."""
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        return now
    return max(datetime.fromtimestamp(int(text), UTC), now - LONGEST_OPEN)


def _words(reader: Reader, hub: Hub | None, since: datetime) -> str:
    hubs = [hub.pk] if hub else list(visible_hubs(reader).values_list("pk", flat=True))
    ended = CollectRun.objects.filter(
        replica__hub__in=hubs, started_at__gte=since - LONGEST_LOOK, finished_at__gt=since
    )
    looks = ended.exclude(status=RunStatus.SKIPPED_LOCKED).order_by().count()
    findings = Finding.objects.filter(hub__in=hubs).order_by()
    opened = findings.filter(opened_at__gt=since).count()
    closed = findings.filter(closed_at__gt=since).count()
    told = [
        (looks, number(looks, "look")),
        (opened, f"{number(opened, 'finding')} opened"),
        (closed, f"{number(closed, 'finding')} closed"),
    ]
    return ", ".join(words for count, words in told if count)
