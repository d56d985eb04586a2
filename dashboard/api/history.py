"""What was seen, by the API: tarballs and looks."""

from django.db.models import QuerySet

from dashboard import queries
from dashboard.access import hidden_hubs
from dashboard.api import filters, serializers
from dashboard.api.inventory import ID
from dashboard.api.pagination import ByCursor
from dashboard.api.reading import Table
from probes.models import CollectRun, TarballSnapshot


class SnapshotViewSet(Table[TarballSnapshot]):
    """Tarballs as they were seen, the last stored first."""

    subject = "Snapshots"
    queryset = TarballSnapshot.objects.none()
    serializer_class = serializers.SnapshotSerializer
    lookup_value_regex = ID
    filterset_class = filters.SnapshotFilter
    pagination_class = ByCursor
    ordering_fields = {"id": "pk", "stamp_at": "stamp_at"}
    ordering = "-id"

    def get_queryset(self) -> QuerySet[TarballSnapshot]:
        seen = TarballSnapshot.objects.exclude(replica__hub__in=hidden_hubs(self.request.user))
        return seen.select_related("replica__hub", "replica__node", "repo")


class RunViewSet(Table[CollectRun]):
    """Looks at replicas, newest first."""

    subject = "Runs"
    queryset = CollectRun.objects.none()
    serializer_class = serializers.RunSerializer
    lookup_value_regex = ID
    filterset_class = filters.RunFilter
    pagination_class = ByCursor
    ordering_fields = {"id": "pk", "started_at": "started_at"}
    ordering = "-id"

    def get_queryset(self) -> QuerySet[CollectRun]:
        return queries.runs_for(self.request.user)
