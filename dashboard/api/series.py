"""The numbers of a plot, by the API."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard import queries
from dashboard.api.filters import LARGEST
from dashboard.api.reading import Endpoint
from dashboard.api.serializers import SeriesSerializer
from hubs.models import Replica
from probes.draw.series import RANGE_DAYS, Plot, plot

WHICH = {"type": "integer", "format": "int64", "minimum": 0, "maximum": LARGEST}


class SeriesAPIView(Endpoint):
    """The numbers of a replica's plot: exact bytes, thinned so that extremes stay."""

    subject = "Series"

    def known_parameters(self) -> set[str]:
        return {"range", "replica", "format"}

    @extend_schema(
        operation_id="series_retrieve",
        parameters=[
            OpenApiParameter(
                "range",
                enum=list(RANGE_DAYS),
                default="1m",
                description="How far back from the newest tarball.",
            ),
            OpenApiParameter("replica", WHICH, description="Which of two roots on the node."),
        ],
        responses=SeriesSerializer,
    )
    def get(self, request: Request, hub: str, node: str) -> Response:
        """The numbers of a replica's plot: exact bytes, thinned so that extremes stay."""
        range_name = request.query_params.get("range", "1m")
        if range_name not in RANGE_DAYS:
            raise exceptions.ValidationError({"range": [f"Choose from {', '.join(RANGE_DAYS)}."]})
        which = request.query_params.get("replica", "")
        if which and not (which.isascii() and which.isdecimal() and int(which) <= LARGEST):
            raise exceptions.ValidationError({"replica": ["Write the id of a replica."]})
        replica = queries.replica_on(request.user, hub, node, which)
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
    return dict(SeriesSerializer(fields).data)
