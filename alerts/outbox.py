"""The outbox: whom a message is for, and storing it with its deliveries before anything is sent."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from alerts.harmless import harmless
from alerts.message import Message
from alerts.models import Channel, Delivery, Notification, NotificationPicture, Route
from hubs.models import Hub


@dataclass(frozen=True)
class Addressee:
    """One recipient over one channel."""

    channel: Channel
    recipient: str  # a mail address; empty where the channel's URL says it

    @property
    def whom(self) -> object:
        """What tells him from others, whichever route leads to him."""
        return self.recipient.casefold() or self.channel.pk


def addressees(
    hub: Hub | None, severity: str, *, escalated: Collection[int] = ()
) -> list[Addressee]:
    """Return who is told at once of something this bad about a hub, or about none.

    Routes of escalation count where their ids are among the `escalated`.
    """
    wanted = (
        route
        for route in Route.in_force(hub)
        if route.covers(severity) and (route.after is None or route.pk in escalated)
    )
    return reached_by((route.channel for route in wanted), hub)


def reached_by(channels: Iterable[Channel], hub: Hub | None) -> list[Addressee]:
    """Return whom these channels reach about a hub, nobody twice at one mail address."""
    found: dict[object, Addressee] = {}
    for channel in channels:
        for recipient in channel.recipients(hub):
            one = Addressee(channel, recipient)
            found.setdefault(one.whom, one)
    return list(found.values())


def post(
    message: Message,
    to: Iterable[Addressee],
    now: datetime,
    *,
    hub: Hub | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Notification:
    """Store a message on its way to some people; `pictures` are PNG by the names that it uses.

    Stores in the transaction that is open, so that what is told and that it was told stand or fall together.
    """
    message = harmless(message)  # no database takes every text that a node or a program made
    with transaction.atomic():
        notification = Notification.objects.create(
            hub=hub,
            kind=message.kind,
            severity=message.severity,
            subject=message.subject,
            content=message.as_json(),
            created_at=now,
        )
        NotificationPicture.objects.bulk_create(
            NotificationPicture(notification=notification, name=name, png=png)
            for name, png in (pictures or {}).items()
        )
        Delivery.objects.bulk_create(
            Delivery(
                notification=notification,
                channel=one.channel,
                channel_name=one.channel.name,
                recipient=one.recipient,
                due_at=now,
            )
            for one in to
        )
    return notification
