"""Hubs, nodes, replicas and repos by the API; and looks at them, now."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard import queries
from dashboard.access import hidden_hubs, visible_hubs
from dashboard.api import filters, serializers
from dashboard.api.asking import COLLECTING, asked
from dashboard.api.permissions import MayCollect
from dashboard.api.reading import Table
from hubs.models import Hub, Node, Replica, Repo
from probes.judge.conclusion import conclusions

TAG = "[^/]+"  # a tag may hold a colon
ID = "[0-9]{1,18}"


class HubViewSet(Table[Hub]):
    """Hubs, each with what is to be said of it now."""

    subject = "Hubs"
    queryset = Hub.objects.none()
    serializer_class = serializers.HubSerializer
    lookup_field = "tag"
    lookup_value_regex = TAG
    filterset_class = filters.HubFilter
    ordering_fields = {"tag": "tag", "name": "name"}
    ordering = "tag"

    def get_queryset(self) -> QuerySet[Hub]:
        return visible_hubs(self.request.user).select_related("policy")

    def represent(self, rows: Sequence[Hub]) -> Sequence[Any]:
        concluded = conclusions(rows, timezone.now())
        for hub in rows:
            hub.conclusion = concluded[hub.pk]  # type: ignore[attr-defined]
        return super().represent(rows)

    @COLLECTING
    @action(detail=True, methods=["post"], permission_classes=[MayCollect])
    def collect(self, request: Request, tag: str) -> Response:
        """Ask for a look at all replicas of a hub, now. It is queued; the runs tell what came of it."""
        hub = self.get_object()
        return asked(request, queries.replicas_of(hub), {"hub": hub.tag})


class NodeViewSet(Table[Node]):
    """Nodes; not how to log in to them."""

    subject = "Nodes"
    queryset = Node.objects.none()
    serializer_class = serializers.NodeSerializer
    lookup_field = "tag"
    lookup_value_regex = TAG
    filterset_class = filters.NodeFilter
    ordering_fields = {"tag": "tag", "site": "site"}
    ordering = "tag"

    def get_queryset(self) -> QuerySet[Node]:
        return queries.visible_nodes(self.request.user)


class ReplicaViewSet(Table[Replica]):
    """Replicas: the tarballs of a hub on a node under a root."""

    subject = "Replicas"
    queryset = Replica.objects.none()
    serializer_class = serializers.ReplicaSerializer
    lookup_value_regex = ID
    filterset_class = filters.ReplicaFilter
    ordering_fields = {"id": "pk", "hub": "hub__tag", "node": "node__tag"}
    ordering = "id"

    def get_queryset(self) -> QuerySet[Replica]:
        seen = Replica.objects.exclude(hub__in=hidden_hubs(self.request.user))
        return seen.select_related("hub", "node")

    @COLLECTING
    @action(detail=True, methods=["post"], permission_classes=[MayCollect])
    def collect(self, request: Request, pk: str) -> Response:
        """Ask for a look at one replica, now. It is queued; the runs tell what came of it."""
        replica = self.get_object()
        return asked(request, [replica], {"replica": replica.pk})


class RepoViewSet(Table[Repo]):
    """Repos found on replicas or selected in the inventory."""

    subject = "Repos"
    queryset = Repo.objects.none()
    serializer_class = serializers.RepoSerializer
    lookup_value_regex = ID
    filterset_class = filters.RepoFilter
    ordering_fields = {"id": "pk", "hub": "hub__tag", "category": "category", "name": "name"}
    ordering = "id"

    def get_queryset(self) -> QuerySet[Repo]:
        seen = Repo.objects.exclude(hub__in=hidden_hubs(self.request.user))
        return seen.select_related("hub")
