"""The addresses of pages, charts and API."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, register_converter

from dashboard import pages
from dashboard.findings import answers, finding_pages
from dashboard.live import collecting
from dashboard.live import news as live
from dashboard.machines.health import healthz
from dashboard.machines.highstock import HighstockView
from dashboard.machines.metrics import MetricsView
from dashboard.matrix.cells import cell
from dashboard.plots import plot_pages
from dashboard.plots.badges import badge
from dashboard.plots.charts import RepoSeriesView, SeriesView
from dashboard.plots.plot_pages import PictureKind
from dashboard.telling import telling_pages
from dashboard.telling.confirm_page import confirm
from dashboard.tokens import token_pages

register_converter(PictureKind, "picture")

urlpatterns = [
    path("", pages.index, name="index"),
    path("hubs/<str:hub>/", pages.hub, name="hub"),
    path("hubs/<str:hub>/<str:node>/", pages.node, name="node"),
    path("hubs/<str:hub>/<str:node>/cell/", cell, name="cell"),
    path("hubs/<str:hub>/<str:node>/series/", SeriesView.as_view(), name="series"),
    path("repos/<str:hub>/<str:category>/<str:name>/", pages.repo, name="repo"),
    path(
        "repos/<str:hub>/<str:category>/<str:name>/series/",
        RepoSeriesView.as_view(),
        name="repo-series",
    ),
    path("plots/<str:hub>.svg", plot_pages.sparkline, name="plot-hub"),
    path("plots/<str:hub>/<str:node>.<picture:kind>", plot_pages.plot, name="plot"),
    path(
        "plots/<str:hub>/<str:category>/<str:name>.<picture:kind>",
        plot_pages.plot_of_repo,
        name="plot-repo",
    ),
    path("badges/<str:hub>.svg", badge, name="badge"),
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
    path("tokens/", token_pages.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", token_pages.revoke_token, name="revoke-token"),
    path("confirm/<str:token>/", confirm, name="confirm"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path(
        "data/<str:hub>/scm_backup_monitor_<str:node>.json",
        HighstockView.as_view(),
        name="highstock",
    ),
    path("api/", include("dashboard.api.urls")),
]
