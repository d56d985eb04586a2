"""Channels, routes and messages for tests of telling, as plain rows: how a delivery went is said by arguments."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alerts.message import Message
from alerts.models import Attempt, Channel, Delivery, DeliveryStatus, Notification, Route
from alerts.outbox import Addressee, post
from alerts.parcel import Result
from hubs.models import Hub
from probes.models import Finding, Telling
from tests.estate import HOUR, NOW
from tests.messages import CHANGE

ADDRESS = "ada@example.org"


def make_channel(name: str = "operators", **fields: Any) -> Channel:
    """Store a channel: mail to one address unless said otherwise."""
    if fields.get("kind", Channel.Kind.EMAIL) == Channel.Kind.EMAIL:
        fields = {"addresses": [ADDRESS]} | fields
    return Channel.objects.create(name=name, **fields)


def make_route(
    channel: Channel, hub: Hub | None = None, least: str = "notice", **fields: Any
) -> Route:
    """Store a route to a channel."""
    return Route.objects.create(channel=channel, hub=hub, least=least, **fields)


def make_message(
    hub: Hub | None,
    *channels: Channel,
    message: Message = CHANGE,
    at: datetime = NOW - HOUR,
    **fields: Any,
) -> Notification:
    """Put a message into the outbox, to each recipient of some channels; keywords are fields of the message."""
    to = [
        Addressee(channel, recipient)
        for channel in channels
        for recipient in channel.recipients(hub)
    ]
    return post(replace(message, **fields), to, at, hub=hub)


def try_it(
    delivery: Delivery,
    result: Result,
    answer: str = "",
    at: datetime = NOW - HOUR,
    due_at: datetime = NOW + HOUR,
) -> Delivery:
    """Store an attempt to deliver, and where the delivery then stands."""
    number = delivery.attempts_made + 1
    ended_at = at + timedelta(seconds=2)
    Attempt.objects.create(
        delivery=delivery,
        number=number,
        began_at=at,
        ended_at=ended_at,
        result=result,
        answer=answer,
    )
    waits = result in (Result.LATER, Result.LOST)
    delivery.attempts_made, delivery.answer = number, answer
    delivery.settled_at = None if waits else ended_at
    delivery.due_at = due_at if waits else ended_at
    delivery.status = {
        Result.ACCEPTED: DeliveryStatus.SENT,
        Result.REFUSED: DeliveryStatus.FAILED,
    }.get(result, DeliveryStatus.WAITING)
    delivery.save()
    return delivery


def tell(
    notification: Notification, findings: Sequence[Finding], change: str = "new", **fields: Any
) -> list[Telling]:
    """Store that a message told of some findings."""
    return [
        Telling.objects.create(
            finding=finding,
            notification=notification,
            change=change,
            severity=finding.severity,
            at=notification.created_at,
            **fields,
        )
        for finding in findings
    ]
