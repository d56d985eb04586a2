"""The addresses of pages, charts and API."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from dashboard import answers, api, collecting, finding_pages, live, pages, telling_pages
from dashboard.access import MayRead
from dashboard.api_docs import api_docs
from dashboard.charts import SeriesView
from dashboard.confirm_page import confirm
from dashboard.health import healthz

router = SimpleRouter()
router.register("hubs", api.HubViewSet, "api-hub")
router.register("nodes", api.NodeViewSet, "api-node")
router.register("replicas", api.ReplicaViewSet, "api-replica")
router.register("repos", api.RepoViewSet, "api-repo")
router.register("snapshots", api.SnapshotViewSet, "api-snapshot")
router.register("runs", api.RunViewSet, "api-run")
router.register("findings", api.FindingViewSet, "api-finding")

api_patterns: list[URLPattern | URLResolver] = [
    path("v1/", include(router.urls)),
    path("v1/series/<str:hub>/<str:node>/", api.SeriesAPIView.as_view(), name="api-series"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[MayRead]), name="api-schema"),
    path("docs/", api_docs, name="api-docs"),
]

urlpatterns = [
    path("", pages.index, name="index"),
    path("hubs/<str:hub>/", pages.hub, name="hub"),
    path("hubs/<str:hub>/<str:node>/", pages.node, name="node"),
    path("hubs/<str:hub>/<str:node>/series/", SeriesView.as_view(), name="series"),
    path("repos/<str:hub>/<str:category>/<str:name>/", pages.repo, name="repo"),
    path("findings/", finding_pages.findings, name="findings"),
    path("findings/<int:pk>/", finding_pages.finding, name="finding"),
    path("findings/<int:pk>/acknowledge/", answers.acknowledge, name="acknowledge"),
    path("findings/<int:pk>/withdraw/", answers.withdraw, name="withdraw"),
    path("findings/<int:pk>/accept/", answers.accept, name="accept"),
    path("collect/<str:hub>/", collecting.collect_hub, name="collect-hub"),
    path("collect/<str:hub>/<str:node>/", collecting.collect_node, name="collect-node"),
    path("looking/<str:hub>/", collecting.looking, name="looking-hub"),
    path("looking/<str:hub>/<str:node>/", collecting.looking, name="looking-node"),
    path("news/", live.news, name="news"),
    path("runs/", pages.runs, name="runs"),
    path("runs/<int:pk>/", pages.run, name="run"),
    path("notifications/", telling_pages.notifications, name="notifications"),
    path("notifications/<int:pk>/", telling_pages.notification, name="notification"),
    path("notifications/<int:pk>/again/", telling_pages.try_again, name="try-again"),
    path(
        "notifications/<int:pk>/<slug:name>.png",
        telling_pages.picture,
        name="notification-picture",
    ),
    path("confirm/<str:token>/", confirm, name="confirm"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("api/", include(api_patterns)),
]
