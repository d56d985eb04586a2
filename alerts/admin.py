"""Channels and routes in the admin: whom to tell, with a test that shows the answer. No secret is ever shown again."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters

from alerts.admin_forms import SECRETS, ChannelForm
from alerts.models import Channel, Delivery, DeliveryStatus, Route
from alerts.places import place_of
from alerts.trial import TrialError, goes_to_asker, send_test
from alerts.webhook import PREFIX
from hubs.admin import InventoryAdmin
from hubs.durations import format_duration

MOST_AT_ONCE = 5  # a page cannot wait for more that may each take a minute
SECRET_BYTES = 24
SILENT_AFTER = timedelta(days=8)  # a channel with a weekday has something to take each week


@dataclass(frozen=True)
class Trial:
    """What came of a test of one channel."""

    channel: Channel
    place: str
    rows: Sequence[tuple[Delivery, float | None]] = ()  # each with the seconds that it took
    to_asker: bool = False
    problem: str = ""


class RouteInline(admin.TabularInline):  # type: ignore[type-arg]
    """What a channel is told."""

    model = Route
    extra = 0
    fields = ["hub", "least", "after", "enabled"]
    formfield_overrides = InventoryAdmin.formfield_overrides

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return a field whose list of hubs is read once and not again for each line."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.choices = [*field.choices]
        return field


@admin.register(Channel)
class ChannelAdmin(InventoryAdmin):
    """Ways to people."""

    form = ChannelForm
    inlines = [RouteInline]
    list_display = [
        "name",
        "way",
        "leads_to",
        "state",
        "weekly_on",
        "last_taken",
        "last_confirmed",
        "undelivered",
    ]
    search_fields = ["name"]
    readonly_fields = ["leads_to", "closed_reason", "last_taken", "last_confirmed"]
    actions = ["send_a_test", "make_a_secret"]

    class Media:
        css = {"all": ["alerts/admin.css"]}

    @method_decorator(sensitive_post_parameters(*SECRETS))
    def changeform_view(self, *args: Any, **options: Any) -> Any:
        """Show or save a channel; what is typed as a secret stays out of reports of errors."""
        return super().changeform_view(*args, **options)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse addresses of the list that ask what a secret begins with."""
        if lookup.partition("__")[0] in SECRETS:
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        """Return the fields; who may not change a channel is not even asked for its secrets."""
        may_type = obj is None or self.has_change_permission(request, obj)
        secret_lines = [_secret_line(name, obj) for name in SECRETS] if may_type else []
        fieldsets: list[Any] = [
            (None, {"fields": [("name", "kind"), "enabled"]}),
            ("Where it leads", {"fields": ["addresses", *secret_lines]}),
            (
                "A sign of life once a week",
                {
                    "fields": [("weekly_on", "time_zone")],
                    "description": "How all hubs are, even when all is well. A channel that has a weekday and took "
                    "nothing for more than 8 days is marked in the list.",
                },
            ),
        ]
        if obj is not None:
            how = ["leads_to", "closed_reason", ("last_taken", "last_confirmed")]
            fieldsets.append(("How it goes", {"fields": how}))
        return fieldsets

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Channel]:
        """Return channels with the number that the list shows."""
        waiting = Delivery.objects.filter(
            channel=models.OuterRef("pk"), status=DeliveryStatus.WAITING, attempts_made__gt=0
        )
        numbers = waiting.order_by().values("channel").annotate(number=models.Count("pk"))
        channels: models.QuerySet[Channel] = super().get_queryset(request)
        return channels.annotate(
            waiting_total=Coalesce(models.Subquery(numbers.values("number")), 0)
        )

    def save_model(
        self, request: HttpRequest, obj: Channel, form: forms.BaseForm, change: bool
    ) -> None:
        """Save a channel; one that is switched on again is no longer closed."""
        if obj.enabled:
            obj.closed_reason = ""
        super().save_model(request, obj, form, change)
        if obj.kind == Channel.Kind.WEBHOOK and not obj.secrets:
            text = f"{obj} has no signing secret, so its receiver cannot tell who sends. An action of the list makes one."
            self.message_user(request, text, messages.WARNING)

    @admin.display(description="kind", ordering="kind")
    def way(self, channel: Channel) -> str:
        """Return its kind in one word."""
        return str(channel.kind)

    @admin.display(description="leads to")
    def leads_to(self, channel: Channel) -> str:
        """Return where it leads, as far as that is no secret."""
        return place_of(channel)

    @admin.display(description="state", ordering="enabled")
    def state(self, channel: Channel) -> str:
        """Return whether it is used, and why not."""
        if channel.enabled:
            return "on"
        return f"closed {channel.closed_reason}" if channel.closed_reason else "switched off"

    @admin.display(description="last taken", ordering="accepted_at")
    def last_taken(self, channel: Channel) -> str:
        """Return when the other side last took something, with a warning where that is too long ago."""
        at = _moment(channel.accepted_at)
        if not _is_silent(channel, timezone.now()):
            return at
        since = (
            f"nothing for more than {SILENT_AFTER.days} days"
            if channel.accepted_at
            else "send a test"
        )
        return format_html("{} <strong>⚠ {}</strong>", at, since)

    @admin.display(description="last confirmed by a reader", ordering="confirmed_at")
    def last_confirmed(self, channel: Channel) -> str:
        """Return when a reader last said that a message had reached him."""
        return _moment(channel.confirmed_at)

    @admin.display(description="undelivered", ordering="waiting_total")
    def undelivered(self, channel: Channel) -> str:
        """Return how many messages wait after an attempt that failed, with a link to them."""
        count = channel.waiting_total  # type: ignore[attr-defined]
        if not count:
            return "0"
        asked = urlencode({"channel": channel.name, "status": DeliveryStatus.WAITING})
        return format_html('<a href="{}?{}">{}</a>', reverse("notifications"), asked, count)

    @admin.action(description="Send a test, and show the answer", permissions=["change"])
    def send_a_test(
        self, request: HttpRequest, queryset: models.QuerySet[Channel]
    ) -> TemplateResponse | None:
        """Send a test over some channels and show how that went."""
        channels = list(queryset)
        if len(channels) > MOST_AT_ONCE:
            text = f"That is {len(channels)} channels: choose at most {MOST_AT_ONCE} at once."
            self.message_user(request, text, messages.ERROR)
            return None
        by = cast(User, request.user)
        trials = [_trial(channel, by) for channel in channels]
        for trial in trials:
            if trial.rows:
                self.log_change(request, trial.channel, "sent a test")
        return self._page(request, "trials.html", title="Send a test", trials=trials)

    @admin.action(description="Make a new signing secret, and show it once", permissions=["change"])
    def make_a_secret(
        self, request: HttpRequest, queryset: models.QuerySet[Channel]
    ) -> HttpResponse | None:
        """Give a webhook a new secret; what it had goes on to sign until it is removed."""
        channels = list(queryset)
        if len(channels) != 1 or channels[0].kind != Channel.Kind.WEBHOOK:
            self.message_user(request, "Choose one channel, a signed webhook.", messages.ERROR)
            return None
        channel = channels[0]
        new = PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
        channel.previous_secret, channel.secret = channel.secret, new
        channel.save(update_fields=["secret", "previous_secret"])
        self.log_change(request, channel, "made a new signing secret")
        title = "A new signing secret"
        return self._page(request, "secret.html", title=title, channel=channel, secret=new)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        common = self.admin_site.each_context(request)
        back = {"opts": self.opts, "back_url": request.get_full_path()}
        return TemplateResponse(request, f"admin/alerts/{template}", common | back | context)


