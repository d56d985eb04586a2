"""What could not be delivered: recipients that the last message about a hub did not reach, and since when."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from alerts.models import Delivery, DeliveryStatus, Route
from alerts.parcel import Trouble
from hubs.models import Hub

TOLD_FOR = timedelta(days=30)
# A mail server may let a sender wait whom it does not know yet.
LONG_ENOUGH = timedelta(minutes=30)
ATTEMPTS_ENOUGH = 3


def troubles(hub: Hub, now: datetime) -> list[Trouble]:
    """Return who is to be told of a hub and was not reached by messages about it, nor by any message since."""
    taken_since = Delivery.objects.filter(
        channel=OuterRef("channel"),
        recipient=OuterRef("recipient"),
        status=DeliveryStatus.SENT,
        notification__created_at__gt=OuterRef("notification__created_at"),
    )
    taken_by_others = Delivery.objects.filter(
        notification=OuterRef("notification"), status=DeliveryStatus.SENT
    )
    is_waiting_long = Q(status=DeliveryStatus.WAITING) & (
        Q(attempts_made__gte=ATTEMPTS_ENOUGH)
        | Q(attempts_made__gt=0, notification__created_at__lt=now - LONG_ENOUGH)
    )
    failing = (
        Delivery.objects.filter(
            is_waiting_long | Q(status=DeliveryStatus.FAILED),
            notification__hub=hub,
            notification__created_at__gt=now - TOLD_FOR,
        )
        .exclude(Exists(taken_since))
        .annotate(reached_others=Exists(taken_by_others))
        .select_related("notification")
        .order_by("notification__created_at", "pk")
    )
    still_told = {
        (route.channel_id, recipient)
        for route in Route.in_force(hub)
        for recipient in route.channel.recipients(hub)
    }
    by_recipient: dict[tuple[int | None, str], list[Any]] = defaultdict(list)
    for delivery in failing:
        whom = delivery.channel_id, delivery.recipient
        if whom in still_told:
            by_recipient[whom].append(delivery)
    return [_trouble(deliveries) for deliveries in by_recipient.values()]


def _trouble(deliveries: Sequence[Any]) -> Trouble:
    """Return what the deliveries to one recipient, oldest first, come to; each has its `reached_others`."""
    first, last = deliveries[0], deliveries[-1]
    return Trouble(
        subject=f"channel {first.channel_id} {first.recipient}",
        channel=first.channel_name,
        recipient=hidden(first.recipient),
        since=first.notification.created_at,
        messages=len(deliveries),
        answer=last.answer.replace(last.recipient, hidden(last.recipient))
        if last.recipient
        else last.answer,
        is_given_up=any(one.status == DeliveryStatus.FAILED for one in deliveries),
        reached_others=all(one.reached_others for one in deliveries),
    )


def hidden(address: str) -> str:
    """Return a mail address of which only the domain can be read."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else address
