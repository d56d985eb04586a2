"""Findings by the API, and answers to them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard import queries
from dashboard.api import filters, serializers
from dashboard.api.inventory import ID
from dashboard.api.pagination import ByCursor
from dashboard.api.permissions import MayAnswer
from dashboard.api.problems import InTheWay
from dashboard.api.reading import Table
from probes import answers
from probes.models import Finding

Answered = serializers.FindingSerializer


class FindingViewSet(Table[Finding]):
    """Verdicts of the rules, newest first; `open=true` keeps those that stand."""

    subject = "Findings"
    queryset = Finding.objects.none()
    serializer_class = serializers.FindingSerializer
    lookup_value_regex = ID
    filterset_class = filters.FindingFilter
    pagination_class = ByCursor
    ordering_fields = {"id": "pk", "opened_at": "opened_at", "code": "code"}
    ordering = "-opened_at"

    def get_queryset(self) -> QuerySet[Finding]:
        return queries.findings_for(self.request.user)

    @extend_schema(request=serializers.AcknowledgeSerializer, responses=Answered)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Silence a finding until it closes, or until a moment (snooze)."""
        finding = self.get_object()
        given = _given(serializers.AcknowledgeSerializer, request)
        return self._answered(
            finding,
            lambda user, now: answers.acknowledge(
                finding, user, given["reason"], given["until"], now=now
            ),
        )

    @extend_schema(request=None, responses=Answered)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Let an acknowledged finding speak again."""
        finding = self.get_object()
        return self._answered(finding, lambda user, now: answers.withdraw(finding, user, now))

    @extend_schema(request=serializers.AcceptSerializer, responses=Answered)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def accept(self, request: Request, pk: str) -> Response:
        """Make what a finding about sizes or counts complains of the new measure; acknowledges it too."""
        finding = self.get_object()
        given = _given(serializers.AcceptSerializer, request)
        return self._answered(
            finding,
            lambda user, now: answers.accept_level(finding, user, given["reason"], now),
        )

    def _answered(self, finding: Finding, answer: Callable[[User, datetime], object]) -> Response:
        """Give an answer, and return the finding as it then is."""
        user = cast(User, self.request.user)  # MayAnswer let nobody else in
        try:
            answer(user, timezone.now())
        except answers.AnswerError as refusal:
            if refusal.conflict:
                raise InTheWay(str(refusal)) from None
            raise exceptions.ValidationError({refusal.field or "detail": [str(refusal)]}) from None
        return Response(self.represent([finding])[0])


def _given(form: type[serializers.AcceptSerializer], request: Request) -> dict[str, Any]:
    read = form(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)
