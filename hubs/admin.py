"""The inventory in the admin: hubs with their replicas and policy, nodes, what is planned, repos to select."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from hubs import validators
from hubs.durations import format_duration, parse_duration
from hubs.models import HolidayCalendar, Hub, Maintenance, Node, Policy, Replica, Repo
from hubs.planned import parse_days
from hubs.removal import dependent_counts, remove

MANY_TO_SHOW = 100


class DurationText(forms.DurationField):
    """A duration as people write it: 90s, 6h, 1d12h."""

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the form."""
        return value if isinstance(value, str | None) else format_duration(value)

    def to_python(self, value: Any) -> Any:
        """Return the duration that was typed."""
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return parse_duration(value.strip())
        except (ValueError, OverflowError) as problem:
            raise ValidationError(str(problem)) from None


class Addresses(forms.CharField):
    """Mail addresses with commas, spaces or new lines between."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the form."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the list of what was typed."""
        return value if isinstance(value, list) else re.findall(r"[^\s,]+", value or "")


class InventoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the pages of all inventory models share."""

    formfield_overrides = {models.DurationField: {"form_class": DurationText}}
    list_per_page = MANY_TO_SHOW
    save_on_top = True


class RemovableAdmin(InventoryAdmin):
    """Asks before deleting with numbers instead of a list of perhaps a million rows, and deletes in small steps."""

    def get_deleted_objects(
        self, objs: Sequence[models.Model] | models.QuerySet[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what the page that asks for confirmation shows."""
        rows = self.model._default_manager.filter(pk__in=[row.pk for row in objs])
        counts = {str(self.model._meta.verbose_name_plural): len(rows)} | dependent_counts(rows)
        return [str(row) for row in rows], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete one row and what hangs on it."""
        remove(self.model._default_manager.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Delete some rows and what hangs on them."""
        remove(
            self.model._default_manager.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        )


class PolicyInline(admin.StackedInline):  # type: ignore[type-arg]
    """The policy of a hub or a repo; every field may stay empty."""

    model = Policy
    max_num = 1
    extra = 0
    formfield_overrides = InventoryAdmin.formfield_overrides
    verbose_name = "policy"
    fieldsets = [
        (
            "When tarballs are expected",
            {
                "fields": [("cadence", "grace"), ("expected_per_day", "extensions")],
                "description": "What is empty is taken from the hub, or has its default. "
                "Durations are written 90s, 10m, 6h, 1d, 2w or 1d12h.",
            },
        ),
        ("Sidecars and proofs", {"fields": [("sidecar", "sidecar_deadline"), "verified_within"]}),
        ("Sizes", {"fields": [("shrink_max", "grow_max")]}),
        (
            "Copies and keeping",
            {"fields": [("copies", "sites", "copy_within"), ("keep_min", "keep_max")]},
        ),
        (
            "The place and the looks",
            {
                "fields": [
                    ("free_space_min", "days_to_full", "lock_max_age"),
                    ("look_within", "alert_after"),
                    ("remind_every", "messages_per_day"),
                ]
            },
        ),
    ]


class ReplicaInline(admin.TabularInline):  # type: ignore[type-arg]
    """Where a hub's tarballs are kept."""

    model = Replica
    extra = 0
    fields = ["node", "root", "role", "enabled"]
    show_change_link = True

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return a field whose list of nodes is read once and not again for each line."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.choices = [*field.choices]
        return field

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Replica]:
        """Return replicas with what their names need."""
        return super().get_queryset(request).select_related("hub", "node")


class HubForm(forms.ModelForm):  # type: ignore[type-arg]
    """A hub, with its contacts as plain text."""

    contacts = Addresses(
        required=False,
        help_text="Mail addresses of those to tell, with commas, spaces or new lines between.",
    )

    class Meta:
        model = Hub
        fields = "__all__"  # noqa: DJ007 - the fieldsets below name them


