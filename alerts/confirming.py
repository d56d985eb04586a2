"""The link by which a reader says that a message reached him: signed, so that it needs no login and cannot be guessed."""

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db.models import Q

from alerts.message import Kind
from alerts.models import Channel, Delivery

SALT = "scmmon.alerts.confirm"
ASKED = (Kind.REASSURANCE, Kind.TEST)  # an acknowledged finding says as much of the other kinds


def confirm_url(delivery: Delivery) -> str:
    """Return the link for one delivery; empty for kinds that nobody is asked to confirm."""
    if delivery.notification.kind not in ASKED:
        return ""
    token = signing.dumps(delivery.pk, salt=SALT)
    return f"{settings.SCMMON_SITE_URL}/confirm/{token}/"


def confirmed(token: str) -> Delivery | None:
    """Return the delivery whose link this is; None where it is no link of ours, or the delivery is gone."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Delivery.objects.select_related("channel", "notification").filter(pk=pk).first()


def confirm(delivery: Delivery, now: datetime) -> None:
    """Store that somebody says that it reached him."""
    earlier = Q(confirmed_at=None) | Q(confirmed_at__lt=now)
    Channel.objects.filter(earlier, deliveries=delivery.pk).update(confirmed_at=now)
