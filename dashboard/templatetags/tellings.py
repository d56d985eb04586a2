"""`{% load tellings %}`: how deliveries and attempts to deliver stand, in a word, and the parts of a message."""

from collections.abc import Sequence
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.harmless import line
from alerts.message import Cell, Tone
from alerts.models import Attempt, Delivery, DeliveryStatus
from alerts.parcel import Result
from dashboard import wording

register = template.Library()

register.filter("line", line)

STANDINGS = {
    DeliveryStatus.WAITING: ("none", "waiting"),
    DeliveryStatus.SENDING: ("running", "being sent"),
    DeliveryStatus.SENT: ("ok", "taken"),
    DeliveryStatus.FAILED: ("alarm", "given up"),
}
RESULTS = {
    Result.ACCEPTED: ("ok", "taken"),
    Result.LATER: ("warn", "not taken yet"),
    Result.REFUSED: ("alarm", "refused"),
    Result.LOST: ("unknown", "not known"),
}


@register.inclusion_tag("_badge.html")
def standing(delivery: Delivery) -> dict[str, str]:
    """Show where a delivery stands."""
    state, words = STANDINGS[DeliveryStatus(delivery.status)]
    if delivery.status == DeliveryStatus.WAITING and delivery.attempts_made:
        state, words = "warn", "not taken yet"
    return {"state": state, "words": words}


@register.inclusion_tag("_badge.html")
def outcome(attempt: Attempt) -> dict[str, str]:
    """Show what came of an attempt."""
    if not attempt.result:
        return {"state": "running", "words": "under way"}
    state, words = RESULTS[Result(attempt.result)]
    return {"state": state, "words": words}


@register.filter
def took(attempt: Attempt) -> str:
    """Return how long an attempt took; nothing where it is under way."""
    if attempt.ended_at is None:
        return ""
    return wording.span((attempt.ended_at - attempt.began_at).total_seconds())


@register.simple_tag
def next_try(delivery: Delivery, now: datetime) -> str | SafeString:
    """Show when a delivery is tried next, with the moment as the hover text; nothing where it is over."""
    if delivery.status != DeliveryStatus.WAITING:
        return ""
    at = delivery.due_at
    text = f"next try {wording.age(at, now)}" if at > now else "due now"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), wording.moment(at), text
    )


@register.filter
def beside(row: Sequence[Cell], columns: Sequence[str]) -> list[tuple[Cell, str]]:
    """Return the cells of a row, each with the heading of its column."""
    return list(zip(row, columns, strict=False))


@register.filter
def known(tone: str) -> str:
    """Return a tone of a message where it is one that has a colour, else nothing."""
    return tone if tone in set(Tone) else ""
