"""Takes a finding, gives whom people were told of it by which message and how that went, or why nobody was told."""

from datetime import datetime

from django.db.models import Prefetch

from alerts.models import Delivery, Route
from alerts.outbox import addressees
from dashboard.access import Reader
from dashboard.findings.silence import silenced
from dashboard.queries import notifications_for
from dashboard.wording import span
from probes.models import Finding, Telling

MOST_SHOWN = 50


def tellings(reader: Reader, finding: Finding, most: int = MOST_SHOWN) -> list[Telling]:
    """Return when people were told of a finding, newest first, each with its deliveries."""
    deliveries = Prefetch("notification__deliveries", Delivery.objects.order_by("pk"))
    seen = finding.tellings.filter(notification__in=notifications_for(reader).order_by())
    told = seen.select_related("notification").prefetch_related(deliveries)
    return list(told.order_by("-at", "-pk")[:most])


def why_nobody(finding: Finding, now: datetime) -> str:
    """Return why nobody was told of a finding that is open, as the end of a sentence without its full stop."""
    if finding.is_muted(now):
        words = silenced(finding, now)
        return f"it is {words[0].lower()}{words[1:]}"
    if addressees(finding.hub, finding.severity):
        return "not yet; they are told after the next judgement of this hub"
    covering = [r for r in Route.in_force(finding.hub) if r.covers(finding.severity)]
    waits = [route.after for route in covering if route.after is not None]
    if not covering:
        return f"no route covers the severity {finding.severity} of hub {finding.hub.tag}"
    if len(waits) < len(covering):
        return (
            "the routes that cover it lead to mail without addresses, and the hub has no contacts"
        )
    return f"only escalation covers it, {span(min(waits).total_seconds())} after it opened"
