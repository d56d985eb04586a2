"""Answers a chart's request for its numbers in the form of Chart.js; the only file that knows django-chartjs."""

import gzip
import json
from typing import Any

from chartjs.views.lines import BaseLineChartView
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page

from dashboard.access import readable
from dashboard.planned import bands
from dashboard.queries import replica_on
from hubs.planned import Span
from probes.draw.series import RANGE_DAYS, Plot, plot
from probes.thin import Point

GZIP_LEVEL = 3


@method_decorator([readable, conditional_page], name="dispatch")
class SeriesView(BaseLineChartView):
    """The sizes of each repo and the tarballs of each day of one replica, as columns to expand in the page."""

    http_method_names = ["get", "head"]

    def get(self, request: Any, hub: str, node: str) -> HttpResponse:
        range_name = request.GET.get("range", "1m")
        if range_name not in RANGE_DAYS:
            raise Http404("no such range")
        replica = replica_on(request.user, hub, node, request.GET.get("replica", ""))
        self.plot: Plot = plot(replica, range_name, timezone.now())
        self.bands: list[Span] = bands(replica, self.plot)
        response: HttpResponse = self.render_to_response(self.get_context_data())
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Accept-Encoding"])
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            _compress(response)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what Chart.js needs; the base class adds the view itself and the URL, which change each time."""
        drawn = self.plot
        planned = {"planned": [_band(span) for span in self.bands]} if self.bands else {}
        return planned | {
            "labels": self.get_labels(),
            "datasets": self.get_datasets(),
            "range": drawn.range_name,
            "zone": str(drawn.zone),
            "expectedPerDay": drawn.expected_per_day,
        }

    def get_labels(self) -> list[str]:
        return []  # every point has its own moment

    def get_providers(self) -> list[str]:
        return [*(series.repo for series in self.plot.sizes), "tarballs a day"]

    def get_data(self) -> list[dict[str, list[int]]]:
        return [
            *(_columns(series.points) for series in self.plot.sizes),
            _columns(self.plot.day_counts),
        ]

    def get_dataset_options(self, index: int, color: Any) -> dict[str, str]:
        """Return which pane a dataset is in; its colour depends on the reader's theme, so the page chooses it."""
        return {"yAxisID": "size" if index < len(self.plot.sizes) else "count"}

    def convert_context_to_json(self, context: dict[str, Any]) -> str:
        return json.dumps(context, separators=(",", ":"), allow_nan=False)


def _compress(response: HttpResponse) -> None:
    """Compress an answer: always to the same bytes, so that it keeps its tag, and in a third of Django's time."""
    response.content = gzip.compress(response.content, GZIP_LEVEL, mtime=0)
    response["Content-Encoding"] = "gzip"


def _band(span: Span) -> dict[str, int | str]:
    """Return something planned, in the milliseconds of browsers."""
    begin, end = (int(at.timestamp() * 1000) for at in (span.begin, span.end))
    return {"begin": begin, "end": end, "reason": span.reason}


def _columns(points: list[Point]) -> dict[str, list[int]]:
    """Return moments in the milliseconds of browsers, and values."""
    return {"x": [moment * 1000 for moment, _ in points], "y": [value for _, value in points]}