@admin.register(Route)
class RouteAdmin(InventoryAdmin):
    """Which channel is told of what."""

    list_display = ["told_of", "channel", "least", "told_after", "enabled"]
    list_filter = ["enabled", "least", "channel", "hub"]
    list_select_related = ["hub", "channel"]
    list_editable = ["enabled"]
    search_fields = ["hub__tag", "channel__name"]
    autocomplete_fields = ["hub", "channel"]
    fieldsets = [
        (None, {"fields": [("hub", "channel"), "least", "enabled"]}),
        (
            "Escalation",
            {"fields": ["after"], "description": "Durations are written 90m, 6h, 1d or 1d12h."},
        ),
    ]

    @admin.display(description="hub", ordering="hub__tag")
    def told_of(self, route: Route) -> str:
        """Return which hub it is about."""
        return route.hub.tag if route.hub else "every hub"

    @admin.display(description="after", ordering="after")
    def told_after(self, route: Route) -> str:
        """Return for how long something must have been open and unanswered."""
        return format_duration(route.after) if route.after else "at once"


def _secret_line(name: str, channel: Channel | None) -> str | tuple[str, str]:
    """Return a secret's field, with the box beside it that removes what is stored."""
    is_stored = channel is not None and getattr(channel, name)
    return (name, f"remove_{name}") if is_stored else name


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "never"


def _is_silent(channel: Channel, now: datetime) -> bool:
    if not channel.enabled or channel.weekly_on is None:
        return False
    return channel.accepted_at is None or now - channel.accepted_at > SILENT_AFTER


def _trial(channel: Channel, by: User) -> Trial:
    try:
        deliveries = send_test(channel, by, timezone.now())
    except TrialError as problem:
        return Trial(channel, place_of(channel), problem=str(problem))
    rows = [(delivery, _seconds(delivery)) for delivery in deliveries]
    return Trial(channel, place_of(channel), rows, goes_to_asker(channel))


def _seconds(delivery: Delivery) -> float | None:
    """Return how long the only attempt at a test took; None where it was not made, or has not ended."""
    for attempt in delivery.attempts.all():
        if attempt.ended_at:
            return (attempt.ended_at - attempt.began_at).total_seconds()
    return None
