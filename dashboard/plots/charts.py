"""Answers a chart's request for its numbers in the form of Chart.js; the only file that knows django-chartjs."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chartjs.views.lines import BaseLineChartView
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page

from dashboard import queries
from dashboard.access import readable
from dashboard.plots.chart_marks import FindingMark, Marks, marks_of_replica, marks_of_repo
from hubs.planned import Span
from probes.draw.bands import bands
from probes.draw.series import RANGE_DAYS, Plot, Window, names_of, plot, plot_of_repo
from probes.thin import Point

GZIP_LEVEL = 3
EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class _ChartView(BaseLineChartView):
    """Sizes by line and the tarballs of each day, as columns to expand in the page, with what is marked there.

    `?range=` names a range; `?begin=&end=`, in milliseconds, ask for the days of a window instead, which are finer.
    """

    http_method_names = ["get", "head"]
    plot: Plot
    bands: list[Span]
    marks: Marks

    def get(self, request: HttpRequest, **names: str) -> HttpResponse:
        self.read(request, **names)
        response: HttpResponse = self.render_to_response(self.get_context_data())
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Accept-Encoding"])
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            _compress(response)
        return response

    def read(self, request: HttpRequest, **names: str) -> None:
        """Set the plot, its bands and its marks, or raise 404."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what Chart.js needs; the base class adds the view itself and the URL, which change each time."""
        drawn = self.plot
        return {
            "labels": self.get_labels(),
            "datasets": self.get_datasets(),
            "range": drawn.range_name,
            "zone": str(drawn.zone),
            "expectedPerDay": drawn.expected_per_day,
            "isWhole": drawn.is_whole,
            "planned": [_band(span) for span in self.bands],
            "findings": [_finding(mark) for mark in self.marks.findings],
            "findingsLeftOut": self.marks.left_out,
            "purges": [{"at": _ms(at), "tarballs": count} for at, count in self.marks.purges],
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


@method_decorator([readable, conditional_page], name="dispatch")
class SeriesView(_ChartView):
    """The chart of a replica: a line for each repo."""

    def read(self, request: HttpRequest, **names: str) -> None:
        """Take one of the replicas of a hub on a node."""
        replica = queries.replica_on(
            request.user, names["hub"], names["node"], request.GET.get("replica", "")
        )
        self.plot = plot(replica, _asked(request, replica.hub.zone), timezone.now())
        self.bands = bands(replica.hub, [replica.node], self.plot)
        self.marks = marks_of_replica(replica, self.plot)


@method_decorator([readable, conditional_page], name="dispatch")
class RepoSeriesView(_ChartView):
    """The chart of a repo: a line for each replica of its hub."""

    def read(self, request: HttpRequest, **names: str) -> None:
        """Take a repo on all nodes; what is planned for one of them is not planned for all."""
        repo = queries.repo_of(request.user, names["hub"], names["category"], names["name"])
        replicas = queries.replicas_of(repo.hub)
        asked = _asked(request, repo.hub.zone)
        self.plot = plot_of_repo(repo, replicas, asked, timezone.now())
        self.bands = bands(repo.hub, [], self.plot)
        self.marks = marks_of_repo(repo, names_of(replicas), self.plot)


def _asked(request: HttpRequest, zone: ZoneInfo) -> str | Window:
    """Return the range or the days that a request names; 404 when there are no such."""
    if "begin" not in request.GET:
        range_name = request.GET.get("range", "1m")
        if range_name not in RANGE_DAYS:
            raise Http404("no such range")
        return range_name
    begin, end = (_milliseconds(request.GET.get(name, "")) for name in ("begin", "end"))
    if end <= begin:
        raise Http404("no such window")
    first, last = (_moment(ms).astimezone(zone).date() for ms in (begin, end - 1))
    return Window(first, last)


def _milliseconds(text: str) -> int:
    """Return a browser's moment; one before 1970 may be asked for."""
    ms = queries.whole_number(text.removeprefix("-"))
    return -ms if text.startswith("-") else ms


def _moment(ms: int) -> datetime:
    """Return the moment of a browser's milliseconds, or the nearest that calendars of all zones have."""
    seconds = max(EARLIEST.timestamp(), min(ms / 1000, LATEST.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)


def _compress(response: HttpResponse) -> None:
    """Compress an answer: always to the same bytes, so that it keeps its tag, and in a third of Django's time."""
    response.content = gzip.compress(response.content, GZIP_LEVEL, mtime=0)
    response["Content-Encoding"] = "gzip"


def _band(span: Span) -> dict[str, int | str]:
    return {"begin": _ms(span.begin), "end": _ms(span.end), "reason": span.reason}


def _finding(mark: FindingMark) -> dict[str, int | str | bool]:
    return {
        "at": _ms(mark.at),
        "severity": mark.severity,
        "code": mark.code,
        "message": mark.message,
        "subject": mark.subject,
        "isOpen": mark.is_open,
        "url": reverse("finding", args=[mark.pk]),
    }


def _ms(at: datetime) -> int:
    """Return a moment in the milliseconds of browsers."""
    return int(at.timestamp() * 1000)


def _columns(points: Sequence[Point]) -> dict[str, list[int]]:
    """Return moments in the milliseconds of browsers, and values."""
    return {"x": [moment * 1000 for moment, _ in points], "y": [value for _, value in points]}
