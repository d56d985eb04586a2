"""The REST API: reading of hubs, nodes, replicas, repos, snapshots, runs, findings and series; answering findings."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from dashboard import filters, queries, serializers
from dashboard.access import MayAnswer, hidden_hubs, visible_hubs
from dashboard.pagination import NewestFirst
from hubs.models import Hub, Node, Replica, Repo
from probes import answers
from probes.draw.series import RANGE_DAYS, Plot, plot
from probes.models import CollectRun, Finding, TarballSnapshot

TAG = "[^/]+"  # a tag may hold a colon


class HubViewSet(ReadOnlyModelViewSet[Hub]):
    """Hubs."""

    queryset = Hub.objects.none()
    serializer_class = serializers.HubSerializer
    lookup_field = "tag"
    lookup_value_regex = TAG
    filterset_fields = ["time_zone"]
    ordering_fields = ["tag", "name"]

    def get_queryset(self) -> QuerySet[Hub]:
        return visible_hubs(self.request.user).order_by("tag")


class NodeViewSet(ReadOnlyModelViewSet[Node]):
    """Nodes; not how to log in to them."""

    queryset = Node.objects.none()
    serializer_class = serializers.NodeSerializer
    lookup_field = "tag"
    lookup_value_regex = TAG
    filterset_fields = ["site", "transport"]
    ordering_fields = ["tag", "site"]

    def get_queryset(self) -> QuerySet[Node]:
        return queries.visible_nodes(self.request.user)


class ReplicaViewSet(ReadOnlyModelViewSet[Replica]):
    """Replicas: the tarballs of a hub on a node under a root."""

    queryset = Replica.objects.none()
    serializer_class = serializers.ReplicaSerializer
    filterset_fields = {
        "hub__tag": ["exact"],
        "node__tag": ["exact"],
        "role": ["exact"],
        "enabled": ["exact"],
    }
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[Replica]:
        return Replica.objects.exclude(hub__in=hidden_hubs(self.request.user)).select_related(
            "hub", "node"
        )


class RepoViewSet(ReadOnlyModelViewSet[Repo]):
    """Repos found on replicas or selected in the inventory."""

    queryset = Repo.objects.none()
    serializer_class = serializers.RepoSerializer
    filterset_class = filters.RepoFilter
    ordering_fields = ["id", "category", "name"]

    def get_queryset(self) -> QuerySet[Repo]:
        return Repo.objects.exclude(hub__in=hidden_hubs(self.request.user)).select_related("hub")


class SnapshotViewSet(ReadOnlyModelViewSet[TarballSnapshot]):
    """Tarballs as they were seen, the last stored first."""

    queryset = TarballSnapshot.objects.none()
    serializer_class = serializers.SnapshotSerializer
    filterset_class = filters.SnapshotFilter
    pagination_class = NewestFirst
    ordering_fields = ["id", "stamp_at"]

    def get_queryset(self) -> QuerySet[TarballSnapshot]:
        return (
            TarballSnapshot.objects.exclude(replica__hub__in=hidden_hubs(self.request.user))
            .select_related("replica__hub", "replica__node", "repo")
            .order_by("-id")
        )


class RunViewSet(ReadOnlyModelViewSet[CollectRun]):
    """Looks at replicas, newest first."""

    queryset = CollectRun.objects.none()
    serializer_class = serializers.RunSerializer
    filterset_class = filters.RunFilter
    pagination_class = NewestFirst
    ordering_fields = ["id", "started_at"]

    def get_queryset(self) -> QuerySet[CollectRun]:
        return queries.runs_for(self.request.user).order_by("-id")


class InTheWay(exceptions.APIException):
    """The request is right, and the state of what it is about is in its way."""

    status_code = 409


ANSWERED: dict[int, Any] = {
    200: serializers.FindingSerializer,
    400: OpenApiResponse(description="Wrong input: sentences by field, or `detail`."),
    **dict.fromkeys((401, 403, 404, 409), serializers.RefusalSerializer),
}


class FindingViewSet(ReadOnlyModelViewSet[Finding]):
    """Verdicts of the rules, newest first; `open=true` keeps those that stand."""

    queryset = Finding.objects.none()
    serializer_class = serializers.FindingSerializer
    filterset_class = filters.FindingFilter
    ordering_fields = ["id", "opened_at", "closed_at", "code"]

    def get_queryset(self) -> QuerySet[Finding]:
        return queries.findings_for(self.request.user)

    @extend_schema(request=serializers.AcknowledgeSerializer, responses=ANSWERED)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Silence a finding until it closes, or until a moment (snooze)."""
        finding = self.get_object()
        given = _given(serializers.AcknowledgeSerializer, request)
        return _answered(
            request,
            finding,
            lambda user, now: answers.acknowledge(
                finding, user, given["reason"], given["until"], now=now
            ),
        )

    @extend_schema(request=None, responses=ANSWERED)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Let an acknowledged finding speak again."""
        finding = self.get_object()
        return _answered(request, finding, lambda user, now: answers.withdraw(finding, user, now))

    @extend_schema(request=serializers.AcceptSerializer, responses=ANSWERED)
    @action(detail=True, methods=["post"], permission_classes=[MayAnswer])
    def accept(self, request: Request, pk: str) -> Response:
        """Make what a finding about sizes or counts complains of the new measure; acknowledges it too."""
        finding = self.get_object()
        given = _given(serializers.AcceptSerializer, request)
        return _answered(
            request,
            finding,
            lambda user, now: answers.accept_level(finding, user, given["reason"], now),
        )


def _given(form: type[serializers.AcceptSerializer], request: Request) -> dict[str, Any]:
    read = form(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def _answered(
    request: Request, finding: Finding, answer: Callable[[User, datetime], object]
) -> Response:
    """Give an answer, and return the finding as it then is."""
    user = cast(User, request.user)  # MayAnswer let nobody else in
    try:
        answer(user, timezone.now())
    except answers.AnswerError as refusal:
        if refusal.conflict:
            raise InTheWay(str(refusal)) from None
        raise exceptions.ValidationError({refusal.field or "detail": [str(refusal)]}) from None
    return Response(serializers.FindingSerializer(finding).data)


class SeriesAPIView(APIView):
    """The numbers of a replica's plot: exact bytes, thinned so that extremes stay."""

    @extend_schema(
        parameters=[
            OpenApiParameter("range", enum=list(RANGE_DAYS), default="1m"),
            OpenApiParameter("replica", int, description="Which of two roots on the node."),
        ],
        responses=serializers.SeriesSerializer,
    )
    def get(self, request: Request, hub: str, node: str) -> Response:
        range_name = request.query_params.get("range", "1m")
        if range_name not in RANGE_DAYS:
            raise exceptions.ValidationError({"range": [f"One of {', '.join(RANGE_DAYS)}."]})
        replica_id = request.query_params.get("replica", "")
        replica = queries.replica_on(request.user, hub, node, replica_id)
        return Response(_series(replica, plot(replica, range_name, timezone.now())))


def _series(replica: Replica, drawn: Plot) -> dict[str, Any]:
    fields = {
        "hub": replica.hub.tag,
        "node": replica.node.tag,
        "replica": replica.pk,
        "range": drawn.range_name,
        "time_zone": str(drawn.zone),
        "begins_on": drawn.begin,
        "ends_on": drawn.end,
        "expected_per_day": drawn.expected_per_day,
        "sizes": [
            {
                "repo": series.repo,
                "epoch_seconds": [moment for moment, _ in series.points],
                "size_bytes": [size_bytes for _, size_bytes in series.points],
            }
            for series in drawn.sizes
        ],
        "days": {
            "epoch_seconds": [moment for moment, _ in drawn.day_counts],
            "tarballs": [count for _, count in drawn.day_counts],
        },
    }
    return dict(serializers.SeriesSerializer(fields).data)
