"""Channel, Route, Notification, Delivery and Attempt: whom to tell of what, what was told, and how it went.

A notification is stored with its deliveries before anything is sent. Its rows are kept for ever. Times are UTC.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from alerts.message import WORST_FIRST, Kind, Message, Tone, message_from
from alerts.parcel import Result
from hubs import validators
from hubs.models import Hub

SEVERITIES = [(tone.value, tone.value) for tone in WORST_FIRST]
WEEKDAYS = list(
    enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
)


class Channel(models.Model):
    """A way to people: mail addresses, a service that Apprise knows, or a webhook."""

    class Kind(models.TextChoices):
        """How it is sent."""

        EMAIL = "email", "mail"
        APPRISE = "apprise", "a service by its Apprise URL"
        WEBHOOK = "webhook", "signed webhook"

    name = models.CharField(max_length=80, unique=True, validators=[validators.one_line])
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.EMAIL)
    addresses = models.JSONField(
        default=list,
        blank=True,
        validators=[validators.email_list],
        help_text="For mail. None: the contacts of the hub that a message is about.",
    )
    url = models.TextField(
        blank=True,
        help_text="For the other kinds: an Apprise URL, or where the webhook is posted. Never shown again.",
    )
    secret = models.CharField(
        max_length=200, blank=True, help_text="A webhook is signed with it. Never shown again."
    )
    previous_secret = models.CharField(
        max_length=200,
        blank=True,
        help_text="While receivers change over, webhooks are signed with this one as well.",
    )
    weekly_on = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=WEEKDAYS,
        help_text="When it is told how all hubs are, even when all is well. Empty: never.",
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validators.time_zone],
        help_text="IANA name of the zone of that weekday, and of times in messages about several hubs.",
    )
    enabled = models.BooleanField(default=True)
    closed_reason = models.TextField(
        blank=True, help_text="Why scmmon switched it off: the other side wants nothing more."
    )
    accepted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the other side last took a message."
    )
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a reader last said that a message had reached him."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a service or webhook without URL, and addresses where there is one."""
        if self.kind == self.Kind.EMAIL and self.url:
            raise ValidationError({"url": "Mail goes to addresses; leave this empty."})
        if self.kind != self.Kind.EMAIL and not self.url:
            raise ValidationError({"url": f"A channel of kind {self.kind} needs a URL."})
        if self.kind != self.Kind.EMAIL and self.addresses:
            raise ValidationError({"addresses": "These are for mail; the URL says where to."})

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its weekday."""
        return ZoneInfo(self.time_zone)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What a webhook is signed with, the current one first."""
        return tuple(secret for secret in (self.secret, self.previous_secret) if secret)

    def recipients(self, hub: Hub | None) -> list[str]:
        """Return whom it reaches about a hub, or about none: addresses, or one empty text where the URL says it.

        What is about no hub is for the operators, or, where none is named, for the contacts of all hubs.
        """
        if self.kind != self.Kind.EMAIL:
            return [""]
        contacts = hub.contacts if hub else settings.SCMMON_OPERATORS or _all_contacts()
        return list(dict.fromkeys(self.addresses or contacts))


def _all_contacts() -> list[str]:
    lists = Hub.objects.values_list("contacts", flat=True)
    return [address for contacts in lists for address in contacts]


class Route(models.Model):
    """Which channel is told of which hub from which severity on."""

    hub = models.ForeignKey(
        Hub,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="routes",
        help_text="Empty: every hub, and what is about none, such as a command that failed.",
    )
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="routes")
    least = models.CharField(
        max_length=6,
        choices=SEVERITIES,
        default=Tone.NOTICE.value,
        verbose_name="from",
        help_text="The least severity that is told.",
    )
    after = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.positive],
        help_text="Escalation: told only of what is still open and unanswered after this time. Empty: at once.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["hub__tag", "channel__name", "pk"]

    def __str__(self) -> str:
        return f"{self.hub.tag if self.hub else 'every hub'} to {self.channel} from {self.least}"

    @classmethod
    def in_force(cls, hub: Hub | None) -> Iterator[Route]:
        """Give the routes that count for a hub, or for what is about none."""
        about = models.Q(hub=None) | models.Q(hub=hub) if hub else models.Q(hub=None)
        routes = cls.objects.filter(about, enabled=True, channel__enabled=True)
        yield from routes.select_related("channel")

    def covers(self, severity: str) -> bool:
        """Say whether something of this severity is told."""
        order = list(WORST_FIRST)
        return order.index(Tone(severity)) <= order.index(Tone(self.least))


class Notification(models.Model):
    """One message, as it was written: one for each cause and hub at a look."""

    public_id = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="Receivers know it by this."
    )
    hub = models.ForeignKey(
        Hub, models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
    kind = models.CharField(max_length=11, choices=[(kind.value, kind.value) for kind in Kind])
    severity = models.CharField(max_length=6, choices=SEVERITIES)
    subject = models.TextField()
    content = models.JSONField(help_text="alerts.message.Message")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at"]),
            models.Index(fields=["kind", "-created_at"]),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def message(self) -> Message:
        """What it says."""
        return message_from(self.content)


class NotificationPicture(models.Model):
    """The bytes of a picture in a notification, as it was when it was written."""

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=80)
    png = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "name"], name="one_picture_a_name")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.notification_id}"


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    WAITING = "waiting", "waiting"
    SENDING = "sending", "being sent"
    SENT = "sent", "taken by the other side"
    FAILED = "failed", "given up"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Reads of deliveries that several apps need."""

    def undelivered(self) -> DeliveryQuerySet:
        """Keep those that were tried and are still waiting."""
        waiting = [DeliveryStatus.WAITING, DeliveryStatus.SENDING]
        return self.filter(status__in=waiting, attempts_made__gt=0)

    def later_to_the_same(self) -> DeliveryQuerySet:
        """Keep, inside `Exists`, later messages over the same channel to the same recipient as the outer delivery."""
        return self.filter(
            channel=models.OuterRef("channel"),
            recipient=models.OuterRef("recipient"),
            pk__gt=models.OuterRef("pk"),
        )


class Delivery(models.Model):
    """One notification on its way to one recipient over one channel."""

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(
        Channel, models.SET_NULL, null=True, blank=True, related_name="deliveries"
    )
    channel_name = models.CharField(max_length=80, help_text="Kept when the channel is gone.")
    recipient = models.CharField(
        max_length=320, blank=True, help_text="A mail address; empty where the channel says it all."
    )
    status = models.CharField(
        max_length=7, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING
    )
    attempts_made = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(help_text="When it is tried next.")
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was sent or given up."
    )
    answer = models.TextField(blank=True, help_text="What the other side said last, in one line.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel", "recipient"], name="one_delivery_a_recipient"
            )
        ]
        indexes = [
            models.Index(fields=["status", "due_at"]),
            models.Index(fields=["channel", "recipient", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel_name} {self.recipient}: {self.status}"


class Attempt(models.Model):
    """One try to deliver: noted before it begins, and again when its outcome is known."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(
        max_length=8, blank=True, choices=[(result.value, result.value) for result in Result]
    )
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["delivery", "number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_a_number")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}: {self.result or 'not ended'}"
