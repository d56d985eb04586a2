"""The numbers of a plot, by the API."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard import queries
from dashboard.api.filters import LARGEST, is_whole
from dashboard.api.reading import Endpoint
from dashboard.api.serializers import SeriesSerializer
from hubs.models import Replica
from probes.draw.series import RANGE_DAYS, Plot, Window, plot

WHICH = {"type": "integer", "format": "int64", "minimum": 0, "maximum": LARGEST}


class SeriesAPIView(Endpoint):
    """The numbers of a replica's plot: exact bytes, thinned so that extremes stay."""

    subject = "Series"

    def known_parameters(self) -> set[str]:
        return {"range", "begin", "end", "replica", "format"}

    @extend_schema(
        operation_id="series_retrieve",
        parameters=[
            OpenApiParameter(
                "range",
                enum=list(RANGE_DAYS),
                default="1m",
                description="How far back from the newest tarball.",
            ),
            OpenApiParameter(
                "begin",
                date,
                description="In place of a range: the first day, in the hub's zone. Without it: the oldest.",
            ),
            OpenApiParameter(
                "end",
                date,
                description="In place of a range: the last day. Without it: that of the newest tarball.",
            ),
            OpenApiParameter("replica", WHICH, description="Which of two roots on the node."),
        ],
        responses=SeriesSerializer,
    )
    def get(self, request: Request, hub: str, node: str) -> Response:
        """The numbers of a replica's plot: exact bytes, thinned so that extremes stay."""
        asked = _asked(request)
        which = request.query_params.get("replica", "")
        if which and not is_whole(which):
            raise exceptions.ValidationError({"replica": ["Write the id of a replica."]})
        replica = queries.replica_on(request.user, hub, node, which)
        return Response(_series(replica, plot(replica, asked, timezone.now())))


def _asked(request: Request) -> str | Window:
    """Return the range, or the window, that the address asks for."""
    given = request.query_params
    if "begin" not in given and "end" not in given:
        range_name = given.get("range", "1m")
        if range_name not in RANGE_DAYS:
            raise exceptions.ValidationError({"range": [f"Choose from {', '.join(RANGE_DAYS)}."]})
        return range_name
    if "range" in given:
        raise exceptions.ValidationError({"range": ["Give a range, or a window, but not both."]})
    window = Window(_day(request, "begin", date.min), _day(request, "end", date.max))
    if window.end < window.begin:
        raise exceptions.ValidationError({"end": ["This is before the first day."]})
    return window


def _day(request: Request, name: str, otherwise: date) -> date:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # other forms of ISO 8601, such as of weeks
        raise exceptions.ValidationError({name: ["Write a day as 2024-05-15."]})
    return day


def _series(replica: Replica, drawn: Plot) -> dict[str, Any]:
    fields = {
        "hub": replica.hub.tag,
        "node": replica.node.tag,
        "replica": replica.pk,
        "range": drawn.range_name or None,
        "time_zone": str(drawn.zone),
        "begins_on": drawn.begin,
        "ends_on": drawn.end,
        "expected_per_day": drawn.expected_per_day,
        "is_whole": drawn.is_whole,
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
    return dict(SeriesSerializer(fields).data)
