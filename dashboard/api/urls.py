"""The addresses of the API, under /api/."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from dashboard.api.docs import api_docs
from dashboard.api.findings import FindingViewSet
from dashboard.api.history import RunViewSet, SnapshotViewSet
from dashboard.api.inventory import HubViewSet, NodeViewSet, ReplicaViewSet, RepoViewSet
from dashboard.api.messages import MessageViewSet
from dashboard.api.permissions import MayRead
from dashboard.api.series import SeriesAPIView

router = SimpleRouter()
router.register("hubs", HubViewSet, "api-hub")
router.register("nodes", NodeViewSet, "api-node")
router.register("replicas", ReplicaViewSet, "api-replica")
router.register("repos", RepoViewSet, "api-repo")
router.register("snapshots", SnapshotViewSet, "api-snapshot")
router.register("runs", RunViewSet, "api-run")
router.register("findings", FindingViewSet, "api-finding")
router.register("messages", MessageViewSet, "api-message")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(router.urls)),
    path("v1/series/<str:hub>/<str:node>/", SeriesAPIView.as_view(), name="api-series"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[MayRead]), name="api-schema"),
    path("docs/", api_docs, name="api-docs"),
]
