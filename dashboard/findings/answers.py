"""What the forms on the page of a finding do: POST only, for whoever sees its hub and may answer."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.access import may_answer
from dashboard.findings.finding_pages import (
    Refused,
    accept_form,
    acknowledge_form,
    finding_of,
    show_finding,
)
from probes import answers
from probes.models import Finding

Answer = Callable[[HttpRequest, User, Finding], Refused | None]


def _answering(answer: Answer) -> Callable[[HttpRequest, int], HttpResponse]:
    """Make an answer a view: it leads back to the finding, or shows on its page what was wrong."""

    @login_not_required  # the middleware would lead from the login to this address, which knows no GET
    @require_POST
    @wraps(answer)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        page = reverse("finding", args=[pk])
        if not isinstance(request.user, User):
            return redirect_to_login(page)
        finding = finding_of(request.user, pk)
        if not may_answer(request.user):
            raise PermissionDenied
        refused = answer(request, request.user, finding)
        if refused is None:
            return redirect(page)
        return show_finding(request, finding_of(request.user, pk), timezone.now(), refused)

    return view


@_answering
def acknowledge(request: HttpRequest, user: User, finding: Finding) -> Refused | None:
    """Silence a finding until it closes, or for a time (snooze)."""
    form = acknowledge_form(request.POST)
    if not form.is_valid():
        return Refused(acknowledge=form)
    now = timezone.now()
    until = form.moment(now, finding.hub.zone)
    try:
        answers.acknowledge(finding, user, form.cleaned_data["reason"], until, now=now)
    except answers.AnswerError as error:
        if error.conflict:
            return Refused(problem=str(error), conflict=True)
        form.add_error(error.field or None, str(error))
        return Refused(acknowledge=form)
    return None


@_answering
def withdraw(request: HttpRequest, user: User, finding: Finding) -> Refused | None:
    """Let an acknowledged finding speak again."""
    try:
        answers.withdraw(finding, user, timezone.now())
    except answers.AnswerError as error:
        return Refused(problem=str(error), conflict=error.conflict)
    return None


@_answering
def accept(request: HttpRequest, user: User, finding: Finding) -> Refused | None:
    """Make what a finding complains of the new measure."""
    form = accept_form(request.POST)
    if not form.is_valid():
        return Refused(accept=form)
    try:
        answers.accept_level(finding, user, form.cleaned_data["reason"], timezone.now())
    except answers.AnswerError as error:
        return Refused(problem=str(error), conflict=error.conflict)
    return None
