"""The REST API: reading of hubs, nodes, replicas, repos, snapshots, runs, findings and series."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from dashboard import filters, queries, serializers
from dashboard.access import hidden_hubs, visible_hubs
from dashboard.pagination import NewestFirst
from hubs.models import Hub, Node, Replica, Repo
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


class FindingViewSet(ReadOnlyModelViewSet[Finding]):
    """Verdicts of the rules, newest first; `open=true` keeps those that stand."""

    queryset = Finding.objects.none()
    serializer_class = serializers.FindingSerializer
    filterset_class = filters.FindingFilter
    ordering_fields = ["id", "opened_at", "closed_at", "code"]

    def get_queryset(self) -> QuerySet[Finding]:
        return queries.findings_for(self.request.user)


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