@admin.register(Hub)
class HubAdmin(RemovableAdmin):
    """Hubs, each with its replicas and its policy."""

    form = HubForm
    list_display = ["tag", "name", "title", "time_zone", "replica_count", "repo_links"]
    list_filter = ["time_zone", "replicas__node"]
    search_fields = ["tag", "name", "title", "replicas__node__tag"]
    filter_horizontal = ["groups"]
    inlines = [ReplicaInline, PolicyInline]
    fieldsets = [
        (None, {"fields": [("tag", "name"), "title", "time_zone"]}),
        ("What its page says", {"fields": ["message", "report_url"]}),
        ("Who may see it and who is told", {"fields": ["groups", "contacts"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Hub]:
        """Return hubs with the numbers that the list shows."""
        hubs: models.QuerySet[Hub] = super().get_queryset(request)
        return hubs.annotate(
            replica_total=_count(Replica, "hub"),
            repo_total=_count(Repo, "hub"),
            selected_total=_count(Repo, "hub", selected=True),
        )

    @admin.display(description="replicas", ordering="replica_total")
    def replica_count(self, hub: Hub) -> int:
        """Return on how many places its tarballs are."""
        return hub.replica_total  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="repos", ordering="repo_total")
    def repo_links(self, hub: Hub) -> str:
        """Return a link to its repos."""
        chosen = f"{hub.selected_total} of " if hub.selected_total else "all "  # type: ignore[attr-defined]
        return format_html(
            '<a href="{}?hub__id__exact={}">{}{}</a>',
            reverse("admin:hubs_repo_changelist"),
            hub.pk,
            chosen,
            hub.repo_total,  # type: ignore[attr-defined]
        )


@admin.register(Node)
class NodeAdmin(InventoryAdmin):
    """Machines and how they are reached."""

    list_display = ["tag", "address", "site", "transport", "replica_count", "timeouts"]
    list_filter = ["transport", "site", "replicas__hub"]
    search_fields = ["tag", "host", "site", "user"]
    fieldsets = [
        (None, {"fields": [("tag", "site"), "transport"]}),
        (
            "How it is reached",
            {
                "fields": [("host", "port"), "user", "identity_file", "known_hosts", "jump_host"],
                "description": "Only for nodes that are reached over SSH. The host key must be known before the "
                "first look: `manage.py hostkey TAG` shows and pins it.",
            },
        ),
        (
            "How long we wait",
            {
                "fields": [("connect_timeout", "command_timeout")],
                "description": "Durations are written 90s, 10m or 1h.",
            },
        ),
        ("Maintenance", {"fields": ["time_zone"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Node]:
        """Return nodes with the number that the list shows."""
        nodes: models.QuerySet[Node] = super().get_queryset(request)
        return nodes.annotate(replica_total=_count(Replica, "node"))

    @admin.display(ordering="host")
    def address(self, node: Node) -> str:
        """Return how it is reached, as `ssh` writes it."""
        if node.transport == Node.Transport.LOCAL:
            return "this machine"
        login = f"{node.user}@{node.host}" if node.user else node.host
        return login if node.port == 22 else f"{login}:{node.port}"

    @admin.display(description="replicas", ordering="replica_total")
    def replica_count(self, node: Node) -> int:
        """Return how many replicas it holds."""
        return node.replica_total  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="connect, command")
    def timeouts(self, node: Node) -> str:
        """Return how long we wait for it."""
        return f"{format_duration(node.connect_timeout)}, {format_duration(node.command_timeout)}"


@admin.register(Replica)
class ReplicaAdmin(RemovableAdmin):
    """Places where tarballs are kept."""

    list_display = ["__str__", "root", "role", "enabled"]
    list_filter = ["enabled", "role", "hub", "node"]
    list_select_related = ["hub", "node"]
    list_editable = ["enabled"]
    search_fields = ["hub__tag", "hub__name", "node__tag", "root"]
    autocomplete_fields = ["hub", "node"]


@admin.register(Maintenance)
class MaintenanceAdmin(InventoryAdmin):
    """Windows in which nobody wonders about a hub or a node."""

    list_display = ["reason", "owner", "comes", "starts_at", "ends_at", "author", "enabled"]
    list_filter = ["enabled", "hub", "node"]
    list_select_related = ["hub", "node"]
    list_editable = ["enabled"]
    search_fields = ["reason", "author", "hub__tag", "node__tag"]
    autocomplete_fields = ["hub", "node"]
    fieldsets = [
        (None, {"fields": [("hub", "node"), "reason", "author", "enabled"]}),
        (
            "From when until when",
            {
                "fields": [("starts_at", "ends_at")],
                "description": "Both for a window that comes once.",
            },
        ),
        (
            "Again and again",
            {
                "fields": [("cron", "duration")],
                "description": "Durations are written 90m, 2h or 1d12h.",
            },
        ),
    ]

    @admin.display(description="of", ordering="hub__tag")
    def owner(self, window: Maintenance) -> str:
        """Return the hub or node that it is about."""
        return f"hub {window.hub.tag}" if window.hub else f"node {window.node}"

    @admin.display(description="comes")
    def comes(self, window: Maintenance) -> str:
        """Return when it comes again and for how long."""
        if window.duration is None:
            return "once"
        return f"{window.cron} ({window.zone}), {format_duration(window.duration)}"

    def save_model(
        self, request: HttpRequest, obj: Maintenance, form: forms.BaseForm, change: bool
    ) -> None:
        """Save a window; who adds it is its author unless another is named."""
        if not change and not obj.author:
            obj.author = request.user.get_username()
        super().save_model(request, obj, form, change)


@admin.register(HolidayCalendar)
class HolidayCalendarAdmin(InventoryAdmin):
    """Days on which no backups are expected."""

    list_display = ["name", "number_of_lines", "owners"]
    search_fields = ["name", "days"]
    filter_horizontal = ["hubs", "nodes"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[HolidayCalendar]:
        """Return calendars with whose they are."""
        return super().get_queryset(request).prefetch_related("hubs", "nodes")

    @admin.display(description="days")
    def number_of_lines(self, calendar: HolidayCalendar) -> int:
        """Return how many days or ranges it holds."""
        return len(parse_days(calendar.days))

    @admin.display(description="of")
    def owners(self, calendar: HolidayCalendar) -> str:
        """Return the hubs and nodes that keep these days."""
        hubs = [hub.tag for hub in calendar.hubs.all()]
        return ", ".join(hubs + [node.tag for node in calendar.nodes.all()])


class RepoForm(forms.ModelForm):  # type: ignore[type-arg]
    """A repo that is added by hand, before it was ever seen."""

    class Meta:
        model = Repo
        fields = "__all__"  # noqa: DJ007 - all but the key, which no form offers

    def clean(self) -> dict[str, Any]:
        """Refuse what is not `category/name`."""
        cleaned = super().clean() or {}
        if self.instance.pk is None:
            validators.repo_path(f"{cleaned.get('category', '')}/{cleaned.get('name', '')}")
        return cleaned


@admin.register(Repo)
class RepoAdmin(RemovableAdmin):
    """SCM instances, found by looking; here one selects those to judge."""

    form = RepoForm
    list_display = ["path", "hub", "selected", "has_policy"]
    list_editable = ["selected"]
    list_filter = ["selected", "hub", "category"]
    list_select_related = ["hub", "policy"]
    search_fields = ["name", "category", "hub__tag"]
    autocomplete_fields = ["hub"]
    inlines = [PolicyInline]
    actions = ["select", "unselect"]

    def get_readonly_fields(self, request: HttpRequest, obj: Repo | None = None) -> list[str]:
        """Return what may not change once tarballs hang on it."""
        return ["hub", "category", "name"] if obj else []

    @admin.display(boolean=True, description="own policy")
    def has_policy(self, repo: Repo) -> bool:
        """Return whether it has limits of its own."""
        return getattr(repo, "policy", None) is not None

    @admin.action(description="Select: judge these", permissions=["change"])
    def select(self, request: HttpRequest, queryset: models.QuerySet[Repo]) -> None:
        """Select repos."""
        self._set_selected(request, queryset, selected=True)

    @admin.action(description="Unselect", permissions=["change"])
    def unselect(self, request: HttpRequest, queryset: models.QuerySet[Repo]) -> None:
        """Unselect repos."""
        self._set_selected(request, queryset, selected=False)

    def _set_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Repo], *, selected: bool
    ) -> None:
        changed = list(queryset.exclude(selected=selected))
        with transaction.atomic():
            for repo in changed:  # one by one: pictures hear of rows that are saved
                repo.selected = selected
                repo.save(update_fields=["selected"])
        word = "selected" if selected else "unselected"
        for repo in changed:
            self.log_change(request, repo, word)
        self.message_user(request, f"{len(changed)} repos {word}.")


def _count(model: type[models.Model], key: str, **conditions: Any) -> Coalesce:
    """Return an expression: how many rows of a model point to the outer row by `key`."""
    rows = model._default_manager.filter(**{key: models.OuterRef("pk")}, **conditions)
    numbers = rows.order_by().values(key).annotate(number=models.Count("pk")).values("number")
    return Coalesce(models.Subquery(numbers), 0)
