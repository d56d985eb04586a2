"""The admin's page that tries another policy on the past of a hub, beside today's; it stores nothing."""

import time
from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from hubs.admin import PolicyInline
from hubs.limits import Limits
from hubs.models import Hub, Policy, Replica, judged, policy_layer
from probes.judge.backtest import backtest
from probes.judge.values import WORST_FIRST
from probes.models import Finding, TarballSnapshot
from probes.preview import Comparison, compare
from probes.preview_form import PreviewForm
from probes.preview_trial import Difference, Past, Work, command_line, difference, limit_text

MOST_SHOWN = 200
MOST_NAMED = 20
FIELDSETS: Any = [
    (
        "The past",
        {
            "fields": [("since", "until", "every")],
            "description": "At each of these looks both policies are judged with what was known then.",
        },
    ),
    *PolicyInline.fieldsets,
]


@dataclass(frozen=True)
class Preview:
    """What both policies would have told."""

    looks: int
    seconds: float  # that it took
    comparison: Comparison


@dataclass(frozen=True)
class Listed:
    """Findings as the page lists them: as the tried policy tells them where it does, beside what today's tells."""

    title: str
    rows: list[tuple[Finding, Finding | None]]
    in_all: int
    folded: bool = False

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.in_all - len(self.rows)


class PolicyPreview(admin.ModelAdmin):  # type: ignore[type-arg]
    """Hubs whose policy can be tried: a page of their own, a button that leads there, an action that does too."""

    change_form_template = "admin/probes/hub_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of a hub, the one here before those that would take its address for a key."""
        view = self.admin_site.admin_view(self.preview)
        return [path("<int:hub_id>/preview/", view, name="hubs_hub_preview"), *super().get_urls()]

    @admin.action(description="Preview a policy on the past", permissions=["change"])
    def preview_policy(
        self, request: HttpRequest, queryset: models.QuerySet[Hub]
    ) -> HttpResponseRedirect | None:
        """Lead to the page of one hub."""
        keys = list(queryset.values_list("pk", flat=True))
        if len(keys) == 1:
            return redirect("admin:hubs_hub_preview", keys[0])
        self.message_user(request, "Choose one hub only.", messages.ERROR)
        return None

    def preview(self, request: HttpRequest, hub_id: int) -> HttpResponse:
        """Ask for a policy and a past; replay them."""
        hub = self.get_object(request, str(hub_id))
        if hub is None:
            raise Http404
        if not self.has_change_permission(request, hub):
            raise PermissionDenied
        form = PreviewForm(hub, timezone.now(), request.POST if request.method == "POST" else None)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": f"Preview a policy of {hub}",
            "hub": hub,
            "adminform": AdminForm(form, FIELDSETS, {}, model_admin=self),
            "severities": WORST_FIRST,
        }
        if form.is_valid():
            context |= _tried(hub, form.limits, form.past)
        return TemplateResponse(request, "admin/probes/preview.html", context)


def _tried(hub: Hub, tried: Limits, past: Past) -> dict[str, Any]:
    """Return what the page shows of a trial; of one that is too much work, how it is done elsewhere."""
    today = hub.limits()
    differs = difference(today, tried)
    own = _own_policies(hub, differs.overrides)
    context = {
        "past": past,
        "command": command_line(hub.tag, past, differs.overrides),
        "emptied": differs.emptied,
        "changes": [
            (name, limit_text(getattr(today, name)), limit_text(getattr(tried, name)))
            for name in differs.names
        ],
        "own_policies": own[:MOST_NAMED],
        "own_policies_left_out": len(own[MOST_NAMED:]),
    }
    refusal = _work(hub, past).refusal
    if refusal:
        return context | {"refusal": refusal}
    preview = _preview(hub, differs, past)
    return context | {"preview": preview, "lists": _lists(preview.comparison)}


def _work(hub: Hub, past: Past) -> Work:
    replicas = Replica.objects.filter(hub=hub, enabled=True)
    return Work(
        looks=past.looks,
        repos=len(judged(hub.repos.all())),
        replicas=replicas.count(),
        tarballs=TarballSnapshot.objects.filter(replica__in=replicas).count(),
    )


def _preview(hub: Hub, differs: Difference, past: Past) -> Preview:
    """Replay today's policy and the other one; once only where they are the same."""
    started = time.monotonic()
    when = past.since, past.until, past.every
    today = tried = backtest(hub, *when)
    if differs:
        tried = backtest(_without(hub, differs.emptied), *when, differs.overrides)
    comparison = compare(today.findings, tried.findings)
    return Preview(tried.looks, time.monotonic() - started, comparison)


def _without(hub: Hub, emptied: Collection[str]) -> Hub:
    """Return the hub as if its policy did not set some limits: no override says that something is not set."""
    if not emptied:
        return hub
    layer = policy_layer(hub) or {}
    other = copy(hub)
    other.policy = Policy(**{name: value for name, value in layer.items() if name not in emptied})
    return other


def _own_policies(hub: Hub, names: Iterable[str]) -> list[str]:
    """Return which repos set some of these limits themselves, each with those."""
    own = []
    for repo in judged(hub.repos.select_related("policy")):
        layer = policy_layer(repo) or {}
        set_here = [name for name in names if layer.get(name) not in (None, "")]
        if set_here:
            own.append(f"{repo.path} ({', '.join(set_here)})")
    return own


def _lists(compared: Comparison) -> list[Listed]:
    return [
        _listed("Only the tried policy tells", [(each, None) for each in compared.only_after]),
        _listed("Only today's policy tells", [(each, None) for each in compared.only_before]),
        _listed("Both tell", [(after, before) for before, after in compared.both], folded=True),
    ]


def _listed(
    title: str, rows: list[tuple[Finding, Finding | None]], *, folded: bool = False
) -> Listed:
    return Listed(title, rows[:MOST_SHOWN], len(rows), folded)
