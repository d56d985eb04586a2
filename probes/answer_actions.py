"""The admin's actions that answer several findings at once, by the same services as the pages."""

from collections.abc import Callable
from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from probes import answers
from probes.answer_forms import AcknowledgeForm, ReasonForm
from probes.models import Answer, Finding

MOST_AT_ONCE = 200
MOST_NAMED = 20

Give = Callable[[Finding, User], Answer]


class AnswerActions(admin.ModelAdmin):  # type: ignore[type-arg]
    """Actions on findings: each asks what it must know on a page of its own, then answers one after the other."""

    def has_answer_permission(self, request: HttpRequest) -> bool:
        """Who may change findings may answer them, although nobody edits the rows."""
        return request.user.has_perm("probes.change_finding")

    @admin.action(description="Acknowledge or snooze…", permissions=["answer"])
    def acknowledge(
        self, request: HttpRequest, queryset: models.QuerySet[Finding]
    ) -> TemplateResponse | None:
        """Silence findings until they close, or for a time."""
        form = AcknowledgeForm(request.POST if "answer" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, "Acknowledge or snooze")

        def give(finding: Finding, user: User) -> Answer:
            now = timezone.now()
            until = form.moment(now, finding.hub.zone)
            return answers.acknowledge(finding, user, form.cleaned_data["reason"], until, now=now)

        self._give(request, queryset, give)
        return None

    @admin.action(description="Withdraw the acknowledgement", permissions=["answer"])
    def withdraw(self, request: HttpRequest, queryset: models.QuerySet[Finding]) -> None:
        """Let findings speak again."""
        self._give(
            request, queryset, lambda finding, user: answers.withdraw(finding, user, timezone.now())
        )

    @admin.action(description="Accept the new level…", permissions=["answer"])
    def accept_level(
        self, request: HttpRequest, queryset: models.QuerySet[Finding]
    ) -> TemplateResponse | None:
        """Make what findings complain of the new measure."""
        form = ReasonForm(request.POST if "answer" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, "Accept the new level")
        reason = form.cleaned_data["reason"]
        self._give(
            request,
            queryset,
            lambda finding, user: answers.accept_level(finding, user, reason, timezone.now()),
        )
        return None

    def _ask(
        self,
        request: HttpRequest,
        findings: models.QuerySet[Finding],
        form: AcknowledgeForm | ReasonForm,
        title: str,
    ) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": title,
            "form": form,
            "findings": findings[:MOST_NAMED],
            "findings_in_all": findings.count(),
            # The changelist's own fields, so that the second request chooses the same rows as the first.
            "kept": [
                (name, value)
                for name in ("action", "select_across", "index", "_selected_action")
                for value in request.POST.getlist(name)
            ],
        }
        return TemplateResponse(request, "admin/probes/answer.html", context)

    def _give(self, request: HttpRequest, findings: models.QuerySet[Finding], give: Give) -> None:
        """Answer each finding by itself, so that one that cannot be answered stops no other."""
        in_all = findings.count()
        if in_all > MOST_AT_ONCE:
            text = f"That is {in_all} findings: choose at most {MOST_AT_ONCE} at once."
            self.message_user(request, text, messages.ERROR)
            return
        user = cast(User, request.user)
        refused: list[str] = []
        for finding in findings.order_by("pk"):
            try:
                give(finding, user)
            except answers.AnswerError as error:
                refused.append(f"{finding}: {error}")
        for text in refused[:MOST_NAMED]:
            self.message_user(request, text, messages.ERROR)
        if len(refused) > MOST_NAMED:
            self.message_user(request, f"{len(refused)} were refused in all.", messages.ERROR)
        if answered := in_all - len(refused):
            self.message_user(request, f"{answered} answered.", messages.SUCCESS)
