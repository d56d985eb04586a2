"""What was seen, in the admin, to read only; the actions that look at nodes, and those that answer findings.

The work queue's own pages are replaced as well: its schedules run any function that is named to them, so
whoever may edit one runs code as the user who holds the SSH keys.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django_q.models import Failure, OrmQ, Schedule, Success

from hubs.admin import HubAdmin, NodeAdmin, ReplicaAdmin
from hubs.models import Hub, Node, Replica
from probes.answer_actions import AnswerActions
from probes.look.looking import LookError
from probes.look.transport import TransportError
from probes.models import AcceptedLevel, Answer, CollectRun, Finding, TarballSnapshot
from probes.pipeline import discover, try_look
from probes.preview_admin import PolicyPreview
from probes.tasks import queue_looks

# A page cannot wait for more than a few nodes that may each take their whole time.
MOST_AT_ONCE = 5
MOST_NAMED = 20


class LookingActions(admin.ModelAdmin):  # type: ignore[type-arg]
    """Actions on rows of the inventory that have to do with replicas; `replicas_of` says with which."""

    replica_lookup = ""  # from a replica to the row

    def replicas_of(self, rows: models.QuerySet[Any]) -> list[Replica]:
        """Return the enabled replicas that belong to some rows."""
        chosen = {f"{self.replica_lookup}__in": rows.order_by().values("pk")}
        return list(
            Replica.objects.filter(enabled=True, **chosen)
            .select_related("hub", "node")
            .order_by("hub__tag", "node__tag", "root")
        )

    @admin.action(
        description="Test connection: look, show what comes, store nothing", permissions=["change"]
    )
    def test_connection(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> TemplateResponse | None:
        """Show what a look at some replicas gives."""
        replicas = self._few_replicas(request, queryset)
        if not replicas:
            return None
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "back_url": request.get_full_path(),
            "trials": [(replica, try_look(replica)) for replica in replicas],
        }
        return TemplateResponse(request, "admin/probes/trials.html", context)

    @admin.action(description="Collect now", permissions=["change"])
    def collect_now(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Put a look at each replica into the work queue."""
        replicas = self.replicas_of(queryset)
        if not replicas:
            self._say_nothing_to_look_at(request)
            return
        queue_looks([replica.pk for replica in replicas])
        runs = reverse("admin:probes_collectrun_changelist")
        text = 'Looks at {} replicas wait for the work queue; <a href="{}">see the runs</a>.'
        self.message_user(request, format_html(text, len(replicas), runs))

    @admin.action(
        description="Discover repos: look, add the repos that are there", permissions=["change"]
    )
    def discover_repos(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Add the repos that some replicas hold."""
        for replica in self._few_replicas(request, queryset):
            try:
                new = discover(replica)
            except (LookError, TransportError) as problem:
                self.message_user(request, f"{replica}: {problem}", messages.ERROR)
                continue
            names = ", ".join(repo.path for repo in new[:MOST_NAMED])
            text = f"{len(new)} new repos: {names}" if new else "no new repos"
            self.message_user(request, f"{replica}: {text}")

    def _few_replicas(self, request: HttpRequest, rows: models.QuerySet[Any]) -> list[Replica]:
        replicas = self.replicas_of(rows)
        if len(replicas) > MOST_AT_ONCE:
            text = f"That is {len(replicas)} replicas: choose at most {MOST_AT_ONCE} at once."
            self.message_user(request, text, messages.ERROR)
            return []
        if not replicas:
            self._say_nothing_to_look_at(request)
        return replicas

    def _say_nothing_to_look_at(self, request: HttpRequest) -> None:
        self.message_user(request, "There is no enabled replica to look at.", messages.WARNING)


class LookingHubAdmin(PolicyPreview, LookingActions, HubAdmin):
    """Hubs, with looks, and with policies that are tried on the past."""

    replica_lookup = "hub"
    actions = ["collect_now", "discover_repos", "preview_policy"]


class LookingNodeAdmin(LookingActions, NodeAdmin):
    """Nodes, with looks."""

    replica_lookup = "node"
    actions = ["test_connection", "collect_now"]


class LookingReplicaAdmin(LookingActions, ReplicaAdmin):
    """Replicas, with looks."""

    replica_lookup = "pk"
    actions = ["test_connection", "collect_now", "discover_repos"]


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only programs write."""

    actions: Sequence[str] | None = None
    list_per_page = 100
    show_full_result_count = False  # it would count millions of rows again and again

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes, save with the hub or replica that rows belong to."""
        return False


@admin.register(CollectRun)
class CollectRunAdmin(ReadOnlyAdmin):
    """Looks."""

    list_display = ["started_at", "replica", "status", "stage", "seen", "new", "gone", "took"]
    list_filter = ["status", "full", "method", "replica__hub", "replica__node"]
    list_select_related = ["replica__hub", "replica__node"]
    search_fields = ["replica__hub__tag", "replica__node__tag", "error"]
    date_hierarchy = "started_at"

    @admin.display(description="seconds")
    def took(self, run: CollectRun) -> str:
        """Return how long it took."""
        return "" if run.seconds is None else f"{run.seconds:.1f}"


@admin.register(TarballSnapshot)
class TarballSnapshotAdmin(ReadOnlyAdmin):
    """Tarballs as they were seen."""

    list_display = ["path", "replica", "stamp_at", "size_bytes", "sidecar_state", "gone_at"]
    list_filter = [
        "sidecar_state",
        ("gone_at", admin.EmptyFieldListFilter),
        "replica__hub",
        "replica__node",
    ]
    list_select_related = ["replica__hub", "replica__node"]
    search_fields = ["path"]


class AnswerInline(admin.TabularInline):  # type: ignore[type-arg]
    """What people did about a finding."""

    model = Answer
    fields = ["at", "kind", "author_name", "until", "reason"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Answers are given by the actions of the list, and on the pages."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return False


@admin.register(Finding)
class FindingAdmin(AnswerActions, ReadOnlyAdmin):
    """Verdicts of rules."""

    list_display = ["opened_at", "severity", "code", "hub", "message", "closed_at", "acknowledged"]
    list_filter = ["severity", ("closed_at", admin.EmptyFieldListFilter), "code", "hub"]
    list_select_related = ["hub", "repo", "acknowledged_by"]
    search_fields = ["message", "path", "code", "hub__tag"]
    date_hierarchy = "opened_at"
    inlines = [AnswerInline]
    actions = ["acknowledge", "withdraw", "accept_level"]

    @admin.display
    def acknowledged(self, finding: Finding) -> str:
        """Return by whom it is silenced, and until when."""
        if finding.closed_at or not finding.is_muted(timezone.now()):
            return ""
        until = finding.acknowledged_until
        lasts = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until it closes"
        return f"by {finding.acknowledged_by or 'somebody whose account is gone'}, {lasts}"


@admin.register(AcceptedLevel)
class AcceptedLevelAdmin(ReadOnlyAdmin):
    """Levels that somebody accepted; deleting one takes the word back."""

    list_display = ["accepted_at", "repo", "from_stamp_at", "accepted_by", "reason"]
    list_filter = ["repo__hub", "accepted_by"]
    list_select_related = ["repo__hub", "accepted_by"]
    search_fields = ["repo__category", "repo__name", "repo__hub__tag", "reason"]
    date_hierarchy = "accepted_at"
    actions = []  # besides deleting

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever has the permission; rules then compare as before."""
        return request.user.has_perm("probes.delete_acceptedlevel")


class TaskAdmin(ReadOnlyAdmin):
    """Tasks that the work queue has done."""

    list_display = ["name", "group", "func", "started", "stopped", "success"]
    list_filter = ["cluster"]
    search_fields = ["name", "func", "group"]


class ScheduleAdmin(ReadOnlyAdmin):
    """What the work queue does by the clock; `manage.py setup_schedule` makes them."""

    list_display = ["name", "func", "schedule_type", "cron", "next_run", "repeats"]
    search_fields = ["name", "func"]


def _replace(replacements: Iterable[tuple[type[models.Model], type[Any] | None]]) -> None:
    for model, model_admin in replacements:
        if admin.site.is_registered(model):
            admin.site.unregister(model)
        if model_admin is not None:
            admin.site.register(model, model_admin)


_replace(
    [
        (Hub, LookingHubAdmin),
        (Node, LookingNodeAdmin),
        (Replica, LookingReplicaAdmin),
        (Success, TaskAdmin),
        (Failure, TaskAdmin),
        (Schedule, ScheduleAdmin),
        (OrmQ, None),
    ]
)
