"""The pages of what people were told: the log of deliveries with its filters, and one message with how it went."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from alerts.delivery import SECONDS_A_PAGE_WAITS, deliver
from alerts.harmless import harmless
from alerts.message import Block, Facts, Message, Verbatim
from alerts.models import SEVERITIES, Delivery, DeliveryStatus, Notification
from alerts.rendering import KINDS, PICTURE_NAME
from dashboard import queries
from dashboard.access import Reader, hidden_hubs, readable
from dashboard.lists import screens
from dashboard.lists.sorting import IN_STATE, IN_TIME, Column, sorting_of
from probes.models import Telling

MOST_FINDINGS = 100
UNDELIVERED = "undelivered"
STATUSES = {
    UNDELIVERED: "could not be delivered",
    **{status.value: status.label for status in DeliveryStatus},
}
MORE_FILTERS = ("channel", "kind", "q", "since", "until")
WORST_LAST = Case(
    *(
        When(notification__severity=severity, then=rank)
        for rank, (severity, _) in enumerate(reversed(SEVERITIES))
    ),
    default=-1,
)
COLUMNS = {
    "written": Column(
        "written", falls=True, is_kept=True, ways=IN_TIME
    ),  # by its own id, which grows
    "severity": Column("severity", (WORST_LAST,), falls=True, ways=IN_STATE[::-1]),
    "subject": Column("message", ("notification__subject",)),
    "channel": Column("channel", ("channel_name", "recipient")),
    "status": Column("delivery", ("status",)),
}
AGAIN = (DeliveryStatus.WAITING, DeliveryStatus.FAILED)  # what may be tried again
NOT_FOR_ALL = (Facts, Verbatim)  # how and as whom scmmon runs, and how it logs in to nodes


@readable
def notifications(request: HttpRequest) -> HttpResponse:
    """Deliveries, newest first, with filters."""
    now = timezone.now()
    shown = screens.filtered(
        request,
        _of_status(queries.deliveries_for(request.user), request.GET.get("status", ""), now),
        hub="notification__hub__tag",
        channel="channel_name",
        kind="notification__kind",
        severity="notification__severity",
    )
    if text := request.GET.get("q"):
        shown = shown.filter(notification__subject__icontains=text)
    shown = screens.within_days(request, shown, "notification__created_at")
    sorting = sorting_of(request, COLUMNS, "-written")
    page = screens.sorted_page(request, shown, sorting)
    context = {
        "page": page,
        "sorting": sorting,
        "caption": screens.how_many(page, "delivery", "deliveries"),
        "is_narrowed": screens.is_narrowed(request),
        "has_more_filters": any(map(request.GET.get, MORE_FILTERS)),
        "hub_choices": queries.hub_tags(request.user),
        "channel_choices": queries.channel_names(request.user),
        "status_choices": STATUSES.items(),
        "kind_choices": KINDS.items(),
        "severity_choices": [severity for severity, _ in SEVERITIES],
    }
    return screens.page(request, "notifications.html", now, context)


def _of_status(deliveries: QuerySet[Delivery], status: str, now: datetime) -> QuerySet[Delivery]:
    if status == UNDELIVERED:
        return queries.undelivered(deliveries, now)
    return deliveries.filter(status=status) if status else deliveries


@readable
def notification(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: what it said, to whom it went, and each attempt to deliver it."""
    this = _notification_of(request.user, pk)
    message = _message_of(this)
    deliveries = _deliveries(this)
    tellings = _tellings(request.user, this)
    names = this.pictures.values_list("name", flat=True)
    context = {
        "notification": this,
        "hub": this.hub,
        "kind": KINDS.get(this.kind, this.kind),
        "message": message,
        "blocks": _blocks(message.blocks, request.user) if message else [],
        "pictures": [name for name in names if PICTURE_NAME.fullmatch(name)],
        "deliveries": deliveries,
        "may_try_again": request.user.is_staff and any(map(_may_be_tried, deliveries)),
        "tellings": tellings[:MOST_FINDINGS],
        "tellings_left_out": max(0, tellings.count() - MOST_FINDINGS),
    }
    return screens.page(request, "notification.html", timezone.now(), context)


def _notification_of(reader: Reader, pk: int) -> Notification:
    return get_object_or_404(queries.notifications_for(reader), pk=pk)


def _message_of(this: Notification) -> Message | None:
    """Return what a message says; None where it was stored by a version that says it otherwise, or is spoilt."""
    try:
        return harmless(this.message)
    except (LookupError, TypeError, ValueError):
        return None


def _deliveries(this: Notification) -> list[Delivery]:
    deliveries = this.deliveries.order_by("pk").select_related("channel")
    return list(deliveries.prefetch_related("attempts"))


def _blocks(blocks: Iterable[Block], reader: Reader) -> list[tuple[str, Block]]:
    """Return the blocks that a reader may see, each with the word that its template is called by."""
    return [
        (type(block).__name__.lower(), block)
        for block in blocks
        if reader.is_authenticated or not isinstance(block, NOT_FOR_ALL)
    ]


def _tellings(reader: Reader, this: Notification) -> QuerySet[Telling]:
    """Return of which findings a message told, and what, in the order in which it was stored."""
    seen = this.tellings.exclude(finding__hub__in=hidden_hubs(reader))
    return seen.select_related("finding__hub").order_by("pk")


def _may_be_tried(delivery: Delivery) -> bool:
    channel = delivery.channel
    return delivery.status in AGAIN and channel is not None and channel.enabled


@readable
def picture(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A picture of a message, as it was when the message was written."""
    this = _notification_of(request.user, pk)
    found = get_object_or_404(this.pictures, name=name)
    return HttpResponse(bytes(found.png), content_type="image/png")


@login_not_required  # the middleware would lead from the login to this address, which knows no GET
@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Deliver what waits or was given up of one message, now; staff only."""
    page = reverse("notification", args=[pk])
    if not isinstance(request.user, User):
        return redirect_to_login(page)
    this = _notification_of(request.user, pk)
    if not request.user.is_staff:
        raise PermissionDenied
    now = timezone.now()
    left = this.deliveries.filter(status__in=AGAIN, channel__enabled=True)
    count = left.update(status=DeliveryStatus.WAITING, due_at=now, settled_at=None)
    _say_how_it_went(request, this, count)
    return redirect(page)


def _say_how_it_went(request: HttpRequest, this: Notification, count: int) -> None:
    if not count:
        messages.info(request, "There was nothing to try again.")
        return
    done = deliver(only=this, seconds_for_another=SECONDS_A_PAGE_WAITS)
    if done.is_busy:
        text = "Another process is delivering. What waits here is tried after it."
        messages.warning(request, text)
        return
    tell = messages.success if done.is_clean else messages.warning
    tell(request, f"Of {count} that were tried again, {done.sent} were taken.")
