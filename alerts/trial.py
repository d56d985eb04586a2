"""Test messages: written because somebody asked, delivered at once."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import User

from alerts.delivery import SECONDS_A_PAGE_WAITS, deliver
from alerts.message import Facts, Kind, Message, Tone
from alerts.models import Channel, Delivery
from alerts.outbox import Addressee, post
from alerts.places import place_of


class TrialError(Exception):
    """No test can be sent, and why, as a sentence for whoever asked."""


def send_test(channel: Channel, by: User, now: datetime) -> list[Delivery]:
    """Send a test over a channel and return how that went, a row for each recipient.

    What is not taken now waits in the outbox as every message does. Raises TrialError where there is nobody to send to.
    """
    if not channel.enabled:
        raise TrialError("It is switched off: switch it on first.")
    to = [Addressee(channel, recipient) for recipient in _recipients(channel, by)]
    notification = post(_message(channel, by, now), to, now)
    deliver(only=notification, seconds_for_another=SECONDS_A_PAGE_WAITS)
    return list(notification.deliveries.order_by("pk").prefetch_related("attempts"))


def goes_to_asker(channel: Channel) -> bool:
    """Say whether a test goes to whoever asks for it, as the channel has no addresses of its own."""
    return channel.kind == Channel.Kind.EMAIL and not channel.addresses


def _recipients(channel: Channel, by: User) -> list[str]:
    if not goes_to_asker(channel):
        return channel.recipients(None)
    if by.email:
        return [by.email]
    raise TrialError(
        "It has no addresses of its own, so a test goes to whoever asks, and your account has no mail address. Add one "
        "to your account under Users, or addresses to the channel."
    )


def _message(channel: Channel, by: User, now: datetime) -> Message:
    asked_at = now.astimezone(channel.zone)
    return Message(
        kind=Kind.TEST,
        severity=Tone.NOTICE,
        tone=Tone.PLAIN,
        subject=f"scmmon: a test of the channel “{channel.name}”",
        conclusion=f"This is a test that {by.get_username()} asked for. Nothing is wrong: what scmmon tells over this "
        "channel reaches you.",
        blocks=(
            Facts(
                "What was tested",
                (
                    ("Channel", channel.name),
                    ("Kind", channel.get_kind_display()),
                    ("Leads to", place_of(channel)),
                    ("Asked by", by.get_username()),
                    ("Asked at", f"{asked_at:%Y-%m-%d %H:%M:%S} {channel.time_zone}"),
                ),
            ),
        ),
        link=f"{settings.SCMMON_SITE_URL}/notifications/?kind=test",
        facts={
            "channel": channel.name,
            "by": by.get_username(),
            "at": now.astimezone(UTC).isoformat(),
        },
    )
