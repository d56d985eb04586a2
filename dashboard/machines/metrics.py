"""/metrics: what is known of ourselves, the hubs that he may see and their replicas, for Prometheus.

OpenMetrics 1.0, or the older text of Prometheus for who asks for that. 503, with all of it, while the monitor is late.
"""

from collections.abc import Iterable, Iterator

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from prometheus_client import exposition
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from dashboard import queries
from dashboard.access import visible_hubs
from dashboard.machines import measures
from dashboard.machines.health import looking_now
from dashboard.machines.machine import MachineView
from hubs.models import Hub
from probes.blindness import is_blind

TRUE = ("1", "true")


@method_decorator(gzip_page, name="dispatch")
class MetricsView(MachineView):
    """All families of samples; `?hub=` keeps one hub, `?repos=1` adds that hub's repos."""

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        is_late = is_blind(now)
        families = [
            *measures.of_ourselves(request.user, looking_now(), is_late, now),
            *self._of_what_is_watched(request),
        ]
        response = written(families, request)
        patch_vary_headers(response, ["Accept"])
        response.status_code = 503 if is_late else 200
        return response

    def _of_what_is_watched(self, request: Request) -> Iterator[Metric]:
        now = timezone.now()
        tag = request.query_params.get("hub", "")
        with_repos = request.query_params.get("repos", "") in TRUE
        if with_repos and not tag:
            raise ValidationError({"repos": ["Ask for those of one hub: add hub=TAG."]})
        hubs: list[Hub] = (
            [queries.hub_of(request.user, tag)]
            if tag
            else list(visible_hubs(request.user).select_related("policy"))
        )
        replicas = queries.enabled_replicas(hubs)
        yield from measures.of_hubs(hubs, now)
        yield from measures.of_replicas(replicas, now)
        if with_repos:
            yield from measures.of_repos(hubs[0], replicas, now)


class _Families(Collector):
    """Families as the writers of prometheus-client want them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def written(families: Iterable[Metric], request: HttpRequest | Request) -> HttpResponse:
    """Return families in the form that `Accept` prefers; OpenMetrics where it names neither."""
    if _prefers_plain_text(request):
        content = exposition.generate_latest(_Families(families))
        return HttpResponse(content, exposition.CONTENT_TYPE_PLAIN_0_0_4)
    content = openmetrics.generate_latest(_Families(families))  # type: ignore[no-untyped-call]
    return HttpResponse(content, openmetrics.CONTENT_TYPE_LATEST)


def _prefers_plain_text(request: HttpRequest | Request) -> bool:
    """Say whether text comes before OpenMetrics; browsers, which ask for HTML, so show it instead of saving it."""
    for accepted in request.accepted_types:
        if str(accepted).startswith("application/openmetrics-text"):
            return False
        if accepted.main_type == "text":
            return True
    return False
