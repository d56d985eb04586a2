"""What every page says above all else: that messages reach nobody, or that the monitor itself is late.

It is read when a page first shows it, by a few queries whose cost does not grow with what was sent or found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from alerts.models import Channel, Route
from dashboard.access import Reader, hidden_hubs, may_read
from dashboard.machines.health import looking_now
from dashboard.queries import deliveries_for, undelivered
from dashboard.wording import age, span
from hubs.models import Hub
from probes.answers import muted
from probes.blindness import is_blind
from probes.judge.wording import number, some
from probes.models import Finding, Severity

ANY_HUB = Hub()  # that has no contacts
TOLD = (Severity.ALARM, Severity.WARN)  # a notice may stay on the pages


@dataclass(frozen=True)
class Line:
    """One thing that is wrong: how bad, since when, and where there is more to see."""

    state: str  # alarm, warn
    words: str
    since: datetime | None = None
    age: str = ""
    link: str = ""
    link_words: str = ""


def banner(request: HttpRequest) -> dict[str, Any]:
    """Give templates `banner`, lines that are read once they are asked for; none to whoever may not read pages."""
    return {"banner": SimpleLazyObject(lambda: _banner(request))}


def _banner(request: HttpRequest) -> list[Line]:
    return lines(request.user, timezone.now()) if may_read(request.user) else []


def lines(reader: Reader, now: datetime) -> list[Line]:
    """Return what is wrong with looking and telling, as far as he may know of it."""
    ways = _ways()
    unreached = _unreached(reader, ways, now)
    return [*_undelivered(reader, now), *_late(now), *unreached, *_unset_mail(ways)]


def _ways() -> list[tuple[Channel, Route | None]]:
    """Return the channels in use, each with a route to it, or None where it has none; read by one query."""
    rows = Channel.objects.filter(enabled=True).values_list(
        "kind", "addresses", "routes__hub", "routes__least", "routes__enabled"
    )
    ways: list[tuple[Channel, Route | None]] = []
    for kind, addresses, hub_id, least, is_in_force in rows:
        channel = Channel(kind=kind, addresses=addresses)
        route = Route(channel=channel, hub_id=hub_id, least=least) if is_in_force else None
        ways.append((channel, route))
    return ways


def _undelivered(reader: Reader, now: datetime) -> Iterator[Line]:
    found = undelivered(deliveries_for(reader), now).aggregate(
        messages=Count("notification", distinct=True), since=Min("notification__created_at")
    )
    if found["messages"]:
        words = f"{number(found['messages'], 'message')} could not be delivered"
        link = f"{reverse('notifications')}?status=undelivered"
        yield _line("alarm", words, found["since"], now, link, "See which")


def _late(now: datetime) -> Iterator[Line]:
    if not is_blind(now):
        return
    looking = looking_now()
    expected, since = span(looking.look_within.total_seconds()), looking.last_at
    if since is None:
        words = "The monitor has not looked at anything yet"
    elif now - since > looking.look_within:
        words = f"The monitor is late: looks are expected every {expected}, and none has ended"
    else:
        words, since = "The monitor is late: a hub was not looked at in time", None
    yield _line("alarm", words, since, now, reverse("runs"), "See the runs")


def _unreached(
    reader: Reader, ways: Sequence[tuple[Channel, Route | None]], now: datetime
) -> Iterator[Line]:
    """Give a line where something bad is open that nobody is told of, as no route leads to anybody."""
    routes = [route for _, route in ways if route]
    if any(_reaches(route, ANY_HUB, Severity.WARN) for route in routes):
        return
    missed = [
        row
        for row in _bad_findings(reader, now)
        if not any(_reaches(route, row.hub, row.severity) for route in routes)
    ]
    if not missed:
        return
    tags = list(dict.fromkeys(row.hub.tag for row in missed))
    count = number(sum(row.findings for row in missed), "open finding")
    words = f"Nobody is told of {count} on {some(tags, len(tags))}, as no route leads to anybody"
    link, link_words = reverse("findings"), "See the findings"
    if reader.is_staff and reader.has_perm("alerts.view_route"):
        link, link_words = reverse("admin:alerts_route_changelist"), "See the routes"
    yield _line("warn", words, min(row.since for row in missed), now, link, link_words)


def _reaches(route: Route, hub: Hub, severity: str) -> bool:
    is_about = route.hub_id in (None, hub.pk)
    return is_about and route.covers(severity) and bool(route.channel.recipients(hub))


@dataclass(frozen=True)
class Bad:
    """What is open of one severity on one hub."""

    hub: Hub
    severity: str
    findings: int
    since: datetime


def _bad_findings(reader: Reader, now: datetime) -> list[Bad]:
    rows = (
        Finding.objects.open()
        .filter(severity__in=TOLD)
        .exclude(muted(now))
        .exclude(hub__in=hidden_hubs(reader))
        .order_by("hub__tag")
        .values_list("hub", "hub__tag", "hub__contacts", "severity")
        .annotate(findings=Count("pk"), since=Min("opened_at"))
    )
    return [
        Bad(Hub(pk=pk, tag=tag, contacts=contacts), severity, findings, since)
        for pk, tag, contacts, severity, findings, since in rows
    ]


def _unset_mail(ways: Sequence[tuple[Channel, Route | None]]) -> Iterator[Line]:
    is_mail = any(channel.kind == Channel.Kind.EMAIL for channel, _ in ways)
    if is_mail and not settings.EMAIL_IS_SET:
        yield Line(
            "warn", "Mail reaches nobody: there is a channel for it, but EMAIL_URL is not set"
        )


def _line(
    state: str, words: str, since: datetime | None, now: datetime, link: str, link_words: str
) -> Line:
    return Line(state, words, since, age(since, now) if since else "", link, link_words)
